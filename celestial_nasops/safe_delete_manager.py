"""Deletes local files after their delay, and only when their copy on the NAS has just been verified again."""

from __future__ import annotations

import dataclasses
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable

from celestial_nasops import causes
from celestial_nasops.config import Config
from celestial_nasops.daemon import pending_deletes
from celestial_nasops.daemon.deletion_batch import BatchSize, Deletions, Outcome
from celestial_nasops.daemon.pending_deletes import PendingDelete
from celestial_nasops.daemon.verified_delete import Hooks, NeedsAPerson
from celestial_nasops.daemon_events import FILE_KEPT, TROUBLE_OVER, journalled
from celestial_nasops.durable import folder_fault, put_aside
from celestial_nasops.fault import Fault, LocalFault, NasFault, shown
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Receipt, ReceiptsDb
from celestial_nasops.transfer import Sent, Stopped

_LONGEST_PAUSE_SECONDS = 600.0
_CLOCK_WAS_SET_SECONDS = 2.0

log = logging.getLogger(__name__)


class SafeDeleteManager:
    """The list of pending deletions, in memory and in ``pending_deletes.json``. For all threads.

    What can't be saved stays in memory and is saved by a later try. Until then nothing is deleted: the file must never
    say less than what is going on.

    Attributes:
        problem: why the list could not be saved; None where it is.
        unproven: why copies can't be verified as strongly as it is required; None where they can, as far as is known.
        went_wrong: how many tries went wrong since the start.
    """

    def __init__(self, path: str, config: Config) -> None:
        """Read the list. It never fails: what can't be read is put aside by the first save, and rebuilt.

        Args:
            path: the file.
            config: gives the delay, the number of tries and the pause between them.
        """
        self._path = path
        self._lock = threading.RLock()
        self._entries: dict[str, PendingDelete] = {}
        self._not_before: dict[str, float] = {}  # on the clock that nobody can set (seconds)
        self._given_up: set[str] = set()
        self._unreadable: str | None = None
        self._unsaved = True
        self._batch_size = BatchSize()
        self._unlinked: dict[str, Receipt] = {}
        self.problem: Fault | None = None
        self.unproven: Fault | None = None
        self.went_wrong = 0
        self.configure(config)
        try:
            entries = pending_deletes.read(path)
        except FileNotFoundError:
            entries = []
        except OSError as error:
            self._unreadable = error.strerror or str(error)
        except ValueError as error:
            self._unreadable = str(error)
        else:
            self._unsaved = False
        if self._unreadable is None:
            self._entries = {entry.local_file_path: entry for entry in entries}
            self._begin_anew_what_lies_ahead()
        self.save()

    def configure(self, config: Config) -> None:
        """Take over new settings; entries that were given up are tried again."""
        settings = config.sync_settings
        with self._lock:
            self._delay_seconds = settings.safe_delete_delay_minutes * 60
            self._max_retries = settings.max_retry_attempts
            self._pause_seconds = settings.retry_delay_seconds
            self._base_path = config.nas_settings.base_path
            self._required = VerificationLevel(settings.required_verification_level)
            self._given_up.clear()

    @property
    def count(self) -> int:
        """How many deletions are pending."""
        with self._lock:
            return len(self._entries)

    @property
    def given_up(self) -> int:
        """How many of them need a person."""
        with self._lock:
            return len(self._given_up)

    def knows(self, local_path: str) -> bool:
        """Whether a file waits for its deletion."""
        with self._lock:
            return local_path in self._entries

    def schedule(self, local_path: str, remote_path: str, sha256: str, size: int, mtime_ns: int) -> None:
        """Have a file that was just sent deleted after the delay.

        Args:
            local_path: the file.
            remote_path: its verified copy.
            sha256: of both (hex).
            size: of both (bytes).
            mtime_ns: of the local file (ns).
        """
        self._add([self._new(local_path, remote_path, sha256, size, mtime_ns)])

    def schedule_all(self, files: Iterable[tuple[str, Sent]]) -> None:
        """Have files that were just sent deleted after the delay; the list is saved once for all of them.

        Args:
            files: local path and verified copy of each.
        """
        self._add([self._new(path, sent.remote_path, sent.sha256, sent.size, sent.mtime_ns) for path, sent in files])

    def adopt(self, files: Iterable[tuple[str, str, str]]) -> None:
        """Have files deleted that were sent earlier, in so far as they are not in the list.

        Args:
            files: local path, path on the NAS and SHA-256 (hex; empty where it is not known) of each. The delay begins
                now.
        """
        with self._lock:
            self._add([self._new(*copy, None, None) for copy in files if not self.knows(copy[0])])

    def next_due(self) -> float | None:
        """In how many seconds the next deletion is to be tried; 0 when it is overdue, None when there is none."""
        with self._lock:
            waits = [self._wait_of(entry) for path, entry in self._entries.items() if path not in self._given_up]
        return max(0.0, min(waits)) if waits else None

    def due(self) -> list[PendingDelete]:
        """What is to be deleted now, in the order in which it fell due."""
        with self._lock:
            due = [
                entry
                for path, entry in self._entries.items()
                if path not in self._given_up and self._wait_of(entry) <= 0
            ]
        return sorted(due, key=lambda entry: entry.scheduled_time)

    def run_due(self, files: Callable[[], NasFiles], hooks: Hooks, receipts: ReceiptsDb | None = None) -> int:
        """Delete what is due, each file after its own checks; the list is saved once for those that go together.

        Args:
            files: gives the NAS; called when something is due.
            hooks: see there.
            receipts: where they are testified.

        Returns:
            How many files were deleted.

        Raises:
            NasUnavailable: the rest is due still; no try is counted. So with all that the hooks raise.
            DatabaseFault: a receipt could not be added; the rest is due still.
        """
        deleted, due = 0, self.due()
        deletions = Deletions(self._base_path, hooks, receipts, self._is_current, self._batch_size, self._unlinked)
        while due and self.save() and not hooks.is_stopping():
            batch = self._without_those_sent_anew(self._batch_size.take_from(due), hooks)
            if not batch:
                continue
            nas = files()
            if not self._proves_enough(nas):
                break
            outcome = Outcome()
            try:
                deletions.run(batch, nas, outcome)
            except Stopped:
                break
            finally:
                deleted += outcome.deleted
                self._take_over(outcome)
        return deleted

    def _without_those_sent_anew(self, entries: list[PendingDelete], hooks: Hooks) -> list[PendingDelete]:
        """Strike from the list what waits to be sent again, for then its deletion is scheduled again."""
        anew = hooks.to_be_sent(entry.local_file_path for entry in entries)
        with self._lock:
            for entry in filter(self._is_current, entries):
                if entry.local_file_path in anew:
                    self._forget(entry.local_file_path)
                    self._unsaved = True
            return [entry for entry in entries if self._is_current(entry)] if self.save() else []

    def _proves_enough(self, files: NasFiles) -> bool:
        """Whether copies are verified as strongly as it is required; no file is to blame if not."""
        level = files.verification_level
        if level.meets(self._required):
            self.unproven = None
            return True
        if self.unproven is None:
            self.unproven = NasFault(causes.DELETE_UNPROVEN, level=level.value, required=self._required.value)
            log.error(
                "[%s] %s; %s",
                self.unproven.code,
                self.unproven,
                self.unproven.remedy,
                extra=journalled(fault=self.unproven),
            )
        return False

    def save(self) -> bool:
        """Write the list where that is still to be done.

        Returns:
            Whether it stands in the file as it stands in memory. If not, ``problem`` says why.
        """
        with self._lock:
            if not self._unsaved:
                return True
            try:
                self._put_aside_what_is_unreadable()
                pending_deletes.write(self._path, self._entries.values())
            except OSError as error:
                self._could_not_save(error)
                return False
            if self.problem is not None:
                count, told = len(self._entries), journalled(TROUBLE_OVER)
                log.info("the %d scheduled deletion(s) are saved again in %s", count, shown(self._path), extra=told)
            self._unsaved, self.problem = False, None
            return True

    def _could_not_save(self, error: OSError) -> None:
        reason = f"[Errno {error.errno}] {error.strerror}" if error.errno else str(error)
        folder = folder_fault(error, os.path.dirname(self._path), "daemon_settings.state_path")
        problem = LocalFault(
            causes.PENDING_DELETES_UNSAVED, count=len(self._entries), reason=reason, remedy=folder.remedy
        )
        if self.problem is None:
            log.error("[%s] %s; %s", problem.code, problem, problem.remedy, extra=journalled(fault=problem))
        self.problem = problem

    def _put_aside_what_is_unreadable(self) -> None:
        if self._unreadable is None:
            return
        if os.path.lexists(self._path):
            aside = put_aside(self._path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
            fault = LocalFault(causes.PENDING_DELETES_CORRUPT, path=self._path, reason=self._unreadable, aside=aside)
            log.error("[%s] %s; %s", fault.code, fault, fault.remedy, extra=journalled(fault=fault))
        self._unreadable = None

    def _begin_anew_what_lies_ahead(self) -> None:
        """Where the clock was set back since a deletion was scheduled, its delay begins anew."""
        now = time.time()
        for path, entry in self._entries.items():
            if entry.created_time > now + _CLOCK_WAS_SET_SECONDS:
                delay = max(0.0, entry.scheduled_time - entry.created_time)
                self._not_before[path] = time.monotonic() + delay

    def _new(
        self, local_path: str, remote_path: str, checksum: str, size: int | None, mtime_ns: int | None
    ) -> PendingDelete:
        now = time.time()
        return PendingDelete(
            local_file_path=local_path,
            remote_file_path=remote_path,
            local_checksum=checksum,
            scheduled_time=now + self._delay_seconds,
            created_time=now,
            retry_count=0,
            max_retries=self._max_retries,
            local_size=size,
            local_mtime_ns=mtime_ns,
        )

    def _add(self, entries: list[PendingDelete]) -> None:
        if not entries:
            return
        with self._lock:
            for entry in entries:
                self._forget(entry.local_file_path)
                self._entries[entry.local_file_path] = entry
                self._not_before[entry.local_file_path] = time.monotonic() + self._delay_seconds
            self._unsaved = True
            self.save()

    def _take_over(self, outcome: Outcome) -> None:
        """Strike from the list what is done, count the tries that went wrong, and save it once for all of them."""
        with self._lock:
            for entry in outcome.done:
                if self._is_current(entry):
                    self._forget(entry.local_file_path)
                    self._unsaved = True
            for entry, fault in outcome.went_wrong:
                self._went_wrong(entry, fault)
            self.save()

    def _is_current(self, entry: PendingDelete) -> bool:
        """False where the file was sent anew meanwhile, and has another entry now."""
        with self._lock:
            return self._entries.get(entry.local_file_path) is entry

    def _forget(self, local_path: str) -> None:
        self._entries.pop(local_path, None)
        self._not_before.pop(local_path, None)
        self._unlinked.pop(local_path, None)
        self._given_up.discard(local_path)

    def _went_wrong(self, entry: PendingDelete, fault: Fault) -> None:
        path = entry.local_file_path
        told = journalled(FILE_KEPT, fault, FILE_PATH=path, REMOTE_PATH=entry.remote_file_path)
        retries = min(entry.retry_count + 1, max(entry.max_retries, entry.retry_count))
        with self._lock:
            if not self._is_current(entry):
                return
            self.went_wrong += 1
            self._entries[path] = dataclasses.replace(entry, retry_count=retries)
            self._unsaved = self._unsaved or retries != entry.retry_count
            if retries >= entry.max_retries or isinstance(fault, NeedsAPerson):
                self._given_up.add(path)
                words = "not deleted, and not tried again before a restart: [%s] %s; %s"
                log.error(words, fault.code, fault, fault.remedy, extra=told)
            else:
                pause = min(self._pause_seconds * 2**entry.retry_count, _LONGEST_PAUSE_SECONDS)
                self._not_before[path] = time.monotonic() + pause
                log.warning("not deleted, tried again in %g s: [%s] %s", pause, fault.code, fault, extra=told)

    def _wait_of(self, entry: PendingDelete) -> float:
        """Seconds until a deletion is to be tried: by the time that has passed where that is known, else by the clock.

        The wall clock of an edge server may jump, to the right time for one: then no delay must shrink, and none must
        last for years.
        """
        if (not_before := self._not_before.get(entry.local_file_path)) is not None:
            return not_before - time.monotonic()
        return entry.scheduled_time - time.time()
