"""Who takes the next rows, and when: one lane at a time looks into the queue, the others sleep."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from typing import Protocol

from celestial_nasops.daemon.bell import Bell
from celestial_nasops.daemon.board import Board
from celestial_nasops.daemon.nas_availability import NasAvailability
from celestial_nasops.daemon.worker import Orders
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import DatabaseFault, NasUnavailable

# The event of a commit comes up to 8 ms before the commit can be seen, so after each one look for a while.
_SETTLING_SECONDS = 0.1
_SHORTEST_GAP_SECONDS, _LONGEST_GAP_SECONDS = 0.001, 0.01
_LONGEST_PAUSE_SECONDS = 600.0
_DATABASE_PAUSE_SECONDS = 1.0


class Taker(Protocol):
    """Who asks for a row."""

    @property
    def small_only(self) -> bool:
        """Whether it leaves large files to others."""

    def claim(self, excluding: Sequence[int]) -> list[FileRecord]:
        """Take rows in hand, except for those with these ids, or raise DatabaseFault."""

    def connect(self) -> None:
        """Prove that the NAS and its volume can be reached, or raise NasUnavailable."""

    def idle(self) -> float | None:
        """Called when it begins to wait; returns in how many seconds to be called again, if at all."""


class Dispatch:
    """Hands out the rows of the queue.

    The lane whose turn it is waits for the next row; with the row in hand it passes the turn on. So a commit wakes one
    lane and not all, and rows that are in back-off are known in one place. The lane for small files has a turn of its
    own, so that it is never all the others' turn while they are busy with large ones.

    Attributes:
        bell: rung when there may be something new, and when the orders change.
    """

    def __init__(self, orders: Orders, board: Board, availability: NasAvailability, retry_delay_seconds: float) -> None:
        self._orders = orders
        self._board = board
        self._availability = availability
        self._retry_delay_seconds = retry_delay_seconds
        self.bell = Bell()
        self._turns = {small_only: threading.Lock() for small_only in (False, True)}
        self._probing = threading.Lock()
        self._lock = threading.Lock()
        self._put_off: dict[int, tuple[int, float]] = {}  # row id: times, until when (monotonic seconds)
        self._pause_until = 0.0

    def put_off(self, row_id: int) -> float:
        """Leave a row alone for a while, each time for longer, and return for how long (seconds).

        When the daemon works once only, it is left alone until the end.
        """
        with self._lock:
            times = self._put_off.get(row_id, (0, 0.0))[0]
            pause = min(self._retry_delay_seconds * 2.0 ** min(times, 20), _LONGEST_PAUSE_SECONDS)
            until = math.inf if self._orders.once else time.monotonic() + pause
            self._put_off[row_id] = (times + 1, until)
        return pause

    def done_with(self, row_id: int) -> None:
        """The row will not come back."""
        with self._lock:
            self._put_off.pop(row_id, None)

    def next_records(self, taker: Taker) -> list[FileRecord]:
        """Wait for rows and take them in hand.

        Returns:
            None of them when the work is to end.
        """
        turn = self._turns[taker.small_only]
        while not turn.acquire(timeout=_as_timeout(taker.idle())):
            pass
        try:
            while not self._orders.finish.is_set():
                heard = self.bell.rings
                records = self._take(taker) if self._pause() == 0 else []
                if records or self._orders.once:
                    return records
                self._rest(heard, taker.idle())
            return []
        finally:
            turn.release()

    def _take(self, taker: Taker) -> list[FileRecord]:
        if self._availability.away_since is not None and not self._is_back(taker):
            return []
        try:
            return taker.claim(self._left_alone())
        except DatabaseFault as fault:
            self._board.report(fault)
            self._pause_until = time.monotonic() + max(self._retry_delay_seconds, _DATABASE_PAUSE_SECONDS)
            return []

    def _is_back(self, taker: Taker) -> bool:
        """See whether the NAS is back first: a row that is taken and returned each time would look like work."""
        with self._probing:
            if self._availability.away_since is None:
                return True  # somebody else has just seen it
            if self._pause() > 0:
                return False
            try:
                taker.connect()
            except NasUnavailable as fault:
                self._availability.failed(fault)
                return False
            self._availability.connected()
            return True

    def _pause(self) -> float:
        return max(self._availability.pause_left(), self._pause_until - time.monotonic(), 0.0)

    def _left_alone(self) -> list[int]:
        now = time.monotonic()
        with self._lock:
            return [row_id for row_id, (_, until) in self._put_off.items() if until > now]

    def _rest(self, heard: int, at_most: float | None) -> None:
        """Wait for the bell, the end of a pause or of a row's back-off, whichever comes first."""
        pause = self._pause()
        if pause > 0:  # nothing that is new changes that
            self._orders.finish.wait(pause)
            return
        since = time.monotonic() - self.bell.rang_at
        if since < _SETTLING_SECONDS:
            self._orders.finish.wait(min(max(since, _SHORTEST_GAP_SECONDS), _LONGEST_GAP_SECONDS))
            return
        now = time.monotonic()
        with self._lock:
            waits = [until - now for _, until in self._put_off.values() if now < until < math.inf]
        if at_most is not None:
            waits.append(at_most)
        self.bell.wait(heard, max(0.0, min(waits)) if waits else None)


def _as_timeout(seconds: float | None) -> float:
    """As a lock takes it: -1 for ever."""
    return -1 if seconds is None else max(0.0, seconds)
