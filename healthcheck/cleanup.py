"""Removes what runs have left: row, local file and copies of marked files in the ledger, and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from celestial_nasops import words
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB, TransferStatus
from celestial_nasops.wakeup import Wakeup, settle
from healthcheck import internal_error, marked_file
from healthcheck.beside import Beside
from healthcheck.context import Run
from healthcheck.ledger import Debt

_COMMAND_SECONDS = 3.0  # one command that finds a silent NAS must not use up what the end of a run may take
_GIVE_BACK_SECONDS = 3.0  # how long the daemon may take to put down what it has in hand, which as a rule is failing


class Left(NamedTuple):
    """A debt that could not be settled yet, and why."""

    debt: Debt
    reason: str


def clean(run: Run, debts: Sequence[Debt], seconds_left: Callable[[], float]) -> list[Left]:
    """Remove everything of the given debts, and strike those of which nothing is left.

    The row goes first, so that the daemon does not take up a file that is about to vanish; the copies go last, so that
    at no moment a local deletion lacks its copy.

    Args:
        run: gives database, NAS and ledger.
        debts: what to clean; their local files and rows are removed whatever the daemon does.
        seconds_left: how long this may still take.

    Returns:
        What is left, for a later run.

    Raises:
        Fault: the ledger can't be written.
    """
    if not debts:
        return []
    # A disk that hangs holds whoever looks, beyond every signal.
    longest = max(0.0, seconds_left()) + run.config.check_settings.database_timeout_seconds
    try:
        left = Beside(lambda: _remove(run, debts, seconds_left)).result(longest)
        reason = say("a disk of this server gave no answer")
    except RuntimeError as error:  # the system has no thread left for us
        left, reason = None, internal_error.described(error)
    if left is None:
        left = dict.fromkeys(map(id, debts), reason)
    settled = {id(debt) for debt in debts if id(debt) not in left}
    run.ledger.debts = [debt for debt in run.ledger.debts if id(debt) not in settled]
    run.ledger.save()
    return [Left(debt, left[id(debt)]) for debt in debts if id(debt) in left]


def _remove(run: Run, debts: Sequence[Debt], seconds_left: Callable[[], float]) -> dict[int, str]:
    """Remove all that can be removed; why something of a debt is left, by the debt's id."""
    now = time.time()
    left = {id(debt): _spared(debt.spared_until) for debt in debts if debt.spared_until and debt.spared_until > now}
    removed = [debt for debt in debts if id(debt) not in left]
    left |= _remove_rows(run, removed, seconds_left)
    for debt in removed:
        if (reason := _remove_local(debt)) is not None:
            left.setdefault(id(debt), reason)
    # Whoever scans the media folder may have put a row back between the two.
    left |= _remove_rows(run, [debt for debt in removed if id(debt) not in left], seconds_left)
    remaining = [debt for debt in debts if id(debt) not in left]
    left |= _remove_copies(run, remaining, seconds_left)
    for debt in remaining:
        if id(debt) not in left and (reason := _may_reappear(run, debt)) is not None:
            left[id(debt)] = reason
    return left


def _remove_rows(run: Run, debts: Sequence[Debt], seconds_left: Callable[[], float]) -> dict[int, str]:
    todo = list(debts)
    if not todo:
        return {}
    reason = say("there was no time left")
    try:
        with run.open_database() as database:
            _take_back(run, database, todo, seconds_left)
            while todo and seconds_left() > 0:
                if not _remove_row(database, todo[0]):
                    _withdraw(database, todo[0])
                todo.pop(0)
    except Fault as fault:
        # What holds this row up holds the others up as well; waiting for each of them would help nobody.
        reason = say("its row: {why}", why=fault.summary)
    return {id(debt): reason for debt in todo}


def _take_back(run: Run, database: MediaStatusDB, todo: list[Debt], seconds_left: Callable[[], float]) -> None:
    """Remove the rows that the daemon does not have in hand, and wait a moment for it to put down those that it has.

    What is withdrawn in mid-transfer has to be looked for on the NAS once more by a later run.
    """

    def take_back() -> bool | None:
        for debt in list(todo):
            if seconds_left() > 0 and _remove_row(database, debt):
                todo.remove(debt)
        return not todo or None

    if take_back() or seconds_left() <= 0:
        return
    run.nudge.drain()  # from here on, only a signal ends the wait
    with Wakeup(os.path.dirname(run.config.database_settings.db_path), stop_fd=run.nudge.fileno()) as wakeup:
        settle(take_back, wakeup, min(_GIVE_BACK_SECONDS, seconds_left() / 2))


def _remove_row(database: MediaStatusDB, debt: Debt) -> bool:
    """Remove it unless the daemon has it in hand; False where it has, or where the row has changed meanwhile."""
    record = _find(database, debt)
    if record is None:
        return True
    debt.sha256 = debt.sha256 or record.file_hash  # of a run that was killed, or whose ledger was lost
    status = record.transfer_status
    if status is TransferStatus.TRANSFERRING:
        return False
    if not database.remove_record(record.id, debt.local_path, only_if=None if status is None else (status,)):
        return False
    untouched = record.transfer_retry_count == 0 and not record.transfer_start_time and not record.last_error_message
    if status is TransferStatus.PENDING and untouched:
        debt.remote_paths = []  # nobody has ever taken it up, so there is no copy to look for
    return True


def _withdraw(database: MediaStatusDB, debt: Debt) -> None:
    """Remove a row although the daemon has it in hand; it may still publish a copy."""
    record = _find(database, debt)
    if record is not None:
        debt.withdrawn_in_mid_transfer_at = time.time()
        database.remove_record(record.id, debt.local_path)


def _find(database: MediaStatusDB, debt: Debt) -> FileRecord | None:
    record = database.get(debt.row_id) if debt.row_id is not None else None
    if record is None or record.file_path != debt.local_path:
        record = database.find(debt.local_path)
    return record


def _remove_local(debt: Debt) -> str | None:
    folder, name = os.path.split(debt.local_path)
    for path in (os.path.join(folder, f".{name}.part"), debt.local_path):
        if debt.presence(path) == "unknown":
            return say("{folder} is not there, or is another volume", folder=folder)
        try:
            marked_file.remove_local(path)
        except OSError as error:
            return f"{path}: {error.strerror or error}"
    return None


def _remove_copies(run: Run, debts: list[Debt], seconds_left: Callable[[], float]) -> dict[int, str]:
    """One round trip for all paths of all files, then the folders of the copies if nothing else is in them."""
    was_sent = [debt for debt in debts if debt.remote_paths]
    if not was_sent:
        return {}
    try:
        files = run.nas.files(min(_COMMAND_SECONDS, max(0.1, seconds_left())))
        files.remove([path for debt in was_sent for path in _places_of(debt)])
        copies = {(path, debt.base_path) for debt in was_sent for path in (debt.remote_paths[0], debt.remote_path)}
        for folder, base in {(os.path.dirname(path), base) for path, base in copies}:
            if base and folder.startswith(base.rstrip("/") + "/") and seconds_left() > 0:
                files = run.nas.files(min(_COMMAND_SECONDS, max(0.1, seconds_left())))
                files.remove_empty_folders(folder, below=base)
    except Fault as fault:
        return {id(debt): say("its copy on the NAS: {why}", why=fault.summary) for debt in was_sent}
    return {}


def _places_of(debt: Debt) -> list[str]:
    return debt.remote_paths + marked_file.path_beside(debt.remote_paths[0], debt.sha256)


def _spared(until: float) -> str:
    return say("another check of this server may wait for it until {moment}", moment=words.clock(until))


def _may_reappear(run: Run, debt: Debt) -> str | None:
    """A daemon that held the file when its row was taken may still publish it; a later run looks once more."""
    withdrawn = debt.withdrawn_in_mid_transfer_at
    if withdrawn is None or time.time() - withdrawn > run.config.sync_settings.sync_timeout_seconds:
        return None
    return say("the daemon held it when it was withdrawn and may still publish a copy")
