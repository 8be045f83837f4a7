"""Whether the NAS has room for a file, found out before it is sent; one state for all lanes and the whole queue."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from collections.abc import Callable
from typing import NoReturn

from celestial_nasops import causes, paths, words
from celestial_nasops.config import Config
from celestial_nasops.daemon.board import coded
from celestial_nasops.daemon_events import FILE_PUT_OFF, TROUBLE_OVER, journalled
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.parts import Part
from celestial_nasops.source import size_of

_LOOK_FACTOR = 6  # half a minute at the usual 5 s
_LONGEST_LOOK_SECONDS = 60.0

log = logging.getLogger(__name__)


class NoRoom(NasFault):
    """The file does not fit. It waits, and smaller ones go on."""


class Room:
    """For all threads.

    Attributes:
        shortage: which file does not fit, and by how much; None where none is known.
        since: when that began (Unix seconds).
    """

    def __init__(self, config: Config, changed: Callable[[], None]) -> None:
        """Begin with a NAS that has room.

        Args:
            config: gives the reserve, and the pause between two looks.
            changed: called when room is short, and when it is not any more.
        """
        self._config = config
        self._reserve = config.nas_settings.reserve_bytes
        delay = config.sync_settings.retry_delay_seconds * _LOOK_FACTOR
        self._look_seconds = min(max(delay, 0.1), _LONGEST_LOOK_SECONDS)
        self._changed = changed
        self._lock = threading.Lock()
        self._held: dict[str, tuple[int, int]] = {}  # worker: what it is still to write, of how much (bytes)
        self._fits = 0
        self._waiting: dict[str, tuple[int, NoRoom]] = {}  # path: what it needs (bytes), and what is said of it
        self._tells = True
        self._looked_at = 0.0
        self.shortage: NoRoom | None = None
        self.since = 0.0

    def take(self, worker: str, files: NasFiles, record: FileRecord, day: dt.date, part: Part | None) -> None:
        """Reserve room for a file, but for what of it lies there already.

        Args:
            worker: who sends it.
            files: the NAS.
            record: the file's row.
            day: the day of transfer.
            part: what is known of an earlier try.

        Raises:
            NoRoom: there is too little.
            NasUnavailable: the NAS or its volume is away.
        """
        free, size = self._free(files), size_of(record)
        base = self._config.nas_settings.base_path.rstrip("/")  # under another one it may lie on another volume
        there = files.stat(part.remote_path) if part and part.remote_path.startswith(f"{base}/") else None
        needed = max(0, size - (there.size if there is not None else 0))
        with self._lock:
            self._held.pop(worker, None)
            if free is None or needed == 0 or needed <= self._left_of(free):
                self._held[worker] = (needed, size)
                self._waiting.pop(record.file_path, None)
                return
        copy = files.stat(paths.remote_path(self._config, record.file_name, day))
        if copy is None or copy.size != size:  # else it may have arrived before a crash
            self._refuse(record, needed, free, files.typed_after_ssh)

    def take_batch(self, worker: str, files: NasFiles, total: int) -> bool:
        """Reserve room for small files together; False where there is too little for all of them.

        Raises:
            NasUnavailable: the NAS or its volume is away.
        """
        free = self._free(files)
        with self._lock:
            self._held.pop(worker, None)
            if free is not None and total > self._left_of(free):
                return False
            self._held[worker] = (total, total)
            return True

    def _refuse(self, record: FileRecord, needed: int, free: int, target: str) -> NoReturn:
        values = {"path": record.file_path, "needed": words.size(needed), "free": words.size(free), "target": target}
        fault = NoRoom(causes.NAS_NO_ROOM, base=self._config.nas_settings.base_path, **values)
        with self._lock:
            news, self.shortage = self.shortage is None, fault
            self._waiting[record.file_path] = needed, fault
            if news:
                self.since = time.time()
            self._see(free)
        if news:
            told = journalled(
                FILE_PUT_OFF, fault, FILE_PATH=record.file_path, ROW_ID=record.id, FILE_SIZE=record.file_size
            )
            log.error("%s; smaller files go on; %s", coded(fault), fault.remedy, extra=told)
        self._changed()
        raise fault

    def moved(self, worker: str, bytes_done: int) -> None:
        """A worker has read so much of its file; what is left of it is still to be written."""
        with self._lock:
            if worker in self._held:
                needed, size = self._held[worker]
                self._held[worker] = (min(needed, max(0, size - bytes_done)), size)

    def give_back(self, worker: str) -> None:
        """The worker is done with its file, in whatever way."""
        with self._lock:
            self._held.pop(worker, None)

    @property
    def fitting_bytes(self) -> int | None:
        """The size of the largest file that is worth trying; None where any is."""
        with self._lock:
            return None if self.shortage is None else self._fits

    def seconds_to_look(self) -> float | None:
        """When to look for room again; None where it is not short."""
        with self._lock:
            return None if self.shortage is None else max(0.0, self._looked_at + self._look_seconds - time.monotonic())

    def look(self, files: Callable[[], NasFiles], waits: Callable[[str], bool]) -> None:
        """See how much is free now; the shortage ends where the smallest file that waits for room fits, or none does.

        Args:
            files: gives the NAS.
            waits: whether a file is still to be sent.

        Raises:
            DatabaseFault: that can't be told.
            NasFault: the NAS can't be reached.
        """
        self._looked_at = time.monotonic()  # also where it fails: then later again
        gone = [path for path in list(self._waiting) if not waits(path)]
        with self._lock:
            for path in gone:
                self._waiting.pop(path, None)
            if self._waiting and self.shortage is not None:
                self.shortage = min(self._waiting.values(), key=lambda one: one[0])[1]
        if not self._waiting:
            self._ends("nothing waits for room on the NAS any more after %s", self._lasting())
            return
        free = self._free(files())
        with self._lock:
            if free is not None:
                self._see(free)
                if min(needed for needed, _ in self._waiting.values()) > self._left_of(free):
                    return
            self._waiting.clear()
        size = "it does not tell how much" if free is None else words.size(free)
        self._ends("there is room on the NAS again after %s: %s", self._lasting(), size)

    def _lasting(self) -> str:
        return words.lasting(time.time() - self.since)

    def _ends(self, line: str, *values: str) -> None:
        with self._lock:
            ended, self.shortage = self.shortage is not None, None
        if ended:
            log.info(line, *values, extra=journalled(TROUBLE_OVER))
            self._changed()

    def _free(self, files: NasFiles) -> int | None:
        """How much is free (bytes); None where the NAS can't tell, which stops no file: a full disk is met in writing.

        Raises:
            NasUnavailable: the NAS or its volume is away.
        """
        try:
            free = files.free_bytes(self._config.nas_settings.base_path)
        except NasUnavailable:
            raise
        except NasFault as fault:
            if self._tells:
                what = "files are sent without knowing whether they fit: %s"
                log.warning(what, coded(fault), extra=journalled(fault=fault))
            self._tells = False
            return None
        self._tells = True
        return free

    def _see(self, free: int) -> None:
        self._looked_at, self._fits = time.monotonic(), max(0, self._left_of(free))

    def _left_of(self, free: int) -> int:
        return free - self._reserve - sum(left for left, _ in self._held.values())
