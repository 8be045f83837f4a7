"""One daemon works with a state folder, and no second one."""

from __future__ import annotations

import contextlib
import fcntl
import os
from pathlib import Path

from celestial_nasops.daemon_state import LOCK_NAME
from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field
from tests.waiting import eventually

COMPLETED = TransferStatus.COMPLETED


def has_open(pid: int, path: Path) -> bool:
    """Whether a process has the file open at the moment; what it closes meanwhile does not count."""
    for descriptor in os.listdir(f"/proc/{pid}/fd"):
        with contextlib.suppress(FileNotFoundError):
            if os.readlink(f"/proc/{pid}/fd/{descriptor}") == str(path):
                return True
    return False


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
            pid = daemon.process.pid
            eventually(lambda: has_open(pid, lock))
            held.close()
            field.becomes(field.put(), COMPLETED)
