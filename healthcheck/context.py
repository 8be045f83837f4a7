"""What one run knows and shares among its probes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from celestial_nasops.config import Config
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB
from celestial_nasops.nas.target import SshTarget, resolve
from healthcheck.ledger import Debt, Ledger
from healthcheck.marked_file import MarkedFile
from healthcheck.moments import RunClock, iso
from healthcheck.nas_link import NasLink
from healthcheck.status_file import Event, printable
from healthcheck.stop import Interrupted, Nudge


@dataclass(slots=True)
class Followed:
    """A marked file on its way. Moments are Unix seconds, as this run saw them."""

    file: MarkedFile
    debt: Debt
    inserted_at: float | None = None
    transferring_at: float | None = None
    completed_at: float | None = None
    clock_offset: float | None = None
    """Of the clock that ``completed_at`` was read from."""
    gone_at: float | None = None
    copy_is: str | None = None
    """What the verification found on the NAS: ``right``, ``missing`` or ``changed``."""
    record: FileRecord | None = None


class TargetOnce:
    """The NAS as ssh would resolve it, asked once, by whichever thread needs it first."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._lock = threading.Lock()
        self._target: SshTarget | None = None

    def __call__(self) -> SshTarget:
        """Ask ssh, if that was not done yet.

        Raises:
            Fault: the alias can't be resolved; the next caller tries again.
        """
        with self._lock:
            if self._target is None:
                self._target = resolve(self._config)
            return self._target


@dataclass(slots=True)
class Run:
    """One run: its configuration, its limits, what it has seen so far, and what it owes."""

    config: Config
    config_path: str
    run_id: str
    started_at: float
    clock: RunClock
    nudge: Nudge
    ledger: Ledger
    target: Callable[[], SshTarget]
    """The NAS as ssh would resolve it; raises Fault if the alias can't be resolved."""
    nas: NasLink
    tell: Callable[[str], None]
    """Shows what is being waited for."""
    tick: Callable[[], None]
    """Shows how long it has been waited for."""
    file_count: int = 1
    size_bytes: int = 1024
    insert: bool = True
    own_daemon: bool = False
    """Whether the daemon is ours and was seen to work with the installed code and the present configuration."""
    queue_file: tuple[int, int] | None = None
    """The device and the inode of the queue that the rows were inserted into."""
    followed: list[Followed] = field(default_factory=list)
    decoy: Followed | None = None
    """The file with a wrong hash, where the negative proof is made; never among those that are followed."""
    timeline: list[Event] = field(default_factory=list)
    worker: threading.Thread | None = None
    """The thread of the probe that is under way; one that was given up is not it any more."""

    def note(self, event: str, at: float | None = None) -> None:
        """Record a moment (Unix seconds; now if left out)."""
        self.timeline.append(Event(at=iso(time.time() if at is None else at), event=printable(event)))

    def open_database(self, timeout_seconds: float | None = None) -> MediaStatusDB:
        """Open the queue as it is; nothing is created.

        Raises:
            DatabaseFault: it can't be used.
        """
        seconds = timeout_seconds or self.config.check_settings.database_timeout_seconds
        return MediaStatusDB(self.config.database_settings.db_path, timeout_seconds=seconds)

    def check_interrupted(self) -> None:
        """End the probe if the run was asked to end, or has given this probe up.

        Raises:
            Interrupted: it was, or has.
        """
        if self.nudge.asked.is_set() or self.worker not in (None, threading.current_thread()):
            raise Interrupted
