"""Follow the row through pending, transferring and completed, then prove the copy on the NAS with one's own eyes."""

from __future__ import annotations

import contextlib
import math
import os
import time
from dataclasses import asdict, replace

from celestial_nasops import causes as shared
from celestial_nasops.fault import DatabaseFault, Fault, NasFault, NasUnavailable
from celestial_nasops.language import say
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB, TransferStatus
from celestial_nasops.nas import identity
from celestial_nasops.nas.capabilities import Capabilities, Way
from celestial_nasops.nas.files import RemoteCopy
from celestial_nasops.wakeup import Wakeup, settle
from healthcheck import causes, copy_verdict, marked_file, negative_proof, unfinished
from healthcheck.context import Followed, Run
from healthcheck.daemon_progress import DaemonProgress
from healthcheck.moments import clock_offset, from_database
from healthcheck.outcome import Finding, Outcome, gravest
from healthcheck.status_file import boot_id
from healthcheck.unfinished import Evidence, judge_unfinished


def probe(run: Run) -> Finding:
    """Wait on the queue's commits until every file is settled or the time is up, and verify each copy at once."""
    media, path = run.config.local_settings.media_path, run.config.database_settings.db_path
    waiting, verified, decoy = list(run.followed), list[Finding](), run.decoy
    decoy_until: float | None = None
    refusal: Fault | None = None
    progress = DaemonProgress(run.config.daemon_settings.state_path)
    begun = time.monotonic()
    with run.open_database() as database, Wakeup(os.path.dirname(path), media, stop_fd=run.nudge.fileno()) as wakeup:
        if database.file != run.queue_file:  # else it would be a daemon's fault that our row is not in this one
            raise DatabaseFault(shared.DATABASE_REPLACED, path=path)
        ahead_before = unfinished.ahead_of(database, run.followed)

        def look() -> bool | None:
            seen = [_observe(run, database, one) for one in waiting]  # every one is looked at, whatever the first shows
            if decoy is not None:
                seen.append(negative_proof.observe(database, decoy))
            return any(seen) or None

        while True:
            run.check_interrupted()
            look()
            if waiting:
                progress.look()
            for one in [one for one in waiting if _is_settled(one)]:
                waiting.remove(one)
                verified.append(_verify(run, one, progress.nas))
            if not waiting and (decoy is None or negative_proof.is_settled(decoy)):
                break
            refusal = run.nas.refusal
            left = run.clock.left_to_wait()
            good = all(finding.outcome is Outcome.PASS for finding in verified)
            if refusal is not None or not (waiting or good):  # nothing more is to be learnt
                break
            if not waiting:
                decoy_until = decoy_until or time.monotonic() + negative_proof.LONGEST_WAIT_SECONDS
                left = min(left, decoy_until - time.monotonic())
            if left <= 0:
                break
            run.tell(_waiting_for(waiting) if waiting else say("waiting for the daemon to refuse a wrong file"))
            settle(look, wakeup, min(left, run.config.testing.poll_interval_seconds))
            run.nudge.drain()
            database.check_same_file()
        evidence = unfinished.gather(run, database, waiting, ahead_before, progress) if waiting else Evidence()
    waited = time.monotonic() - begun
    if waiting and refusal is not None:
        # Without a look of our own nothing can be proven, and the daemon goes the same way to the same NAS.
        raise refusal
    now, site = time.time(), _site(run, progress.nas)
    verified += [
        judge_unfinished(one, evidence._replace(moving=progress.moving(one.file.path)), waited, now, site)
        for one in waiting
    ]
    finding = negative_proof.with_copy(run, _sum_up(verified))
    if finding.outcome is Outcome.PASS:
        finding = _open_key(run) or finding
    nas = run.nas.capabilities
    return finding if nas is None else replace(finding, details={**finding.details, "nas": asdict(nas)})


def _site(run: Run, as_daemon_found: Capabilities | None) -> dict[str, str]:
    """What sentences and remedies need to know of this site; what the daemon found counts where we have not looked."""
    config = run.config
    base = config.nas_settings.base_path
    site = {"unit": config.daemon_settings.unit, "database": config.database_settings.db_path}
    site |= {"base": base, "folder": base}
    can = run.nas.capabilities or as_daemon_found
    with contextlib.suppress(Fault):  # the alias can't be resolved, which others tell
        if can is None or can.way is Way.SHELL:
            site["target"] = run.target().alias
        else:  # the commands for a shell could not be typed there
            site |= {"sftp": f"sftp -b - {run.target().sftp_alias}", "hidden_prefix": can.hidden_prefix}
    return site


def _observe(run: Run, database: MediaStatusDB, one: Followed) -> bool:
    """Look at one file's row and then at its local file; True where something is new."""
    before = (one.record, one.gone_at)
    _look_at_row(run, database, one)
    if one.gone_at is None and _is_gone(one):
        gone_at = time.time()
        if one.completed_at is None:
            # Completed and deleted may both have happened since the row was read: look again before the file is blamed.
            _look_at_row(run, database, one)
        one.gone_at = gone_at
        run.note("local file gone", gone_at)
    return (one.record, one.gone_at) != before


def _look_at_row(run: Run, database: MediaStatusDB, one: Followed) -> None:
    """Read a file's row, and note the moments of its way that it shows."""
    one.record = _find(database, one)
    now = time.time()
    status = one.record.transfer_status if one.record else None
    if status is TransferStatus.TRANSFERRING and one.transferring_at is None:
        one.transferring_at = now
        run.note("transferring", now)
    if status is TransferStatus.COMPLETED and one.completed_at is None:
        if one.transferring_at is None:
            started = from_database(one.record.transfer_start_time if one.record else None)
            one.transferring_at = min(now, max(started or now, one.inserted_at or 0))
            run.note("transferring", one.transferring_at)
        one.completed_at, one.clock_offset = now, clock_offset()
        run.note("completed", now)


def _find(database: MediaStatusDB, one: Followed) -> FileRecord | None:
    record = database.get(one.debt.row_id) if one.debt.row_id is not None else None
    if record is None or record.file_path != one.file.path:
        record = database.find(one.file.path)  # another program may have written the row anew, under another id
        one.debt.row_id = record.id if record is not None else one.debt.row_id
    return record


def _is_gone(one: Followed) -> bool:
    return one.debt.presence() == "gone"


def _is_settled(one: Followed) -> bool:
    gone_early = one.gone_at is not None and one.completed_at is None
    ended = one.record is None or one.record.transfer_status in (TransferStatus.COMPLETED, TransferStatus.FAILED)
    return ended or gone_early


def _verify(run: Run, one: Followed, as_daemon_found: Capabilities | None) -> Finding:
    # Some daemons remove the rows of what they have delivered: then the copy itself has to tell.
    unseen = one.completed_at is None and one.record is None
    if one.completed_at is None and not unseen:
        return _not_completed(run, one, as_daemon_found)
    run.tell(say("verifying the copy on the NAS"))
    unit = run.config.daemon_settings.unit
    expected = marked_file.expected_remote_path(run.config, one.file.name)
    places = marked_file.possible_remote_paths(run.config, one.file.name)
    places += marked_file.path_beside(expected, one.debt.sha256)
    try:
        found = _inspect_first(run, places, one.file.size)
    except NasFault as fault:
        return Finding.of_fault(fault)
    if found is not None:
        one.debt.remote_path = found[0]
    same = found is not None and (found[1].size, found[1].sha256) == (one.file.size, one.debt.sha256)
    if unseen:
        if not same:
            return _not_completed(run, one, as_daemon_found)
        one.completed_at, one.clock_offset = min(time.time(), one.gone_at or math.inf), clock_offset()
        run.note("row gone, copy found", one.completed_at)
    finding = copy_verdict.judge(one, expected, found, unit)
    one.copy_is = "right" if same else "changed" if found is not None else "missing"
    if finding.outcome is Outcome.PASS:
        run.note("copy verified")
        _await_deletion(run, one)
        if unseen:
            database = run.config.database_settings.db_path
            return Finding.of_cause(causes.ROW_REMOVED, Outcome.WARN, file=one.file.name, database=database)
    return finding


def _not_completed(run: Run, one: Followed, as_daemon_found: Capabilities | None) -> Finding:
    """A file that is settled, and whose row was not seen completed."""
    if one.gone_at is not None:
        folder, unit = run.config.local_settings.media_path, run.config.daemon_settings.unit
        return Finding.of_cause(causes.DELETED_BEFORE_VERIFIED, file=one.file.name, folder=folder, unit=unit)
    waited = time.time() - (one.inserted_at or run.started_at)
    return judge_unfinished(one, Evidence(), waited, time.time(), _site(run, as_daemon_found))


def _inspect_first(run: Run, places: list[str], size: int) -> tuple[str, RemoteCopy] | None:
    """Look for the copy; a connection that was lost meanwhile is opened once more."""
    for last_try in (False, True):
        try:
            return run.nas.files(run.clock.left_to_wait()).inspect_first(places, expected_size=size)
        except NasUnavailable:
            if last_try or run.clock.left_to_wait() <= 0 or run.nas.refusal is not None:
                raise
            run.nas.lost()
    return None


def _await_deletion(run: Run, one: Followed) -> None:
    """From now on the daemon's deletion is owed, where it is to delete at all."""
    sync, debt = run.config.sync_settings, one.debt
    written = from_database(one.record.transfer_end_time if one.record else None)
    seen = one.completed_at or time.time()
    # The row's own time is exact to the second and ours is a little late; the earlier one can do no daemon wrong.
    if written is None or not (one.inserted_at or 0) - 1 <= written <= seen or run.clock.was_set_by():
        written = seen
    debt.completed_at = written
    if sync.delete_after_sync:
        debt.delete_due_at = debt.completed_at + sync.safe_delete_delay_minutes * 60
        debt.due = "deletion"
        debt.boot_id, debt.clock_offset = boot_id(), one.clock_offset
        run.ledger.save()


def _waiting_for(waiting: list[Followed]) -> str:
    first = waiting[0]
    status = first.record.transfer_status_text if first.record else say("no row")
    if len(waiting) > 1:
        return say("waiting for the daemon ({status}, {count} files)", status=status, count=len(waiting))
    return say("waiting for the daemon ({status})", status=status)


def _open_key(run: Run) -> Finding | None:
    """The warning that the key which works is anybody's here; ssh, which moves what is large, does not use it."""
    path = identity.path_of(run.target())
    mode = identity.mode_open_to_others(path) if path is not None else None
    return None if mode is None else Finding.of_cause(causes.KEY_OPEN_TO_OTHERS, Outcome.WARN, path=path, mode=mode)


def _sum_up(findings: list[Finding]) -> Finding:
    worst = gravest(findings)
    if len(findings) == 1:
        return worst
    good = sum(1 for f in findings if f.outcome is Outcome.PASS)
    if good == len(findings):
        last = findings[-1].summary
        return Finding.good(say("{count} copies are right; the last: {last}", count=good, last=last), copies=good)
    summary = say("{good} of {count} copies are right; {worst}", good=good, count=len(findings), worst=worst.summary)
    return Finding(worst.outcome, summary, worst.cause, worst.remedy, worst.details)
