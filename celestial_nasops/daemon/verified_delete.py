"""Deletes one local file, if it is still the file that was sent and its copy on the NAS is right at this moment."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import os
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from celestial_nasops import causes, paths
from celestial_nasops.daemon.pending_deletes import PendingDelete
from celestial_nasops.daemon_events import FILE_DELETED, FILE_GONE, journalled
from celestial_nasops.durable import folder_fault, fsync_folder
from celestial_nasops.fault import LocalFault, NasFault, shown
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event, Receipt, ReceiptsDb
from celestial_nasops.transfer import CHUNK_BYTES, SLOWEST_HASH_BYTES_PER_SECOND, Stopped, identity, kind_of

log = logging.getLogger(__name__)

_HEX_LENGTHS = {0: "", 32: "md5", 64: "sha256"}


class NeedsAPerson(LocalFault):
    """Another try can't help."""


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a deletion tells and asks whoever orders it.

    Attributes:
        expect: told how long the next step may take (seconds).
        is_stopping: asked between steps.
        check_media: raises where the media folder is not the one that it should be.
        check_nas: the same for the folder on the NAS.
        is_in_media: whether a folder is the media folder or below it, wherever links in its path lead.
        to_be_sent: which of some files wait in the queue, or are in hand, to be sent again.
    """

    expect: Callable[[float], None]
    is_stopping: Callable[[], bool]
    check_media: Callable[[], None] = lambda: None
    check_nas: Callable[[NasFiles], None] = lambda _files: None
    is_in_media: Callable[[str], bool] = lambda _folder: True
    to_be_sent: Callable[[Iterable[str]], set[str]] = lambda _paths: set()


def delete_verified(
    entry: PendingDelete,
    files: NasFiles,
    base_path: str,
    hooks: Hooks,
    receipts: ReceiptsDb | None,
    unlinked: dict[str, Receipt],
) -> bool:
    """Verify a file and its copy, then delete the file.

    Args:
        entry: the file, its copy, and what is known of them.
        files: the NAS.
        base_path: the folder on the NAS that must be there for a missing copy to mean anything.
        hooks: see there.
        receipts: where the second verification is testified before the deletion, and the deletion after it.
        unlinked: what this process has deleted and not testified yet: the second verification, by the local path.

    Returns:
        Whether it was deleted now; False where it was gone already.

    Raises:
        DatabaseFault: no receipt can be added; before the deletion, nothing is deleted then.
        NeedsAPerson: the local file is not the one that was sent, or that can't be told.
        LocalFault: the local file can't be read or deleted.
        NasFault: the copy is missing, wrong or can't be looked at. NasUnavailable: nor can any other.
        Stopped: as ``hooks`` asked for; nothing was deleted.
    """
    path, remote, begun = entry.local_file_path, entry.remote_file_path, time.monotonic()
    local = read_local(entry, hooks)
    if local is None:
        hooks.check_media()  # raises where the disk is not mounted, and the file not gone
        _found_gone(entry, receipts, files.verification_level, unlinked)
        return False
    before, sha256 = local
    hooks.expect(before.st_size / SLOWEST_HASH_BYTES_PER_SECOND)
    copy = files.inspect(remote, expected_size=before.st_size)
    if copy is None:
        files.demand_folder(base_path)  # raises where the volume is not mounted, and the copy perhaps not lost
        hooks.check_nas(files)
        raise NasFault(causes.DELETE_COPY_MISSING, path=path, remote_path=remote)
    level = files.verification_level
    if copy.size != before.st_size or (level is not VerificationLevel.SIZE and copy.sha256 != sha256):
        found = f"{copy.size} bytes" + (f", SHA-256 {copy.sha256}" if copy.sha256 else "")
        expected = f"{before.st_size} bytes, SHA-256 {sha256}"
        raise NasFault(causes.DELETE_COPY_DIFFERS, path=path, remote_path=remote, found=found, expected=expected)
    if hooks.is_stopping():
        raise Stopped
    _check_place(path, hooks)
    hooks.check_media()
    verified = Receipt(Event.VERIFIED_AGAIN, path, remote, copy.size, sha256, level)
    if receipts is not None:
        receipts.add_receipt(verified)
    try:
        unlink_unchanged(path, before, hooks)
        unlinked[path] = verified
        fsync_folder(os.path.dirname(path))
    except OSError as error:
        raise deletion_failed(path, error) from error
    tell_deleted(verified, time.monotonic() - begun)
    if receipts is not None:
        receipts.add_receipt(dataclasses.replace(verified, event=Event.DELETED))
    unlinked.pop(path, None)
    return True


def read_local(entry: PendingDelete, hooks: Hooks) -> tuple[os.stat_result, str] | None:
    """Read a file and compare it with what is recorded of it.

    Returns:
        What it is, before it was read, and its SHA-256 (hex); None where nothing is there.

    Raises:
        NeedsAPerson: it is not the one that was sent, or that can't be told.
        LocalFault: it can't be read.
        Stopped: as ``hooks`` asked for.
    """
    try:
        before = os.lstat(entry.local_file_path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise deletion_failed(entry.local_file_path, error) from error
    _check_place(entry.local_file_path, hooks)
    _check_as_recorded(entry, before)
    return before, _check_content(entry, before, hooks)


def unlink_unchanged(path: str, before: os.stat_result, hooks: Hooks) -> None:
    """Delete a file, if it is what was read.

    Raises:
        LocalFault: something was done to it since.
        DeletionsStopped: as ``hooks`` found.
        OSError: it can't be looked at or deleted.
    """
    hooks.check_media()
    if _state_of(os.lstat(path)) != _state_of(before):
        raise _touched(path)
    os.unlink(path)


def tell_deleted(verified: Receipt, seconds: float, together: int = 1) -> None:
    """Tell that a file was deleted, which took so long with all that was verified before, and with others together."""
    told = journalled(
        FILE_DELETED,
        FILE_PATH=verified.local_path,
        REMOTE_PATH=verified.remote_path,
        FILE_SIZE=verified.size,
        SHA256=verified.sha256,
        VERIFICATION_LEVEL=verified.level,
        SECONDS=f"{seconds:.3f}",
        FILES_TOGETHER=together,
    )
    log.info("deleted %s; its copy %s is right", shown(verified.local_path), shown(verified.remote_path), extra=told)


def deletion_failed(path: str, error: OSError) -> LocalFault:
    """The fault that an OSError on a file that is to be deleted means to an operator."""
    folder = folder_fault(error, os.path.dirname(path), "local_settings.media_path")
    return LocalFault(causes.DELETE_FAILED, path=path, reason=error.strerror or str(error), remedy=folder.remedy)


def _found_gone(
    entry: PendingDelete, receipts: ReceiptsDb | None, level: VerificationLevel, unlinked: dict[str, Receipt]
) -> None:
    """Say who removed the file, as far as that was seen.

    What this process has deleted it knows. After the receipt of a second verification an earlier one may have done it
    and been killed, or somebody else may have.
    """
    path = entry.local_file_path
    verified = unlinked.get(path)
    last = None if receipts is None else receipts.last_receipt(path)
    if receipts is not None and verified is not None:
        last = dataclasses.replace(verified, event=Event.DELETED)
        receipts.add_receipt(last)
        del unlinked[path]
    if last is not None and last.event is Event.DELETED:
        told = journalled(FILE_DELETED, FILE_PATH=path, REMOTE_PATH=last.remote_path, SHA256=last.sha256)
        log.info("%s was deleted earlier, which was still to be written down", shown(path), extra=told)
        return
    told = journalled(FILE_GONE, FILE_PATH=path, REMOTE_PATH=entry.remote_file_path)
    if paths.is_test_file(path) or (last is not None and last.event is Event.VERIFIED_AGAIN):
        who = "the daemon right before it was stopped, or somebody else"
        log.info("%s is gone already; it was removed by %s", shown(path), who, extra=told)
    else:
        log.warning("%s was to be deleted and is gone already; somebody else removed it", shown(path), extra=told)
    if receipts is not None:
        sha256 = entry.local_checksum if len(entry.local_checksum) == 64 else ""
        gone = Receipt(Event.GONE, path, entry.remote_file_path, entry.local_size, sha256, level)
        receipts.add_receipt(gone if last is None else dataclasses.replace(last, event=Event.GONE))


def _check_place(path: str, hooks: Hooks) -> None:
    folder = os.path.dirname(path)
    if not hooks.is_in_media(folder):
        raise _changed(path, f"its folder leads to {os.path.realpath(folder)}, which is not in the media folder")


def _check_as_recorded(entry: PendingDelete, status: os.stat_result) -> None:
    path = entry.local_file_path
    if not stat.S_ISREG(status.st_mode):
        raise _changed(path, f"it is {kind_of(status)}")
    if entry.local_size not in (None, status.st_size):
        raise _changed(path, f"it has {status.st_size} bytes, had {entry.local_size}")
    if entry.local_mtime_ns not in (None, status.st_mtime_ns):
        raise _changed(path, "it was modified")


def _check_content(entry: PendingDelete, before: os.stat_result, hooks: Hooks) -> str:
    """Compare the local file with the checksum that was recorded when it was sent; its SHA-256."""
    path, recorded = entry.local_file_path, entry.local_checksum.strip().lower()
    kind = _HEX_LENGTHS.get(len(recorded))
    if kind is None or recorded.strip("0123456789abcdef"):
        raise NeedsAPerson(causes.DELETE_CHECKSUM_UNKNOWN, path=path, checksum=entry.local_checksum)
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(fd, "rb", buffering=0) as file:
            if _state_of(os.fstat(fd)) != _state_of(before):
                raise _touched(path)
            while chunk := file.read(CHUNK_BYTES):
                hooks.expect(0)
                if hooks.is_stopping():
                    raise Stopped
                sha256.update(chunk)
                if kind == "md5":
                    md5.update(chunk)
    except OSError as error:
        raise deletion_failed(path, error) from error
    found = {"": "", "md5": md5.hexdigest(), "sha256": sha256.hexdigest()}[kind]
    if found != recorded:
        raise _changed(path, "its content is another")
    return sha256.hexdigest()


def _changed(path: str, what: str) -> NeedsAPerson:
    return NeedsAPerson(causes.DELETE_LOCAL_CHANGED, path=path, what=what)


def _touched(path: str) -> LocalFault:
    return LocalFault(causes.DELETE_LOCAL_CHANGED, path=path, what="something was done to it during the check")


def _state_of(status: os.stat_result) -> tuple[int, ...]:
    """What is another where anything was done to a file: its time of modification can be set to what it was."""
    return *identity(status), status.st_ctime_ns
