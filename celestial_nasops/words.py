"""Numbers as people read them."""

from __future__ import annotations

import datetime as dt
import time

_UNITS = ("kB", "MB", "GB", "TB")


def size(count: float) -> str:
    """A number of bytes, such as ``28.1 GB``; units of a thousand, as file managers and disks' labels use them."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in _UNITS:
        count /= 1000
        if count < 999.95 or unit == _UNITS[-1]:
            break
    return f"{count:.1f} {unit}"


def lasting(seconds: float) -> str:
    """A duration, such as ``3 min``."""
    for unit, length, limit in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < limit:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def clock(moment: float) -> str:
    """A moment (Unix seconds) on this server's clock, with its day where that is not today's."""
    today = dt.date.fromtimestamp(time.time()) == dt.date.fromtimestamp(moment)
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", time.localtime(moment))
