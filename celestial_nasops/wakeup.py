"""Being woken when another process commits or changes a folder, instead of looking every few seconds."""

from __future__ import annotations

import contextlib
import math
import os
import select
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeVar

from celestial_nasops import inotify

T = TypeVar("T")

# A commit writes the -wal file, or the database and its journal.
_MASK = (
    inotify.MODIFY
    | inotify.CREATE
    | inotify.DELETE
    | inotify.MOVED_TO
    | inotify.MOVED_FROM
    | inotify.CLOSE_WRITE
    | inotify.DELETE_SELF
    | inotify.MOVE_SELF
    | inotify.ONLYDIR
)
_POLL_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 86_400.0
# The event of a commit comes up to 8 ms before the commit can be seen, so one look is not enough.
_SETTLING_SECONDS = 0.1
_PAUSES_SECONDS = (0.001, 0.002, 0.005)
_LAST_PAUSE_SECONDS = 0.01


class Wakeup:
    """Watches folders. For one thread.

    Attributes:
        degraded: why some folder can't be watched, so that it is polled; None where all is well.
    """

    def __init__(self, *folders: str, stop_fd: int | None = None) -> None:
        """Watch folders, each for what happens to the files directly in it.

        Args:
            folders: a folder that does not exist yet, or is replaced later, is polled until it can be watched.
            stop_fd: a descriptor that becomes readable when the wait shall end, such as the end of a pipe.
        """
        self.degraded: str | None = None
        self._stop_fd = stop_fd
        self._unwatched = set(folders)
        self._watched: dict[int, str] = {}
        self._inotify: inotify.Inotify | None = None
        self._substitute_fd = -1
        try:
            self._inotify = inotify.Inotify()
        except OSError as error:
            # fs.inotify.max_user_instances is 128 for all programs of a user together.
            self.degraded = f"inotify is not available: {error.strerror}"
            self._substitute_fd = os.eventfd(0, os.EFD_CLOEXEC)
        self._poll = select.poll()
        self._poll.register(self.fileno(), select.POLLIN)
        self._stop_poll = select.poll()
        if stop_fd is not None:
            self._poll.register(stop_fd, select.POLLIN)
            self._stop_poll.register(stop_fd, select.POLLIN)
        self._watch_missing()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop watching. Closing twice is fine."""
        if self._inotify is not None:
            self._inotify.close()
        elif self._substitute_fd >= 0:
            os.close(self._substitute_fd)
            self._substitute_fd = -1

    def fileno(self) -> int:
        """A descriptor that is readable when something happened; never, where inotify is not available."""
        return self._substitute_fd if self._inotify is None else self._inotify.fileno()

    @property
    def stopped(self) -> bool:
        """Whether ``stop_fd`` is readable."""
        return bool(self._stop_poll.poll(0)) if self._stop_fd is not None else False

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until something happens.

        Args:
            timeout_seconds: at most this long.

        Returns:
            True when something happened or may have happened, or ``stop_fd`` is readable; False when the time is over.
        """
        if self._watch_missing():
            return True  # what happened before it was watched went unseen
        limit = min(max(timeout_seconds, 0.0), _LONGEST_WAIT_SECONDS)
        if self.degraded is not None:
            limit = min(limit, _POLL_SECONDS)
        ready = self._poll.poll(math.ceil(limit * 1000))
        self._drain()
        return bool(ready) or limit < timeout_seconds

    def pause(self, seconds: float) -> None:
        """Rest a moment; only ``stop_fd`` ends it early."""
        if self._stop_fd is None:
            time.sleep(seconds)
        else:
            self._stop_poll.poll(math.ceil(seconds * 1000))

    def _drain(self) -> None:
        if self._inotify is None:
            return
        for event in self._inotify.read():
            if event.mask & (inotify.IGNORED | inotify.MOVE_SELF):
                # The folder is gone or is another one now; what lies at its path from now on is what counts.
                folder = self._watched.pop(event.watch, None)
                if folder is not None:
                    self._unwatched.add(folder)
                if event.mask & inotify.MOVE_SELF:
                    with contextlib.suppress(OSError):
                        self._inotify.remove_watch(event.watch)

    def _watch_missing(self) -> bool:
        """Watch what is not watched yet; True if that made a difference."""
        if self._inotify is None or not self._unwatched:
            return False
        self.degraded = None
        before = len(self._unwatched)
        for folder in sorted(self._unwatched):
            try:
                self._watched[self._inotify.add_watch(folder, _MASK)] = folder
            except OSError as error:
                self.degraded = f"{folder} can't be watched: {error.strerror}"
            else:
                self._unwatched.discard(folder)
        return len(self._unwatched) < before


def settle(look: Callable[[], T | None], wakeup: Wakeup, timeout_seconds: float) -> T | None:
    """Look until there is something to see: at once, and again when something happens.

    ``look`` should read through a connection that stays open. Reading raises no events, but opening and closing the
    database does, and so each look would cause the next.

    Args:
        look: returns None while there is nothing to see.
        wakeup: what tells that there may be.
        timeout_seconds: how long to go on. The last look comes after it.

    Returns:
        What was seen, or None when the time is over or the wake-up's ``stop_fd`` is readable.
    """
    deadline = time.monotonic() + timeout_seconds
    while True:
        found = look()
        if found is not None:
            return found
        remaining = deadline - time.monotonic()
        if remaining <= 0 or wakeup.stopped:
            return None
        if wakeup.wait(remaining) and wakeup.degraded is None:
            found = _look_repeatedly(look, wakeup, deadline)
            if found is not None:
                return found


def _look_repeatedly(look: Callable[[], T | None], wakeup: Wakeup, deadline: float) -> T | None:
    """Look for a tenth of a second, at a limited rate however many events there are.

    The events of that time stay unread, so the next wait returns at once and none is missed.
    """
    end = min(time.monotonic() + _SETTLING_SECONDS, deadline)
    pauses = iter(_PAUSES_SECONDS)
    while not wakeup.stopped:
        found = look()
        if found is not None:
            return found
        if time.monotonic() >= end:
            break
        wakeup.pause(next(pauses, _LAST_PAUSE_SECONDS))
    return None
