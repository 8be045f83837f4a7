"""The status file: the documented contract with everything that reads verdicts. Version 1."""

from __future__ import annotations

import os
import time
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from celestial_nasops import durable, regular_file
from healthcheck import state_folder
from healthcheck.moments import from_iso

FILE_NAME = "status.json"
_Moment = str
_OutcomeName = Literal["pass", "warn", "fail", "error", "skipped", "deferred"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore")


_ExitCode = Annotated[int, Field(ge=0, le=255)]


class ProbeStatus(_Part):
    """One probe of the run, in the order in which they ran."""

    name: str = Field(description="daemon_status, ping, database, file_insert, remote_verify or local_delete")
    outcome: _OutcomeName
    started_at: _Moment
    duration_seconds: float = Field(ge=0, allow_inf_nan=False)
    summary: str = Field(description="one sentence for people")
    cause: str | None = Field(description="stable code of what is wrong; null where nothing is")
    remedy: str | None = Field(description="what mends it, with the command to type; null where nothing is wrong")
    details: dict[str, Any] = Field(description="values measured; keys may be added in later versions")


class Event(_Part):
    """A moment of the marked file's way."""

    at: _Moment
    event: str


class Outstanding(_Part):
    """Something that this run leaves to a later one."""

    name: str = Field(description="the marked file")
    due: Literal["deletion", "cleanup"] = Field(description="the daemon's deletion is awaited, or a clean-up")
    due_at: _Moment | None = Field(description="when the deletion falls due")
    reason: str


class Previous(_Part):
    """The verdict before this one."""

    run_id: str
    outcome: _OutcomeName
    exit_code: _ExitCode
    summary: str
    finished_at: _Moment
    stale_after: _Moment = Field(description="after this moment that verdict counted for nothing")

    def counts(self, now: float) -> bool:
        """Whether it counts still (``now`` in Unix seconds)."""
        return now <= from_iso(self.stale_after) and not _is_to_come(self.finished_at, self.stale_after, now)


class Status(_Part):
    """What ``status.json`` holds. Times are UTC, ISO 8601 with milliseconds and a Z."""

    schema_version: Literal[1] = Field(1, description="grows when a key changes its meaning or goes")
    version: str = Field(description="of the program that wrote it")
    language: str | None = Field(None, description="of the sentences for people: en or zh")
    run_id: str
    host: str
    boot_id: str
    state: Literal["running", "finished"]
    outcome: _OutcomeName | None = Field(description="null while running")
    exit_code: _ExitCode | None = Field(description="null while running")
    summary: str
    root_probe: str | None = Field(
        None, description="the probe that the summary leads to, whose remedy comes first; null where nothing is wrong"
    )
    started_at: _Moment
    finished_at: _Moment | None
    duration_seconds: float | None = Field(ge=0, allow_inf_nan=False)
    stale_after: _Moment = Field(description="after this moment the verdict counts for nothing")
    probes: list[ProbeStatus] = []
    timeline: list[Event] = []
    outstanding: list[Outstanding] = []
    consecutive_failures: int = Field(0, ge=0, description="runs in a row whose exit code was not 0")
    last_pass_at: _Moment | None = Field(
        None, description="end of the last run that proved a file on the NAS, exit code 0"
    )
    previous: Previous | None = None

    def is_stale(self, now: float) -> bool:
        """Whether a newer verdict should be there by now (``now`` in Unix seconds)."""
        return now > from_iso(self.stale_after)

    def is_to_come(self, now: float) -> bool:
        """Whether it was written by a clock so far ahead (``now`` in Unix seconds) that its age can't be told."""
        return self.finished_at is not None and _is_to_come(self.finished_at, self.stale_after, now)


def _is_to_come(finished_at: str, stale_after: str, now: float) -> bool:
    """Whether a verdict lies further ahead than it may lie behind: a clock that was wrong must not keep it alive."""
    finished = from_iso(finished_at)
    return finished - now > max(0.0, from_iso(stale_after) - finished)


class StatusFile:
    """``status.json`` in a state folder. It needs one writer at a time, which the run's lock sees to."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, FILE_NAME)
        self.put_aside: str | None = None
        """Where an unreadable status file was moved, if it was."""

    def read(self) -> Status | None:
        """The last status, None where there is none yet.

        Raises:
            ValueError: the file holds something else.
            OSError: it can't be read.
        """
        try:
            status = Status.model_validate_json(regular_file.read(self.path))
        except FileNotFoundError:
            return None
        except regular_file.NotAFile as error:
            raise ValueError(error.strerror) from error
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"]))
            raise ValueError(f"{where}: {first['msg']}" if where else first["msg"]) from error
        before = status.previous
        moments = (before.stale_after, before.finished_at) if before else ()
        for moment in (status.started_at, status.stale_after, status.finished_at, *moments):
            if moment is not None:
                from_iso(moment)
        return status

    def read_or_put_aside(self) -> Status | None:
        """The last status; one that can't be understood is put aside, so that it isn't lost.

        Raises:
            OSError: it can't be read, or not be put aside.
        """
        try:
            return self.read()
        except ValueError:
            self.put_aside = durable.put_aside(self.path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
            return None

    def write(self, status: Status) -> None:
        """Replace the status file, mode 0644.

        Raises:
            Fault: it can't be written.
        """
        try:
            durable.write_atomically(self.path, status.model_dump_json(indent=2).encode() + b"\n", mode=0o644)
        except OSError as error:
            raise state_folder.unwritable(error, self.path, os.path.dirname(self.path)) from error


def printable(value: Any) -> Any:
    """A value with all its texts in a form that UTF-8 can hold: a file's name may be made of any bytes."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict):
        return {key: printable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [printable(inner) for inner in value]
    return value


def json_schema() -> dict[str, Any]:
    """The published JSON Schema of the status file."""
    schema = Status.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "smoke-check status file"}


def boot_id() -> str:
    """The kernel's id of this boot, empty where there is none."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""
