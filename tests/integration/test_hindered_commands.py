"""The operator's commands where something is in their way, or in the daemon's."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from celestial_nasops import daemon_state
from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field
from tests.integration.test_steering import steer
from tests.waiting import eventually


def test_what_a_silent_daemon_says_of_itself_is_told_to_be_old(field: Field) -> None:
    with field.daemon() as daemon:
        assert "trouble" not in steer(field, "queue")[1]
        daemon.tell(signal.SIGSTOP)
        eventually(lambda: daemon_state.process_is_stopped(daemon.process.pid))
        state = daemon.state()
        assert state is not None
        before = replace(state, heartbeat_boottime=state.heartbeat_boottime - 600)
        daemon_state.write(str(field.state_folder), before)
        told = steer(field, "queue")[1]
        daemon.tell(signal.SIGCONT)
    line = "trouble      what the daemon says of itself is 10 min old: systemctl status media-sync-daemon"
    assert line in told.splitlines()


@pytest.mark.parametrize("by", ["reload", "pause and resume"])
def test_what_waits_for_the_files_in_hand_is_told_so(field: Field, by: str) -> None:
    field.configure(security={"max_concurrent_transfers": 1})
    with field.daemon() as daemon:
        in_hand = field.put_long(megabytes=512)
        eventually(field.is_in_mid_upload)
        field.configure(security={"max_concurrent_transfers": 3})
        if by == "reload":
            daemon.tell(signal.SIGHUP)
        else:
            steer(field, "pause")
            steer(field, "resume")
        waits = field.put("20250122_waits.mp4")
        found = daemon.shows(
            lambda state: "; 1 waiting; takes no further files until those in hand are done" in state.doing
        )
        assert " 1 of 1 lanes); 1 waiting" in found.doing
        for row_id in (in_hand, waits):
            field.becomes(row_id, TransferStatus.COMPLETED, 60)
        daemon.shows(lambda state: "takes no further files" not in state.doing)


def test_a_folder_of_orders_that_another_has_is_named_itself(field: Field, need_root: None) -> None:
    os.chown(field.state_folder, 1, 1)
    field.folder.chmod(0o755)
    orders = field.state_folder / "control"
    orders.mkdir()
    above = {parent: parent.stat().st_mode for parent in field.folder.parents if parent.name.startswith("pytest")}
    for parent in above:
        parent.chmod(0o755)
    try:
        code, told = steer(field, "pause")
    finally:
        for parent, mode in above.items():
            parent.chmod(mode & 0o7777)
    assert (code, told) == (
        1,
        f"[folder_no_permission] user daemon may not write in {orders} (daemon_settings.state_path)\n"
        f"  -> give the folder to that user: sudo chown daemon {orders}\n",
    )
