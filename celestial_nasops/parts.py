"""What unfinished uploads of large files lie on the NAS: remembered durably, to go on with them or to remove them."""

from __future__ import annotations

import dataclasses
import json
import logging
import os
import threading
from collections.abc import Collection
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter, ValidationError

from celestial_nasops import regular_file
from celestial_nasops.durable import write_atomically
from celestial_nasops.fault import shown

FILE_NAME = "unfinished_uploads.json"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file on the NAS.

    Attributes:
        remote_path: where it lies, under a temporary name.
        source: device, inode, size (bytes) and time of modification (ns) of the local file that it is a part of. Of any
            other file it is no part, whatever it holds: a late packet of the earlier upload may still change it.
        unwanted: whether it is only to be removed.
    """

    remote_path: str
    source: tuple[int, int, int, int]
    unwanted: bool = False


class Parts:
    """The list, in memory and in a file. For all threads. What can't be saved is known until the end of the daemon."""

    def __init__(self, folder: str) -> None:
        """Read the list; where it can't be read, uploads begin anew."""
        self._path = os.path.join(folder, FILE_NAME)
        self._lock = threading.Lock()
        self._parts: dict[str, Part] = {}
        self._in_hand: set[str] = set()
        try:
            raw = json.loads(regular_file.read(self._path))  # not by pydantic, which refuses names that are no UTF-8
            self._parts = {path: TypeAdapter(Part).validate_python(part) for path, part in raw.items()}
        except FileNotFoundError:
            pass
        except (OSError, ValueError, AttributeError, ValidationError) as error:
            log.warning("%s can't be read, uploads that were cut off begin anew: %s", self._path, error)

    def of(self, local_path: str) -> Part | None:
        """The part of a file."""
        with self._lock:
            return self._parts.get(local_path)

    def began(self, local_path: str, part: Part) -> None:
        """A part is about to lie on the NAS; it is in hand until :meth:`put_down`."""
        with self._lock:
            self._in_hand.add(local_path)
            if self._parts.get(local_path) != part:
                self._parts[local_path] = part
                self._save()

    def put_down(self, local_path: str) -> None:
        """Nobody writes to the part of a file any more."""
        with self._lock:
            self._in_hand.discard(local_path)

    def unwanted(self, local_path: str) -> None:
        """The part of a file will not be gone on with; it is still to be removed."""
        with self._lock:
            part = self._parts.get(local_path)
            if part is not None and not part.unwanted:
                self._parts[local_path] = dataclasses.replace(part, unwanted=True)
                self._save()

    def gone(self, local_paths: Collection[str]) -> None:
        """There are no parts of these files on the NAS any more."""
        with self._lock:
            known = [path for path in local_paths if self._parts.pop(path, None) is not None]
            if known:
                self._save()

    def resting(self) -> dict[str, Part]:
        """The parts that are not in hand, by the local path."""
        with self._lock:
            return {path: part for path, part in self._parts.items() if path not in self._in_hand}

    def _save(self) -> None:
        text = json.dumps({path: asdict(part) for path, part in self._parts.items()}, indent=1, ensure_ascii=True)
        try:
            write_atomically(self._path, text.encode())
        except OSError as error:
            # The upload goes on; only a daemon that starts anew will not know of it.
            log.warning("%s can't be written: %s", shown(self._path), error.strerror or error)
