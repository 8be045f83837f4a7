"""What unfinished uploads leave on the NAS, and that it does not stay there when nobody goes on with it."""

from __future__ import annotations

import threading
import time

from celestial_nasops import batch
from celestial_nasops.config import Config
from celestial_nasops.database.records import TO_BE_SENT
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.parts import Parts

_LOOK_AGAIN_SECONDS = 60.0


class Leftovers:
    """One for all lanes under one configuration."""

    def __init__(self, config: Config, parts: Parts) -> None:
        """Begin; what a dead daemon left of a batch is removed at the first contact with the NAS."""
        self._folders = {batch.folder_prefix(config)}
        self._parts = parts
        self._lock = threading.Lock()
        self._is_known = False
        self._looked_at = 0.0

    def folder_left(self, folder: str) -> None:
        """A private folder of a batch could not be removed."""
        self._folders.add(folder)
        self._is_known = True

    def find(self, db: MediaStatusDB) -> bool:
        """Find parts of files that are not to be sent any more; True where there is something to remove.

        Raises:
            DatabaseFault: the queue can't be read.
        """
        parts = self._parts.resting()
        if parts and time.monotonic() - self._looked_at > _LOOK_AGAIN_SECONDS:
            self._looked_at = time.monotonic()
            for path in parts:
                record = db.find(path)
                if record is None or record.transfer_status not in TO_BE_SENT:
                    self._parts.unwanted(path)
            parts = self._parts.resting()
        return self._is_known or any(part.unwanted for part in parts.values())

    def remove(self, files: NasFiles) -> None:
        """Remove what nobody goes on with.

        Raises:
            NasFault: it can't be removed now.
        """
        with self._lock:
            while self._folders:
                folder = next(iter(self._folders))
                if files.batch is not None:
                    files.batch.remove_folders(folder)
                self._folders.discard(folder)
            self._is_known = False
            unwanted = {path: part for path, part in self._parts.resting().items() if part.unwanted}
            if unwanted:
                files.remove([part.remote_path for part in unwanted.values()])
                self._parts.gone(unwanted)
