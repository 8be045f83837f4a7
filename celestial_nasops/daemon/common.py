"""What the workers under one configuration share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from celestial_nasops.bandwidth import Bandwidth
from celestial_nasops.config import Config
from celestial_nasops.daemon.board import Board
from celestial_nasops.daemon.deletion_guard import DeletionGuard
from celestial_nasops.daemon.dispatch import Dispatch
from celestial_nasops.daemon.leftovers import Leftovers
from celestial_nasops.daemon.nas_availability import NasAvailability
from celestial_nasops.daemon.nas_connections import NasConnections
from celestial_nasops.daemon.room import Room
from celestial_nasops.daemon.worker import Orders
from celestial_nasops.parts import Parts
from celestial_nasops.safe_delete_manager import SafeDeleteManager


@dataclass(frozen=True, slots=True)
class Common:
    """What the workers under one configuration share.

    Attributes:
        config: the configuration.
        orders: what they are told.
        board: where they say what they do.
        nas: the connections to it.
        availability: whether the NAS is there.
        dispatch: hands out the rows.
        deletes: the deletions that are pending.
        guard: stops them where something is wrong.
        room: what fits on the NAS.
        scheduled: called when one was added.
        bandwidth: what all of them may use together.
        parts: uploads of large files that can be gone on with.
        leftovers: what is to be removed from the NAS.
        unfinished: local path to the place on the NAS where a part of the file may lie.
    """

    config: Config
    orders: Orders
    board: Board
    nas: NasConnections
    availability: NasAvailability
    dispatch: Dispatch
    deletes: SafeDeleteManager
    guard: DeletionGuard
    room: Room
    scheduled: Callable[[], None]
    bandwidth: Bandwidth
    parts: Parts
    leftovers: Leftovers
    unfinished: dict[str, str] = field(default_factory=dict)
