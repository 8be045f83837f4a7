"""All that the operator sees of the queue at one moment."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from celestial_nasops import control, daemon_state, remedies, words
from celestial_nasops.config import Config
from celestial_nasops.daemon import pending_deletes
from celestial_nasops.daemon.pending_deletes import PendingDelete
from celestial_nasops.daemon_state import PENDING_DELETES_NAME, DaemonState, process_start_ticks
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import Fault, shown
from celestial_nasops.language import say
from celestial_nasops.media_status_db import Backlog
from celestial_nasops.steering.database import SteeringDb, UnknownStatus

_SHOWN_FILES = 20


@dataclass(frozen=True, slots=True)
class Overview:
    """What is where at one moment (Unix seconds).

    Attributes:
        at: the moment.
        daemon: what the daemon says of itself; None where it does not run.
        backlog: what waits, in numbers.
        failed: those that failed last, with their reasons.
        unknown: statuses that nobody knows, so that nobody takes their rows up.
        unknown_count: how many rows there are of them.
        deletions: what is to be deleted, the next first.
        paused: the order to pause, where there is one.
        troubles: what could not be read, and why.
    """

    at: float
    daemon: DaemonState | None
    backlog: Backlog
    failed: list[FileRecord]
    unknown: list[UnknownStatus]
    unknown_count: int
    deletions: list[PendingDelete]
    paused: control.Order | None
    troubles: list[str] = field(default_factory=list)


def look(config: Config, db: SteeringDb) -> Overview:
    """Look at everything.

    Raises:
        DatabaseFault: the queue can't be read.
    """
    troubles: list[str] = []
    state_path = config.daemon_settings.state_path
    unknown_count = db.count_unknown()
    return Overview(
        at=time.time(),
        daemon=_daemon(state_path, troubles),
        backlog=db.backlog(),
        failed=db.newest_failed(_SHOWN_FILES),
        unknown=db.newest_unknown(_SHOWN_FILES) if unknown_count else [],
        unknown_count=unknown_count,
        deletions=_deletions(f"{state_path}/{PENDING_DELETES_NAME}", troubles),
        paused=control.paused(state_path),
        troubles=troubles,
    )


def seconds_left(file: daemon_state.InHand) -> float | None:
    """How long a file takes still at its present rate; None where that can't be told."""
    if not file.bytes_per_second:
        return None
    return max(0, file.bytes_total - file.bytes_done) / file.bytes_per_second


def as_json(overview: Overview) -> dict[str, Any]:
    """The same for programs; paths are shown with what is no printable character escaped."""
    daemon, backlog = overview.daemon, overview.backlog
    return {
        "at": overview.at,
        "daemon": None
        if daemon is None
        else {
            "pid": daemon.pid,
            "version": daemon.version,
            "doing": daemon.doing,
            "last_error": daemon.last_error,
            "nas_away_since": daemon.nas_away_since,
            "deletions_stopped": daemon.deletions_stopped,
        },
        "paused": None
        if overview.paused is None
        else {"by": overview.paused.by, "at": overview.paused.at, "reason": overview.paused.reason},
        "waiting": {
            "files": backlog.ready,
            "bytes": backlog.ready_bytes,
            "oldest_path": backlog.oldest_ready_path and shown(backlog.oldest_ready_path),
            "oldest_age_seconds": backlog.oldest_ready_age_seconds,
        },
        "in_hand": [
            {
                "path": file.file_path,
                "bytes_done": file.bytes_done,
                "bytes_total": file.bytes_total,
                "bytes_per_second": file.bytes_per_second,
                "seconds_left": seconds_left(file),
                "started_at": file.started_at,
            }
            for file in (daemon.in_hand if daemon else ())
        ],
        "failed": {"files": backlog.failed, "newest": [_failed(record) for record in overview.failed]},
        "unknown_status": {
            "files": overview.unknown_count,
            "newest": [
                {"path": shown(odd.file_path), "column": odd.column, "status": odd.status} for odd in overview.unknown
            ],
        },
        "pending_deletions": [
            {
                "path": shown(entry.local_file_path),
                "remote_path": shown(entry.remote_file_path),
                "due_at": entry.scheduled_time,
                "tries": entry.retry_count,
            }
            for entry in overview.deletions
        ],
        "troubles": overview.troubles,
    }


def _failed(record: FileRecord) -> dict[str, Any]:
    reason = shown(record.last_error_message or "no reason given")
    return {"path": shown(record.file_path), "reason": reason, "at": record.updated_at}


def _daemon(state_path: str, troubles: list[str]) -> DaemonState | None:
    try:
        state = daemon_state.read(state_path)
    except Fault as fault:
        troubles.append(str(fault))
        return None
    if state is None or process_start_ticks(state.pid) != state.process_start_ticks:
        return None
    silence = time.clock_gettime(time.CLOCK_BOOTTIME) - state.heartbeat_boottime
    if silence > state.longest_silence:
        age = words.lasting(silence)
        old = say("what the daemon says of itself is {time} old: systemctl status media-sync-daemon", time=age)
        troubles.append(remedies.here(old))
    return state


def _deletions(path: str, troubles: list[str]) -> list[PendingDelete]:
    try:
        return sorted(pending_deletes.read(path), key=lambda entry: entry.scheduled_time)
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        troubles.append(say("{path} can't be read: {reason}", path=path, reason=error))
        return []
