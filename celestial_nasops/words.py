"""Numbers as people read them, in the language that is spoken."""

from __future__ import annotations

import datetime as dt
import time

from celestial_nasops.language import say

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
    if seconds < 120:
        return say("{seconds} s", seconds=f"{seconds:.0f}")
    if seconds < 7200:
        return say("{minutes} min", minutes=f"{seconds / 60:.0f}")
    if seconds < 172_800:
        return say("{hours} h", hours=f"{seconds / 3600:.0f}")
    return say("{days} days", days=f"{seconds / 86_400:.0f}")


def clock(moment: float) -> str:
    """A moment (Unix seconds) on this server's clock, with its day where that is not today's."""
    today = dt.date.fromtimestamp(time.time()) == dt.date.fromtimestamp(moment)
    return time.strftime("%H:%M" if today else "%Y-%m-%d %H:%M", time.localtime(moment))
