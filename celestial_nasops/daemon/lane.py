"""One of the threads that carry files: takes a row, sends its file, and says in the row how it went."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from celestial_nasops import causes, transfer
from celestial_nasops.config import Config
from celestial_nasops.daemon.board import Board, coded
from celestial_nasops.daemon.deletion_guard import DeletionGuard
from celestial_nasops.daemon.dispatch import Dispatch
from celestial_nasops.daemon.nas_availability import NasAvailability
from celestial_nasops.daemon.nas_connection import NasConnection
from celestial_nasops.daemon.worker import Orders, Worker
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import DatabaseFault, Fault, LocalFault, NasFault, NasUnavailable, shown
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.receipts import Event, Receipt
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from celestial_nasops.transfer import Sent, Stopped, Withdrawn

_STEPS_OF_A_LOGIN = 5
_DATABASE_PAUSE_SECONDS = 1.0
_TIDYING_SECONDS = 3.0
# No further try can help; nor do they have to be counted.
_FINAL = {causes.FILE_MISSING.code, causes.FILE_REFUSED.code}

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Common:
    """What the workers under one configuration share.

    Attributes:
        config: the configuration.
        orders: what they are told.
        board: where they say what they do.
        availability: whether the NAS is there.
        dispatch: hands out the rows.
        deletes: the deletions that are pending.
        guard: stops them where something is wrong.
        scheduled: called when one was added.
        unfinished: local path to the place on the NAS where a part of the file may lie.
    """

    config: Config
    orders: Orders
    board: Board
    availability: NasAvailability
    dispatch: Dispatch
    deletes: SafeDeleteManager
    guard: DeletionGuard
    scheduled: Callable[[], None]
    unfinished: dict[str, str] = field(default_factory=dict)


class Lane(Worker):
    """A thread with a connection of its own to the queue, and one to the NAS that stays open."""

    def __init__(self, name: str, common: Common, db: MediaStatusDB, ended: Callable[[], None]) -> None:
        super().__init__(name, ended)
        self.db = db
        self._common = common
        self._nas = NasConnection(common.config)
        self._usual_seconds = common.config.security.connection_timeout_seconds

    def abort(self) -> None:
        """End the wait for the NAS, from any thread."""
        self._nas.abort()

    def work(self) -> None:
        """Carry one file after the other."""
        with self.db:
            try:
                while (record := self._common.dispatch.next_record(self)) is not None:
                    self._carry(record)
            finally:
                self._nas.close()

    # --- for the dispatch ---

    def connect(self) -> None:
        """Prove that the NAS and its volume can be reached.

        Raises:
            NasUnavailable: it can't.
        """
        self.beat(_STEPS_OF_A_LOGIN * self._usual_seconds)
        try:
            self._nas.files().free_bytes(self._common.config.nas_settings.base_path)
        except NasUnavailable:
            raise
        except NasFault as fault:  # it answers; whether files can be sent is for the files to find out
            log.warning("%s", coded(fault))

    def idle(self) -> None:
        """Nothing to do at the moment."""
        self.rest()
        self._nas.close_if_idle()

    # --- one file ---

    def _carry(self, record: FileRecord) -> None:
        common, path = self._common, shown(record.file_path)
        common.board.took(self.name, record.file_path, record.file_size or 0)
        try:
            begun = time.monotonic()
            sent = self._send(record)
            self._arrived(record, sent, time.monotonic() - begun)
        except Stopped:
            log.info("put down: %s", path)
            self._settle(record, lambda: self.db.return_to_queue(record.id, counts_as_retry=False))
        except Withdrawn:
            log.info("not published, its row is not in hand any more: %s", path)
            self._is_done(record)
        except NasUnavailable as fault:
            self._put_back(record, fault)
        except (LocalFault, NasFault) as fault:
            self._went_wrong(record, fault)
        finally:
            common.board.put_down(self.name)

    def _send(self, record: FileRecord) -> Sent:
        common, config = self._common, self._common.config
        self.beat(_STEPS_OF_A_LOGIN * self._usual_seconds)
        files = self._nas.files()
        day = dt.date.today()
        temporary = transfer.temporary_path(config, record, day)
        earlier = common.unfinished.get(record.file_path, temporary)
        if earlier != temporary:  # begun on another day, and of a name without a date
            files.remove([earlier])
        common.unfinished[record.file_path] = temporary
        hooks = transfer.Hooks(
            moved=self._moved,
            expect=self.beat,
            is_stopping=common.orders.abandon.is_set,
            is_still_ours=lambda: self._persist(lambda: self.db.is_transferring(record.id)),
        )
        sent = transfer.send(files, config, record, day, hooks)
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

    def _arrived(self, record: FileRecord, sent: Sent, seconds: float) -> None:
        common, path = self._common, record.file_path
        common.availability.works()
        # Completed first: the delay before the deletion counts from then.
        receipt = Receipt(Event.SENT, path, sent.remote_path, sent.size, sent.sha256, sent.level)
        if self._settle(record, lambda: self.db.mark_completed(record.id, receipt)):
            log.info("sent %s to %s (%d bytes, %.1f s)", shown(path), shown(sent.remote_path), sent.size, seconds)
            if sent.belongs_at:
                fault = NasFault(causes.NAS_STORED_BESIDE, path=path, taken=sent.belongs_at, beside=sent.remote_path)
                log.warning("%s; %s", coded(fault), fault.remedy)
            if common.config.sync_settings.delete_after_sync:
                common.deletes.schedule(path, sent.remote_path, sent.sha256, sent.size, sent.mtime_ns)
                common.scheduled()
        self._is_done(record)

    def _put_back(self, record: FileRecord, fault: NasUnavailable) -> None:
        """The NAS is away, or we have cut the connection to be able to end: no file is to blame for either."""
        error: str | None = None
        if self._common.orders.abandon.is_set():
            self._tidy_up(record)
            log.info("put down: %s", shown(record.file_path))
        else:
            self._common.availability.failed(fault)
            error = coded(fault)
        self._settle(record, lambda: self.db.return_to_queue(record.id, error, counts_as_retry=False))

    def _tidy_up(self, record: FileRecord) -> None:
        """Remove what a transfer that was cut off has left."""
        self.beat(_STEPS_OF_A_LOGIN * _TIDYING_SECONDS)
        connection = NasConnection(self._common.config, timeout_seconds=_TIDYING_SECONDS)
        with contextlib.suppress(NasFault), contextlib.closing(connection):
            connection.files().remove([self._common.unfinished[record.file_path]])

    def _went_wrong(self, record: FileRecord, fault: LocalFault | NasFault) -> None:
        common, error = self._common, coded(fault)
        if fault.code == causes.FILE_MISSING.code and self._media_is_away():
            common.dispatch.put_off(record.id)
            self._settle(record, lambda: self.db.return_to_queue(record.id, error, counts_as_retry=False))
            return
        counts = fault.code != causes.FILE_CHANGED.code
        retries_left = record.transfer_retry_count < common.config.sync_settings.max_retry_attempts
        if fault.code in _FINAL or (counts and not retries_left):
            common.board.report(fault, f"given up: {shown(record.file_path)}")
            self._settle(record, lambda: self.db.mark_failed(record.id, error))
            self._is_done(record)
            return
        pause = common.dispatch.put_off(record.id)  # before the row is back, or another lane takes it at once
        common.board.report(fault, f"tried again in {pause:g} s: {shown(record.file_path)}")
        self._settle(record, lambda: self.db.return_to_queue(record.id, error, counts_as_retry=counts))

    def _media_is_away(self) -> bool:
        """Whether the whole folder is another one, as when its disk is not mounted: no file is to blame for that."""
        guard = self._common.guard
        if not guard.media_is_away:
            return False
        with contextlib.suppress(Fault):
            guard.check_media()  # says so, and stops the deletions
        return True

    def _is_done(self, record: FileRecord) -> None:
        self._common.dispatch.done_with(record.id)
        self._common.unfinished.pop(record.file_path, None)

    # --- the row ---

    def _settle(self, record: FileRecord, change: Callable[[], None]) -> bool:
        """Make the row say how it went; False where that could not be, or is nobody's business any more."""
        try:
            self._persist(change)
        except DatabaseFault as fault:
            log.warning("%s (%s)", coded(fault), shown(record.file_path))
            return False
        except Stopped:
            log.warning("row %d stays as it is until the next start: %s", record.id, shown(record.file_path))
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
