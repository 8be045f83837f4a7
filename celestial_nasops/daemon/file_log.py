"""What the log says of a file that has arrived: one line, whatever there is to say of it."""

from __future__ import annotations

import logging

from celestial_nasops import causes
from celestial_nasops.daemon.board import coded
from celestial_nasops.daemon_events import FILE_PUT_DOWN, FILE_SENT, FILE_WITHDRAWN, journalled
from celestial_nasops.database.records import FileRecord
from celestial_nasops.fault import LocalFault, NasFault, shown
from celestial_nasops.transfer import Sent

log = logging.getLogger(__name__)


def arrived(record: FileRecord, sent: Sent, seconds: float, together: int, total: int) -> None:
    """Tell that a file was sent.

    Args:
        record: its row, as it was when it was taken in hand.
        sent: its copy.
        seconds: how long that took, with those that went together with it.
        together: how many files those were, itself counted.
        total: how many bytes all of them had.
    """
    fields = {
        "FILE_PATH": record.file_path,
        "REMOTE_PATH": sent.remote_path,
        "FILE_SIZE": sent.size,
        "SHA256": sent.sha256,
        "VERIFICATION_LEVEL": sent.level,
        "SECONDS": f"{seconds:.3f}",
        "RATE": round(total / max(seconds, 0.001)),
        "FILES_TOGETHER": together,
        "ROW_ID": record.id,
    }
    if sent.belongs_at:
        beside = NasFault(
            causes.NAS_STORED_BESIDE, path=record.file_path, taken=sent.belongs_at, beside=sent.remote_path
        )
        log.warning("%s; %s", coded(beside), beside.remedy, extra=journalled(FILE_SENT, beside, **fields))
        return
    others = f"with {together - 1} more in " if together > 1 else ""
    line = f"sent {shown(record.file_path)} to {shown(sent.remote_path)} ({sent.size} bytes, {others}{seconds:.1f} s)"
    note = None
    if record.file_hash.strip().lower() not in ("", sent.sha256):
        note = LocalFault(causes.FILE_HASH_DIFFERS, path=record.file_path, found=sent.sha256, expected=record.file_hash)
        line += f"; note: {coded(note)}; that may be a hash of another kind"
    log.info("%s", line, extra=journalled(FILE_SENT, note, **fields))


def put_down(record: FileRecord) -> None:
    """Tell that a file was put down, because the daemon ends or pauses."""
    told = journalled(FILE_PUT_DOWN, FILE_PATH=record.file_path, FILE_SIZE=record.file_size, ROW_ID=record.id)
    log.info("put down: %s", shown(record.file_path), extra=told)


def withdrawn(record: FileRecord) -> None:
    """Tell that a file was sent and not published, because somebody else has changed its row."""
    told = journalled(FILE_WITHDRAWN, FILE_PATH=record.file_path, FILE_SIZE=record.file_size, ROW_ID=record.id)
    log.info("not published, its row is not in hand any more: %s", shown(record.file_path), extra=told)


def stays_in_hand(record: FileRecord) -> None:
    """Tell that the row of a file that was put down could not be returned to the queue before the end."""
    told = journalled(FILE_PUT_DOWN, FILE_PATH=record.file_path, FILE_SIZE=record.file_size, ROW_ID=record.id)
    log.warning("row %d stays as it is until the next start: %s", record.id, shown(record.file_path), extra=told)
