"""What our own daemon tells of the files in its hands, where it keeps a state file."""

from __future__ import annotations

import time

from celestial_nasops import daemon_state
from celestial_nasops.daemon_state import InHand
from celestial_nasops.fault import LocalFault

_STILL_SECONDS = 60.0  # twice the longest usual time between two looks of a waiting run


class DaemonProgress:
    """Remembers between looks how far each file was, to tell one that moves from one that is stuck."""

    def __init__(self, state_path: str) -> None:
        self._state_path = state_path
        self._seen: dict[str, tuple[int, float]] = {}
        self.in_hand: tuple[InHand, ...] | None = None
        """The files that it holds, as of the last look; None where it keeps no state file."""

    def look(self) -> None:
        """Read the daemon's state file."""
        try:
            state = daemon_state.read(self._state_path)
        except LocalFault:
            state = None
        self.in_hand = None if state is None else state.in_hand
        for file in self.in_hand or ():
            if file.bytes_done > self._seen.get(file.file_path, (0, 0.0))[0]:
                self._seen[file.file_path] = (file.bytes_done, time.monotonic())

    def moving(self, path: str) -> InHand | None:
        """A file that is in hand and has moved lately; None where it is not, or has not."""
        bytes_done, moved_at = self._seen.get(path, (0, 0.0))
        if not bytes_done or time.monotonic() - moved_at > _STILL_SECONDS:
            return None
        return next((file for file in self.in_hand or () if file.file_path == path), None)

    def __str__(self) -> str:
        """Every file in hand, for a message."""
        files = self.in_hand or ()
        return ", ".join(f"{file.name} {file.bytes_done} of {file.bytes_total} bytes" for file in files)
