"""What runs owe: every file, row and copy that a run is about to leave stands here before it exists.

So whatever kills a run, the next one knows what to clean up, and which deletion it has to settle.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from celestial_nasops import durable, regular_file
from healthcheck import marked_file, state_folder
from healthcheck.stop import Interrupted

FILE_NAME = "ledger.json"
# So far from the ends of the calendar that a moment can be moved along with the clock.
_LAST_MOMENT = 1e11
_Moment = Annotated[float, Field(ge=-_LAST_MOMENT, le=_LAST_MOMENT, allow_inf_nan=False)]
_Whole = Annotated[int, Field(ge=-(2**63), lt=2**63)]  # what SQLite and the kernel can hold


class Debt(BaseModel):
    """One marked file and all that may exist of it. Times are Unix seconds.

    ``due``: ``cleanup`` when everything of it is to be removed, ``deletion`` while the daemon's delayed deletion of the
    local file is awaited. ``media_device`` and ``media_inode``: of the media folder, to tell a file that is gone from a
    volume that is away. ``local_inode`` and ``local_mtime_ns``: of the file, to tell it from
    another one in its place. ``clock_offset``: wall clock minus time since boot, to tell a clock that was set.
    ``spared_until``: when what may be another check's is taken for left behind.
    """

    model_config = ConfigDict(extra="ignore")

    run_id: str
    name: str
    local_path: str
    size: int = Field(ge=0, lt=2**63)
    sha256: str = ""
    created_at: _Moment
    remote_paths: list[str]
    row_id: _Whole | None = None
    due: Literal["cleanup", "deletion"] = "cleanup"
    remote_path: str = ""
    completed_at: _Moment | None = None
    delete_due_at: _Moment | None = None
    withdrawn_in_mid_transfer_at: _Moment | None = None
    base_path: str = ""
    media_device: int | None = None
    media_inode: int | None = None
    local_inode: int | None = None
    local_mtime_ns: int | None = None
    boot_id: str = ""
    clock_offset: _Moment | None = None
    spared_until: _Moment | None = None

    def presence(self, path: str = "") -> Literal["here", "gone", "unknown"]:
        """Whether the local file, or another of the same folder, is there."""
        return marked_file.presence(path or self.local_path, self.media_device, self.media_inode)

    def remember_local(self) -> None:
        """Note which file lies there now."""
        with contextlib.suppress(OSError):
            there = os.lstat(self.local_path)
            self.local_inode, self.local_mtime_ns = there.st_ino, there.st_mtime_ns

    def another_in_its_place(self) -> os.stat_result | None:
        """What lies there, if it is not the file that was written; None where it is, or where that can't be told."""
        try:
            there = os.lstat(self.local_path)
        except OSError:
            return None
        written = (self.local_inode, self.local_mtime_ns)
        return None if None in written or written == (there.st_ino, there.st_mtime_ns) else there

    @field_validator("local_path")
    @classmethod
    def _local_is_marked(cls, value: str) -> str:
        if not marked_file.is_marked_path(value):
            raise ValueError("not the path of a marked file")
        return value

    @field_validator("remote_path")
    @classmethod
    def _remote_is_marked(cls, value: str) -> str:
        if value and not marked_file.is_marked_path(value):
            raise ValueError("not the path of a marked file")
        return value

    @model_validator(mode="after")
    def _awaited_has_a_copy(self) -> Self:
        if self.due == "deletion" and not self.remote_path:
            raise ValueError("a deletion is awaited and the copy is not named")
        return self

    @field_validator("remote_paths")
    @classmethod
    def _remotes_are_marked(cls, value: list[str]) -> list[str]:
        if not all(map(marked_file.is_marked_path, value)):
            raise ValueError("not paths of a marked file")
        return value


class _File(BaseModel):
    version: Literal[1] = 1
    debts: list[Debt] = []


class Ledger:
    """The debts of all runs, in a file of the state folder. Changes count once :meth:`save` has returned."""

    def __init__(self, folder: str) -> None:
        self._path = os.path.join(folder, FILE_NAME)
        self.debts: list[Debt] = []
        self.put_aside: str | None = None
        """Where an unreadable ledger was moved, if it was."""
        self.writer: threading.Thread | None = None
        """While a probe is under way, the one thread that may write; one that was given up may not."""

    def load(self) -> None:
        """Read the debts. An unreadable file is put aside, never read as empty without a word.

        Raises:
            OSError: the folder can't be read, or the bad file can't be put aside.
        """
        try:
            self.debts = _File.model_validate_json(regular_file.read(self._path)).debts
        except FileNotFoundError:
            self.debts = []
        except (ValidationError, regular_file.NotAFile):
            self.put_aside = durable.put_aside(self._path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))

    def save(self) -> None:
        """Make the debts durable.

        Raises:
            Fault: they could not be written; nothing that they do not name may be created then.
            Interrupted: this thread is a probe that was given up.
        """
        if self.writer not in (None, threading.current_thread()):
            raise Interrupted
        try:
            durable.write_atomically(self._path, _File(debts=self.debts).model_dump_json(indent=1).encode())
        except OSError as error:
            raise state_folder.unwritable(error, self._path, os.path.dirname(self._path)) from error

    def owe(self, debts: Iterable[Debt]) -> None:
        """Write debts down before what they name exists.

        Raises:
            Fault: as for :meth:`save`.
        """
        self.debts += debts
        self.save()
