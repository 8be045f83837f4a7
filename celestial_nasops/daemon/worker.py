"""A thread of the daemon that shows whether it is alive, and whose unexpected end ends the daemon."""

from __future__ import annotations

import abc
import os
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field

from celestial_nasops.fault import Fault


@dataclass(frozen=True, slots=True)
class Orders:
    """What all workers are told.

    Attributes:
        finish: take nothing new in hand.
        abandon: put down what is in hand, too.
        once: end when there is nothing left to do.
    """

    once: bool = False
    finish: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)


class Worker(threading.Thread, abc.ABC):
    """A thread with a pulse.

    Attributes:
        failure: what ended it unexpectedly, in one line; None where nothing did.
        is_over: whether its work has ended; true already when ``ended`` is called.
    """

    def __init__(self, name: str, ended: Callable[[], None]) -> None:
        """Prepare it; ``ended`` is called in the thread as its last act."""
        super().__init__(name=name, daemon=True)
        self.failure: str | None = None
        self.is_over = False
        self._ended = ended
        self._due: float | None = None

    @abc.abstractmethod
    def work(self) -> None:
        """What it does, until it is told to end."""

    def run(self) -> None:
        """Work, and keep whatever ends that unexpectedly."""
        try:
            self.work()
        except BaseException as error:  # noqa: BLE001 - it is the daemon that ends over it, with one line
            self.failure = described(error)
        finally:
            self.is_over = True
            self._ended()

    def beat(self, seconds: float = 0.0) -> None:
        """Show a sign of life; the next one may take that many seconds longer than usual."""
        self._due = time.monotonic() + seconds

    def rest(self) -> None:
        """Wait for something to do, which may take any time."""
        self._due = None

    def silent_seconds(self) -> float:
        """For how long a sign of life has been due."""
        due = self._due
        return 0.0 if due is None else max(0.0, time.monotonic() - due)


def described(error: BaseException) -> str:
    """An unexpected error in one line: what it is, and where it was raised."""
    if isinstance(error, Fault):
        return f"[{error.code}] {error}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({os.path.basename(frames[-1].filename)}:{frames[-1].lineno})" if frames else ""
    return " ".join(f"{type(error).__name__}: {error}{place}".split())
