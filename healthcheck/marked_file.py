"""The marked file: how it is named, what is in it, and where copies of it may lie.

The mark is in the name, so that nobody takes such a file for media, and so that nothing else is ever removed.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import re
from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from celestial_nasops import paths
from celestial_nasops.config import Config
from celestial_nasops.durable import fsync_folder

MARK = paths.TEST_FILE_MARK
# The digits in the middle stand in the name of a copy that was stored beside another one, paths.beside_name.
_MARKED_NAME = re.compile(
    r"[A-Za-z][A-Za-z0-9_-]*_(\d{8}_\d{6})_([0-9a-f]{8})-\d{1,4}\.smoke-check(?:\.[0-9a-f]{6}-[0-9a-f]{6})?\.[A-Za-z0-9]{1,10}"
)
_STAMP = "%Y%m%d_%H%M%S"
RUN_CHARACTERS = 8
"""So many characters of the end of a run's id stand in the names of its files."""
_SHA256 = re.compile("[0-9a-f]{64}")
_CHUNK_BYTES = 1 << 20
_HEADER_BYTES = 1024


class MarkedFile(NamedTuple):
    """A test file before it exists. ``size`` is in bytes."""

    name: str
    path: str
    size: int
    header: bytes

    @property
    def part_path(self) -> str:
        """Where it grows, hidden, until it is complete."""
        return os.path.join(os.path.dirname(self.path), f".{self.name}.part")


def carries_mark(path: str) -> bool:
    """Whether a path's last part is the name of a marked file, of one that grows, or of its unfinished upload."""
    name = os.path.basename(path)
    hidden = re.fullmatch(r"\.[A-Za-z0-9._-]*?(" + _MARKED_NAME.pattern + r")\.(?:part|[0-9a-f]{12})", name)
    return bool(_MARKED_NAME.fullmatch(name) or hidden)


def is_marked_path(path: str) -> bool:
    """Whether a path is absolute, leads to a marked file without a detour, and can be handed to the system."""
    return path.startswith("/") and "\0" not in path and ".." not in path.split("/") and carries_mark(path)


def new_files(
    config: Config, run_id: str, started: dt.datetime, count: int, size: int, first: int = 1
) -> list[MarkedFile]:
    """Name the files of a run. The date in the name is the local one, as in the names of the dock's own files.

    Args:
        config: gives prefix, ending and folder.
        run_id: its last eight characters stand in the names.
        started: when the run began.
        count: how many.
        size: of each (bytes).
        first: the number of the first one.
    """
    testing = config.testing
    prefix = testing.smoke_test_prefix.rstrip("_-")
    extension = testing.test_file_extension.lstrip(".")
    stamp = started.strftime(_STAMP)
    files = []
    for number in range(first, first + count):
        name = f"{prefix}_{stamp}_{run_id[-RUN_CHARACTERS:]}-{number}{MARK}{extension}"
        header = f"smoke-check test file, not media, safe to delete\nhost {os.uname().nodename}\nrun {run_id}\n\n"
        path = os.path.join(config.local_settings.media_path, name)
        files.append(MarkedFile(name, path, size, header.encode()[:size]))
    return files


def run_of(path: str) -> str:
    """The end of the id of the run that wrote a marked file; empty for another file."""
    found = _MARKED_NAME.fullmatch(os.path.basename(path))
    return found[2] if found else ""


def begun_at(path: str) -> float | None:
    """When the run that wrote a marked file began (Unix seconds), by this server's clock; None where no name tells."""
    found = _MARKED_NAME.fullmatch(os.path.basename(path))
    try:
        return dt.datetime.strptime(found[1], _STAMP).timestamp() if found else None
    except (ValueError, OverflowError):  # digits that are no date, or at the ends of the calendar
        return None


def host_of(path: str) -> str:
    """The server whose check wrote a marked file; empty where the file does not tell."""
    try:
        with open(path, "rb") as file:
            found = re.search(rb"^host (\S+)\nrun ", file.read(_HEADER_BYTES), re.MULTILINE)
    except OSError:
        return ""
    return found[1].decode("utf-8", "replace") if found else ""


def content(file: MarkedFile) -> Iterator[bytes]:
    """The bytes of a marked file: the header, then random bytes, so that no two are alike."""
    yield file.header
    left = file.size - len(file.header)
    while left > 0:
        chunk = os.urandom(min(left, _CHUNK_BYTES))
        left -= len(chunk)
        yield chunk


def write(file: MarkedFile, keep_on: Callable[[], None]) -> str:
    """Put a marked file into its folder: it appears complete and durable, or not at all.

    Args:
        file: what to write.
        keep_on: called between chunks; what it raises ends the writing.

    Returns:
        Its SHA-256, in hex.

    Raises:
        OSError: it could not be written; what was begun is removed.
    """
    digest = hashlib.sha256()
    try:
        fd = os.open(file.part_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        with os.fdopen(fd, "wb") as part:
            for chunk in content(file):
                keep_on()
                digest.update(chunk)
                part.write(chunk)
            part.flush()
            os.fsync(part.fileno())
        os.rename(file.part_path, file.path)
    except BaseException:
        remove_local(file.part_path)
        raise
    fsync_folder(os.path.dirname(file.path))
    return digest.hexdigest()


def presence(path: str, device: int | None, inode: int | None) -> Literal["here", "gone", "unknown"]:
    """Whether a file is there. It is gone only if its folder is there, on the volume where the file was.

    A volume may have another number after a reboot, and a folder that was made anew has another inode. Both at once
    have changed only where an empty mount point stands in the place of the volume, or another volume.

    Args:
        path: the file.
        device: st_dev of its folder when it was written; None where that is not known.
        inode: st_ino of its folder then; None where that is not known.
    """
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        try:
            folder = os.stat(os.path.dirname(path))
        except OSError:
            return "unknown"
        return "gone" if device in (None, folder.st_dev) or inode == folder.st_ino else "unknown"
    except OSError:
        return "unknown"
    return "here"


def remove_local(path: str) -> bool:
    """Remove a marked file from this server; True where there was one.

    Raises:
        ValueError: the name carries no mark.
        OSError: it is there and can't be removed.
    """
    if not carries_mark(path):
        raise ValueError(f"{path} carries no mark")
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    return True


def expected_remote_path(config: Config, name: str) -> str:
    """Where the contract puts the copy. The date in the name decides, so no day of transfer matters."""
    return paths.remote_path(config, name, paths.date_in_name(name) or dt.date.today())


def possible_remote_paths(config: Config, name: str) -> list[str]:
    """Every path at which a daemon may have put the copy, the right one first.

    Older daemons leave backup_path out, or go by the day of transfer or by UTC.
    """
    named = paths.date_in_name(name) or dt.date.today()
    days = [named]
    for step in (1, -1):
        with contextlib.suppress(OverflowError):  # the first and the last day of the calendar have one neighbour only
            days.append(named + dt.timedelta(days=step))
    folders = [paths.remote_folder(config, "", day, with_backup_path=b) for b in (True, False) for day in days]
    base = config.nas_settings.base_path.rstrip("/")
    folders += [f"{base}/{config.nas_settings.backup_path.strip('/')}".rstrip("/"), base]
    return [f"{folder}/{name}" for folder in dict.fromkeys(folders)]


def path_beside(expected: str, sha256: str) -> list[str]:
    """Where our own daemon stores the copy if its name is taken by other content; nowhere for an unknown hash."""
    if not _SHA256.fullmatch(sha256):
        return []
    folder, name = os.path.split(expected)
    return [os.path.join(folder, paths.beside_name(name, sha256))]


def temporary_remote_path(config: Config, local_path: str) -> str:
    """Where our own daemon keeps an unfinished upload of the file."""
    folder = os.path.dirname(expected_remote_path(config, os.path.basename(local_path)))
    return f"{folder}/{paths.temporary_name(config, local_path)}"
