"""Puts an end to a wait in which nothing happens any more."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self


class Watchdog:
    """While entered, calls ``bite`` from a thread of its own when no progress was reported in time.

    paramiko waits for ever in several places; closing the connection under it is what ends them all.
    """

    def __init__(self, seconds: float, bite: Callable[[], None]) -> None:
        self._seconds = seconds
        self._bite = bite
        self._due = time.monotonic() + seconds
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="nas-watchdog", daemon=True)
        self.has_bitten = False

    def progress(self, more_seconds: float = 0.0) -> None:
        """Something happened: begin to count anew, with some seconds on top of the usual."""
        self._due = time.monotonic() + self._seconds + more_seconds

    def pause(self) -> None:
        """Don't count until :meth:`progress`: it is not the other side that we wait for."""
        self._due = math.inf

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while (left := self._due - time.monotonic()) > 0:
            # at most the usual time, so that a due moment that was moved closer again is not overslept
            if self._over.wait(min(left, self._seconds)):
                return
        self.has_bitten = True
        self._bite()
