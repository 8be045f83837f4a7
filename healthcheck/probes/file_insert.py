"""Put the marked file into the media folder, complete and durable, and only then its row into the queue."""

from __future__ import annotations

import contextlib
import os
import time
from datetime import datetime

from celestial_nasops import causes as shared, full_disk, words
from celestial_nasops.durable import folder_faults
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.language import say
from celestial_nasops.media_status_db import MediaStatusDB
from healthcheck import marked_file, negative_proof
from healthcheck.context import Followed, Run
from healthcheck.ledger import Debt
from healthcheck.outcome import Finding

_SETTING = "local_settings.media_path"
_SMALL_BYTES = 1 << 20
_SLOWEST_DISK_BYTES_PER_SECOND = 20e6


def probe(run: Run) -> Finding:
    """Write down what will exist, then the files, then the rows."""
    media = run.config.local_settings.media_path
    started = datetime.fromtimestamp(run.started_at)
    files = marked_file.new_files(run.config, run.run_id, started, run.file_count, run.size_bytes)
    followed = [Followed(file, _debt(run, file)) for file in files]
    _check_room(media, run.file_count * run.size_bytes)
    not_proven = negative_proof.why_not(run)
    decoy = None
    if not not_proven:
        file = negative_proof.new_file(run)
        decoy = Followed(file, _debt(run, file))
    every = [*followed, *([decoy] if decoy else [])]
    run.ledger.owe([one.debt for one in every])
    run.followed = followed

    try:
        with folder_faults(media, _SETTING):
            for one in every:
                run.check_interrupted()
                one.debt.sha256 = marked_file.write(one.file, run.check_interrupted)
                one.debt.remember_local()
    finally:
        for one in every:
            if not one.debt.sha256:
                one.debt.remote_paths = []  # what never stood here was never carried; the NAS need not be asked
    run.note("file written")
    with run.open_database() as database:
        run.queue_file = database.file
        adopted = 0
        for one in followed:
            run.check_interrupted()
            adopted += _insert(database, one, one.debt.sha256)
        if decoy is not None:
            not_proven = _insert_decoy(database, decoy)
            run.decoy = None if not_proven else decoy
    run.note("row inserted", followed[-1].inserted_at)
    run.nas.start()
    total = sum(file.size for file in files)
    first, count = files[0].name, len(files)
    what = first if count == 1 else say("{count} files, the first {first}", count=count, first=first)
    summary = say("{what} ({total} bytes) is in place and in the queue", what=what, total=total)
    if adopted:
        summary += say("; the daemon had scanned the folder and was faster with the row")
    return Finding.good(
        summary,
        files=[file.path for file in files],
        bytes=total,
        rows_adopted=adopted,
        negative_proof=not_proven or say("made with {file}", file=decoy.file.name if decoy else ""),
    )


def timeout_seconds(run: Run) -> float:
    """The configured deadline, and as long as a slow disk needs for large files."""
    writing = run.file_count * run.size_bytes / _SLOWEST_DISK_BYTES_PER_SECOND
    return run.config.check_settings.file_insert_timeout_seconds + writing


def _check_room(media: str, needed: int) -> None:
    """A large test file must not take the last of the dock's disk; a small one may find out by itself."""
    if needed <= _SMALL_BYTES:
        return
    with folder_faults(media, _SETTING):
        there = os.statvfs(media)
    free = there.f_bavail * there.f_frsize
    if free < needed:
        raise full_disk.fault_of(media, _SETTING, say("{needed} are needed", needed=words.size(needed)))


def _debt(run: Run, file: marked_file.MarkedFile) -> Debt:
    remote = [marked_file.temporary_remote_path(run.config, file.path)]
    folder: os.stat_result | None = None
    with contextlib.suppress(OSError):  # writing there will say why
        folder = os.stat(run.config.local_settings.media_path)
    return Debt(
        run_id=run.run_id,
        name=file.name,
        local_path=file.path,
        size=file.size,
        created_at=time.time(),
        base_path=run.config.nas_settings.base_path,
        media_device=folder.st_dev if folder else None,
        media_inode=folder.st_ino if folder else None,
        remote_paths=marked_file.possible_remote_paths(run.config, file.name) + remote,
    )


def _insert_decoy(database: MediaStatusDB, decoy: Followed) -> str:
    """Insert the row whose hash is wrong; why that can't be, empty where it was done. No run fails over it."""
    try:
        adopted = _insert(database, decoy, negative_proof.wrong_hash(decoy.debt.sha256))
    except DatabaseFault as fault:
        return say("not made: {why}", why=fault.summary)
    return say("not made: another program was faster with the row") if adopted else ""


def _insert(database: MediaStatusDB, one: Followed, sha256: str) -> bool:
    """Insert the row of a file; True where another program had done so."""
    file, adopted = one.file, False
    one.inserted_at = time.time()
    try:
        one.debt.row_id = database.insert_file_record(
            file.path, file.name, file.size, sha256, download_status="completed", transfer_status="pending"
        )
    except DatabaseFault as fault:
        if fault.cause is not shared.ROW_EXISTS:
            raise
        record = database.find(file.path)
        if record is None:
            raise
        one.debt.row_id, adopted = record.id, True
    return adopted
