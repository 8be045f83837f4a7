"""Deletes what is due: small files together, whose copies are verified in a few round trips for all; others alone.

Whatever does not go smoothly with a small file is left for it to meet again alone.
"""

from __future__ import annotations

import dataclasses
import functools
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from celestial_nasops.daemon.deletion_guard import DeletionsStopped
from celestial_nasops.daemon.pending_deletes import PendingDelete
from celestial_nasops.daemon.verified_delete import (
    Hooks,
    delete_verified,
    deletion_failed,
    read_local,
    tell_deleted,
    unlink_unchanged,
)
from celestial_nasops.durable import fsync_folder
from celestial_nasops.fault import Fault, LocalFault, NasFault, NasUnavailable
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.receipts import Event, Receipt, ReceiptsDb
from celestial_nasops.transfer import RESUMED_FROM_BYTES, SLOWEST_HASH_BYTES_PER_SECOND, Stopped

# Nothing is deleted on a verification that was begun longer ago than this; it is verified once more, alone.
FRESH_SECONDS = 10.0
_MOST_FILES, _MOST_BYTES = 512, 64 << 20
# A batch shall be done within seconds, so the next one is as large as the last one was fast.
_AIM_SECONDS = 2.0
_FIRST_SHARE, _LEAST_SHARE = 1 / 4, 1 / 64
_SHA256_DIGITS = 64


@dataclass(slots=True)
class Outcome:
    """How it went, so far: it also counts where an exception ends the rest.

    Attributes:
        deleted: how many files were deleted now.
        done: what has no file any more, durably, and is testified.
        went_wrong: what is still to be deleted, and why it could not be.
    """

    deleted: int = 0
    done: list[PendingDelete] = field(default_factory=list)
    went_wrong: list[tuple[PendingDelete, Fault]] = field(default_factory=list)


class BatchSize:
    """How much is deleted together."""

    def __init__(self) -> None:
        self._share = _FIRST_SHARE

    def took(self, batch: Sequence[PendingDelete], seconds: float) -> None:
        """Learn from how long these took. That few were done in a moment does not tell that more would take long."""
        share = max(len(batch) / _MOST_FILES, _bytes_of(batch) / _MOST_BYTES)
        fitting = min(1.0, max(_LEAST_SHARE, share * _AIM_SECONDS / max(seconds, 0.001)))
        self._share = fitting if seconds > _AIM_SECONDS else max(self._share, fitting)

    def take_from(self, due: list[PendingDelete]) -> list[PendingDelete]:
        """Take from a list that is not empty what is deleted next: the first; with a small one further small ones."""
        if not _is_small(due[0]):
            return [due.pop(0)]
        batch: list[PendingDelete] = []
        rest: list[PendingDelete] = []
        size = 0
        for number, entry in enumerate(due):
            if len(batch) >= self._share * _MOST_FILES or size >= self._share * _MOST_BYTES:
                rest += due[number:]
                break
            if _is_small(entry):
                batch.append(entry)
                size += entry.local_size or 0
            else:
                rest.append(entry)
        due[:] = rest
        return batch


def _bytes_of(entries: Sequence[PendingDelete]) -> int:
    return sum(entry.local_size or 0 for entry in entries)


def _is_small(entry: PendingDelete) -> bool:
    """Whether it may be deleted together with others, which needs a size and a SHA-256 that are known beforehand."""
    size, digits = entry.local_size, entry.local_checksum.strip()
    return size is not None and size < RESUMED_FROM_BYTES and len(digits) == _SHA256_DIGITS


@dataclass(frozen=True, slots=True)
class Deletions:
    """For one thread.

    Attributes:
        base_path: the folder on the NAS that must be there for a missing copy to mean anything.
        hooks: see there.
        receipts: where they are testified.
        is_current: whether an entry is still to be deleted; asked right before that.
        batch_size: learns how long those take that go together.
        unlinked: what was deleted and is not testified yet; see ``delete_verified``.
    """

    base_path: str
    hooks: Hooks
    receipts: ReceiptsDb | None
    is_current: Callable[[PendingDelete], bool]
    batch_size: BatchSize
    unlinked: dict[str, Receipt]

    def run(self, entries: Sequence[PendingDelete], files: NasFiles, outcome: Outcome) -> None:
        """Delete files, each after its own checks.

        Args:
            entries: what is deleted together where it can be.
            files: the NAS.
            outcome: is filled in.

        Raises:
            DatabaseFault: a receipt could not be added.
            DeletionsStopped: a person has to look before anything is deleted.
            NasUnavailable: no file is to blame.
            Stopped: as ``hooks`` asked for.
        """
        if len(entries) > 1 and files.verification_level.proves_content:
            self._run_together(entries, files, outcome)
        handled = {entry.local_file_path for entry in outcome.done}
        handled |= {entry.local_file_path for entry, _ in outcome.went_wrong}
        for entry in entries:
            if entry.local_file_path not in handled:
                self._run_alone(entry, files, outcome)

    def _run_alone(self, entry: PendingDelete, files: NasFiles, outcome: Outcome) -> None:
        if self.hooks.is_stopping():
            raise Stopped
        if not self.is_current(entry):
            return
        try:
            outcome.deleted += delete_verified(entry, files, self.base_path, self.hooks, self.receipts, self.unlinked)
        except (NasUnavailable, DeletionsStopped):
            raise
        except (LocalFault, NasFault) as fault:
            outcome.went_wrong.append((entry, fault))
        else:
            outcome.done.append(entry)

    def _run_together(self, entries: Sequence[PendingDelete], files: NasFiles, outcome: Outcome) -> None:
        begun = time.monotonic()
        verified = self._verified(entries, files)
        if self.receipts is not None and verified:
            self.receipts.add_receipts(one.receipt for one in verified)
        unlinked: list[_Verified] = []
        try:
            for one in verified:
                self.hooks.expect(0)
                if self.hooks.is_stopping():
                    raise Stopped
                if self.is_current(one.entry) and self._unlink(one, begun):
                    self.unlinked[one.entry.local_file_path] = one.receipt
                    unlinked.append(one)
        finally:
            self._conclude(unlinked, begun, outcome)
        self.batch_size.took(entries, time.monotonic() - begun)

    def _verified(self, entries: Sequence[PendingDelete], files: NasFiles) -> list[_Verified]:
        """Those whose copies are right, and whose local files are what was sent."""
        sizes = {entry.remote_file_path: entry.local_size or 0 for entry in entries}
        self.hooks.expect(sum(sizes.values()) / SLOWEST_HASH_BYTES_PER_SECOND)
        try:
            hashes, level = files.sha256_of_all(sizes), files.verification_level
        except NasUnavailable:
            raise
        except NasFault:
            return []
        verified = []
        hooks = dataclasses.replace(self.hooks, is_in_media=functools.cache(self.hooks.is_in_media))
        for entry in entries:
            if self.hooks.is_stopping():
                raise Stopped
            if hashes.get(entry.remote_file_path) != entry.local_checksum.strip().lower():
                continue
            try:
                local = read_local(entry, hooks)
            except LocalFault:
                continue
            if local is not None:
                before, sha256 = local
                paths = entry.local_file_path, entry.remote_file_path
                receipt = Receipt(Event.VERIFIED_AGAIN, *paths, before.st_size, sha256, level)
                verified.append(_Verified(entry, before, receipt))
        return verified

    def _unlink(self, one: _Verified, begun: float) -> bool:
        """Delete a file, if it is what was read a moment ago, and its copy was verified a moment ago, too."""
        if time.monotonic() - begun > FRESH_SECONDS:
            return False
        try:
            unlink_unchanged(one.entry.local_file_path, one.before, self.hooks)
        except (OSError, LocalFault):
            return False
        return True

    def _conclude(self, unlinked: Sequence[_Verified], begun: float, outcome: Outcome) -> None:
        """Make deletions durable, and then tell and testify them."""
        done: list[_Verified] = []
        by_folder: dict[str, list[_Verified]] = {}
        for one in unlinked:
            by_folder.setdefault(os.path.dirname(one.entry.local_file_path), []).append(one)
        for folder, group in by_folder.items():
            try:
                fsync_folder(folder)
            except OSError as error:
                faults = [deletion_failed(one.entry.local_file_path, error) for one in group]
                outcome.went_wrong += zip([one.entry for one in group], faults, strict=True)
            else:
                done += group
        for one in done:
            tell_deleted(one.receipt, time.monotonic() - begun, together=len(done))
        if self.receipts is not None and done:
            self.receipts.add_receipts(dataclasses.replace(one.receipt, event=Event.DELETED) for one in done)
        for one in done:
            self.unlinked.pop(one.entry.local_file_path, None)
        outcome.deleted += len(done)
        outcome.done += [one.entry for one in done]


@dataclass(frozen=True, slots=True)
class _Verified:
    """A file that was read, and its copy, which is right; ``before`` is what it was before it was read."""

    entry: PendingDelete
    before: os.stat_result
    receipt: Receipt
