"""What can't be bounded in time is done in a thread of its own, and waited for no longer than that."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Beside(Generic[T]):
    """Something that is done in a thread of its own, because nothing else could end its wait."""

    def __init__(self, act: Callable[[], T]) -> None:
        self._done: queue.SimpleQueue[T | BaseException] = queue.SimpleQueue()
        threading.Thread(target=self._do, args=(act,), name="beside", daemon=True).start()

    def _do(self, act: Callable[[], T]) -> None:
        try:
            self._done.put(act())
        except BaseException as error:  # noqa: BLE001 - raised again where the result is asked for
            self._done.put(error)

    def result(self, timeout_seconds: float) -> T | None:
        """What came of it, None where it took too long; what it raised is raised here."""
        try:
            got = self._done.get(timeout=max(0.0, timeout_seconds))
        except queue.Empty:
            return None
        if isinstance(got, BaseException):
            raise got
        return got
