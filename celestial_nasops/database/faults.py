"""What SQLite's errors mean to an operator."""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import stat
from collections.abc import Iterator

from celestial_nasops import accounts, causes, full_disk, read_only
from celestial_nasops.database import lock_holder
from celestial_nasops.database.schema import TABLE
from celestial_nasops.durable import user_name
from celestial_nasops.fault import DatabaseFault

_SIDE_FILES = ("-wal", "-shm", "-journal")
_PAGE_BYTES = 4096


@contextlib.contextmanager
def translated(path: str, timeout_seconds: float) -> Iterator[None]:
    """Turn what SQLite raises inside into faults.

    Args:
        path: the database.
        timeout_seconds: how long SQLite was told to wait for locks, for the message.

    Raises:
        DatabaseFault: for every error of SQLite but misuse of the library, which is a bug of ours.
    """
    try:
        yield
    except sqlite3.ProgrammingError:
        raise
    except sqlite3.Error as error:
        raise fault_of(error, path, timeout_seconds) from error


def fault_of(error: sqlite3.Error, path: str, timeout_seconds: float) -> DatabaseFault:
    """The fault that an error of SQLite means."""
    # Errors that the Python module raises by itself carry no code.
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    folder = os.path.dirname(os.path.realpath(path))
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return DatabaseFault(causes.DATABASE_REPLACED, path=path)
    match code & 0xFF:  # the low byte is the kind, the others its detail
        case sqlite3.SQLITE_NOTADB:
            return DatabaseFault(causes.DATABASE_NOT_A_DATABASE, path=path)
        case sqlite3.SQLITE_CORRUPT:
            return DatabaseFault(causes.DATABASE_CORRUPT, path=path, reason=error)
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            holder = lock_holder.find(os.path.realpath(path))
            return DatabaseFault(causes.DATABASE_LOCKED, path=path, seconds=timeout_seconds, holder=holder)
        case sqlite3.SQLITE_FULL:
            return _disk_full(path, folder)
        case (
            sqlite3.SQLITE_READONLY
            | sqlite3.SQLITE_CANTOPEN
            | sqlite3.SQLITE_IOERR
            | sqlite3.SQLITE_PERM
            | sqlite3.SQLITE_AUTH
        ):
            # SQLite has no words of its own for most of these; the file system does.
            found = why_unusable(path)
            if found is not None:
                return found
        case sqlite3.SQLITE_ERROR if str(error).removeprefix("no such table: ").removeprefix("main.") == TABLE:
            return DatabaseFault(causes.DATABASE_NO_TABLE, path=path, table=TABLE)
    return DatabaseFault(causes.DATABASE_FAILED, path=path, reason=f"{error} ({name})")


def why_unusable(path: str) -> DatabaseFault | None:
    """Ask the file system why a database can't be opened or written.

    It only asks: opening one of the files, and closing it again, would drop the locks that other connections of this
    process have on it.

    Returns:
        None where the file system has nothing against it.
    """
    real = os.path.realpath(path)
    folder = os.path.dirname(real)
    try:
        status = os.stat(real)
    except (FileNotFoundError, NotADirectoryError):
        return DatabaseFault(causes.DATABASE_MISSING, path=path)
    except PermissionError:
        return _no_permission(path, folder)
    except OSError as error:
        return DatabaseFault(causes.DATABASE_FAILED, path=path, reason=error.strerror or error)
    if not stat.S_ISREG(status.st_mode):
        return DatabaseFault(causes.DATABASE_NOT_A_DATABASE, path=path)
    files = [real, *(real + suffix for suffix in _SIDE_FILES if os.path.exists(real + suffix))]
    if not all(os.access(file, os.R_OK) for file in files):
        return _no_permission(path, folder)
    return _why_not_writable(path, folder, [*files, folder])


def _why_not_writable(path: str, folder: str, places: list[str]) -> DatabaseFault | None:
    for place in reversed(places):
        if read_only.is_read_only(place):
            found = read_only.fault_of(place, "database_settings.db_path")
            return DatabaseFault(found.cause, **found.values)
    forbidden = [place for place in places if not os.access(place, os.W_OK)]
    if forbidden:
        return _not_writable(path, forbidden)
    space = os.statvfs(folder)
    free_blocks = space.f_bfree if os.geteuid() == 0 else space.f_bavail
    if free_blocks * space.f_frsize < _PAGE_BYTES:
        return _disk_full(path, folder)
    return None


def _not_writable(path: str, forbidden: list[str]) -> DatabaseFault:
    status = os.stat(forbidden[0])
    return DatabaseFault(
        causes.DATABASE_READ_ONLY,
        path=path,
        user=user_name(),
        places=shlex.join(forbidden),
        owner=accounts.name_of(status.st_uid),
        mode=f"{stat.S_IMODE(status.st_mode):o}",
    )


def _disk_full(path: str, folder: str) -> DatabaseFault:
    return DatabaseFault(causes.DATABASE_DISK_FULL, path=path, **full_disk.room(folder))


def _no_permission(path: str, folder: str) -> DatabaseFault:
    return DatabaseFault(causes.DATABASE_NO_PERMISSION, path=path, folder=folder, user=user_name())
