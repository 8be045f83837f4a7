"""Put the marked file into the media folder, complete and durable, and only then its row into the queue."""

from __future__ import annotations

import time
from datetime import datetime

from celestial_nasops import causes as shared
from celestial_nasops.durable import folder_faults
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB
from healthcheck import marked_file
from healthcheck.context import Followed, Run
from healthcheck.ledger import Debt
from healthcheck.outcome import Finding


def probe(run: Run) -> Finding:
    """Write down what will exist, then the files, then the rows."""
    media = run.config.local_settings.media_path
    started = datetime.fromtimestamp(run.started_at)
    files = marked_file.new_files(run.config, run.run_id, started, run.file_count, run.size_bytes)
    followed = [Followed(file, _debt(run, file)) for file in files]
    run.ledger.owe(one.debt for one in followed)
    run.followed = followed

    try:
        with folder_faults(media, "local_settings.media_path", run.config.daemon_settings.unit):
            for one in followed:
                run.check_interrupted()
                one.debt.sha256 = marked_file.write(one.file)
    finally:
        for one in followed:
            if not one.debt.sha256:
                one.debt.remote_paths = []  # what never stood here was never carried; the NAS need not be asked
    run.note("file written")
    with run.open_database() as database:
        adopted = sum(_insert(database, one) for one in followed)
    run.note("row inserted", followed[-1].inserted_at)
    run.nas.start()
    total = sum(file.size for file in files)
    what = files[0].name if len(files) == 1 else f"{len(files)} files, the first {files[0].name}"
    how = "; the daemon had scanned the folder and was faster with the row" if adopted else ""
    return Finding.good(
        f"{what} ({total} bytes) is in place and in the queue{how}",
        files=[file.path for file in files],
        bytes=total,
        rows_adopted=adopted,
    )


def _debt(run: Run, file: marked_file.MarkedFile) -> Debt:
    remote = [marked_file.temporary_remote_path(run.config, file.path)]
    return Debt(
        run_id=run.run_id,
        name=file.name,
        local_path=file.path,
        size=file.size,
        created_at=time.time(),
        remote_paths=marked_file.possible_remote_paths(run.config, file.name) + remote,
    )


def _insert(database: MediaStatusDB, one: Followed) -> bool:
    """Insert the row of a file; True where another program had done so."""
    file, adopted = one.file, False
    one.inserted_at = time.time()
    try:
        one.debt.row_id = database.insert_file_record(
            file.path, file.name, file.size, one.debt.sha256, download_status="completed", transfer_status="pending"
        )
    except DatabaseFault as fault:
        if fault.cause is not shared.ROW_EXISTS:
            raise
        record = database.find(file.path)
        if record is None:
            raise
        one.debt.row_id, adopted = record.id, True
    return adopted
