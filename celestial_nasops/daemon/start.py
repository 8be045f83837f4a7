"""What must hold before the daemon works: it is alone, and it can write where it has to."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator

from celestial_nasops import causes, read_only, regular_file
from celestial_nasops.config import Config
from celestial_nasops.daemon_state import LOCK_NAME
from celestial_nasops.durable import folder_faults, prove_folder
from celestial_nasops.fault import LocalFault

STATE_SETTING = "daemon_settings.state_path"
# A child that a killed daemon was just starting holds its lock until it is another program.
_PREDECESSOR_SECONDS, _PAUSE_SECONDS = 2.0, 0.02


@contextlib.contextmanager
def sole_instance(state_folder: str) -> Iterator[None]:
    """Hold the lock of a state folder; the kernel lets go of it however the process ends.

    Raises:
        LocalFault: another daemon has it, or the folder can't be used.
    """
    path = os.path.join(state_folder, LOCK_NAME)
    absent = (FileNotFoundError, NotADirectoryError, PermissionError)  # which opening it will tell
    with folder_faults(path, STATE_SETTING), contextlib.suppress(*absent):
        regular_file.demand(path)
    with folder_faults(state_folder, STATE_SETTING):
        # For reading: a file that is open for writing would keep its file system from being made read-only.
        fd = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o644)
    try:
        if not _locked(fd):
            holder = os.read(fd, 20).decode("ascii", "replace").strip() or "unknown"
            raise LocalFault(causes.DAEMON_ALREADY_RUNS, pid=holder, path=state_folder)
        with folder_faults(state_folder, STATE_SETTING), open(path, "w", encoding="ascii") as file:
            file.write(f"{os.getpid()}\n")
        yield
    finally:
        os.close(fd)


def _locked(fd: int) -> bool:
    """Lock a file, unless another process keeps it locked longer than a daemon that has just died could."""
    deadline = time.monotonic() + _PREDECESSOR_SECONDS
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_SECONDS)
        else:
            return True


def read_only_folders(config: Config) -> list[LocalFault]:
    """The folders where writing gives [Errno 30] by now; only asked, not tried."""
    return [
        read_only.fault_of(folder, name) for name, folder in _folders(config).items() if read_only.is_read_only(folder)
    ]


def unusable_folders(config: Config) -> list[LocalFault]:
    """Prove each folder that the daemon writes in, and tell of all that fail."""
    faults = []
    for setting, folder in _folders(config).items():
        try:
            prove_folder(folder, setting)
        except LocalFault as fault:
            faults.append(fault)
    return faults


def _folders(config: Config) -> dict[str, str]:
    """What the daemon writes in, by the setting that names it."""
    folders = {
        STATE_SETTING: config.daemon_settings.state_path,
        "local_settings.media_path": config.local_settings.media_path,
        "database_settings.db_path": os.path.dirname(config.database_settings.db_path),
    }
    return {name: os.path.normpath(folder) for name, folder in folders.items()}
