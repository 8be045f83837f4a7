"""Waiting for a condition, with a deadline that fails the test."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.01


def eventually(look: Callable[[], T | None], seconds: float = 10) -> T:
    """Look until there is something to see, and return it.

    Args:
        look: returns what the test waits for, or something false while it is not there yet.
        seconds: the deadline. It only bounds a failing test, so let it be generous.

    Raises:
        AssertionError: it did not come in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > deadline:
            raise AssertionError(f"not seen within {seconds:g} s; the last look gave {seen!r}")
        time.sleep(_PAUSE_SECONDS)
