"""A NAS whose accounts are changed while the daemon runs, or while it doesn't: it goes on, and says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import TransferStatus
from celestial_nasops.nas.capabilities import Way
from tests.daemon_field import Field
from tests.nas_servers import Server, openssh_server

SFTP_SERVER = "/usr/lib/openssh/sftp-server"


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[Server]:
    """Its account gets a shell as long as there is a file ``shell``, and SFTP in any case."""
    switch, script = tmp_path / "shell", tmp_path / "login"
    switch.touch()
    script.write_text(
        f'#!/bin/sh\n[ "$SSH_ORIGINAL_COMMAND" = {SFTP_SERVER} ] || [ -e {switch} ] || exec /usr/sbin/nologin\n'
        'exec /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    script.chmod(0o755)
    settings = [f"Subsystem sftp {SFTP_SERVER}", f"ForceCommand {script}"]
    with openssh_server(tmp_path / "nas", settings=settings) as server:
        yield server


def test_an_account_that_loses_its_shell_in_mid_life(tmp_path: Path, field: Field) -> None:
    with field.daemon() as daemon:
        first = field.put("20250122_1.mp4")
        field.becomes(first, TransferStatus.COMPLETED)
        daemon.shows(lambda state: state.nas is not None and state.nas.way is Way.SHELL)
        (tmp_path / "shell").unlink()
        field.nas.cut_connections()
        second = field.put("20250122_2.mp4")
        field.becomes(second, TransferStatus.COMPLETED)
        shown = daemon.shows(lambda state: state.nas is not None and state.nas.way is Way.SFTP)
        assert shown.nas is not None
        assert shown.nas.no_shell == "This account is currently not available."
        said = daemon.says("what the NAS gives has changed: .*")
        assert said.startswith("what the NAS gives has changed: SFTP (OpenSSH_")
        assert "; before, it was a shell (GNU coreutils " in said
        third = field.put("20250122_3.mp4")
        field.becomes(third, TransferStatus.COMPLETED)
        assert daemon.log.count("what the NAS gives has changed") == 1


def test_a_change_while_the_daemon_did_not_run(tmp_path: Path, field: Field) -> None:
    field.put("20250122_1.mp4")
    with field.daemon() as daemon:
        daemon.says("the NAS gives a shell")
        daemon.shows(lambda state: state.nas is not None)
    field.put("20250122_2.mp4")
    with field.daemon() as daemon:
        daemon.says("sent .*20250122_2")
    assert daemon.log.count("the NAS gives") == 1  # nothing new
    (tmp_path / "shell").unlink()
    field.put("20250122_3.mp4")
    with field.daemon() as daemon:
        assert "before, it was a shell" in daemon.says("what the NAS gives has changed: .*")
        daemon.says("sent .*20250122_3")


def test_a_state_file_of_an_older_daemon_is_understood(field: Field) -> None:
    with field.daemon() as daemon:
        daemon.shows(lambda state: state.pid == daemon.process.pid)
    path = field.state_folder / "daemon_state.json"
    state = json.loads(path.read_text())
    del state["nas"]
    path.write_text(json.dumps(state))
    field.put()
    with field.daemon() as daemon:
        daemon.says("the NAS gives a shell")
