"""The thread that deletes what is due, saves what could not be saved, and finds what was forgotten."""

from __future__ import annotations

import functools
import logging
import os
import stat
import time
from collections.abc import Callable

from celestial_nasops import paths, transfer
from celestial_nasops.config import Config
from celestial_nasops.daemon.bell import Bell
from celestial_nasops.daemon.common import Common
from celestial_nasops.daemon.deletion_guard import DeletionsStopped
from celestial_nasops.daemon.nas_connections import Borrowed
from celestial_nasops.daemon.verified_delete import Hooks
from celestial_nasops.daemon.worker import Worker
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import DatabaseFault, LocalFault, NasFault, NasUnavailable
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.receipts import Event

_HELD_UP_LOOK_SECONDS = 60.0
_LONGEST_REST_SECONDS = 86_400.0  # a list may hold dates that no lock can wait for
_SAVE_AGAIN_SECONDS = 2.0
_OBSTACLE_SECONDS = 10.0
_STEPS_OF_A_LOGIN = 5

log = logging.getLogger(__name__)


class Deleter(Worker):
    """One thread with a connection of its own to the queue; one to the NAS it has while something is due."""

    def __init__(self, common: Common, db: MediaStatusDB, bell: Bell, ended: Callable[[], None]) -> None:
        super().__init__("deleter", ended)
        self._common = common
        self._db = db
        self._bell = bell
        self._nas = Borrowed(common.nas, heard=self.beat)
        self._deletes = common.config.sync_settings.delete_after_sync
        self._not_before = 0.0  # on the clock that nobody can set (seconds)

    def work(self) -> None:
        """Delete, save and wait in turn."""
        orders = self._common.orders
        forgotten_found = not self._deletes
        with self._db:
            try:
                while not orders.finish.is_set():
                    heard = self._bell.rings
                    self.beat()
                    forgotten_found = forgotten_found or self._adopt_forgotten()
                    self._delete_due()
                    if orders.once:
                        return
                    self._nas.give_back()
                    self.rest()
                    self._bell.wait(heard, self._seconds_to_rest(forgotten_found))
            finally:
                self._nas.close()

    def _delete_due(self) -> None:
        common, guard = self._common, self._common.guard
        if not common.deletes.save() or not self._deletes or not common.availability.can_be_read:
            return
        due = len(common.deletes.due())
        if due == 0 or time.monotonic() < self._not_before:
            return
        hooks = Hooks(
            self.beat,
            common.orders.finish.is_set,
            guard.check_media,
            guard.check_nas,
            is_in_media=functools.partial(transfer.is_in_media_folder, common.config),
            to_be_sent=self._db.to_be_sent,
        )
        try:
            guard.check_media()
            guard.check_count(due, self._db)
            guard.check_nas(self._files())
            common.deletes.run_due(self._files, hooks, self._db)
        except DeletionsStopped:
            pass  # which the guard has told
        except NasUnavailable as fault:
            if not common.orders.finish.is_set():
                common.availability.failed(fault)
        except (DatabaseFault, LocalFault, NasFault) as fault:
            common.board.report(fault, "nothing is deleted")
            self._not_before = time.monotonic() + _OBSTACLE_SECONDS

    def _files(self) -> NasFiles:
        self.beat(_STEPS_OF_A_LOGIN * self._common.config.security.connection_timeout_seconds)
        return self._nas.files()

    def _seconds_to_rest(self, forgotten_found: bool) -> float | None:
        """Until when there is nothing to do, unless the bell rings; it does at each interval, and at what is new."""
        deletes = self._common.deletes
        if deletes.problem is not None or not forgotten_found:
            return _SAVE_AGAIN_SECONDS
        if not self._deletes:
            return None
        if self._is_held_up or not self._common.availability.can_be_read:
            return _HELD_UP_LOOK_SECONDS
        due = deletes.next_due()
        return None if due is None else min(max(due, self._not_before - time.monotonic()), _LONGEST_REST_SECONDS)

    @property
    def _is_held_up(self) -> bool:
        return self._common.guard.stopped is not None or self._common.deletes.unproven is not None

    def _adopt_forgotten(self) -> bool:
        """Schedule completed files that are still here: the list may be lost, or older than the queue.

        Returns:
            Whether all rows were looked at.
        """
        after = 0
        try:
            while not self._common.orders.finish.is_set():
                self.beat()
                page = self._db.completed_records(after)
                if not page:
                    return True
                here = [r for r in page if _is_here(self._common.config, r)]
                self._common.deletes.adopt([self._copy_of(r) for r in here])
                after = page[-1].id
        except DatabaseFault as fault:
            self._common.board.report(fault)
        return False

    def _copy_of(self, record: FileRecord) -> tuple[str, str, str]:
        """A file, its copy and its SHA-256, as its last receipt names them, else as they should be.

        One that was deleted and has come back, from a backup or after a power cut, may be another one by now.
        """
        receipt = self._db.last_receipt(record.file_path)
        if receipt is not None:
            return record.file_path, receipt.remote_path, "" if receipt.event is Event.DELETED else receipt.sha256
        copy = paths.remote_path(self._common.config, record.file_name, transfer.day_of(record))
        return record.file_path, copy, ""


def _is_here(config: Config, record: FileRecord) -> bool:
    try:
        transfer.check_place(config, record)
        return stat.S_ISREG(os.lstat(record.file_path).st_mode)
    except (LocalFault, OSError):
        return False
