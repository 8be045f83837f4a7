"""What unfinished uploads leave on the NAS, and that it does not stay there when nobody goes on with it."""

from __future__ import annotations

import threading
import time

from celestial_nasops import batch
from celestial_nasops.config import Config
from celestial_nasops.database.records import TransferStatus
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.parts import Parts

_LOOK_AGAIN_SECONDS = 60.0
_TO_BE_SENT = (TransferStatus.PENDING, TransferStatus.TRANSFERRING)


class Leftovers:
    """One for all lanes under one configuration."""

    def __init__(self, config: Config, parts: Parts) -> None:
        """Begin; what a dead daemon left of a batch is removed at the first contact with the NAS."""
        self._prefix = batch.folder_prefix(config)
        self._parts = parts
        self._lock = threading.Lock()
        self._folders_removed = False
        self._left_behind: set[str] = set()
        self._looked_at = 0.0

    def left_behind(self, folder: str) -> None:
        """A batch's private folder could not be removed."""
        with self._lock:
            self._left_behind.add(folder)

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
                if record is None or record.transfer_status not in _TO_BE_SENT:
                    self._parts.unwanted(path)
            parts = self._parts.resting()
        return bool(self._left_behind) or any(part.unwanted for part in parts.values())

    def remove(self, files: NasFiles) -> None:
        """Remove what nobody goes on with.

        Raises:
            NasFault: it can't be removed now.
        """
        with self._lock:
            if not self._folders_removed and files.batch is not None:
                files.batch.remove_folders(self._prefix)
            self._folders_removed = True
            for folder in list(self._left_behind):
                if files.batch is not None:
                    files.batch.remove_folders(folder)
                self._left_behind.discard(folder)
            unwanted = {path: part for path, part in self._parts.resting().items() if part.unwanted}
            if unwanted:
                files.remove([part.remote_path for part in unwanted.values()])
                self._parts.gone(unwanted)
