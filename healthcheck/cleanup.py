"""Removes what runs have left: row, local file and copies of marked files in the ledger, and nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass

from celestial_nasops.fault import Fault
from celestial_nasops.media_status_db import TransferStatus
from healthcheck import marked_file
from healthcheck.context import Run
from healthcheck.ledger import Debt


@dataclass(frozen=True, slots=True)
class Left:
    """A debt that could not be settled yet, and why."""

    debt: Debt
    reason: str


def clean(run: Run, debts: Sequence[Debt], timeout_seconds: float) -> list[Left]:
    """Remove everything of the given debts, and strike those of which nothing is left.

    The row goes first, so that the daemon does not take up a file that is about to vanish; the copies go last, so that
    at no moment a local deletion lacks its copy.

    Args:
        run: gives database, NAS and ledger.
        debts: what to clean; their local files and rows are removed whatever the daemon does.
        timeout_seconds: how long the NAS may be waited for.

    Returns:
        What is left, for a later run.

    Raises:
        Fault: the ledger can't be written.
    """
    if not debts:
        return []
    left: dict[int, str] = {}
    for debt in debts:
        if (reason := _remove_row(run, debt) or _remove_local(debt)) is not None:
            left[id(debt)] = reason
    remaining = [debt for debt in debts if id(debt) not in left]
    left |= _remove_copies(run, remaining, timeout_seconds)
    for debt in remaining:
        if id(debt) not in left and (reason := _may_reappear(run, debt)) is not None:
            left[id(debt)] = reason
    run.ledger.settle(debt for debt in debts if id(debt) not in left)
    run.ledger.save()
    return [Left(debt, left[id(debt)]) for debt in debts if id(debt) in left]


def _remove_row(run: Run, debt: Debt) -> str | None:
    try:
        with run.open_database() as database:
            record = database.get(debt.row_id) if debt.row_id is not None else None
            if record is None or record.file_path != debt.local_path:
                record = database.find(debt.local_path)
            if record is None:
                return None
            if record.transfer_status is TransferStatus.TRANSFERRING:
                debt.withdrawn_in_mid_transfer_at = time.time()
            database.remove_record(record.id, debt.local_path)
    except Fault as fault:
        return f"its row: {fault.summary}"
    return None


def _remove_local(debt: Debt) -> str | None:
    folder, name = os.path.split(debt.local_path)
    for path in (os.path.join(folder, f".{name}.part"), debt.local_path):
        try:
            marked_file.remove_local(path)
        except OSError as error:
            return f"{path}: {error.strerror or error}"
    return None


def _remove_copies(run: Run, debts: list[Debt], timeout_seconds: float) -> dict[int, str]:
    """One round trip for all paths of all files, then the date's folder if nothing else is in it."""
    was_sent = [debt for debt in debts if debt.remote_paths]
    if not was_sent:
        return {}
    try:
        files = run.nas.files(timeout_seconds)
        files.remove([path for debt in was_sent for path in debt.remote_paths])
        for folder in dict.fromkeys(os.path.dirname(debt.remote_paths[0]) for debt in was_sent):
            files.remove_empty_folders(folder, below=run.config.nas_settings.base_path)
    except Fault as fault:
        return {id(debt): f"its copy on the NAS: {fault.summary}" for debt in was_sent}
    return {}


def _may_reappear(run: Run, debt: Debt) -> str | None:
    """A daemon that held the file when its row was taken may still publish it; a later run looks once more."""
    withdrawn = debt.withdrawn_in_mid_transfer_at
    if withdrawn is None or time.time() - withdrawn > run.config.sync_settings.sync_timeout_seconds:
        return None
    return "the daemon held it when it was withdrawn and may still publish a copy"
