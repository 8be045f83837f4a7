"""The booted pair for the table of faults, and the table of what was found."""

from __future__ import annotations

import pytest

from tests.faults.findings import Findings
from tests.system.conftest import (  # noqa: F401 - fixtures
    _machines_can_be_booted,
    bookworm,
    edge_disk,
    keys,
    nas_disk,
    site,
)

_FINDINGS = Findings()


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
