"""Clocks that jump and days that end, for the processes of one row alone: nobody else's clock is touched."""

from __future__ import annotations

import contextlib
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from tests.faults.preload import compiled

_DAY, _HALF_A_DAY = 86_400, 43_200


@contextlib.contextmanager
def environment(**values: str) -> Iterator[None]:
    """What is started in this block has these variables."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


class SteppedClock:
    """A wall clock that can be set, of the programs that have its ``environment``."""

    def __init__(self, folder: Path) -> None:
        library = compiled("stepped_clock.c", folder)
        self._shift = folder / "stepped_clock.shift"
        self._shift.write_bytes(struct.pack("q", 0))
        self.environment = {"LD_PRELOAD": library, "STEPPED_CLOCK": str(self._shift)}

    def set_by(self, hours: float) -> None:
        """Set it ahead, or back."""
        with self._shift.open("r+b") as file:
            file.write(struct.pack("q", round(hours * 3600)))


def zone_whose_day_ends_in(seconds: float) -> tuple[str, float]:
    """A time zone, as TZ holds one (POSIX), in which it is midnight soon, and when that is (Unix seconds)."""
    midnight = round(time.time() + seconds)
    ahead = -midnight % _DAY  # of UTC (seconds)
    west = -(ahead - _DAY if ahead > _HALF_A_DAY else ahead)
    hours, rest = divmod(abs(west), 3600)
    return f"Test{'-' if west < 0 else '+'}{hours}:{rest // 60:02}:{rest % 60:02}", midnight
