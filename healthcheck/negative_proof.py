"""The negative proof: a marked file whose recorded hash is wrong on purpose has to be refused, and to stay where it is.

The check withdraws it at the end of the run, as it does all that stands in the ledger.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import datetime

from celestial_nasops import regular_file
from celestial_nasops.causes import FILE_HASH_DIFFERS
from celestial_nasops.daemon_state import PENDING_DELETES_NAME
from celestial_nasops.fault import NasFault
from celestial_nasops.language import say
from celestial_nasops.media_status_db import MediaStatusDB, TransferStatus
from healthcheck import causes, marked_file
from healthcheck.context import Followed, Run
from healthcheck.marked_file import MarkedFile
from healthcheck.outcome import Finding, Outcome

LONGEST_WAIT_SECONDS = 30.0
"""How long a run waits for the refusal once all else is proven: a daemon that was just restarted needs as much."""
_LARGEST_BYTES = 1024
_DETAIL = "negative_proof"


def why_not(run: Run) -> str:
    """Why the proof is not made; empty where it is."""
    setting = run.config.check_settings.negative_proof
    if setting == "off":
        return say("not made: check_settings.negative_proof is off")
    if run.config.sync_settings.wrong_file_hash == "note":
        return say("not made: sync_settings.wrong_file_hash is note")
    if setting == "auto" and not run.own_daemon:
        return say("not made: the daemon is not known to be ours and to use the present code and configuration")
    return ""


def new_file(run: Run) -> MarkedFile:
    """Name the file: it is number 0 of its run, and never large."""
    started = datetime.fromtimestamp(run.started_at)
    [file] = marked_file.new_files(run.config, run.run_id, started, 1, min(run.size_bytes, _LARGEST_BYTES), first=0)
    return file


def wrong_hash(sha256: str) -> str:
    """A hash that differs in its last digit, so that nothing short of comparing all of it will do."""
    return sha256[:-1] + f"{int(sha256[-1], 16) ^ 1:x}"


def observe(database: MediaStatusDB, decoy: Followed) -> bool:
    """Look at the row; True where something is new."""
    before = decoy.record
    decoy.record = database.get(decoy.debt.row_id) if decoy.debt.row_id is not None else None
    return decoy.record != before


def is_settled(decoy: Followed) -> bool:
    """Whether the daemon has said what it makes of the file."""
    if decoy.record is None:
        return True
    return decoy.record.transfer_status in (TransferStatus.COMPLETED, TransferStatus.FAILED) or _is_refused(decoy)


def judge(decoy: Followed, published: str | None, unit: str) -> Finding:
    """Weigh what became of the file: only a copy, or a row that says so, is a failure.

    Args:
        decoy: the file as it was seen last.
        published: where a copy lies on the NAS, None where none does.
        unit: the daemon's unit.
    """
    file, record = decoy.file.name, decoy.record
    if published is not None:
        return Finding.of_cause(causes.PUBLISHED_THOUGH_WRONG, file=file, path=published, unit=unit)
    if record is not None and record.transfer_status is TransferStatus.COMPLETED:
        return Finding.of_cause(causes.COMPLETED_THOUGH_WRONG, file=file, unit=unit)
    if _is_refused(decoy):
        return Finding.good(say("a file with a wrong hash was refused"))
    return Finding.skipped(say("open: the file with a wrong hash did not get its turn, and was not published"))


def with_copy(run: Run, finding: Finding) -> Finding:
    """Add to a finding about the copies what the NAS and the row tell of the file that must have none."""
    decoy, unit = run.decoy, run.config.daemon_settings.unit
    if decoy is None:
        return finding
    if run.clock.left_to_wait() <= 0:  # a look at a silent NAS would overrun the run
        return _with_detail(finding, say("open: there was no time left to look at the NAS"))
    try:
        published = _published(run, decoy)
    except NasFault as fault:
        about = say("open: the NAS could not be looked at: {why}", why=fault.summary)
        return _with_detail(finding, about)
    return _joined(finding, judge(decoy, published, unit))


def with_deletion(run: Run, finding: Finding) -> Finding:
    """Add to a finding about deletions what became of the file that must not be deleted."""
    decoy, unit = run.decoy, run.config.daemon_settings.unit
    if decoy is None:
        return finding
    name = decoy.file.name
    if decoy.debt.presence() == "gone":
        folder = os.path.dirname(decoy.file.path)
        return _joined(finding, Finding.of_cause(causes.DELETED_UNVERIFIED, file=name, folder=folder, unit=unit))
    list_path = os.path.join(run.config.daemon_settings.state_path, PENDING_DELETES_NAME)
    try:
        is_scheduled = _holds(list_path, name)
    except OSError as error:
        why = error.strerror or str(error)
        return _with_detail(finding, say("open: {path} can't be read: {reason}", path=list_path, reason=why))
    if is_scheduled:
        scheduled = causes.DELETION_SCHEDULED_UNVERIFIED
        return _joined(finding, Finding.of_cause(scheduled, file=name, path=list_path, unit=unit))
    return _with_detail(finding, say("a file with a wrong hash is still here, and no deletion of it is planned"))


def _is_refused(decoy: Followed) -> bool:
    record = decoy.record
    if record is None:
        return False
    named = f"[{FILE_HASH_DIFFERS.code}]" in (record.last_error_message or "")
    return record.transfer_status is TransferStatus.FAILED or (
        record.transfer_status is TransferStatus.PENDING and named
    )


def _published(run: Run, decoy: Followed) -> str | None:
    """Look at every place where a copy may lie; an unfinished upload is none."""
    places = decoy.debt.remote_paths
    found = run.nas.files(run.clock.left_to_wait()).inspect_first(places, expected_size=decoy.file.size)
    temporary = marked_file.temporary_remote_path(run.config, decoy.file.path)
    if found is not None:
        return None if found[0] == temporary else found[0]
    if decoy.record is not None and decoy.record.transfer_status is TransferStatus.FAILED:
        decoy.debt.remote_paths = []  # given up, and nothing is there: the clean-up need not look again
    return None


def _holds(path: str, name: str) -> bool:
    try:
        return name.encode() in regular_file.read(path)
    except FileNotFoundError:
        return False


def _with_detail(finding: Finding, about: str) -> Finding:
    return replace(finding, details={**finding.details, _DETAIL: about})


def _joined(finding: Finding, proof: Finding) -> Finding:
    """One finding of two: the proof's, where it alone has failed."""
    if proof.outcome is Outcome.SKIPPED:
        return _with_detail(finding, proof.summary)
    if proof.outcome is Outcome.PASS:
        told = say("{verdict}; {told}", verdict=finding.summary, told=proof.summary)
        summary = told if finding.outcome is Outcome.PASS else finding.summary
        return _with_detail(replace(finding, summary=summary), proof.summary)
    if finding.outcome is Outcome.FAIL:
        summary = say("{verdict}; {told}", verdict=finding.summary, told=proof.summary)
        return _with_detail(replace(finding, summary=summary), proof.summary)
    return _with_detail(replace(proof, details={**finding.details, **proof.details}), proof.summary)
