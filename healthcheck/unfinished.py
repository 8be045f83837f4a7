"""What can be said of a file that the daemon did not bring to its end in time."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from celestial_nasops.daemon_state import InHand
from celestial_nasops.fault import Cause
from celestial_nasops.language import say
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB, TransferStatus
from healthcheck import causes, daemon_errors
from healthcheck.context import Followed, Run
from healthcheck.daemon_progress import DaemonProgress
from healthcheck.outcome import Finding, Outcome

_SLOWEST_LINK_BYTES_PER_SECOND = 2e6
_LONGEST_PAUSE_SECONDS = 600.0
# So long after a restart the daemon may not have come to a file yet.
_RESTART_SECONDS = 20.0
# What was taken up so late, compared with how long the run has waited, is not stuck yet.
_LATE_SHARE, _LATE_SECONDS = 0.5, 60.0


class Evidence(NamedTuple):
    """What the daemon was seen to do, when a file was not done in time.

    ``moving``: the file itself, where it moves. ``restarted``: how long ago the daemon was restarted or ended while the
    file waited (seconds), None where it was not. ``nas_away``: why the daemon leaves the NAS alone, as it records
    errors; empty where it does not.
    """

    others_in_hand: int = 0
    others_done: int = 0
    ahead: int = 0
    progress: str = ""
    moving: InHand | None = None
    restarted: float | None = None
    nas_away: str = ""

    @property
    def busy(self) -> bool:
        """Whether the daemon worked on other files."""
        return self.others_in_hand > 0 or self.others_done > 0

    def __str__(self) -> str:
        text = say(
            "{ahead} file(s) ahead, {in_hand} in hand, {done} done meanwhile",
            ahead=self.ahead,
            in_hand=self.others_in_hand,
            done=self.others_done,
        )
        return f"{text}; {self.progress}" if self.progress else text


def judge_unfinished(one: Followed, evidence: Evidence, waited: float, now: float, site: Mapping[str, str]) -> Finding:
    """Weigh a file whose row did not get to completed.

    Args:
        one: the file as it was seen last.
        evidence: what the daemon was seen to do.
        waited: seconds since the row went in.
        now: Unix seconds.
        site: names the daemon's ``unit``, the ``database``, and what else remedies need.
    """
    file, record, unit, database = one.file.name, one.record, site["unit"], site["database"]
    seconds = round(waited)
    if record is None:
        return Finding.of_cause(causes.ROW_VANISHED, file=file, database=database)
    error = record.last_error_message or ""
    match record.transfer_status:
        case TransferStatus.FAILED:
            return _daemon_s_fault(causes.TRANSFER_FAILED, error or say("no reason given"), file, site, seconds)
        case TransferStatus.TRANSFERRING if evidence.moving is not None:
            moving = evidence.moving
            return Finding.of_cause(
                causes.TRANSFER_SLOW,
                Outcome.WARN,
                file=file,
                waited_seconds=seconds,
                bytes_done=moving.bytes_done,
                bytes_total=moving.bytes_total,
            )
        case TransferStatus.PENDING | TransferStatus.TRANSFERRING if error:  # it may be at its next try just now
            return _daemon_s_fault(causes.TRANSFER_RETRYING, error, file, site, seconds)
        case TransferStatus.PENDING if evidence.nas_away:  # it was met with another file, and ours waits behind that
            return _daemon_s_fault(causes.TRANSFER_RETRYING, evidence.nas_away, file, site, seconds)
        case TransferStatus.PENDING if evidence.busy:
            return Finding.of_cause(
                causes.DAEMON_BUSY, Outcome.WARN, file=file, waited_seconds=seconds, evidence=str(evidence)
            )
        case TransferStatus.TRANSFERRING | TransferStatus.PENDING if _was_just_restarted(evidence):
            return Finding.of_cause(
                causes.DAEMON_RESTARTED, Outcome.WARN, file=file, seconds=round(evidence.restarted or 0.0)
            )
        case TransferStatus.TRANSFERRING:
            since = one.transferring_at or one.inserted_at or now
            held = max(0.0, min(now - since, waited))  # the clock may have been set meanwhile
            if held < min(_LATE_SHARE * waited, _LATE_SECONDS):
                values = {"waited_seconds": seconds, "bytes_done": 0, "bytes_total": one.file.size}
                return Finding.of_cause(causes.TRANSFER_SLOW, Outcome.WARN, file=file, **values)
            return Finding.of_cause(causes.STUCK_HALF_WAY, file=file, stuck_seconds=round(held), unit=unit)
        case TransferStatus.PENDING:
            return Finding.of_cause(
                causes.NOT_PICKED_UP, file=file, waited_seconds=seconds, unit=unit, database=database
            )
        case _:
            status = record.transfer_status_text
            return Finding.of_cause(causes.STATUS_UNKNOWN, file=file, status=status, database=database)


def _was_just_restarted(evidence: Evidence) -> bool:
    """Whether that alone explains why a file is not done: it has to be taken up anew."""
    return evidence.restarted is not None and evidence.restarted < _RESTART_SECONDS


def _daemon_s_fault(generic: Cause, error: str, file: str, site: Mapping[str, str], seconds: int) -> Finding:
    """What the daemon wrote into the row. Where it names a cause of the catalogue, that is the root."""
    known, text, remedy = daemon_errors.told(error, site)
    finding = Finding.of_cause(generic, file=file, error=text, unit=site["unit"], waited_seconds=seconds)
    if known is None:
        return finding
    return Finding(Outcome.FAIL, finding.summary, known.code, remedy or finding.remedy, finding.details)


def _may_be_moving(record: FileRecord, now: float) -> bool:
    """Whether a row in transferring can be at work: a dead daemon leaves rows there that never move again."""
    untouched = record.seconds_untouched(now)
    needed = (record.file_size or 0) / _SLOWEST_LINK_BYTES_PER_SECOND
    return untouched is not None and untouched < _LONGEST_PAUSE_SECONDS + needed


def ahead_of(database: MediaStatusDB, files: list[Followed]) -> int:
    """How many ready rows the daemon takes before ours."""
    ids = [one.debt.row_id for one in files if one.debt.row_id is not None]
    return database.ready_ahead_of(min(ids)) if ids else 0


def gather(
    run: Run, database: MediaStatusDB, waiting: list[Followed], ahead_before: int, progress: DaemonProgress
) -> Evidence:
    """What the daemon was seen to do.

    Args:
        run: tells which files are the run's own.
        database: the queue.
        waiting: the files that are not done.
        ahead_before: how many rows the daemon was to take before them when the wait began.
        progress: what its state file told meanwhile.
    """
    mine = {one.file.path for one in [*waiting, *([run.decoy] if run.decoy else [])]}
    now = time.time() - max(0.0, run.clock.was_set_by())  # a row that was written before the clock was set is no older
    in_hand = sum(1 for row in database.in_hand() if row.file_path not in mine and _may_be_moving(row, now))
    ahead = ahead_of(database, waiting)
    if progress.in_hand is not None:
        # Our own daemon tells what it really holds; a row that a dead one left in transferring proves no work.
        in_hand = min(in_hand, len(progress.in_hand))
    since = min((one.inserted_at for one in waiting if one.inserted_at is not None), default=now)
    restarted = progress.seconds_since_restart(since)
    done = max(0, ahead_before - ahead)
    return Evidence(in_hand, done, ahead, str(progress), restarted=restarted, nas_away=progress.nas_away)
