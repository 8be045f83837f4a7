"""Finds what carries the mark and stands in no ledger: for when a ledger was lost."""

from __future__ import annotations

import os
from time import time

from celestial_nasops.config import Config
from healthcheck import marked_file, pipeline
from healthcheck.context import Run
from healthcheck.ledger import Debt
from healthcheck.marked_file import MARK
from healthcheck.status_file import Status


def find(run: Run, last: Status | None) -> list[Debt]:
    """What carries the mark and no ledger names.

    What says that it is of another server's check is not ours to remove. What may be of another check of this server,
    which has a ledger of its own, is spared for as long as that check may need it.

    Args:
        run: gives the media folder, the database and the ledger.
        last: what the run before told, by which its files are known for ours.

    Raises:
        DatabaseFault: the database can't be read.
        OSError: the media folder can't be read.
    """
    known = {debt.local_path for debt in run.ledger.debts}
    media = run.config.local_settings.media_path
    paths = {os.path.join(media, name) for name in os.listdir(media) if marked_file.carries_mark(name)}
    # A part that was being written belongs to the file that it was to become.
    paths = {os.path.join(media, os.path.basename(path)[1:-5]) if path.endswith(".part") else path for path in paths}
    with run.open_database() as database:
        paths |= {record.file_path for record in database.records_named_like(MARK)}
    ours = {run_id[-marked_file.RUN_CHARACTERS :] for run_id in _runs(last)}
    return [
        Debt(
            run_id="unknown",
            name=os.path.basename(path),
            local_path=path,
            size=0,
            created_at=time(),
            base_path=run.config.nas_settings.base_path,
            remote_paths=[
                *marked_file.possible_remote_paths(run.config, os.path.basename(path)),
                marked_file.temporary_remote_path(run.config, path),
            ],
            spared_until=None if marked_file.run_of(path) in ours else _needed_until(run.config, path),
        )
        for path in sorted(paths - known)
        if _can_be_owed(path) and not _is_of_another_server(path)
    ]


def _runs(last: Status | None) -> list[str]:
    if last is None:
        return []
    return [last.run_id, *([last.previous.run_id] if last.previous else [])]


def _needed_until(config: Config, path: str) -> float | None:
    """Until when a check that has begun the file may wait for it: a run, the deletion, and the run that settles it."""
    sync, check = config.sync_settings, config.check_settings
    try:
        begun: float | None = os.lstat(path).st_mtime
    except OSError:
        begun = marked_file.begun_at(path)
    if begun is None:
        return None
    deletion = sync.safe_delete_delay_minutes + check.delete_grace_minutes if sync.delete_after_sync else 0.0
    return begun + 2 * pipeline.longest_run_seconds(config) + 60 * (deletion + check.longest_interval_minutes)


def _is_of_another_server(path: str) -> bool:
    return marked_file.host_of(path) not in ("", os.uname().nodename)


def _can_be_owed(path: str) -> bool:
    """Whether a run can have written that path: the ledger is UTF-8, and so is the configured folder."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return marked_file.is_marked_path(path)
