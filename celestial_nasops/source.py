"""A local file that is to be sent: what is no file is refused, and what changes while it is read is noticed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Protocol, Self

from celestial_nasops import causes
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import LocalFault
from celestial_nasops.nas.piece import Piece

# It stays in the processor's cache from reading to hashing to sending, and a limited bandwidth comes in small pieces.
CHUNK_BYTES = 1 << 18


class Stopped(Exception):  # noqa: N818 - no error: it was asked for
    """The daemon is to put down what it has in hand."""


class Reading(Protocol):
    """What reading a file tells and asks whoever carries it."""

    @property
    def moved(self) -> Callable[[int], None]:
        """Told how many bytes have been read so far."""

    @property
    def is_stopping(self) -> Callable[[], bool]:
        """Whether to put the file down; asked between chunks."""


class Source:
    """The local file, opened once; what is read and what is checked is the same file."""

    def __init__(self, record: FileRecord) -> None:
        """Open the file of a row.

        Raises:
            LocalFault: it is missing, refused, unreadable, or of another size than its row says.
        """
        self._path = record.file_path
        self._seen = self._look()
        if record.file_size is not None and record.file_size != self.size:
            raise LocalFault(causes.FILE_SIZE_DIFFERS, path=self._path, found=self.size, expected=record.file_size)
        try:
            # NONBLOCK: a pipe that took the file's place meanwhile must not hold us.
            self._fd = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise LocalFault(causes.FILE_MISSING, path=self._path) from error
        except OSError as error:
            raise self._unreadable(error) from error

    @property
    def size(self) -> int:
        """In bytes."""
        return self._seen.st_size

    def piece(self, content: bytes, offset: int) -> Piece:
        """What was read at an offset (bytes), to be sent while it is open."""
        return Piece(content, self._fd, offset)

    @property
    def mtime_ns(self) -> int:
        """When it was modified last (ns)."""
        return self._seen.st_mtime_ns

    @property
    def identity(self) -> tuple[int, int, int, int]:
        """What is another where it was replaced or written to."""
        return identity(self._seen)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close it."""
        os.close(self._fd)

    def whole(self) -> bytes:
        """Its content at once, for a small file.

        Raises:
            LocalFault: it can't be read, or has another size by now.
        """
        try:
            content = os.pread(self._fd, self.size + 1, 0)
        except OSError as error:
            raise self._unreadable(error) from error
        if len(content) != self.size:
            raise LocalFault(causes.FILE_CHANGED, path=self._path)
        return content

    def chunks(
        self,
        reading: Reading,
        update: Callable[[bytes], None],
        *,
        start: int = 0,
        end: int | None = None,
    ) -> Iterator[bytes]:
        """Its content from ``start``, to its end if ``end`` does not come before it (bytes).

        Args:
            reading: see there.
            update: handed each chunk before it is given out.
            start: where to begin.
            end: where to end; a file that grows is not noticed then.

        Raises:
            Stopped: as ``reading`` asked for.
            LocalFault: it can't be read, or has grown.
        """
        done = start
        # One byte more than there should be, so that a file that grows is noticed and not read for ever.
        limit = self.size + 1 if end is None else end
        while done < limit:
            if reading.is_stopping():
                raise Stopped
            try:
                chunk = os.pread(self._fd, min(CHUNK_BYTES, limit - done), done)
            except OSError as error:
                raise self._unreadable(error) from error
            if not chunk:
                return
            update(chunk)
            done += len(chunk)
            reading.moved(done)
            yield chunk
        if end is None:
            raise LocalFault(causes.FILE_CHANGED, path=self._path)

    def sha256(self, reading: Reading) -> str:
        """Its SHA-256, in hex.

        Raises:
            Stopped: as ``reading`` asked for.
            LocalFault: it can't be read, or has changed.
        """
        digest = hashlib.sha256()
        for _ in self.chunks(reading, digest.update):
            pass
        self.check_unchanged()
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        """Demand that the file, and what lies at its path, is what was opened.

        Raises:
            LocalFault: it is not.
        """
        if identity(os.fstat(self._fd)) != self.identity or identity(self._look()) != self.identity:
            raise LocalFault(causes.FILE_CHANGED, path=self._path)

    def _look(self) -> os.stat_result:
        try:
            seen = os.lstat(self._path)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise LocalFault(causes.FILE_MISSING, path=self._path) from error
        except OSError as error:
            raise self._unreadable(error) from error
        if not stat.S_ISREG(seen.st_mode):
            raise LocalFault(causes.FILE_REFUSED, path=self._path, reason=f"it is {kind_of(seen)}")
        return seen

    def _unreadable(self, error: OSError) -> LocalFault:
        return LocalFault(causes.FILE_UNREADABLE, path=self._path, reason=error.strerror or str(error))


def check_names(record: FileRecord) -> None:
    """Check that a row's names can be the names of one file.

    Raises:
        LocalFault: FILE_REFUSED.
    """
    if not os.path.isabs(record.file_path) or "\0" in record.file_path:
        raise LocalFault(causes.FILE_REFUSED, path=record.file_path, reason="its path is not absolute")
    name = record.file_name
    if name in ("", ".", "..") or "/" in name or "\0" in name:
        raise LocalFault(causes.FILE_REFUSED, path=record.file_path, reason=f"its row's file_name is '{name}'")


def size_of(record: FileRecord) -> int:
    """How large a file is said to be (bytes); where its row does not tell, how large it is; 0 where nothing does."""
    if record.file_size is not None:
        return record.file_size
    with contextlib.suppress(OSError, ValueError):
        return os.lstat(record.file_path).st_size
    return 0


def identity(status: os.stat_result) -> tuple[int, int, int, int]:
    """What is another where a file was replaced or written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def kind_of(status: os.stat_result) -> str:
    """What something that is no regular file is, in words."""
    if stat.S_ISLNK(status.st_mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
