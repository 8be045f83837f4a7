"""What the operator's commands ask of the queue and change in it, beyond what the daemon does."""

from __future__ import annotations

from typing import NamedTuple

from celestial_nasops.config import Config
from celestial_nasops.database.records import COLUMNS, FileRecord, bound
from celestial_nasops.database.statements import IS_FAILED
from celestial_nasops.media_status_db import MediaStatusDB

_COLUMNS = ", ".join(COLUMNS)
_NEWEST_FAILED = f"""
    SELECT {_COLUMNS} FROM media_transfer_status WHERE {IS_FAILED} ORDER BY updated_at DESC, id DESC LIMIT ?
"""  # noqa: S608 - fixed text
# Spelled as the daemon's statements find them: nobody takes up a row with 'Pending', or with a BLOB.
_KNOWN_TRANSFER = """transfer_status IN ('pending', 'PENDING', 'transferring', 'TRANSFERRING', 'downloading',
    'DOWNLOADING', 'completed', 'COMPLETED', 'failed', 'FAILED')"""
_KNOWN_DOWNLOAD = """(transfer_status NOT IN ('pending', 'PENDING') OR download_status IN ('pending', 'PENDING',
    'downloading', 'DOWNLOADING', 'completed', 'COMPLETED', 'failed', 'FAILED'))"""
_UNKNOWN = f"""
    WHERE file_path <> '__INIT_MARKER__' AND ({_KNOWN_TRANSFER} AND {_KNOWN_DOWNLOAD}) IS NOT TRUE
"""
_COUNT_UNKNOWN = f"SELECT COUNT(*) FROM media_transfer_status {_UNKNOWN}"  # noqa: S608 - fixed text
_SELECT_UNKNOWN = f"""
    SELECT file_path, odd, CASE TYPEOF(status) WHEN 'text' THEN status ELSE QUOTE(status) END
    FROM (
        SELECT id, updated_at, CAST(file_path AS TEXT) AS file_path,
            IIF({_KNOWN_TRANSFER}, 'download_status', 'transfer_status') AS odd,
            IIF({_KNOWN_TRANSFER}, download_status, transfer_status) AS status
        FROM media_transfer_status {_UNKNOWN}
    )
"""  # noqa: S608 - fixed text
_NEWEST_UNKNOWN = _SELECT_UNKNOWN + "ORDER BY updated_at DESC, id DESC LIMIT ?"
_UNKNOWN_OF_ROW = _SELECT_UNKNOWN + "WHERE id = ?"
_REQUEUE = """
    UPDATE media_transfer_status
    SET transfer_status = 'pending', transfer_retry_count = 0, transfer_start_time = NULL, transfer_end_time = NULL,
        last_error_message = NULL, updated_at = CURRENT_TIMESTAMP
    WHERE id = ? AND IFNULL(CAST(transfer_status AS TEXT), '') = CAST(? AS TEXT)
"""
_REQUEUE_FAILED = f"""
    UPDATE media_transfer_status
    SET transfer_status = 'pending', transfer_retry_count = 0, transfer_start_time = NULL, transfer_end_time = NULL,
        last_error_message = NULL, updated_at = CURRENT_TIMESTAMP
    WHERE {IS_FAILED}
"""  # noqa: S608 - fixed text


class UnknownStatus(NamedTuple):
    """A status that nobody knows, so that nobody takes the row up.

    Attributes:
        file_path: the row's file.
        column: ``transfer_status``, or ``download_status`` of a row that waits to be sent.
        status: as it stands there; what is no text as SQL writes it.
    """

    file_path: str
    column: str
    status: str


class SteeringDb(MediaStatusDB):
    """The queue, for one command."""

    @classmethod
    def of(cls, config: Config) -> SteeringDb:
        """Open the queue as it is.

        Raises:
            DatabaseFault: it can't be used.
        """
        queue = config.database_settings
        return cls(queue.db_path, timeout_seconds=queue.connection_timeout)

    def newest_failed(self, limit: int) -> list[FileRecord]:
        """The files that failed, those that changed last first."""
        return [FileRecord.of_row(row) for row in self._rows(_NEWEST_FAILED, (limit,))]

    def count_unknown(self) -> int:
        """How many rows have a status that nobody knows."""
        return int(self._rows(_COUNT_UNKNOWN)[0][0])

    def newest_unknown(self, limit: int) -> list[UnknownStatus]:
        """Those statuses, of the rows that changed last first."""
        return [UnknownStatus(*row) for row in self._rows(_NEWEST_UNKNOWN, (limit,))]

    def unknown_status_of(self, record: FileRecord) -> UnknownStatus | None:
        """The status of a row that nobody knows, if it has one."""
        rows = self._rows(_UNKNOWN_OF_ROW, (record.id,))
        return UnknownStatus(*rows[0]) if rows else None

    def requeue(self, record: FileRecord) -> bool:
        """Have a file sent again as if it had never been; False where its row has changed meanwhile."""
        with self._transaction() as connection:
            return connection.execute(_REQUEUE, (record.id, bound(record.transfer_status_text))).rowcount == 1

    def requeue_failed(self) -> int:
        """Have all files that failed sent again, and tell how many."""
        with self._transaction() as connection:
            return connection.execute(_REQUEUE_FAILED).rowcount
