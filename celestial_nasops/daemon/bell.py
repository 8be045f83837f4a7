"""What wakes a sleeping thread, without losing a ring that comes while it is awake."""

from __future__ import annotations

import math
import threading
import time


class Bell:
    """Rung from any thread.

    Attributes:
        rings: how often it has rung.
        rang_at: when it rang last (monotonic seconds).
    """

    def __init__(self) -> None:
        self.rings = 0
        self.rang_at = -math.inf
        self._condition = threading.Condition()

    def ring(self) -> None:
        """Wake whoever waits."""
        with self._condition:
            self.rings += 1
            self.rang_at = time.monotonic()
            self._condition.notify_all()

    def wait(self, heard: int, timeout_seconds: float | None) -> None:
        """Wait for a ring.

        Args:
            heard: the value of ``rings`` before its caller last looked; a ring since then ends the wait at once.
            timeout_seconds: at most this long; None for as long as it takes.
        """
        with self._condition:
            self._condition.wait_for(lambda: self.rings != heard, timeout_seconds)
