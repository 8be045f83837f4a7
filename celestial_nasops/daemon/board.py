"""What the daemon shows of itself: files in hand, the last error, and the line for ``systemctl status``."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from celestial_nasops import daemon_state, words
from celestial_nasops.control import Order
from celestial_nasops.daemon_events import NAS_GIVES, Told, journalled
from celestial_nasops.daemon_state import InHand
from celestial_nasops.fault import Fault, LocalFault, NasFault, shown
from celestial_nasops.nas.capabilities import Capabilities

_RATE_SECONDS = 1.0
_NOTHING_MOVES_SECONDS = 5.0
_SAME_AGAIN_SECONDS = 60.0  # what is tried again and again fills no journal

log = logging.getLogger(__name__)


def coded(fault: Fault) -> str:
    """A fault in one line that a program can read, too: its code in brackets, then what happened."""
    return f"[{fault.code}] {fault.summary}"


def nas_known_to(state_path: str) -> Capabilities | None:
    """What an earlier daemon has found out about the NAS, so that a change meanwhile shows."""
    try:
        state = daemon_state.read(state_path)
    except LocalFault:
        return None  # it is written anew, and of nothing else it is the only record
    return state.nas if state is not None else None


@dataclass(slots=True)
class _Rate:
    """How fast a file is sent: measured anew every second, and smoothed.

    Attributes:
        since: when this measurement began (monotonic seconds).
        piece: what is being sent (bytes).
        sent: how much was sent since the measurement began (bytes).
        before: the rate until then; None while the first measurement lasts.
    """

    since: float
    piece: int
    sent: int = 0
    before: float | None = None

    def next(self, size: int) -> None:
        """One piece is sent, and the next one is about to be."""
        self.sent, self.piece = self.sent + self.piece, size
        now = time.monotonic()
        if now - self.since >= _RATE_SECONDS:
            self.before = self._over(now - self.since)
            self.since, self.sent = now, 0

    @property
    def now(self) -> float:
        """Bytes per second; 0 where it is not known, or where nothing moves."""
        seconds = time.monotonic() - self.since
        if seconds > _NOTHING_MOVES_SECONDS:
            return 0.0
        if self.before is not None:
            return self.before
        return self.sent / seconds if seconds > 0 else 0.0

    def _over(self, seconds: float) -> float:
        measured = self.sent / seconds
        return measured if self.before is None else (self.before + measured) / 2


class Board:
    """Written by all workers, read by the main thread.

    Attributes:
        last_error: the last error with its time; empty where there was none.
        errors: how many there were.
        nas: what the NAS can do, as it was found out last; None where it never was.
    """

    def __init__(self, changed: Callable[[], None], nas: Capabilities | None = None) -> None:
        """Begin with nothing to show.

        Args:
            changed: called when a file is taken up or put down, and at news; not while one moves.
            nas: what an earlier daemon found out about the NAS.
        """
        self.last_error = ""
        self.errors = 0
        self.nas = nas
        self._changed = changed
        self._lock = threading.Lock()
        self._in_hand: dict[str, InHand] = {}
        self._rates: dict[str, _Rate] = {}
        self._logged: tuple[str, float] = ("", 0.0)

    def took(self, worker: str, path: str, size: int) -> None:
        """A worker has taken a file in hand; ``size`` in bytes."""
        with self._lock:
            # The path is for reading: a state file is UTF-8, a file's name need not be.
            self._in_hand[worker] = InHand(shown(path), 0, size, time.time())
            self._rates.pop(worker, None)
        self._changed()

    def moved(self, worker: str, bytes_done: int) -> None:
        """So much of it has been read; some of that may lie on the NAS already."""
        with self._lock:
            self._in_hand[worker] = replace(self._in_hand[worker], bytes_done=bytes_done)

    def sends(self, worker: str, size: int) -> None:
        """So many bytes are about to be sent."""
        with self._lock:
            rate = self._rates.get(worker)
            if rate is None:
                self._rates[worker] = _Rate(time.monotonic(), size)
            else:
                rate.next(size)

    def put_down(self, worker: str) -> None:
        """The worker is done with it, in whatever way."""
        with self._lock:
            self._in_hand.pop(worker, None)
        self._changed()

    def in_hand(self) -> list[InHand]:
        """The files in hand, the oldest first."""
        with self._lock:
            files = [
                replace(file, bytes_per_second=self._rates[worker].now) if worker in self._rates else file
                for worker, file in self._in_hand.items()
            ]
        return sorted(files, key=lambda file: file.started_at)

    def found(self, nas: Capabilities) -> None:
        """A connection has found out what the NAS can do: say so where it is not what was known."""
        with self._lock:
            before, self.nas = self.nas, nas
        if before == nas:
            return
        if before is None:
            log.info("the NAS gives %s", nas, extra=journalled(NAS_GIVES))
        else:
            told = journalled(NAS_GIVES)
            log.warning("what the NAS gives has changed: %s; before, it was %s", nas, before, extra=told)
        self._changed()

    def report(self, fault: Fault, about: str = "", told: Mapping[str, Told] | None = None) -> None:
        """Log an error and keep it as the last one.

        Args:
            fault: the error.
            about: what it means for whom, for the log.
            told: what that line tells programs; by default what the fault is.
        """
        line = f"{about}: {coded(fault)}" if about else coded(fault)
        now = time.monotonic()
        with self._lock:
            self.errors += 1
            self.last_error = f"{time.strftime('%H:%M:%S')} {coded(fault)}"
            last, at = self._logged
            is_news = line != last or now - at > _SAME_AGAIN_SECONDS
            if is_news:
                self._logged = (line, now)
        if is_news:
            log.error("%s; %s", line, fault.remedy, extra=told or journalled(fault=fault))
        self._changed()


@dataclass(frozen=True, slots=True)
class Situation:
    """All that the status line tells.

    Attributes:
        doing: what the daemon does, where that is nothing of the below; empty otherwise.
        in_hand: files that are being carried.
        lanes: how many could be.
        waiting: rows that are ready; None where the queue can't be read.
        away_since: when the NAS went away (Unix seconds), and why.
        away: see ``away_since``.
        troubles: what an operator should see at once.
        last_error: the last error.
        read_only: folders in which nothing can be written.
        deletions_stopped: why nothing is deleted until a person has looked; empty where that is not so.
        deletions_unsaved: why the list of deletions can't be saved; empty where it is.
        no_room: which file does not fit on the NAS; empty where all do.
        paused: the order to carry and delete nothing; None where there is none.
        nas: what the NAS can do, as far as it was found out.
    """

    doing: str
    in_hand: list[InHand]
    lanes: int
    waiting: int | None
    away_since: float | None
    away: NasFault | None
    troubles: list[str]
    last_error: str
    read_only: list[LocalFault] = field(default_factory=list)
    deletions_stopped: str = ""
    deletions_unsaved: str = ""
    paused: Order | None = None
    no_room: str = ""
    nas: Capabilities | None = None


def status_line(now: Situation) -> str:
    """Say in one line what the daemon does, what waits, and what is wrong."""
    if now.doing:
        parts = [now.doing]
    elif now.paused is not None:
        parts = [_paused(now.paused), *([_sending(now.in_hand, now.lanes)] if now.in_hand else [])]
    elif now.away_since is not None:
        since = time.strftime("%H:%M", time.localtime(now.away_since))
        parts = [f"NAS away since {since}: {now.away}"]
    elif now.in_hand:
        parts = [_sending(now.in_hand, now.lanes)]
    else:
        parts = ["idle"]
    parts.append("the queue can't be read" if now.waiting is None else f"{now.waiting} waiting")
    parts += [coded(fault) for fault in now.read_only]
    parts += now.troubles
    if now.last_error:
        parts.append(f"last error {now.last_error}")
    return "; ".join(parts)


def _paused(order: Order) -> str:
    why = f" ({shown(order.reason)})" if order.reason else ""
    return f"paused by {shown(order.by)} since {words.clock(order.at)}{why}, until 'media-sync-daemon resume'"


def _sending(in_hand: list[InHand], lanes: int) -> str:
    first = in_hand[0]
    done = f"{100 * min(first.bytes_done, first.bytes_total) // first.bytes_total} %, " if first.bytes_total else ""
    rate = f"{words.size(first.bytes_per_second)}/s, " if first.bytes_per_second else ""
    return f"sending {first.name} ({done}{rate}{len(in_hand)} of {lanes} lanes)"
