"""What our own daemon tells of the files in its hands, where it keeps a state file."""

from __future__ import annotations

import time

from celestial_nasops import daemon_state
from celestial_nasops.daemon_state import DaemonState, InHand
from celestial_nasops.fault import LocalFault
from celestial_nasops.nas.capabilities import Capabilities

_STILL_SECONDS = 60.0  # twice the longest usual time between two looks of a waiting run


class DaemonProgress:
    """Remembers between looks how far each file was, to tell one that moves from one that is stuck."""

    def __init__(self, state_path: str) -> None:
        self._state_path = state_path
        self._seen: dict[str, tuple[int, float, float]] = {}  # how far it got, when that was seen, and in which try
        self._state: DaemonState | None = None

    @property
    def in_hand(self) -> tuple[InHand, ...] | None:
        """The files that it holds, as of the last look; None where it keeps no state file."""
        return None if self._state is None else self._state.in_hand

    @property
    def nas(self) -> Capabilities | None:
        """What it found the NAS able to do, as of the last look; None where it does not tell."""
        return None if self._state is None else self._state.nas

    @property
    def nas_away(self) -> str:
        """Why it leaves the NAS alone, as it records errors, as of the last look; empty where it does not."""
        return self._state.nas_away if self._state is not None and _lives(self._state) else ""

    def look(self) -> None:
        """Read the daemon's state file."""
        try:
            self._state = daemon_state.read(self._state_path)
        except LocalFault:
            self._state = None
        for file in self.in_hand or ():
            if file.bytes_done > self._seen.get(file.file_path, (0,))[0]:
                self._seen[file.file_path] = (file.bytes_done, time.monotonic(), file.started_at)

    def moving(self, path: str) -> InHand | None:
        """A file that is in hand and has moved lately, further than earlier tries; None where it is not, or has not.

        One that is sent again and again, and refused each time, does not move.
        """
        bytes_done, moved_at, began = self._seen.get(path, (0, 0.0, 0.0))
        if not bytes_done or time.monotonic() - moved_at > _STILL_SECONDS:
            return None
        return next((file for file in self.in_hand or () if (file.file_path, file.started_at) == (path, began)), None)

    def seconds_since_restart(self, moment: float) -> float | None:
        """How long ago the daemon was started, or gave its last sign of life where its process is gone.

        Args:
            moment: a restart before it does not count (Unix seconds).

        Returns:
            None where it works since then, or keeps no state file.
        """
        state = self._state
        if state is None:
            return None
        if not _lives(state):
            return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - state.heartbeat_boottime)
        return max(0.0, time.time() - state.started_at) if state.started_at >= moment else None

    def __str__(self) -> str:
        """Every file in hand, for a message."""
        files = self.in_hand or ()
        return ", ".join(f"{file.name} {file.bytes_done} of {file.bytes_total} bytes" for file in files)


def _lives(state: DaemonState) -> bool:
    """Whether the process that wrote it is there still."""
    return daemon_state.process_start_ticks(state.pid) == state.process_start_ticks
