"""Is the local file deleted, in time, and not before its copy was verified? Earlier runs' debts included."""

from __future__ import annotations

import os
import time
from typing import Literal

from celestial_nasops import daemon_state
from celestial_nasops.fault import LocalFault, NasFault
from celestial_nasops.language import say
from celestial_nasops.wakeup import Wakeup, settle
from healthcheck import causes, marked_file, negative_proof
from healthcheck.context import Followed, Run
from healthcheck.ledger import Debt
from healthcheck.moments import clock_offset, iso, lasting
from healthcheck.outcome import Finding, Outcome, gravest
from healthcheck.status_file import boot_id

Copy = Literal["right", "missing", "changed"]

# The moment of completion is known to the second where it comes from the row; see remote_verify.
_TOLERANCE_SECONDS = 0.5
_CLOCK_WAS_SET_SECONDS = 2.0
_LOOK_SECONDS = 10.0


def probe(run: Run) -> Finding:
    """Judge the deletions that are owed, and then what must not be deleted at all."""
    return negative_proof.with_deletion(run, _deletions(run))


def _deletions(run: Run) -> Finding:
    """Wait for what this run's own files fall due within it, judge what can be judged, and leave the rest owed."""
    lost = [one for one in run.followed if one.copy_is in ("missing", "changed") and one.debt.presence() == "gone"]
    if lost:
        return _lost(run, lost[0])
    owed = [debt for debt in run.ledger.debts if debt.due == "deletion"]
    if not run.config.sync_settings.delete_after_sync:
        for debt in owed:
            debt.due = "cleanup"
        deleted = [one for one in run.followed if one.debt.presence() == "gone"]
        if deleted:
            return Finding.of_cause(causes.DELETED_THOUGH_OFF, file=deleted[0].file.name, unit=_unit(run))
        return Finding.skipped(say("sync_settings.delete_after_sync is off, so nothing is to be deleted"))
    if not owed:
        return Finding.skipped(say("no verified copy, so no deletion is due"))
    for debt in owed:
        _follow_the_clock(debt)
    # A verdict must not be held up by an earlier run's file, nor a debt be struck whose finding might get lost.
    own = {id(one.debt) for one in run.followed}
    gone = _wait(run, [debt for debt in owed if id(debt) in own])
    findings = [_settle(run, debt, gone.get(id(debt))) for debt in owed]
    run.check_interrupted()
    for debt, finding in zip(owed, findings, strict=True):
        if finding.outcome not in (Outcome.DEFERRED, Outcome.ERROR):
            debt.due = "cleanup"
    run.ledger.save()
    return _sum_up(findings)


def judge(
    debt: Debt, now: float, gone_at: float | None, copy: Copy | None, *, grace_seconds: float, unit: str
) -> Finding:
    """Weigh one deletion.

    Args:
        debt: the file, and when its deletion falls due.
        now: Unix seconds.
        gone_at: when its local file was first seen to be gone (Unix seconds), None while it is there.
        copy: what its copy on the NAS is now; None where nobody has looked, because nothing depends on it yet.
        grace_seconds: how late a deletion may be.
        unit: the daemon's unit.
    """
    due = debt.delete_due_at or debt.created_at
    delay = due - (debt.completed_at or debt.created_at)
    if gone_at is None:
        if now < due + grace_seconds:
            if now < due:
                summary = say("the deletion falls due at {moment}; the next run settles it", moment=iso(due))
            else:
                summary = say("the deletion is due since {moment}; the next run settles it", moment=iso(due))
            return Finding(Outcome.DEFERRED, summary, details={"due_at": iso(due)})
        if copy in ("missing", "changed"):
            return Finding.of_cause(
                causes.COPY_LOST_BEFORE_DELETE, file=debt.name, remote_path=debt.remote_path, what=copy
            )
        return Finding.of_cause(
            causes.DELETE_OVERDUE, file=debt.name, overdue_minutes=f"{(now - due) / 60:.1f}", unit=unit
        )
    if copy != "right":
        return Finding.of_cause(
            causes.DELETED_WITHOUT_COPY, file=debt.name, remote_path=debt.remote_path, what=copy or "unknown", unit=unit
        )
    early = due - gone_at
    if early > _TOLERANCE_SECONDS:
        return Finding.of_cause(
            causes.DELETED_TOO_EARLY,
            file=debt.name,
            early_seconds=f"{early:.1f}",
            delay_minutes=f"{delay / 60:g}",
            folder=os.path.dirname(debt.local_path),
            unit=unit,
        )
    return Finding.good(
        say(
            "{file} was deleted after its delay of {delay}, and its copy is still right",
            file=debt.name,
            delay=lasting(delay),
        ),
        due_at=iso(due),
        seen_gone_at=iso(gone_at),
    )


def _wait(run: Run, owed: list[Debt]) -> dict[int, float]:
    """Watch the files until those that fall due within the run are gone or late. When each was first seen gone."""
    grace = run.config.check_settings.delete_grace_minutes * 60
    gone: dict[int, float] = {id(one.debt): one.gone_at for one in run.followed if one.gone_at is not None}

    def look() -> bool | None:
        news = None
        for debt in owed:
            if id(debt) not in gone and debt.presence() == "gone":
                gone[id(debt)] = time.time()
                run.note("local file gone", gone[id(debt)])
                news = True
        return news

    with Wakeup(run.config.local_settings.media_path, stop_fd=run.nudge.fileno()) as wakeup:
        while True:
            run.check_interrupted()
            look()
            if _stopped(run):
                return gone
            now, left = time.time(), run.clock.left_to_wait()
            open_dues = [d.delete_due_at or now for d in owed if id(d) not in gone]
            within = [due for due in open_dues if due < now + left]
            if not within or left <= 0:
                return gone
            until = max(within) + grace - now
            if until <= 0:
                return gone
            run.tell(
                say(
                    "waiting for the daemon to delete {count} file(s), due {moment}",
                    count=len(within),
                    moment=iso(min(within)),
                )
            )
            settle(look, wakeup, min(left, until, run.config.testing.poll_interval_seconds))
            run.nudge.drain()


def _settle(run: Run, debt: Debt, gone_at: float | None) -> Finding:
    now = time.time()
    grace = run.config.check_settings.delete_grace_minutes * 60
    presence = debt.presence()
    if gone_at is None and presence == "unknown":
        folder = os.path.dirname(debt.local_path)
        return Finding.of_cause(causes.MEDIA_FOLDER_AWAY, Outcome.ERROR, folder=folder, file=debt.name)
    if gone_at is None and presence == "gone":
        gone_at = now
    stopped = "" if gone_at is not None else _stopped(run)
    if stopped:
        return Finding.of_cause(causes.DELETION_HELD_UP, file=debt.name, reason=stopped)
    copy: Copy | None = None
    if gone_at is not None or now >= (debt.delete_due_at or now) + grace:
        try:
            copy = _look_at_copy(run, debt)
        except NasFault as fault:
            return Finding.of_fault(fault, Outcome.ERROR)
    return judge(debt, now, gone_at, copy, grace_seconds=grace, unit=_unit(run))


def _follow_the_clock(debt: Debt) -> None:
    """Where the clock was set since, in the same boot, move the debt's moments along with it."""
    if debt.clock_offset is None or debt.boot_id != boot_id():
        return
    shift = clock_offset() - debt.clock_offset
    if abs(shift) < _CLOCK_WAS_SET_SECONDS:
        return
    debt.clock_offset += shift
    debt.delete_due_at = None if debt.delete_due_at is None else debt.delete_due_at + shift
    debt.completed_at = None if debt.completed_at is None else debt.completed_at + shift


def _lost(run: Run, one: Followed) -> Finding:
    expected = marked_file.expected_remote_path(run.config, one.file.name)
    return Finding.of_cause(
        causes.DELETED_WITHOUT_COPY, file=one.file.name, remote_path=expected, what=one.copy_is, unit=_unit(run)
    )


def _stopped(run: Run) -> str:
    """Why our own daemon deletes nothing until a person has looked; empty where it does, or is another one."""
    try:
        state = daemon_state.read(run.config.daemon_settings.state_path)
    except LocalFault:
        return ""
    return state.deletions_stopped if state is not None else ""


def _unit(run: Run) -> str:
    return run.config.daemon_settings.unit


def _look_at_copy(run: Run, debt: Debt) -> Copy:
    files = run.nas.files(min(max(run.clock.left_to_wait(), 1.0), _LOOK_SECONDS))
    found = files.inspect(debt.remote_path, expected_size=debt.size)
    if found is None:
        return "missing"
    return "right" if (found.size, found.sha256) == (debt.size, debt.sha256) else "changed"


def _sum_up(findings: list[Finding]) -> Finding:
    worst = gravest(findings)
    settled = sum(1 for f in findings if f.outcome is Outcome.PASS)
    details = {**worst.details, "settled": settled, "owed": len(findings) - settled}
    summary = worst.summary
    if len(findings) > 1:
        summary += say(" ({settled} of {count} deletions are settled and right)", settled=settled, count=len(findings))
    return Finding(worst.outcome, summary, worst.cause, worst.remedy, details)
