"""``media-sync-daemon requeue``: a person says that a file shall be sent again."""

from __future__ import annotations

import os

from celestial_nasops import causes
from celestial_nasops.config import Config
from celestial_nasops.database.records import FileRecord, TransferStatus
from celestial_nasops.fault import LocalFault
from celestial_nasops.language import say, unshown
from celestial_nasops.printing import put
from celestial_nasops.steering.commands import OK
from celestial_nasops.steering.database import SteeringDb
from celestial_nasops.steering.identity import become_the_daemon_s_user


def run(config: Config, path: str | None) -> int:
    """Put one file back into the queue, or with None all that failed.

    Raises:
        LocalFault: that file can't be sent again.
        DatabaseFault: the queue can't be used.
    """
    become_the_daemon_s_user(config, "requeue", "--failed" if path is None else path)
    with SteeringDb.of(config) as db:
        if path is None:
            count = db.requeue_failed()
            put(say("{count} file(s) that failed wait to be sent again", count=count))
            return OK
        record = _to_be_sent_again(db, path)
        path = record.file_path
        if not db.requeue(record):
            raise LocalFault(causes.REQUEUE_IN_HAND, path=path)
        put(say("{path} waits to be sent again; it was {status}", path=path, status=record.transfer_status_text))
    return OK


def _to_be_sent_again(db: SteeringDb, path: str) -> FileRecord:
    record = db.find(path) or db.find(unshown(path))
    path = record.file_path if record else path
    if record is None:
        raise LocalFault(causes.REQUEUE_NO_ROW, path=path)
    odd = db.unknown_status_of(record)
    is_known = odd is None or odd.column != "transfer_status"
    if is_known and record.transfer_status is TransferStatus.TRANSFERRING:
        raise LocalFault(causes.REQUEUE_IN_HAND, path=path)
    if is_known and record.transfer_status is TransferStatus.PENDING:
        download = record.download_status if odd is None else odd.status
        status = f"download_status '{download}', transfer_status '{record.transfer_status_text}'"
        raise LocalFault(causes.REQUEUE_WAITS, path=path, status=status)
    if not os.path.lexists(path):
        raise LocalFault(causes.FILE_MISSING, path=path)
    return record
