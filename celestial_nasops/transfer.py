"""One file's way to the NAS: checked, uploaded under a temporary name, verified there, published."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import logging
import os
import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from celestial_nasops import causes, paths
from celestial_nasops.config import Config
from celestial_nasops.daemon_events import journalled
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import LocalFault, NasFault
from celestial_nasops.nas.files import SLOWEST_HASH_BYTES_PER_SECOND, NasFiles
from celestial_nasops.nas.piece import Piece
from celestial_nasops.nas.remote_errors import is_of_the_path
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.parts import Part, Parts
from celestial_nasops.source import CHUNK_BYTES, Source, Stopped, check_names, identity, kind_of, size_of

__all__ = ["CHUNK_BYTES", "SLOWEST_HASH_BYTES_PER_SECOND", "Stopped", "check_names", "identity", "kind_of", "size_of"]

# A file of this size and more is written on from where an earlier try was cut off; a smaller one is soon sent again.
RESUMED_FROM_BYTES = 4 << 20
# What is written before it is read back, and what is sent twice at most where the two sides differ.
SEGMENT_BYTES = 32 << 20
_NOT_WORTH_KEEPING = {
    causes.NAS_COPY_DIFFERS.code,
    causes.NAS_NAME_TAKEN.code,
    causes.NAS_DISK_FULL.code,
    causes.NAS_OVER_QUOTA.code,
}


log = logging.getLogger(__name__)


class Withdrawn(Exception):  # noqa: N818 - no error of ours
    """Another program took the row away meanwhile; the file was not published."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A verified copy.

    Attributes:
        remote_path: where it lies, which is not where the file belongs if that name was taken.
        size: bytes.
        sha256: hex.
        mtime_ns: when the local file was modified (ns).
        level: what the verification rests on.
        belongs_at: where the file belongs, if that name was taken by a file of other content; else empty.
    """

    remote_path: str
    size: int
    sha256: str
    mtime_ns: int
    level: VerificationLevel
    belongs_at: str = ""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a transfer tells and asks whoever carries it.

    Attributes:
        moved: told how many bytes have been read so far.
        expect: told how long the next step may take (seconds) without anything to be told.
        is_stopping: whether to put the file down; asked between chunks.
        is_still_ours: whether the row is still in hand; asked once, before the copy is published.
        pace: told how many bytes are about to be sent; waits until they may.
    """

    moved: Callable[[int], None]
    expect: Callable[[float], None]
    is_stopping: Callable[[], bool]
    is_still_ours: Callable[[], bool]
    pace: Callable[[int], None] = lambda _: None


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


def send(
    files: NasFiles, config: Config, record: FileRecord, day: dt.date, hooks: Hooks, parts: Parts | None = None
) -> Sent:
    """Carry one file to the NAS. Sending the same file again is harmless: an equal copy counts as sent.

    Where its name is taken by a file of other content, which is never overwritten, it is stored beside that, under a
    name that carries its hash.

    Args:
        files: the NAS.
        config: where to, and how.
        record: the file's row, which is in hand.
        day: the day of transfer, which counts where the file's name holds no date.
        hooks: see there.
        parts: where uploads are remembered that can be gone on with; without it, each begins anew.

    Raises:
        LocalFault: the local file is missing, refused, unreadable, of another size than its row says, or changing.
        NasFault: the NAS did not take it. NasUnavailable: no file is to blame.
        Stopped: as ``hooks`` asked for.
        Withdrawn: the row was not in hand any more.

    Whatever is raised, the temporary file is removed as far as the NAS can be reached, unless it can be gone on with.
    """
    check_names(record)
    final, temporary = paths.remote_path(config, record.file_name, day), temporary_path(config, record, day)
    with Source(record) as source:
        resumable = parts if source.size >= RESUMED_FROM_BYTES else None
        # A part may lie elsewhere than this try puts it: a name without a date belongs in another folder each day.
        known = parts.of(record.file_path) if parts is not None else None
        places = list(dict.fromkeys([temporary, *([known.remote_path] if known is not None else [])]))
        try:
            place = _place(files, final, source, hooks)
            sha256 = place.holds
            if sha256 is None:
                files.make_folder(posixpath.dirname(final), below=config.nas_settings.base_path)
                if resumable is not None:
                    sha256 = _upload_on(files, config, temporary, source, record.file_path, hooks, resumable)
                else:
                    sha256 = _upload(files, config, temporary, source, hooks)
                check_hash(config, record, sha256)
                beside = _beside(final, sha256)
                place = _publish(files, temporary, [place.path, beside], source, sha256, hooks)
                if parts is not None:
                    parts.gone([record.file_path])
            else:  # a predecessor died between publishing and tidying up
                _remove_part(files, places, record.file_path, parts)
        except BaseException as error:
            if resumable is None or not _can_go_on(error):
                _remove_part(files, places, record.file_path, parts)
            raise
        finally:
            if parts is not None:
                parts.put_down(record.file_path)
        belongs_at = final if place.path != final else ""
        return Sent(place.path, source.size, sha256, source.mtime_ns, files.verification_level, belongs_at)


def check_place(config: Config, record: FileRecord, resolve: Callable[[str], str] = os.path.realpath) -> None:
    """Check that a file lies in the media folder, wherever links in its path lead: nothing else is sent and deleted.

    Args:
        config: names the media folder.
        record: the file's row.
        resolve: where a path really leads; for many files in one go, one that remembers its answers.

    Raises:
        LocalFault: FILE_REFUSED.
    """
    check_names(record)
    if not is_in_media_folder(config, os.path.dirname(record.file_path), resolve):
        reason = f"it is not in the media folder {config.local_settings.media_path}"
        raise LocalFault(causes.FILE_REFUSED, path=record.file_path, reason=reason)


def is_in_media_folder(config: Config, folder: str, resolve: Callable[[str], str] = os.path.realpath) -> bool:
    """Whether a folder is the media folder or below it, wherever links in its path lead; see :func:`check_place`."""
    media, folder = resolve(config.local_settings.media_path), resolve(folder)
    return folder == media or folder.startswith(media.rstrip("/") + "/")


def check_hash(config: Config, record: FileRecord, sha256: str) -> None:
    """Compare a file's SHA-256 with what its row says, which need not be one: then the line of its arrival notes that.

    Raises:
        LocalFault: FILE_HASH_DIFFERS, where that is refused.
    """
    expected = record.file_hash.strip().lower()
    if expected in ("", sha256):
        return
    policy = config.sync_settings.wrong_file_hash
    fault = LocalFault(causes.FILE_HASH_DIFFERS, path=record.file_path, found=sha256, expected=record.file_hash)
    if policy == "refuse" or (policy == "refuse_own" and paths.is_test_file(record.file_path)):
        raise fault


def _remove_part(files: NasFiles, places: list[str], local_path: str, parts: Parts | None) -> None:
    """Remove what lies on the NAS, now or, if it can't be reached, later."""
    if parts is not None:
        parts.unwanted(local_path)
    with contextlib.suppress(NasFault):
        files.remove(places)
        if parts is not None:
            parts.gone([local_path])


def _can_go_on(error: BaseException) -> bool:
    """Whether what lies on the NAS is worth keeping: neither it nor the file is at fault, nor does it fill the disk."""
    if isinstance(error, NasFault):
        return error.code not in _NOT_WORTH_KEEPING
    return isinstance(error, Stopped) or not isinstance(error, Exception)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file can be published; ``holds`` is its SHA-256 where an equal copy lies there already."""

    path: str
    holds: str | None = None


def _place(files: NasFiles, final: str, source: Source, hooks: Hooks) -> _Place:
    """Find the place for a file: its own name, or one beside it where that is taken by a file of other content.

    Looked for first, so that an equal copy, as after a crash, costs no upload.
    """
    found = _look_at(files, final, source, hooks)
    if found is not None:
        return found
    beside = _beside(final, source.sha256(hooks))
    found = _look_at(files, beside, source, hooks)
    if found is None:  # it would take two files of one hash, or somebody who writes under such names
        raise NasFault(causes.NAS_NAME_TAKEN, path=beside, target=files.typed_after_ssh)
    return found


def _beside(final: str, sha256: str) -> str:
    folder, name = posixpath.split(final)
    return posixpath.join(folder, paths.beside_name(name, sha256))


def _look_at(files: NasFiles, path: str, source: Source, hooks: Hooks) -> _Place | None:
    """Whether a name is free, or has an equal copy; None where it is taken by a file of other content."""
    present = files.stat(path)
    if present is None:
        return _Place(path)
    if present.size == source.size:
        sha256 = source.sha256(hooks)
        _expect_hash(hooks, source.size)
        copy = files.inspect(path, expected_size=source.size)
        if copy is None:
            return _Place(path)
        if (copy.size, copy.sha256) == (source.size, sha256):
            return _Place(path, sha256)
    return None


def _upload(files: NasFiles, config: Config, temporary: str, source: Source, hooks: Hooks) -> str:
    """Write the file under its temporary name and return its SHA-256, which is that of what lies on the NAS."""
    digest = hashlib.sha256()
    stall = config.sync_settings.sync_timeout_seconds
    written = files.write(temporary, _paced(source, hooks, digest), stall_timeout_seconds=stall)
    source.check_unchanged()
    expected = f"{source.size} bytes, SHA-256 {digest.hexdigest()}"
    found = f"{written} bytes"
    if written == source.size:
        _expect_hash(hooks, source.size)
        copy = files.inspect(temporary, expected_size=source.size)
        if copy is not None and (copy.size, copy.sha256) == (source.size, digest.hexdigest()):
            return digest.hexdigest()
        found = f"{copy.size} bytes, SHA-256 {copy.sha256}" if copy else "nothing"
    raise NasFault(causes.NAS_COPY_DIFFERS, path=temporary, found=found, expected=expected)


def _upload_on(
    files: NasFiles,
    config: Config,
    temporary: str,
    source: Source,
    local_path: str,
    hooks: Hooks,
    parts: Parts,
) -> str:
    """Write the file on from where an earlier try was cut off, and return the SHA-256 of what lies on the NAS."""
    part, known = Part(temporary, source.identity), parts.of(local_path)
    start, digest = 0, hashlib.sha256()
    if known is not None and known.remote_path != temporary:
        same_file = replace(known, remote_path=temporary) == part
        if same_file and _moved(files, known.remote_path, temporary):
            known = part
        else:
            _remove_elsewhere(files, known.remote_path)
    if known == part:
        start, digest = _agreed(files, temporary, source, hooks)
    parts.began(local_path, part)

    def rest() -> Iterator[Piece]:
        at = start
        for chunk in _paced(source, hooks, digest, start):
            yield source.piece(chunk, at)
            at += len(chunk)
        _expect_hash(hooks, source.size)  # at most: it was begun while the rest was sent

    written = files.write_on(
        temporary,
        rest(),
        start=start,
        size=source.size,
        segment_bytes=SEGMENT_BYTES,
        stall_timeout_seconds=config.sync_settings.sync_timeout_seconds,
    )
    source.check_unchanged()
    if (written.size, written.sha256) != (source.size, digest.hexdigest()):
        found = f"{written.size} bytes, SHA-256 {written.sha256}"
        expected = f"{source.size} bytes, SHA-256 {digest.hexdigest()}"
        raise NasFault(causes.NAS_COPY_DIFFERS, path=temporary, found=found, expected=expected)
    return written.sha256


def _moved(files: NasFiles, there: str, here: str) -> bool:
    """Bring a part to where it belongs now; False where that can't be, as from another volume."""
    try:
        return files.stat(there) is not None and files.publish(there, here)
    except NasFault as fault:
        if not is_of_the_path(fault):
            raise
        return False


def _remove_elsewhere(files: NasFiles, path: str) -> None:
    try:
        files.remove([path])
    except NasFault as fault:
        if not is_of_the_path(fault):
            raise
        told = journalled(fault=fault, REMOTE_PATH=path)
        log.warning("an unfinished upload stays there: [%s] %s; %s", fault.code, fault, fault.remedy, extra=told)


def _agreed(files: NasFiles, temporary: str, source: Source, hooks: Hooks) -> tuple[int, hashlib._Hash]:
    """How much of what lies on the NAS is proven to be the beginning of the file, and the digest of that."""
    digest = hashlib.sha256()
    present = files.stat(temporary)
    if present is None or not 0 < present.size <= source.size:
        return 0, digest
    there = present.size
    _expect_hash(hooks, there)
    start = 0
    for theirs in files.hash_segments(temporary, there, SEGMENT_BYTES):
        end = min(start + SEGMENT_BYTES, there)
        with_segment, segment = digest.copy(), hashlib.sha256()
        for chunk in source.chunks(hooks, segment.update, start=start, end=end):
            with_segment.update(chunk)
        if segment.hexdigest() != theirs:
            break
        start, digest = end, with_segment
    return start, digest


def _paced(source: Source, hooks: Hooks, digest: hashlib._Hash, start: int = 0) -> Iterator[bytes]:
    for chunk in source.chunks(hooks, digest.update, start=start):
        hooks.pace(len(chunk))
        yield chunk


def _publish(
    files: NasFiles, temporary: str, names: Sequence[str], source: Source, sha256: str, hooks: Hooks
) -> _Place:
    """Give the upload the first of some names that nobody has taken meanwhile, and tell which."""
    if not hooks.is_still_ours():
        raise Withdrawn
    for path in dict.fromkeys(names):
        if files.publish(temporary, path):
            # The same file that was hashed a moment ago under its other name; its content needs no second reading.
            published = files.stat(path)
            if published is None or published.size != source.size:
                found = f"{published.size} bytes" if published else "nothing"
                raise NasFault(causes.NAS_COPY_DIFFERS, path=path, found=found, expected=f"{source.size} bytes")
            return _Place(path)
        _expect_hash(hooks, source.size)
        copy = files.inspect(path, expected_size=source.size)  # somebody was faster; an equal copy is as good as ours
        if copy is not None and (copy.size, copy.sha256) == (source.size, sha256):
            files.remove([temporary])
            return _Place(path)
    raise NasFault(causes.NAS_NAME_TAKEN, path=names[-1], target=files.typed_after_ssh)


def _expect_hash(hooks: Hooks, size: int) -> None:
    hooks.expect(size / SLOWEST_HASH_BYTES_PER_SECOND)
