"""What unfinished uploads leave on the NAS, and that it does not stay there when nobody goes on with it."""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterable

from celestial_nasops import batch
from celestial_nasops.config import Config
from celestial_nasops.daemon.board import coded
from celestial_nasops.daemon_events import journalled
from celestial_nasops.fault import NasFault
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.remote_errors import is_of_the_path
from celestial_nasops.parts import Parts

_LOOK_AGAIN_SECONDS = 60.0

log = logging.getLogger(__name__)


class Leftovers:
    """One for all lanes under one configuration."""

    def __init__(self, config: Config, parts: Parts) -> None:
        """Begin; what a dead daemon left of a batch is removed at the first contact with the NAS."""
        self._folders = {batch.folder_prefix(config)}
        self._files: set[str] = set()
        self._parts = parts
        self._lock = threading.Lock()
        self._is_known = False
        self._looked_at = 0.0
        self._again_at = 0.0
        self._said = ""

    def folder_left(self, folder: str) -> None:
        """A private folder of a batch could not be removed."""
        with self._lock:
            self._folders.add(folder)
            self._is_known, self._again_at = True, 0.0

    def files_left(self, paths: Iterable[str]) -> None:
        """There may be unfinished uploads with which nobody goes on."""
        with self._lock:
            before = len(self._files)
            self._files.update(paths)
            if len(self._files) > before:
                self._is_known, self._again_at = True, 0.0

    def spare(self, path: str) -> None:
        """An upload is about to be written there."""
        with self._lock:
            self._files.discard(path)

    def find(self, db: MediaStatusDB) -> bool:
        """Find parts of files that are not to be sent any more; True where there is something to remove by now.

        Raises:
            DatabaseFault: the queue can't be read.
        """
        if time.monotonic() < self._again_at:  # a NAS that keeps it is not to be kept awake for it
            return False
        parts = self._parts.resting()
        if parts and time.monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            for path in parts:
                if not db.is_to_be_sent(path):
                    self._parts.unwanted(path)
            parts = self._parts.resting()
        return self._is_known or any(part.unwanted for part in parts.values())

    def remove(self, files: NasFiles) -> None:
        """Remove what nobody goes on with. What stays all the same keeps no file waiting; it is tried again later.

        Raises:
            NasUnavailable: the NAS is away.
        """
        with self._lock:
            if time.monotonic() < self._again_at:
                return
            for folder in list(self._folders):
                if self._could(functools.partial(_remove_folders, files, folder)):
                    self._folders.discard(folder)
            if self._files and self._could(lambda: files.remove(list(self._files))):
                self._files.clear()
            unwanted = {path: part for path, part in self._parts.resting().items() if part.unwanted}
            if unwanted and self._could(lambda: files.remove([part.remote_path for part in unwanted.values()])):
                self._parts.gone(unwanted)
            self._is_known = bool(self._folders or self._files)

    def _could(self, remove: Callable[[], object]) -> bool:
        try:
            remove()
        except NasFault as fault:
            if not is_of_the_path(fault):
                raise
            self._again_at = time.monotonic() + _LOOK_AGAIN_SECONDS
            if str(fault) != self._said:
                self._said = str(fault)
                log.warning("an unfinished upload stays there: %s", coded(fault), extra=journalled(fault=fault))
            return False
        return True


def _remove_folders(files: NasFiles, prefix: str) -> None:
    if files.batch is not None:
        files.batch.remove_folders(prefix)
