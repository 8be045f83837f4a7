"""Who holds the lock of an SQLite database, as far as the kernel tells."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import NamedTuple

# The bytes that SQLite locks. In WAL mode writers lock byte 120 of the -shm file, a checkpoint 121, a recovery 122;
# in the other modes everybody locks bytes of the database from 0x40000000 on.
_WAL_LOCKS = range(120, 123)
_FILE_LOCKS = range(0x40000000, 0x40000000 + 512)
_COMM_LIMIT = 15


class _Lock(NamedTuple):
    pid: int
    exclusive: bool
    device: int
    inode: int
    first: int


def find(path: str) -> str:
    """Name the process that keeps others from writing a database, such as ``pid 4711 (dock-info-manager)``.

    The files are never opened: closing any descriptor of a file drops all locks that this process has on it.

    Args:
        path: the database, with symbolic links resolved.

    Returns:
        ``an unknown process`` where the kernel does not tell: the lock is free again by now, or belongs to a process
        of another namespace or machine.
    """
    with contextlib.suppress(OSError):
        locks = list(_locks())
        for holders in (_wal_holders(path, locks), _file_holders(path, locks)):
            if holders:
                return _named(holders[0])
    return "an unknown process"


def _wal_holders(path: str, locks: list[_Lock]) -> list[int]:
    return [lock.pid for lock in _of_file(path + "-shm", locks) if lock.exclusive and lock.first in _WAL_LOCKS]


def _file_holders(path: str, locks: list[_Lock]) -> list[int]:
    ours = [lock for lock in _of_file(path, locks) if lock.first in _FILE_LOCKS]
    writers = [lock.pid for lock in ours if lock.exclusive]
    # In WAL mode every connection has a shared lock on the database for life, which keeps nobody from writing.
    readers = [] if os.path.exists(path + "-shm") else [lock.pid for lock in ours if not lock.exclusive]
    return writers + readers


def _of_file(path: str, locks: list[_Lock]) -> list[_Lock]:
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return []
    return [lock for lock in locks if (lock.device, lock.inode) == (status.st_dev, status.st_ino)]


def _locks() -> Iterator[_Lock]:
    """Read /proc/locks, whose lines are ``1: POSIX  ADVISORY  WRITE 4711 08:02:393 120 120``, proc(5)."""
    with open("/proc/locks", encoding="ascii") as file:
        for line in file:
            fields = line.split()
            if len(fields) != 8 or fields[1] != "POSIX":  # "->" marks one that waits; other kinds SQLite doesn't take
                continue
            major, minor, inode = fields[5].split(":")
            device = os.makedev(int(major, 16), int(minor, 16))
            pid = int(fields[4])
            if pid > 0:  # the kernel shows 0 or -1 for a process that this namespace can't see
                yield _Lock(pid, fields[3] == "WRITE", device, int(inode), int(fields[6]))


def _named(pid: int) -> str:
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
            name = file.read().rstrip("\n")
        if len(name) == _COMM_LIMIT:  # the kernel cut it; the command line has the rest
            with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as file:
                bases = (os.path.basename(argument) for argument in file.read().split("\0"))
                name = next((base for base in bases if base.startswith(name)), name)
    except OSError:
        return f"pid {pid}"
    return f"pid {pid} ({name})"
