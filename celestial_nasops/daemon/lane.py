"""One of the threads that carry files: takes rows, sends their files, and says in the rows how it went."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from celestial_nasops import batch, causes, paths, transfer
from celestial_nasops.daemon import file_log
from celestial_nasops.daemon.board import coded
from celestial_nasops.daemon.common import Common
from celestial_nasops.daemon.nas_connection import NasConnection
from celestial_nasops.daemon.nas_connections import Borrowed
from celestial_nasops.daemon.room import NoRoom
from celestial_nasops.daemon.worker import Worker
from celestial_nasops.daemon_events import FILE_FAILED, FILE_PUT_OFF, journalled
from celestial_nasops.database.records import Appetite, FileRecord, TransferStatus
from celestial_nasops.fault import DatabaseFault, Fault, LocalFault, NasFault, NasUnavailable, shown
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas import remote_errors
from celestial_nasops.nas.files import BatchWay, NasFiles
from celestial_nasops.receipts import Event, Receipt
from celestial_nasops.transfer import Sent, Stopped, Withdrawn

_STEPS_OF_A_LOGIN = 5
_DATABASE_PAUSE_SECONDS = 1.0
_TIDYING_SECONDS = 3.0
# Fewer files than that are sooner sent one by one.
_BATCH_FROM = 3
_BATCH_ROWS = 1000
# A batch shall be published within seconds, so the next one is as large as the last one was fast.
_BATCH_SECONDS = 3.0
_FIRST_BATCH_BYTES, _SMALLEST_BATCH_BYTES, _LARGEST_BATCH_BYTES = 128 << 20, 4 << 20, 256 << 20
# No further try can help; nor do they have to be counted.
_FINAL = {causes.FILE_MISSING.code, causes.FILE_REFUSED.code}

T = TypeVar("T")

log = logging.getLogger(__name__)


class Lane(Worker):
    """A thread with a connection of its own to the queue; one to the NAS it has while it has something to carry."""

    def __init__(
        self, name: str, common: Common, db: MediaStatusDB, ended: Callable[[], None], *, small_only: bool = False
    ) -> None:
        """Prepare it; ``small_only`` lets it leave large files to the other lanes."""
        super().__init__(name, ended)
        self.db = db
        self.small_only = small_only
        self._common = common
        self._nas = Borrowed(common.nas, heard=self.beat)
        self._usual_seconds = common.config.security.connection_timeout_seconds
        self._batch_bytes = _FIRST_BATCH_BYTES

    def work(self) -> None:
        """Carry what there is, one large file or some small ones after the other."""
        with self.db:
            try:
                while records := self._common.dispatch.next_records(self):
                    self._carry_all(records)
            finally:
                self._nas.close()

    # --- for the dispatch ---

    def connect(self) -> None:
        """Prove that the NAS and its volume can be reached.

        Raises:
            NasUnavailable: it can't.
        """
        try:
            self._files().free_bytes(self._common.config.nas_settings.base_path)
        except NasUnavailable:
            raise
        except NasFault as fault:  # it answers; whether files can be sent is for the files to find out
            log.warning("%s", coded(fault), extra=journalled(fault=fault))

    def claim(self, excluding: Sequence[int]) -> list[FileRecord]:
        """Take rows in hand.

        Raises:
            DatabaseFault: the queue can't be used.
        """
        room = self._common.room
        if room.seconds_to_look() == 0:
            with contextlib.suppress(NasFault):  # the files will meet that, too
                room.look(self._files, self.db.is_to_be_sent)
        return self.db.claim_ready(
            self._appetite, small_only=self.small_only, excluding=excluding, fitting_bytes=room.fitting_bytes
        )

    def idle(self) -> float | None:
        """Nothing to do at the moment; returns in how many seconds to be called again, if at all."""
        with contextlib.suppress(DatabaseFault, NasFault):
            if self._common.availability.away_since is None and self._common.leftovers.find(self.db):
                self._common.leftovers.remove(self._files())
        self._nas.give_back()
        self.rest()
        return self._common.room.seconds_to_look()

    @property
    def _appetite(self) -> Appetite:
        return Appetite(transfer.RESUMED_FROM_BYTES - 1, _BATCH_ROWS, self._batch_bytes)

    def _files(self) -> NasFiles:
        self.beat(_STEPS_OF_A_LOGIN * self._usual_seconds)
        return self._nas.files()

    # --- what is in hand ---

    def _carry_all(self, records: list[FileRecord]) -> None:
        rest = self._carry_batch(records) if len(records) >= _BATCH_FROM else records
        for number, record in enumerate(rest):
            if not self._carry(record):
                self._return_all(rest[number + 1 :])
                return

    # --- many small files ---

    def _carry_batch(self, records: list[FileRecord]) -> list[FileRecord]:
        """Carry small files together, and return those that have to go one by one."""
        common = self._common
        total = sum(record.file_size or 0 for record in records)
        common.board.took(self.name, records[0].file_path, total)
        try:
            files = self._files()
            left = [common.unfinished.pop(r.file_path) for r in records if r.file_path in common.unfinished]
            common.leftovers.files_left(left)
            common.leftovers.remove(files)
            way = files.batch
            if way is None or not common.room.take_batch(self.name, files, total):
                return records
            begun = time.monotonic()
            delivered = self._send_batch(way, records)
            seconds = time.monotonic() - begun
            size = round(total / max(seconds, 0.001) * _BATCH_SECONDS)
            self._batch_bytes = min(max(size, _SMALLEST_BATCH_BYTES), _LARGEST_BATCH_BYTES)
            self._mark_nas(files)
            if delivered.sent:
                self._arrived(delivered.sent, seconds)
            return delivered.rest
        except Stopped:
            log.info("put down: %d small file(s)", len(records), extra=journalled(FILES_TOGETHER=len(records)))
            self._return_all(records)
        except NasUnavailable as fault:
            self._return_all(records, self._away(fault, self._remove_folders))
        except NasFault as fault:
            log.warning("small files are sent one by one: %s", coded(fault), extra=journalled(fault=fault))
            return records
        finally:
            common.room.give_back(self.name)
            common.board.put_down(self.name)
        return []

    def _send_batch(self, way: BatchWay, records: list[FileRecord]) -> batch.Delivered:
        hooks = batch.Hooks(
            moved=self._moved,
            expect=self.beat,
            is_stopping=self._common.orders.abandon.is_set,
            still_ours=lambda ids: self._persist(lambda: self.db.still_transferring(ids)),
            pace=lambda size: self._pace(size, small=True),
            left=self._common.leftovers.folder_left,
        )
        return batch.send_batch(way, self._common.config, records, dt.date.today(), hooks)

    def _remove_folders(self, files: NasFiles) -> None:
        if files.batch is not None:
            files.batch.remove_folders(batch.folder_prefix(self._common.config))

    def _return_all(self, records: Sequence[FileRecord], error: str | None = None) -> None:
        if records:
            ids = [record.id for record in records]
            self._settle(records[0], lambda: self.db.return_all_to_queue(ids, error))

    # --- one file ---

    def _carry(self, record: FileRecord) -> bool:
        """Carry one file; False where it was put back, and others would be, too."""
        if self._common.orders.abandon.is_set():
            self._return_all([record])
            return False
        common = self._common
        common.board.took(self.name, record.file_path, transfer.size_of(record))
        try:
            begun = time.monotonic()
            sent = self._send(record)
            self._arrived([(record, sent)], time.monotonic() - begun)
        except Stopped:
            file_log.put_down(record)
            self._settle(record, lambda: self.db.return_to_queue(record.id, counts_as_retry=False))
            return False
        except Withdrawn:
            file_log.withdrawn(record)
            self._is_done(record)
        except NasUnavailable as fault:
            self._put_back(record, fault)
            return False
        except NoRoom as fault:
            error = coded(fault)
            self._settle(record, lambda: self.db.return_to_queue(record.id, error, counts_as_retry=False))
        except (LocalFault, NasFault) as fault:
            self._went_wrong(record, fault)
        finally:
            common.board.put_down(self.name)
        return True

    def _send(self, record: FileRecord) -> Sent:
        common, config = self._common, self._common.config
        transfer.check_place(config, record)
        files = self._files()
        day = dt.date.today()
        temporary = transfer.temporary_path(config, record, day)
        earlier = common.unfinished.get(record.file_path, temporary)
        part = common.parts.of(record.file_path)
        if earlier != temporary and (part is None or part.remote_path != earlier):
            # Begun on another day, and of a name without a date; or under another base_path.
            common.leftovers.files_left([earlier])
        common.leftovers.spare(temporary)
        common.leftovers.remove(files)
        common.unfinished[record.file_path] = temporary
        is_small = self._appetite.is_small(record.file_size)
        hooks = transfer.Hooks(
            moved=self._moved,
            expect=self.beat,
            is_stopping=common.orders.abandon.is_set,
            is_still_ours=lambda: self._persist(lambda: self.db.is_transferring(record.id)),
            pace=lambda size: self._pace(size, small=is_small),
        )
        common.room.take(self.name, files, record, day, common.parts.of(record.file_path))
        try:
            sent = transfer.send(files, config, record, day, hooks, common.parts)
        finally:
            common.room.give_back(self.name)
        self._mark_nas(files)
        return sent

    def _mark_nas(self, files: NasFiles) -> None:
        """Mark the folder on the NAS while it is sure to be the right one."""
        if not self._common.guard.knows_nas:
            with contextlib.suppress(Fault):  # the deleter will say what is wrong
                self._common.guard.check_nas(files)

    def _moved(self, bytes_done: int) -> None:
        self.beat()
        self._common.board.moved(self.name, bytes_done)
        self._common.room.moved(self.name, bytes_done)

    def _pace(self, size: int, *, small: bool) -> None:
        def wait(seconds: float) -> bool:
            self.beat(seconds)
            return self._common.orders.abandon.wait(seconds)

        if not self._common.bandwidth.pace(size, small=small, wait=wait):
            raise Stopped
        self._common.board.sends(self.name, size)

    def _arrived(self, arrivals: Sequence[tuple[FileRecord, Sent]], seconds: float) -> None:
        """Record what was sent, all in one transaction, and schedule the deletions with one durable write."""
        common = self._common
        common.availability.works()
        self._nas.give_back()  # before a row tells that this one is done: whoever takes the next goes on with it
        total = sum(sent.size for _, sent in arrivals)
        # Completed first: the delay before the deletion counts from then.
        for record, sent in self._recorded(arrivals):
            file_log.arrived(record, sent, seconds, len(arrivals), total)
        for record, _ in arrivals:
            self._is_done(record)

    def _recorded(self, arrivals: Sequence[tuple[FileRecord, Sent]]) -> list[tuple[FileRecord, Sent]]:
        common = self._common
        receipts = {record.id: _receipt(record, sent) for record, sent in arrivals}
        completed: set[int] = set()
        if not self._settle(arrivals[0][0], lambda: completed.update(self.db.mark_all_completed(receipts))):
            return []
        for record, _ in arrivals:
            if record.id not in completed:
                path, expected = common.config.database_settings.db_path, TransferStatus.TRANSFERRING
                fault = DatabaseFault(causes.ROW_CHANGED, row_id=record.id, expected=expected, path=path)
                told = journalled(fault=fault, FILE_PATH=record.file_path, ROW_ID=record.id)
                log.warning("%s (%s)", coded(fault), shown(record.file_path), extra=told)
        recorded = [(record, sent) for record, sent in arrivals if record.id in completed]
        if recorded and common.config.sync_settings.delete_after_sync:
            common.deletes.schedule_all((record.file_path, sent) for record, sent in recorded)
            common.scheduled()
        return recorded

    def _put_back(self, record: FileRecord, fault: NasUnavailable) -> None:
        error = self._away(fault, lambda files: self._remove_temporary(files, record))
        if error is None:
            file_log.put_down(record)
        self._settle(record, lambda: self.db.return_to_queue(record.id, error, counts_as_retry=False))

    def _away(self, fault: NasUnavailable, tidy: Callable[[NasFiles], object]) -> str | None:
        """The NAS is away, or we have cut the connection to be able to end: no file is to blame for either.

        Args:
            fault: what was seen of it.
            tidy: removes what a transfer that was cut off has left.

        Returns:
            What the rows shall say.
        """
        if not self._common.orders.abandon.is_set():
            self._common.availability.failed(fault)
            return coded(fault)
        self.beat(_STEPS_OF_A_LOGIN * _TIDYING_SECONDS)
        connection = NasConnection(self._common.config, timeout_seconds=_TIDYING_SECONDS)
        with contextlib.suppress(NasFault), contextlib.closing(connection):
            tidy(connection.files())
        return None

    def _remove_temporary(self, files: NasFiles, record: FileRecord) -> None:
        if self._common.parts.of(record.file_path) is None:  # what is known can be gone on with
            files.remove([self._common.unfinished[record.file_path]])

    def _went_wrong(self, record: FileRecord, fault: LocalFault | NasFault) -> None:
        common, error, path = self._common, coded(fault), record.file_path
        if fault.code == causes.FILE_MISSING.code and common.guard.media_is_away():
            common.dispatch.put_off(record.id)
            self._settle(record, lambda: self.db.return_to_queue(record.id, error, counts_as_retry=False))
            return
        if fault.code == causes.FILE_HASH_DIFFERS.code and paths.is_test_file(record.file_path):
            # The check proves that such a file is refused. It is no error to show, and nobody will correct the hash.
            log.info("refused: %s", error)
            self._remove_part(record)
            self._settle(record, lambda: self.db.mark_failed(record.id, error))
            self._is_done(record)
            return
        counts = fault.code != causes.FILE_CHANGED.code and not remote_errors.is_of_a_failing_disk(fault)
        fields: dict[str, object] = {"FILE_PATH": path, "FILE_SIZE": record.file_size, "ROW_ID": record.id}
        retries_left = common.config.sync_settings.max_retry_attempts - record.transfer_retry_count
        if fault.code in _FINAL or (counts and retries_left <= 0):
            common.board.report(fault, f"given up: {shown(path)}", journalled(FILE_FAILED, fault, **fields))
            self._remove_part(record)
            self._settle(record, lambda: self.db.mark_failed(record.id, error))
            self._is_done(record)
            return
        pause = common.dispatch.put_off(record.id)  # before the row is back, or another lane takes it at once
        told = journalled(FILE_PUT_OFF, fault, **fields, RETRY_SECONDS=pause, RETRIES_LEFT=retries_left)
        common.board.report(fault, f"tried again in {pause:g} s: {shown(path)}", told)
        self._settle(record, lambda: self.db.return_to_queue(record.id, error, counts_as_retry=counts))

    def _remove_part(self, record: FileRecord) -> None:
        """Nobody goes on with it; where the NAS can't be reached, it is removed later."""
        self._common.parts.unwanted(record.file_path)
        with contextlib.suppress(NasFault):
            self._common.leftovers.remove(self._files())

    def _is_done(self, record: FileRecord) -> None:
        self._common.dispatch.done_with(record.id)
        self._common.unfinished.pop(record.file_path, None)

    # --- the row ---

    def _settle(self, record: FileRecord, change: Callable[[], None]) -> bool:
        """Make the row say how it went; False where that could not be, or is nobody's business any more."""
        try:
            self._persist(change)
        except DatabaseFault as fault:
            told = journalled(fault=fault, FILE_PATH=record.file_path, ROW_ID=record.id)
            log.warning("%s (%s)", coded(fault), shown(record.file_path), extra=told)
            return False
        except Stopped:
            file_log.stays_in_hand(record)
            return False
        return True

    def _persist(self, act: Callable[[], T]) -> T:
        """Do something with the queue, again and again until it lets us.

        Raises:
            DatabaseFault: ROW_CHANGED.
            Stopped: it did not work and there is no more time.
        """
        while True:
            self.beat(self._common.config.database_settings.connection_timeout)
            try:
                return act()
            except DatabaseFault as fault:
                if fault.code == causes.ROW_CHANGED.code:
                    raise
                self._common.board.report(fault)
                if self._common.orders.abandon.wait(_DATABASE_PAUSE_SECONDS):
                    raise Stopped from fault


def _receipt(record: FileRecord, sent: Sent) -> Receipt:
    return Receipt(Event.SENT, record.file_path, sent.remote_path, sent.size, sent.sha256, sent.level)
