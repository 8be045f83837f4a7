"""How the daemon shows that it lives and what it does: state file, STATUS= and WATCHDOG= for systemd."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass

import celestial_nasops
from celestial_nasops import daemon_state
from celestial_nasops.config import Config, DaemonSettings
from celestial_nasops.daemon.board import Situation, coded, status_line
from celestial_nasops.daemon_events import DAEMON_STUCK, journalled
from celestial_nasops.daemon_state import DaemonState, ReadOnlyFolder
from celestial_nasops.durable import folder_fault
from celestial_nasops.fault import LocalFault
from celestial_nasops.notify import Notifier

_DEBOUNCE_SECONDS = 0.2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class InUse:
    """What is told of the configuration that the work is done by, which may be older than the one that was read."""

    fingerprint: str
    media_path: str
    db_path: str

    @classmethod
    def of(cls, config: Config) -> InUse:
        """Of a configuration that is put to use."""
        return cls(config.fingerprint(), config.local_settings.media_path, config.database_settings.db_path)


class SignsOfLife:
    """For the main thread."""

    def __init__(self, notifier: Notifier, config_path: str) -> None:
        self._notifier = notifier
        self._config_path = os.path.abspath(config_path)
        self._started_at = time.time()
        self._start_ticks = daemon_state.process_start_ticks(os.getpid()) or 0
        self._code_path = os.path.dirname(os.path.abspath(celestial_nasops.__file__))
        self._code = daemon_state.code_fingerprint(self._code_path)
        self._given_at = 0.0
        self._news = True
        self._unwritable = ""
        self._silenced = ""

    def news(self) -> None:
        """Something has changed that should be seen soon. From any thread."""
        self._news = True

    def seconds_to_next(self, settings: DaemonSettings) -> float:
        """When the next sign is due: after a moment where there is news, so that many at once make one."""
        interval = settings.heartbeat_seconds
        if self._notifier.watchdog_interval_seconds is not None:
            interval = min(interval, self._notifier.watchdog_interval_seconds)
        if self._news:
            interval = min(interval, _DEBOUNCE_SECONDS)
        return max(0.0, self._given_at + interval - time.monotonic())

    def give(self, look: Callable[[], Situation], settings: DaemonSettings, in_use: InUse, stuck: str | None) -> None:
        """Give one.

        Args:
            look: gives what to tell; asked after the news are taken for told, so that none comes in between.
            settings: where the state file lies, and how often it is written.
            in_use: the configuration that the work is done by.
            stuck: what is stuck; then the daemon is as good as dead and does not look alive.
        """
        self._given_at, self._news = time.monotonic(), False
        situation = look()
        line = stuck or status_line(situation)
        self._notifier.status(line)
        if stuck is not None:
            if not self._silenced:
                told = journalled(DAEMON_STUCK)
                log.error("%s; no more signs of life are given until it goes on", stuck, extra=told)
            self._silenced = stuck
            return
        self._silenced = ""
        self._notifier.watchdog()
        self._write(settings.state_path, self._state(line, situation, settings, in_use))

    def _state(self, line: str, situation: Situation, settings: DaemonSettings, in_use: InUse) -> DaemonState:
        return DaemonState(
            pid=os.getpid(),
            process_start_ticks=self._start_ticks,
            started_at=self._started_at,
            version=celestial_nasops.__version__,
            code_path=self._code_path,
            code_fingerprint=self._code,
            config_path=self._config_path,
            config_fingerprint=in_use.fingerprint,
            heartbeat_at=time.time(),
            heartbeat_boottime=time.clock_gettime(time.CLOCK_BOOTTIME),
            heartbeat_seconds=settings.heartbeat_seconds,
            doing=line,
            in_hand=tuple(situation.in_hand),
            last_error=situation.last_error,
            nas_away_since=situation.away_since,
            nas_away="" if situation.away is None else coded(situation.away),
            read_only=tuple(ReadOnlyFolder(code=fault.code, **_places(fault)) for fault in situation.read_only),
            deletions_stopped=situation.deletions_stopped,
            deletions_unsaved=situation.deletions_unsaved,
            no_room=situation.no_room,
            paused_by=situation.paused.by if situation.paused else "",
            paused_at=situation.paused.at if situation.paused else None,
            paused_reason=situation.paused.reason if situation.paused else "",
            nas=situation.nas,
            media_path=in_use.media_path,
            db_path=in_use.db_path,
        )

    def _write(self, folder: str, state: DaemonState) -> None:
        try:
            daemon_state.write(folder, state)
        except OSError as error:
            fault = folder_fault(error, folder, "daemon_settings.state_path")
        else:
            self._unwritable = ""
            return
        if fault.summary != self._unwritable:
            log.error(
                "the state file can't be written: %s; %s", coded(fault), fault.remedy, extra=journalled(fault=fault)
            )
        self._unwritable = fault.summary


def _places(fault: LocalFault) -> dict[str, str]:
    return {name: fault.values[name] for name in ("path", "setting", "unit", "mount_point")}
