"""How many bytes a second may go to the NAS at which time of the day, shared fairly by all who send."""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Sequence

from celestial_nasops.config import BandwidthLimit

_MEGABYTE = 1_000_000
_LOOK_AGAIN_SECONDS = 1.0


def limit_at(limits: Sequence[BandwidthLimit], moment: dt.time) -> float | None:
    """The limit that holds at a moment of this server's day (bytes per second); None where there is none."""
    minute = moment.hour * 60 + moment.minute
    for limit in limits:
        begins, ends = limit.minutes
        if begins <= minute < ends if begins < ends else (minute >= begins or minute < ends):
            return limit.megabytes_per_second * _MEGABYTE
    return None


class Bandwidth:
    """One for all lanes, whatever configuration they were made under.

    Whoever sends small files waits for nobody but others of this kind; what they use is taken off the share of the
    large ones.
    """

    def __init__(self, limits: Sequence[BandwidthLimit], now: Callable[[], dt.datetime] = dt.datetime.now) -> None:
        """Begin with these limits; ``now`` tells the local time."""
        self._now = now
        self._lock = threading.Lock()
        self._looked_at = 0.0
        self._rate: float | None = None
        self._free_at = dict.fromkeys((False, True), 0.0)
        self.configure(limits)

    def configure(self, limits: Sequence[BandwidthLimit]) -> None:
        """Take over other limits, at once also for those who wait."""
        with self._lock:
            self._limits = list(limits)
            self._looked_at = -_LOOK_AGAIN_SECONDS
            self._free_at = {small: time.monotonic() for small in (False, True)}

    def pace(self, size: int, *, small: bool, wait: Callable[[float], bool]) -> bool:
        """Wait until ``size`` bytes may be sent.

        Args:
            size: bytes.
            small: whether they are of small files.
            wait: waits for some seconds, and tells whether to give up.

        Returns:
            False where ``wait`` gave up.
        """
        with self._lock:
            turn = self._turn(size, small=small)
            limits = self._limits
        while (left := turn - time.monotonic()) > 0 and limits is self._limits:
            if wait(min(left, _LOOK_AGAIN_SECONDS)):
                return False
        return True

    def _turn(self, size: int, *, small: bool) -> float:
        """Take one's place in the line, and return when one's turn is (monotonic seconds)."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK_AGAIN_SECONDS:
            self._looked_at, before = now, self._rate
            self._rate = limit_at(self._limits, self._now().time())
            if self._rate != before:
                self._free_at = dict.fromkeys((False, True), now)
        if self._rate is None:
            return now
        cost = size / self._rate
        turn = max(now, self._free_at[small])
        self._free_at[small] = turn + cost
        if small:
            self._free_at[False] = max(now, self._free_at[False]) + cost
        return turn
