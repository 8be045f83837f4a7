"""What the table of faults is played on, and the table of what was found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.findings import Findings
from tests.faults.loopback import Loopback
from tests.nas_servers import openssh_server
from tests.system.conftest import (  # noqa: F401 - fixtures
    bookworm,
    edge_disk,
    keys,
    nas_disk,
    site,
)
from tests.system.host import need_booted_machines
from tests.system.site import Site

_FINDINGS = Findings()


@pytest.fixture(scope="session")
def _machines_can_be_booted() -> None:
    need_booted_machines()


@pytest.fixture
def booted_site(_machines_can_be_booted: None, request: pytest.FixtureRequest) -> Site:
    """Both machines of a watched site."""
    booted = request.getfixturevalue("site")
    assert isinstance(booted, Site)
    return booted


@pytest.fixture
def loopback(tmp_path: Path) -> Iterator[Loopback]:
    """A NAS on loopback, and the field around it."""
    with openssh_server(tmp_path / "nas", settings=["Subsystem sftp /usr/lib/openssh/sftp-server"]) as nas:
        yield Loopback(tmp_path, nas)


@pytest.fixture
def findings() -> Findings:
    """Where each fault is entered."""
    return _FINDINGS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table."""
    if _FINDINGS.rows:
        terminalreporter.section("what the check named")
        for line in _FINDINGS.table():
            terminalreporter.write_line(line)
