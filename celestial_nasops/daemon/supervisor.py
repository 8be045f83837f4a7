"""The daemon's main thread: wakes the workers, watches over them, and replaces them when something has changed."""

from __future__ import annotations

import contextlib
import logging
import math
import os
import time
from collections.abc import Iterator, Sequence

from celestial_nasops import causes, config_file, control, daemon_events as events, transfer, words
from celestial_nasops.bandwidth import Bandwidth
from celestial_nasops.config import Config
from celestial_nasops.config_file import Loaded
from celestial_nasops.daemon.board import Board, Situation, coded, nas_known_to
from celestial_nasops.daemon.crew import Crew
from celestial_nasops.daemon.deletion_guard import DeletionGuard, DeletionsStopped
from celestial_nasops.daemon.signals import Signals
from celestial_nasops.daemon.signs_of_life import InUse, SignsOfLife
from celestial_nasops.daemon.start import read_only_folders, unusable_folders
from celestial_nasops.daemon_events import journalled
from celestial_nasops.daemon_state import PENDING_DELETES_NAME
from celestial_nasops.fault import ConfigFault, DatabaseFault, Fault, LocalFault, shown
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.notify import Notifier
from celestial_nasops.parts import Parts
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from celestial_nasops.wakeup import Wakeup

DONE, FAILED, INTERNAL = 0, 1, 70

# What is in hand is put down by itself, then cut off; together within the ten seconds that an end may take.
_PUT_DOWN_SECONDS, _CUT_OFF_SECONDS = 5.0, 4.0
_BUILD_AGAIN_SECONDS = 5.0
_OWN_LOCK_WAIT_SECONDS = 2.0

log = logging.getLogger(__name__)


class Supervisor:
    """Carries no file itself, so that it always answers."""

    def __init__(self, loaded: Loaded, signals: Signals, notifier: Notifier, *, once: bool = False) -> None:
        """Set the workers up; none works yet.

        Raises:
            DatabaseFault: the queue can't be used.
        """
        self._config_path = loaded.path
        self._config = loaded.config
        self._signals = signals
        self._notifier = notifier
        self._once = once
        self._signs = SignsOfLife(notifier, loaded.path)
        self._board = Board(self._changed, nas_known_to(loaded.config.daemon_settings.state_path))
        list_path = os.path.join(loaded.config.daemon_settings.state_path, PENDING_DELETES_NAME)
        self._deletes = SafeDeleteManager(list_path, loaded.config)
        self._guard = DeletionGuard(loaded.config.daemon_settings.state_path, loaded.config, self._changed)
        self._unfinished: dict[str, str] = {}
        self._bandwidth = Bandwidth(loaded.config.sync_settings.bandwidth_limits)
        self._parts = Parts(loaded.config.daemon_settings.state_path)
        self._refused_config = ""
        self._finishing = False
        self._read_only: list[str] = []
        self._build_at: float | None = None
        self._paused: control.Order | None = None
        self._control = control.folder(loaded.config.daemon_settings.state_path)
        self._ring_at = 0.0
        self._build()

    def run(self) -> int:
        """Work until a signal asks for the end, and return the exit code."""
        self._heed_orders()
        if self._paused is None:
            self._crew.start()
        self._give_signs()
        self._notifier.ready()
        while True:
            woken = self._wakeup.wait(self._seconds_to_next())
            self._signals.drain()
            if self._signals.terminate:
                return self._end(DONE)
            if self._crew.failure is not None:
                return self._end(INTERNAL)
            if self._signals.finish:
                self._finish()
                if self._crew.has_ended:
                    return self._end(DONE)
            elif self._signals.reread:
                self._reread()
            self._heed_orders()
            if not self._keep_up():
                return self._end(INTERNAL)
            if woken or time.monotonic() >= self._ring_at:
                self._ring_at = time.monotonic() + self._config.sync_settings.interval_minutes * 60
                self._crew.ring()
            if self._signs.seconds_to_next(self._config.daemon_settings) == 0:
                self._crew.nas.close_idle()
                self._give_signs()

    def run_once(self) -> int:
        """Carry what is ready, delete what is due, and return the exit code."""
        self._heed_orders()
        if self._paused is not None:
            order = self._paused
            reason = order.reason or "no reason given"
            self._board.report(
                LocalFault(causes.DAEMON_PAUSED, by=order.by, since=words.clock(order.at), reason=reason)
            )
            return FAILED
        self._crew.start()
        self._notifier.ready()
        deleting = False
        while not (deleting and self._crew.has_ended):
            self._wakeup.wait(self._config.sync_settings.interval_minutes * 60)
            self._signals.drain()
            if self._signals.terminate:
                return self._end(FAILED)
            if self._crew.failure is not None:
                return self._end(INTERNAL)
            if self._signals.finish:
                self._finish()
            if self._crew.lanes_have_ended and not deleting:
                self._crew.start_deleter()
                deleting = True
        all_well = not (
            self._board.errors
            or self._crew.availability.away_since
            or self._deletes.problem
            or self._deletes.unproven
            or self._guard.stopped
            or self._crew.room.shortage
            or self._deletes.went_wrong
        )
        return DONE if all_well else FAILED

    # --- the crew ---

    def _build(self) -> None:
        queue = self._config.database_settings
        with MediaStatusDB(queue.db_path, timeout_seconds=queue.connection_timeout, create=True) as db:
            taken_back, self._queue_identity = db.take_back_transferring(), db.identity()
            begun_before = db.begun_before()  # also what was taken back by a daemon that died before it had tidied up
        for record in taken_back:
            told = journalled(events.FILE_TAKEN_BACK, FILE_PATH=record.file_path, ROW_ID=record.id)
            log.warning(
                "took back row %d, which was left in transferring: %s", record.id, shown(record.file_path), extra=told
            )
        for record in (*taken_back, *begun_before):
            with contextlib.suppress(LocalFault):
                transfer.check_names(record)
                remote = transfer.temporary_path(self._config, record, transfer.day_of(record))
                self._unfinished.setdefault(record.file_path, remote)
        self._deletes.configure(self._config)
        self._guard.configure(self._config)
        self._look_at_places()
        crew = Crew(
            self._config,
            self._board,
            self._deletes,
            self._guard,
            self._unfinished,
            self._parts,
            self._bandwidth,
            self._changed,
            once=self._once,
        )
        self._db = MediaStatusDB(queue.db_path, timeout_seconds=min(queue.connection_timeout, _OWN_LOCK_WAIT_SECONDS))
        self._wakeup = Wakeup(self._db.folder, self._control, stop_fd=self._signals.fileno())
        self._crew, self._in_use = crew, InUse.of(self._config)

    def _look_at_places(self) -> None:
        """Whether the queue and the media folder are those that they were."""
        try:
            self._guard.check_queue(self._config.database_settings.db_path, self._queue_identity)
            self._guard.check_media()
        except DeletionsStopped:
            pass  # which the guard has told
        except LocalFault as fault:
            self._board.report(fault, "nothing is deleted")

    def _keep_up(self) -> bool:
        """Replace the crew where the queue's file or the configuration was replaced; False if the old one hangs."""
        if not self._is_between_crews:
            try:
                self._db.check_same_file()
            except DatabaseFault as fault:
                self._board.report(fault, "the queue is opened anew")
                if not self._put_down():
                    return False
                self._build_at = 0.0
        if not self._is_between_crews or self._finishing or time.monotonic() < (self._build_at or 0.0):
            return True
        self._wakeup.close()
        self._db.close()
        try:
            self._build()
        except DatabaseFault as fault:
            self._board.report(fault)
            self._build_at = time.monotonic() + _BUILD_AGAIN_SECONDS
            self._wakeup = Wakeup(self._control, stop_fd=self._signals.fileno())
        else:
            self._build_at = None
            self._crew.start()
            log.info("at work with the configuration %s", self._config_path, extra=journalled(events.DAEMON_AT_WORK))
        self._changed()
        return True

    def _heed_orders(self) -> None:
        """Pause and resume as the operator ordered, and let deletions go on that were stopped."""
        state_path = os.path.dirname(self._control)
        try:
            if control.released(state_path) is not None:
                self._guard.release(self._deletes.count)
                self._look_at_places()
                control.release_is_done(state_path)
                self._crew.ring()
        except LocalFault as fault:
            self._board.report(fault, "deletions can't be released")
        order, before = control.paused(state_path), self._paused
        if order == before:
            return
        self._paused = order
        if order is None:
            log.info("resumed", extra=journalled(events.DAEMON_RESUMED))
            self._build_at = 0.0
        else:
            reason = f": {shown(order.reason)}" if order.reason else ""
            log.warning("paused by %s%s", shown(order.by), reason, extra=journalled(events.DAEMON_PAUSED))
            self._build_at = math.inf
            if order.at_once:
                self._crew.abandon()
            else:
                self._crew.finish()
        self._changed()

    @property
    def _is_between_crews(self) -> bool:
        """Whether the old crew has ended and another one is to be built."""
        return self._build_at is not None and self._crew.has_ended

    def _reread(self) -> None:
        self._signals.reread = False
        try:
            loaded = config_file.load(self._config_path)
        except ConfigFault as fault:
            self._refuse([fault])
            return
        faults = unusable_folders(loaded.config)
        if faults:
            self._refuse(faults)
            return
        for warning in loaded.warnings:
            log.warning("%s: %s", self._config_path, warning, extra=journalled(events.CONFIG_REMARK))
        self._refused_config = ""
        self._config = self._with_present_state_path(loaded.config)
        self._bandwidth.configure(self._config.sync_settings.bandwidth_limits)
        told = journalled(events.CONFIG_REREAD)
        log.info("the configuration was reread; files in hand are finished under the old one", extra=told)
        if self._build_at is None:
            self._build_at = 0.0
            self._crew.finish()

    def _refuse(self, faults: Sequence[Fault]) -> None:
        for fault in faults:
            told = journalled(events.CONFIG_REFUSED, fault)
            log.error("the changed configuration is not used: %s; %s", coded(fault), fault.remedy, extra=told)
        self._refused_config = f"the changed configuration is not used: {coded(faults[0])}"
        self._changed()

    def _with_present_state_path(self, config: Config) -> Config:
        """The lock and the pending deletions stay where they are; the check will ask for a restart."""
        present = self._config.daemon_settings.state_path
        if config.daemon_settings.state_path == present:
            return config
        log.warning(
            "daemon_settings.state_path stays %s until a restart", present, extra=journalled(events.CONFIG_REMARK)
        )
        daemon = config.daemon_settings.model_copy(update={"state_path": present})
        return config.model_copy(update={"daemon_settings": daemon})

    # --- the end ---

    def _finish(self) -> None:
        """Have the crew end after what is in hand, however long that takes; signs of life go on meanwhile."""
        if self._finishing:
            return
        self._finishing = True
        told = journalled(events.DAEMON_FINISHING)
        log.info("no further files are taken; the end comes after those in hand", extra=told)
        self._crew.finish()
        self._changed()

    def _put_down(self) -> bool:
        """Have the crew put down what it has in hand; whether all of it has ended."""
        self._crew.abandon()
        if self._crew.join(_PUT_DOWN_SECONDS):
            return True
        self._notifier.watchdog()
        self._crew.abort()
        return self._crew.join(_CUT_OFF_SECONDS)

    def _end(self, exit_code: int) -> int:
        self._notifier.stopping()
        if self._crew.failure is not None:
            log.critical("internal error in %s", self._crew.failure, extra=journalled(events.DAEMON_BROKEN))
        ended = self._put_down()
        if not ended:
            log.error("not everybody ended in time", extra=journalled(events.DAEMON_STUCK))
        if not ended or self._crew.failure is not None:
            with contextlib.suppress(DatabaseFault):
                self._db.take_back_transferring()
        if not self._once:
            self._give_signs(doing="stopped")
        log.info("stopped", extra=journalled(events.DAEMON_STOPPED))
        return exit_code

    # --- what is shown ---

    def _changed(self) -> None:
        self._signs.news()
        self._signals.poke()

    def _seconds_to_next(self) -> float:
        now = time.monotonic()
        waits = [self._signs.seconds_to_next(self._config.daemon_settings), self._ring_at - now]
        if self._is_between_crews:
            waits.append((self._build_at or 0.0) - now)
        return max(0.0, min(waits))

    def _give_signs(self, doing: str = "") -> None:
        stuck = None if doing else self._crew.stuck
        self._signs.give(lambda: self._situation(doing), self._config.daemon_settings, self._in_use, stuck)

    def _situation(self, doing: str) -> Situation:
        try:
            waiting = None if self._is_between_crews and self._paused is None else self._db.backlog().ready
        except DatabaseFault:
            waiting = None
        availability, in_hand = self._crew.availability, self._board.in_hand()
        return Situation(
            doing=doing,
            in_hand=in_hand,
            lanes=max(self._crew.lanes, len(in_hand)),  # small files have one more
            waiting=waiting,
            away_since=availability.away_since,
            away=availability.reason,
            troubles=list(self._troubles()),
            last_error=self._board.last_error,
            deletions_stopped="" if self._guard.stopped is None else coded(self._guard.stopped),
            deletions_unsaved="" if self._deletes.problem is None else coded(self._deletes.problem),
            paused=self._paused,
            no_room=self._no_room,
            read_only=self._read_only_folders(),
            nas=self._board.nas,
        )

    @property
    def _no_room(self) -> str:
        room = self._crew.room
        shortage = room.shortage
        return "" if shortage is None else f"since {words.clock(room.since)} {shortage}, smaller files go on"

    def _read_only_folders(self) -> list[LocalFault]:
        """Folders that were writable at the start; logged when they become read-only, and when they are no more."""
        faults = read_only_folders(self._config)
        summaries = [fault.summary for fault in faults]
        for fault in faults:
            if fault.summary not in self._read_only:
                log.error("%s; %s", coded(fault), fault.remedy, extra=journalled(fault=fault))
        for summary in self._read_only:
            if summary not in summaries:
                log.info("no more: %s", summary, extra=journalled(events.TROUBLE_OVER))
        self._read_only = summaries
        return faults

    def _troubles(self) -> Iterator[str]:
        if self._finishing:
            yield "takes no further files, and ends after those in hand"
        elif self._build_at is not None and self._paused is None and not self._crew.has_ended:
            yield "takes no further files until those in hand are done"  # one crew ends, and the next one is to begin
        if self._guard.stopped is not None:
            yield f"deletions are stopped until 'media-sync-daemon resume': {self._guard.stopped}"
        if self._no_room:
            yield self._no_room
        if self._deletes.unproven is not None:
            yield str(self._deletes.unproven)
        if self._deletes.problem is not None:
            yield str(self._deletes.problem)
        if self._deletes.given_up:
            yield f"{self._deletes.given_up} deletion(s) need a person"
        if self._refused_config:
            yield self._refused_config
        if self._wakeup.degraded is not None:
            yield f"the queue is polled, {self._wakeup.degraded}"
