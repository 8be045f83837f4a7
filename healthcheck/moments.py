"""Moments as the status file, the database and people write them."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass, field

from celestial_nasops.language import say

CLOCK_WAS_SET_SECONDS = 2.0
"""What differs by less was drift, or a correction that nobody would notice."""


def iso(moment: float) -> str:
    """Unix seconds as ISO 8601 in UTC with milliseconds, ``2025-01-22T10:15:00.123Z``."""
    text = dt.datetime.fromtimestamp(moment, dt.UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def from_iso(text: str) -> float:
    """The reverse of :func:`iso`.

    Raises:
        ValueError: the text is no such moment.
    """
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in '{text}'")
    return moment.timestamp()


def from_database(text: str | None) -> float | None:
    """A UTC moment of the database, ``YYYY-MM-DD HH:MM:SS`` with or without fractions, as Unix seconds."""
    if not text:
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).timestamp()


def clock_offset() -> float:
    """Wall clock minus time since boot (seconds): it changes only when the clock is set."""
    return time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)


def lasting(seconds: float) -> str:
    """A duration for people."""
    if seconds < 10:
        return say("{seconds} s", seconds=f"{seconds:.2f}")
    if seconds < 120:
        return say("{seconds} s", seconds=f"{seconds:.0f}")
    return say("{minutes} min", minutes=f"{seconds / 60:.0f}")


@dataclass(frozen=True, slots=True)
class RunClock:
    """How long a run may still wait. Measured on the monotonic clock, so setting the clock changes nothing.

    A tenth of the time, 10 s at the most, is kept for cleaning up.
    """

    max_wait_seconds: float
    started: float = field(default_factory=time.monotonic)
    offset: float = field(default_factory=clock_offset)

    def elapsed(self) -> float:
        """Seconds since the start of the run."""
        return time.monotonic() - self.started

    def was_set_by(self) -> float:
        """By how many seconds the wall clock was set since the start of the run; 0 where it was not."""
        shift = clock_offset() - self.offset
        return shift if abs(shift) > CLOCK_WAS_SET_SECONDS else 0.0

    def left_to_wait(self) -> float:
        """Seconds that probes may still wait; never below 0."""
        return max(0.0, self.left() - min(10.0, self.max_wait_seconds / 10))

    def left(self) -> float:
        """Seconds until the run must have ended; never below 0."""
        return max(0.0, self.max_wait_seconds - self.elapsed())
