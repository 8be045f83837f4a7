"""The file ``pending_deletes.json``: one object for each file that waits for its verified, delayed deletion."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from celestial_nasops import regular_file
from celestial_nasops.durable import write_atomically

_LATEST = 1e11  # Unix seconds, some thousand years from now
_MOST_TRIES = 1000  # pauses double with each


@dataclass(frozen=True, slots=True)
class PendingDelete:
    """A local file whose copy lies on the NAS.

    Attributes:
        local_file_path: the file to delete.
        remote_file_path: its copy.
        local_checksum: hex; SHA-256 from this daemon, MD5 from older ones, empty where the list was rebuilt.
        scheduled_time: not deleted before (Unix seconds).
        created_time: when it was scheduled (Unix seconds).
        retry_count: how many tries went wrong.
        max_retries: how many may.
        local_size: of the file that was sent (bytes); None where that is not known.
        local_mtime_ns: its time of modification (ns); None where that is not known.
    """

    local_file_path: str
    remote_file_path: str
    local_checksum: str
    scheduled_time: float
    created_time: float
    retry_count: int
    max_retries: int
    local_size: int | None = None
    local_mtime_ns: int | None = None


_NAMES = [field.name for field in dataclasses.fields(PendingDelete)]


def read(path: str) -> list[PendingDelete]:
    """Read the list.

    Raises:
        OSError: it can't be read; FileNotFoundError where there is none.
        ValueError: it is not what it should be; the message says where.
    """
    content = regular_file.read(path)
    try:
        raw = json.loads(content)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(raw, list):
        raise ValueError("it is not a JSON array")  # noqa: TRY004 - for the caller it is one kind of trouble
    return [_entry(number, item) for number, item in enumerate(raw)]


def write(path: str, entries: Iterable[PendingDelete]) -> None:
    """Replace the list, durably.

    Raises:
        OSError: it could not be written.
    """
    # A line for each: it can be read so, and "indent", which no encoder in C knows, would take twice as long.
    # ASCII: a file name that is no UTF-8 has surrogates in it, which JSON can only hold escaped.
    lines = (json.dumps({name: getattr(entry, name) for name in _NAMES}, ensure_ascii=True) for entry in entries)
    write_atomically(path, "[\n{}\n]\n".format(",\n".join(lines)).encode())


def _entry(number: int, item: object) -> PendingDelete:
    if not isinstance(item, dict):
        raise ValueError(f"entry {number} is not an object")  # noqa: TRY004 - see read
    fields = _Fields(number, item)
    created = fields.number("created_time", _LATEST, default=0.0)
    return PendingDelete(
        local_file_path=fields.path("local_file_path"),
        remote_file_path=fields.path("remote_file_path"),
        local_checksum=fields.text("local_checksum"),
        scheduled_time=fields.number("scheduled_time", _LATEST),
        created_time=created,
        retry_count=int(fields.number("retry_count", _MOST_TRIES, default=0)),
        max_retries=int(fields.number("max_retries", _MOST_TRIES, default=0)),
        local_size=fields.optional_whole("local_size"),
        local_mtime_ns=fields.optional_whole("local_mtime_ns"),
    )


def _is_encodable(path: str) -> bool:
    try:
        os.fsencode(path)
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return False
    return True


class _Fields:
    """Typed access to one entry. pydantic is no help: it refuses the surrogates of a name that is no UTF-8."""

    def __init__(self, number: int, item: dict[str, Any]) -> None:
        self._number = number
        self._item = item

    def text(self, key: str) -> str:
        value = self._item.get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def path(self, key: str) -> str:
        value = self.text(key)
        if not value.startswith("/") or "\0" in value or not _is_encodable(value):
            raise self._wrong(key, "an absolute path")
        return value

    def number(self, key: str, limit: float, default: float | None = None) -> float:
        value = self._item.get(key, default)
        # "not within" rather than "beyond", for what is not a number
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= limit:
            raise self._wrong(key, f"a number up to {limit:g}")
        return value

    def optional_whole(self, key: str) -> int | None:
        value = self._item.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise self._wrong(key, "a whole number")
        return value

    def _wrong(self, key: str, right: str) -> ValueError:
        return ValueError(f"{key} of entry {self._number} should be {right}")
