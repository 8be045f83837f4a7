"""All workers under one configuration: several lanes, one for small files alone, one deleter."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

from celestial_nasops.bandwidth import Bandwidth
from celestial_nasops.config import Config
from celestial_nasops.daemon.bell import Bell
from celestial_nasops.daemon.board import Board
from celestial_nasops.daemon.common import Common
from celestial_nasops.daemon.deleter import Deleter
from celestial_nasops.daemon.deletion_guard import DeletionGuard
from celestial_nasops.daemon.dispatch import Dispatch
from celestial_nasops.daemon.lane import Lane
from celestial_nasops.daemon.leftovers import Leftovers
from celestial_nasops.daemon.nas_availability import NasAvailability
from celestial_nasops.daemon.nas_connections import NasConnections
from celestial_nasops.daemon.room import Room
from celestial_nasops.daemon.worker import Orders, Worker
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.parts import Parts
from celestial_nasops.safe_delete_manager import SafeDeleteManager

_GRACE_SECONDS = 60.0


class Crew:
    """Started once, ended once; a new configuration gets a new crew."""

    def __init__(
        self,
        config: Config,
        board: Board,
        deletes: SafeDeleteManager,
        guard: DeletionGuard,
        unfinished: dict[str, str],
        parts: Parts,
        bandwidth: Bandwidth,
        changed: Callable[[], None],
        *,
        once: bool = False,
    ) -> None:
        """Open what they need.

        Args:
            config: the configuration.
            board: where they say what they do.
            deletes: the deletions that are pending.
            guard: stops them where something is wrong.
            unfinished: local path to the place on the NAS where a part of the file may lie.
            parts: uploads of large files that can be gone on with.
            bandwidth: what all of them may use together.
            changed: called in a worker's thread when something has happened that the main thread should look at.
            once: end when there is nothing left to do.

        Raises:
            DatabaseFault: the queue can't be used.
        """
        self.availability = NasAvailability(config.sync_settings.retry_delay_seconds, changed)
        self.room = Room(config, changed)
        self._orders = Orders(once)
        self.nas = NasConnections(config, found=board.found)
        self._due = Bell()
        dispatch = Dispatch(self._orders, board, self.availability, config.sync_settings.retry_delay_seconds)
        self._bells = (dispatch.bell, self._due)
        common = Common(
            config=config,
            orders=self._orders,
            board=board,
            nas=self.nas,
            availability=self.availability,
            dispatch=dispatch,
            deletes=deletes,
            guard=guard,
            room=self.room,
            scheduled=self._due.ring,
            bandwidth=bandwidth,
            parts=parts,
            leftovers=Leftovers(config, parts),
            unfinished=unfinished,
        )
        step_seconds = config.sync_settings.sync_timeout_seconds + config.security.connection_timeout_seconds
        self._longest_silence = step_seconds + _GRACE_SECONDS
        count = config.security.max_concurrent_transfers
        with contextlib.ExitStack() as opened:

            def connection() -> MediaStatusDB:
                queue = config.database_settings
                return opened.enter_context(MediaStatusDB(queue.db_path, timeout_seconds=queue.connection_timeout))

            self._lanes = [Lane(f"lane-{number}", common, connection(), changed) for number in range(1, count + 1)]
            self._lanes.append(Lane("lane-small", common, connection(), changed, small_only=True))
            self._deleter = Deleter(common, connection(), self._due, changed)
            opened.pop_all()  # each worker closes its own

    def start(self) -> None:
        """Set the lanes to work, and the deleter; where all is done only once, the deleter comes after them."""
        for lane in self._lanes:
            lane.start()
        if not self._orders.once:
            self._deleter.start()

    def start_deleter(self) -> None:
        """Set the deleter to work where the lanes have ended."""
        self._deleter.start()

    def ring(self) -> None:
        """There may be something new in the queue, or the NAS is back."""
        for bell in self._bells:
            bell.ring()

    def finish(self) -> None:
        """Have everybody end after what is in hand."""
        self._orders.finish.set()
        self.ring()

    def abandon(self) -> None:
        """Have everybody put down what is in hand, and end."""
        self._orders.abandon.set()
        self.finish()

    def abort(self) -> None:
        """Cut the connections to the NAS, so that nobody waits for it."""
        self.nas.abort()

    def join(self, seconds: float) -> bool:
        """Wait for everybody's end, and tell whether it came in time."""
        deadline = time.monotonic() + seconds
        for worker in self._workers():
            worker.join(max(0.0, deadline - time.monotonic()))
        return not any(worker.is_alive() for worker in self._workers())

    @property
    def lanes(self) -> int:
        """How many files can be carried at a time; the lane for small ones does not count."""
        return len(self._lanes) - 1

    @property
    def lanes_have_ended(self) -> bool:
        """Whether no lane works any more."""
        return all(lane.is_over for lane in self._lanes)

    @property
    def has_ended(self) -> bool:
        """Whether nobody works any more."""
        return all(worker.is_over for worker in self._workers())

    @property
    def failure(self) -> str | None:
        """What ended a worker that should not have ended, with its name."""
        return next((f"{worker.name}: {worker.failure}" for worker in self._workers() if worker.failure), None)

    @property
    def stuck(self) -> str | None:
        """A worker that has shown no sign of life for too long, and for how long; None where all is well."""
        for worker in self._workers():
            silence = worker.silent_seconds()
            if not worker.is_over and silence > self._longest_silence:
                return f"{worker.name} has shown no sign of life for {silence:.0f} s"
        return None

    def _workers(self) -> list[Worker]:
        everybody: list[Worker] = [*self._lanes, self._deleter]
        return [worker for worker in everybody if worker.ident is not None]
