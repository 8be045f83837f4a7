"""One file's way to the NAS: checked, uploaded under a temporary name, verified there, published."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import posixpath
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from celestial_nasops import causes, paths
from celestial_nasops.config import Config
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import LocalFault, NasFault
from celestial_nasops.nas.files import NasFiles

CHUNK_BYTES = 1 << 20
SLOWEST_HASH_BYTES_PER_SECOND = 5e6


class Stopped(Exception):  # noqa: N818 - no error: it was asked for
    """The daemon is to put down what it has in hand."""


class Withdrawn(Exception):  # noqa: N818 - no error of ours
    """Another program took the row away meanwhile; the file was not published."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A verified copy: where it lies, its size (bytes) and SHA-256 (hex), and the local file's mtime (ns)."""

    remote_path: str
    size: int
    sha256: str
    mtime_ns: int


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a transfer tells and asks whoever carries it.

    Attributes:
        moved: told how many bytes have been read so far.
        expect: told how long the next step may take (seconds) without anything to be told.
        is_stopping: whether to put the file down; asked between chunks.
        is_still_ours: whether the row is still in hand; asked once, before the copy is published.
    """

    moved: Callable[[int], None]
    expect: Callable[[float], None]
    is_stopping: Callable[[], bool]
    is_still_ours: Callable[[], bool]


def temporary_path(config: Config, record: FileRecord, day: dt.date) -> str:
    """Where on the NAS the unfinished upload of a file lies."""
    folder = paths.remote_folder(config, record.file_name, day)
    return posixpath.join(folder, paths.temporary_name(config, record.file_path))


def day_of(record: FileRecord) -> dt.date:
    """The day of this server on which the transfer of a file began; today where its row does not tell."""
    try:
        began = dt.datetime.fromisoformat((record.transfer_start_time or "").strip())
        return (began if began.tzinfo else began.replace(tzinfo=dt.UTC)).astimezone().date()
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        return dt.date.today()


def send(files: NasFiles, config: Config, record: FileRecord, day: dt.date, hooks: Hooks) -> Sent:
    """Carry one file to the NAS. Sending the same file again is harmless: an equal copy counts as sent.

    Args:
        files: the NAS.
        config: where to, and how.
        record: the file's row, which is in hand.
        day: the day of transfer, which counts where the file's name holds no date.
        hooks: see there.

    Raises:
        LocalFault: the local file is missing, refused, unreadable, of another size than its row says, or changing.
        NasFault: the NAS did not take it, or has another file of that name. NasUnavailable: no file is to blame.
        Stopped: as ``hooks`` asked for.
        Withdrawn: the row was not in hand any more.

    Whatever is raised, the temporary file is removed as far as the NAS can be reached.
    """
    check_names(record)
    final, temporary = paths.remote_path(config, record.file_name, day), temporary_path(config, record, day)
    with _Source(record) as source:
        try:
            sha256 = _already_there(files, final, source, hooks)
            if sha256 is None:
                files.make_folder(posixpath.dirname(final), below=config.nas_settings.base_path)
                sha256 = _upload(files, config, temporary, source, hooks)
                _publish(files, temporary, final, source, sha256, hooks)
            else:
                files.remove([temporary])  # of a predecessor that died between publishing and tidying up
        except BaseException:
            with contextlib.suppress(NasFault):
                files.remove([temporary])
            raise
        return Sent(final, source.size, sha256, source.mtime_ns)


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


def _already_there(files: NasFiles, final: str, source: _Source, hooks: Hooks) -> str | None:
    """The SHA-256 of an equal copy that lies there already, as after a crash; None where the name is free.

    Asked first, so that a name that is taken by another file costs one look and no upload.
    """
    present = files.stat(final)
    if present is None:
        return None
    if present.size == source.size:
        sha256 = source.sha256(hooks)
        _expect_hash(hooks, source.size)
        copy = files.inspect(final)
        if copy is None:
            return None
        if (copy.size, copy.sha256) == (source.size, sha256):
            return sha256
    raise NasFault(causes.NAS_NAME_TAKEN, path=final, target=files.typed_after_ssh)


def _upload(files: NasFiles, config: Config, temporary: str, source: _Source, hooks: Hooks) -> str:
    """Write the file under its temporary name and return its SHA-256, which is that of what lies on the NAS."""
    digest = hashlib.sha256()
    stall = config.sync_settings.sync_timeout_seconds
    written = files.write(temporary, source.chunks(hooks, digest.update), stall_timeout_seconds=stall)
    source.check_unchanged()
    expected = f"{source.size} bytes, SHA-256 {digest.hexdigest()}"
    found = f"{written} bytes"
    if written == source.size:
        _expect_hash(hooks, source.size)
        copy = files.inspect(temporary)
        if copy is not None and (copy.size, copy.sha256) == (source.size, digest.hexdigest()):
            return digest.hexdigest()
        found = f"{copy.size} bytes, SHA-256 {copy.sha256}" if copy else "nothing"
    raise NasFault(causes.NAS_COPY_DIFFERS, path=temporary, found=found, expected=expected)


def _publish(files: NasFiles, temporary: str, final: str, source: _Source, sha256: str, hooks: Hooks) -> None:
    if not hooks.is_still_ours():
        raise Withdrawn
    if files.publish(temporary, final):
        # The same file that was hashed a moment ago under its other name; its content needs no second reading.
        published = files.stat(final)
        if published is None or published.size != source.size:
            found = f"{published.size} bytes" if published else "nothing"
            raise NasFault(causes.NAS_COPY_DIFFERS, path=final, found=found, expected=f"{source.size} bytes")
        return
    _expect_hash(hooks, source.size)
    copy = files.inspect(final)  # somebody was faster; an equal copy is as good as ours
    if copy is None or (copy.size, copy.sha256) != (source.size, sha256):
        raise NasFault(causes.NAS_NAME_TAKEN, path=final, target=files.typed_after_ssh)
    files.remove([temporary])


def _expect_hash(hooks: Hooks, size: int) -> None:
    hooks.expect(size / SLOWEST_HASH_BYTES_PER_SECOND)


class _Source:
    """The local file, opened once; what is read and what is checked is the same file."""

    def __init__(self, record: FileRecord) -> None:
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
        return self._seen.st_size

    @property
    def mtime_ns(self) -> int:
        return self._seen.st_mtime_ns

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        os.close(self._fd)

    def chunks(self, hooks: Hooks, update: Callable[[bytes], None]) -> Iterator[bytes]:
        done = 0
        # One byte more than there should be, so that a file that grows is noticed and not read for ever.
        while done <= self.size:
            if hooks.is_stopping():
                raise Stopped
            try:
                chunk = os.pread(self._fd, min(CHUNK_BYTES, self.size + 1 - done), done)
            except OSError as error:
                raise self._unreadable(error) from error
            if not chunk:
                return
            update(chunk)
            done += len(chunk)
            hooks.moved(done)
            yield chunk
        raise LocalFault(causes.FILE_CHANGED, path=self._path)

    def sha256(self, hooks: Hooks) -> str:
        digest = hashlib.sha256()
        for _ in self.chunks(hooks, digest.update):
            pass
        self.check_unchanged()
        return digest.hexdigest()

    def check_unchanged(self) -> None:
        if identity(os.fstat(self._fd)) != identity(self._seen) or identity(self._look()) != identity(self._seen):
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


def identity(status: os.stat_result) -> tuple[int, int, int, int]:
    """What is another where a file was replaced or written to."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def kind_of(status: os.stat_result) -> str:
    """What something that is no regular file is, in words."""
    if stat.S_ISLNK(status.st_mode):
        return "a symbolic link"
    return "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file"
