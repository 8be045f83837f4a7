"""Follow the row through pending, transferring and completed, then prove the copy on the NAS with one's own eyes."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace

from celestial_nasops.daemon_state import InHand
from celestial_nasops.fault import Cause, Fault, NasFault, NasUnavailable
from celestial_nasops.language import say
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB, TransferStatus
from celestial_nasops.nas.capabilities import Way
from celestial_nasops.nas.files import RemoteCopy
from celestial_nasops.wakeup import Wakeup, settle
from healthcheck import causes, daemon_errors, marked_file, negative_proof
from healthcheck.context import Followed, Run
from healthcheck.daemon_progress import DaemonProgress
from healthcheck.moments import clock_offset, from_database
from healthcheck.outcome import Finding, Outcome, gravest
from healthcheck.status_file import boot_id

_SLOWEST_LINK_BYTES_PER_SECOND = 2e6
_LONGEST_PAUSE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the daemon was seen to do, when a file was not done in time. ``moving``: the file itself, where it moves."""

    others_in_hand: int = 0
    others_done: int = 0
    ahead: int = 0
    progress: str = ""
    moving: InHand | None = None

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


def probe(run: Run) -> Finding:
    """Wait on the queue's commits until every file is settled or the time is up, and verify each copy at once."""
    media, path = run.config.local_settings.media_path, run.config.database_settings.db_path
    waiting, verified, decoy = list(run.followed), list[Finding](), run.decoy
    decoy_until: float | None = None
    refusal: Fault | None = None
    progress = DaemonProgress(run.config.daemon_settings.state_path)
    begun = time.monotonic()
    with run.open_database() as database, Wakeup(os.path.dirname(path), media, stop_fd=run.nudge.fileno()) as wakeup:
        ahead_before = _ahead(database, run.followed)

        def look() -> bool | None:
            seen = [_observe(run, database, one) for one in waiting]  # every one is looked at, whatever the first shows
            if decoy is not None:
                seen.append(negative_proof.observe(database, decoy))
            return any(seen) or None

        while True:
            run.check_interrupted()
            look()
            for one in [one for one in waiting if _is_settled(one)]:
                waiting.remove(one)
                verified.append(_verify(run, one))
            if waiting:
                progress.look()
            refusal = run.nas.refusal
            left = run.clock.left_to_wait()
            if not waiting:
                good = all(finding.outcome is Outcome.PASS for finding in verified)
                if decoy is None or negative_proof.is_settled(decoy) or not good:
                    break
                decoy_until = decoy_until or time.monotonic() + negative_proof.LONGEST_WAIT_SECONDS
                left = min(left, decoy_until - time.monotonic())
            if refusal is not None or left <= 0:
                break
            run.tell(_waiting_for(waiting) if waiting else say("waiting for the daemon to refuse a wrong file"))
            settle(look, wakeup, min(left, run.config.testing.poll_interval_seconds))
            run.nudge.drain()
            database.check_same_file()
        evidence = _evidence(run, database, waiting, ahead_before, progress) if waiting else Evidence()
    waited = time.monotonic() - begun
    if waiting and refusal is not None:
        # Without a look of our own nothing can be proven, and the daemon goes the same way to the same NAS.
        return Finding.of_fault(refusal)
    now, site = time.time(), _site(run)
    verified += [
        judge_unfinished(one, replace(evidence, moving=progress.moving(one.file.path)), waited, now, site)
        for one in waiting
    ]
    finding = negative_proof.with_copy(run, _sum_up(verified))
    nas = run.nas.capabilities
    return finding if nas is None else replace(finding, details={**finding.details, "nas": asdict(nas)})


def judge_copy(one: Followed, expected: str, found: tuple[str, RemoteCopy] | None, unit: str) -> Finding:
    """Weigh what lies on the NAS, once the row says completed."""
    file = one.file
    if found is None:
        return Finding.of_cause(causes.COPY_MISSING, file=file.name, expected=expected, unit=unit)
    path, copy = found
    if path != expected:
        return Finding.of_cause(causes.COPY_WRONG_PATH, file=file.name, found=path, expected=expected)
    if copy.size != file.size:
        return Finding.of_cause(
            causes.COPY_WRONG_SIZE, expected=expected, found_bytes=copy.size, expected_bytes=file.size, unit=unit
        )
    if copy.sha256 != one.debt.sha256:
        return Finding.of_cause(
            causes.COPY_WRONG_CONTENT,
            expected=expected,
            found_sha256=copy.sha256[:12],
            expected_sha256=one.debt.sha256[:12],
            unit=unit,
        )
    return Finding.good(
        say(
            "{path} holds the same {size} bytes (SHA-256 {sha256})",
            path=expected,
            size=file.size,
            sha256=copy.sha256[:12],
        )
    )


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
        case TransferStatus.TRANSFERRING:
            since = one.transferring_at or one.inserted_at or now
            return Finding.of_cause(causes.STUCK_HALF_WAY, file=file, stuck_seconds=round(now - since), unit=unit)
        case TransferStatus.PENDING if error:
            return _daemon_s_fault(causes.TRANSFER_RETRYING, error, file, site, seconds)
        case TransferStatus.PENDING if evidence.busy:
            return Finding.of_cause(
                causes.DAEMON_BUSY, Outcome.WARN, file=file, waited_seconds=seconds, evidence=str(evidence)
            )
        case TransferStatus.PENDING:
            return Finding.of_cause(
                causes.NOT_PICKED_UP, file=file, waited_seconds=seconds, unit=unit, database=database
            )
        case _:
            status = record.transfer_status_text
            return Finding.of_cause(causes.STATUS_UNKNOWN, file=file, status=status, database=database)


def _daemon_s_fault(generic: Cause, error: str, file: str, site: Mapping[str, str], seconds: int) -> Finding:
    """What the daemon wrote into the row. Where it names a cause of the catalogue, that is the root."""
    known, text, remedy = daemon_errors.told(error, site)
    finding = Finding.of_cause(generic, file=file, error=text, unit=site["unit"], waited_seconds=seconds)
    if known is None:
        return finding
    return Finding(Outcome.FAIL, finding.summary, known.code, remedy or finding.remedy, finding.details)


def _site(run: Run) -> dict[str, str]:
    """What sentences and remedies need to know of this site."""
    config = run.config
    base = config.nas_settings.base_path
    site = {"unit": config.daemon_settings.unit, "database": config.database_settings.db_path}
    site |= {"base": base, "folder": base}
    can = run.nas.capabilities
    if can is None or can.way is Way.SHELL:  # else the commands of remedies could not be typed there
        with contextlib.suppress(Fault):  # the alias can't be resolved, which others tell
            site["target"] = run.target().alias
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
        one.completed_at = now
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


def _verify(run: Run, one: Followed) -> Finding:
    unit = run.config.daemon_settings.unit
    if one.completed_at is None:
        if one.gone_at is not None:
            folder = run.config.local_settings.media_path
            return Finding.of_cause(causes.DELETED_BEFORE_VERIFIED, file=one.file.name, folder=folder, unit=unit)
        waited = time.time() - (one.inserted_at or run.started_at)
        return judge_unfinished(one, Evidence(), waited, time.time(), _site(run))
    run.tell(say("verifying the copy on the NAS"))
    expected = marked_file.expected_remote_path(run.config, one.file.name)
    places = marked_file.possible_remote_paths(run.config, one.file.name)
    places += marked_file.path_beside(expected, one.debt.sha256)
    try:
        found = _inspect_first(run, places, one.file.size)
    except NasFault as fault:
        return Finding.of_fault(fault)
    finding = judge_copy(one, expected, found, unit)
    same = found is not None and (found[1].size, found[1].sha256) == (one.file.size, one.debt.sha256)
    one.copy_is = "right" if same else "changed" if found is not None else "missing"
    if finding.outcome is Outcome.PASS:
        run.note("copy verified")
        _await_deletion(run, one, expected)
    return finding


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


def _await_deletion(run: Run, one: Followed, remote_path: str) -> None:
    """From now on the daemon's deletion is owed, where it is to delete at all."""
    sync, debt = run.config.sync_settings, one.debt
    debt.remote_path = remote_path
    written = from_database(one.record.transfer_end_time if one.record else None)
    seen = one.completed_at or time.time()
    # The row's own time is exact to the second and ours is a little late; the earlier one can do no daemon wrong.
    debt.completed_at = written if written is not None and (one.inserted_at or 0) - 1 <= written <= seen else seen
    if sync.delete_after_sync:
        debt.delete_due_at = debt.completed_at + sync.safe_delete_delay_minutes * 60
        debt.due = "deletion"
        debt.boot_id, debt.clock_offset = boot_id(), clock_offset()
        run.ledger.save()


def _may_be_moving(record: FileRecord, now: float) -> bool:
    """Whether a row in transferring can be at work: a dead daemon leaves rows there that never move again."""
    since = from_database(record.updated_at) or from_database(record.transfer_start_time)
    needed = (record.file_size or 0) / _SLOWEST_LINK_BYTES_PER_SECOND
    return since is not None and now - since < _LONGEST_PAUSE_SECONDS + needed


def _ahead(database: MediaStatusDB, files: list[Followed]) -> int:
    """How many ready rows the daemon takes before ours."""
    ids = [one.debt.row_id for one in files if one.debt.row_id is not None]
    return database.ready_ahead_of(min(ids)) if ids else 0


def _evidence(
    run: Run, database: MediaStatusDB, waiting: list[Followed], ahead_before: int, progress: DaemonProgress
) -> Evidence:
    mine = {one.file.path for one in [*waiting, *([run.decoy] if run.decoy else [])]}
    now = time.time()
    in_hand = sum(1 for row in database.in_hand() if row.file_path not in mine and _may_be_moving(row, now))
    ahead = _ahead(database, waiting)
    if progress.in_hand is not None:
        # Our own daemon tells what it really holds; a row that a dead one left in transferring proves no work.
        in_hand = min(in_hand, len(progress.in_hand))
    return Evidence(in_hand, max(0, ahead_before - ahead), ahead, str(progress))


def _waiting_for(waiting: list[Followed]) -> str:
    first = waiting[0]
    status = first.record.transfer_status_text if first.record else say("no row")
    if len(waiting) > 1:
        return say("waiting for the daemon ({status}, {count} files)", status=status, count=len(waiting))
    return say("waiting for the daemon ({status})", status=status)


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
