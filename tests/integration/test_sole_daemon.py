"""One daemon works with a state folder, and no second one."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from celestial_nasops.daemon_state import LOCK_NAME
from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field
from tests.waiting import eventually

COMPLETED = TransferStatus.COMPLETED


def test_a_second_daemon_is_refused(field: Field) -> None:
    with field.daemon() as first:
        code, log = field.run()
        assert code == 1
        assert f"another media-sync-daemon (pid {first.process.pid}) runs with the state folder" in log
        assert first.process.poll() is None
        field.becomes(field.put(), COMPLETED)


def test_what_a_daemon_that_was_killed_just_started_is_waited_for(field: Field) -> None:
    lock = Path(field.state_folder, LOCK_NAME)
    # A child between its start and its own program still has the lock that the daemon had.
    with open(lock, "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with field.daemon(ready=False) as daemon:
            fds = Path(f"/proc/{daemon.process.pid}/fd")
            eventually(lambda: [fd for fd in fds.iterdir() if os.path.realpath(fd) == str(lock)])
            held.close()
            field.becomes(field.put(), COMPLETED)
