"""How a waiting run is woken from outside: by a signal that ends it, or by news from another of its threads."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from types import FrameType


class Interrupted(Exception):  # noqa: N818 - no error
    """The run was asked to end, or this probe was given up."""


class Nudge:
    """A pipe that wakes whoever waits on its descriptor, and remembers whether the run is to end."""

    def __init__(self) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.signal_name: str | None = None
        """The signal that asked for the end of the run, once one did."""
        self.asked = threading.Event()
        """Set once the run is to end."""
        self._asked_at = 0.0

    def fileno(self) -> int:
        """Readable when there is news."""
        return self._read

    def poke(self) -> None:
        """Wake the one who waits."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._write, b"!")

    def drain(self) -> None:
        """Take the news. Once the run is to end, the descriptor stays readable, so that no later wait is long."""
        if not self.asked.is_set():
            with contextlib.suppress(BlockingIOError):
                os.read(self._read, 4096)

    def seconds_since_asked(self) -> float:
        """How long the run has been asked to end; 0 while it has not."""
        return time.monotonic() - self._asked_at if self.asked.is_set() else 0.0

    def catch_signals(self) -> None:
        """Let SIGTERM, SIGINT and SIGHUP ask for the end of the run."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if not self.asked.is_set():
            self.signal_name, self._asked_at = signal.Signals(number).name, time.monotonic()
        self.asked.set()
        self.poke()
