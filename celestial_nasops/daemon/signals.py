"""What wakes the daemon's main thread: signals, and its own workers."""

from __future__ import annotations

import contextlib
import os
import signal
from types import FrameType


class Signals:
    """A pipe that becomes readable at a signal or a poke. Handlers only set flags.

    Attributes:
        terminate: SIGTERM or SIGINT came.
        reread: SIGHUP came; whoever heeds it sets it back.
        finish: SIGUSR1 came: the end is wanted, but not before what is in hand is done.
    """

    def __init__(self) -> None:
        self.terminate = False
        self.reread = False
        self.finish = False
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def catch(self) -> None:
        """Take over the handling of signals, in the main thread and for good."""
        # The interpreter writes to the pipe at once, even where the handler itself has to wait for the main thread:
        # without it, a signal just before a wait is handled after that wait.
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1):
            signal.signal(number, self._on_signal)

    def fileno(self) -> int:
        """Readable when there is news."""
        return self._read

    def poke(self) -> None:
        """Wake the main thread, from any thread."""
        with contextlib.suppress(BlockingIOError):  # full: it is about to wake anyway
            os.write(self._write, b"\0")

    def drain(self) -> None:
        """Take the news; the flags tell what it was."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._read, 4096):
                pass

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self.reread = True
        elif number == signal.SIGUSR1:
            self.finish = True
        else:
            self.terminate = True
