"""Whether the NAS is there, as all workers see it together, and how long to leave it alone when it is not."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from celestial_nasops.daemon_events import NAS_AWAY, NAS_BACK, journalled
from celestial_nasops.fault import NasRefusal, NasUnavailable
from celestial_nasops.nas.remote_errors import OF_WRITING

_SHORTEST_PAUSE_SECONDS = 0.05
_LONGEST_PAUSE_SECONDS = 60.0
_REFUSAL_FACTOR = 12  # a minute at the usual 5 s: DSM blocks an address that knocks more often
_FORGET_SECONDS = 300.0  # after that long without trouble, the next one begins with the first pause again

log = logging.getLogger(__name__)


class NasAvailability:
    """One for all workers.

    Attributes:
        away_since: when the NAS went away (Unix seconds), None while it is there.
        reason: the fault that tells why; None while it is there.
    """

    def __init__(self, retry_delay_seconds: float, changed: Callable[[], None]) -> None:
        """Begin with a NAS that is there.

        Args:
            retry_delay_seconds: the first pause; each further one is twice as long.
            changed: called when it goes away or comes back.
        """
        self.away_since: float | None = None
        self.reason: NasUnavailable | None = None
        self._retry_delay_seconds = retry_delay_seconds
        self._changed = changed
        self._lock = threading.Lock()
        self._failures = 0
        self._pause_until = 0.0

    def failed(self, fault: NasUnavailable) -> None:
        """It could not be reached or used: leave it alone for a while."""
        with self._lock:
            now = time.monotonic()
            if now > self._pause_until + _FORGET_SECONDS:
                self._failures = 0
            if now >= self._pause_until:  # what other workers met at the same time does not add up
                self._failures += 1
            self._pause_until = max(self._pause_until, now + self._pause_seconds(fault))
            news = self.reason is None or self.reason.code != fault.code
            if self.away_since is None:
                self.away_since = time.time()
            self.reason = fault
        if news:
            log.error(
                "the NAS is away: [%s] %s; %s", fault.code, fault, fault.remedy, extra=journalled(NAS_AWAY, fault)
            )
        self._changed()

    def connected(self) -> None:
        """It let us in, and its volume is there."""
        reason = self.reason
        if reason is not None and reason.code not in OF_WRITING:
            self._is_back()

    def works(self) -> None:
        """It did what was asked."""
        self._failures = 0
        self._is_back()

    @property
    def can_be_read(self) -> bool:
        """Whether copies can be looked at, as far as is known."""
        reason = self.reason
        return reason is None or reason.code in OF_WRITING

    def pause_left(self) -> float:
        """How long to leave it alone still (seconds)."""
        return max(0.0, self._pause_until - time.monotonic())

    def _is_back(self) -> None:
        with self._lock:
            since, self.away_since, self.reason = self.away_since, None, None
            self._pause_until = min(self._pause_until, time.monotonic())
        if since is not None:
            seconds = time.time() - since
            log.info("the NAS is back after %.0f s", seconds, extra=journalled(NAS_BACK, SECONDS=f"{seconds:.3f}"))
            self._changed()

    def _pause_seconds(self, fault: NasUnavailable) -> float:
        first = max(self._retry_delay_seconds, _SHORTEST_PAUSE_SECONDS)
        pause = min(first * 2.0 ** min(self._failures - 1, 20), max(first, _LONGEST_PAUSE_SECONDS))
        return max(pause, first * _REFUSAL_FACTOR) if isinstance(fault, NasRefusal) else pause
