"""What the operator's commands ask of the queue and change in it, beyond what the daemon does."""

from __future__ import annotations

import json

from celestial_nasops.config import Config
from celestial_nasops.database.records import COLUMNS, FileRecord, TransferStatus, bound
from celestial_nasops.media_status_db import MediaStatusDB

_COLUMNS = ", ".join(COLUMNS)
_STATUSES = """
    SELECT transfer_status, COUNT(*) FROM media_transfer_status WHERE file_path <> '__INIT_MARKER__'
    GROUP BY transfer_status
"""
_IN_STATUS = f"""
    SELECT {_COLUMNS} FROM media_transfer_status
    WHERE transfer_status IN (SELECT value FROM json_each(?)) AND file_path <> '__INIT_MARKER__'
    ORDER BY updated_at DESC, id DESC LIMIT ?
"""  # noqa: S608 - fixed text
_REQUEUE = """
    UPDATE media_transfer_status
    SET transfer_status = 'pending', transfer_retry_count = 0, transfer_start_time = NULL, transfer_end_time = NULL,
        last_error_message = NULL, updated_at = CURRENT_TIMESTAMP
    WHERE id = ? AND transfer_status = CAST(? AS TEXT)
"""
_REQUEUE_FAILED = """
    UPDATE media_transfer_status
    SET transfer_status = 'pending', transfer_retry_count = 0, transfer_start_time = NULL, transfer_end_time = NULL,
        last_error_message = NULL, updated_at = CURRENT_TIMESTAMP
    WHERE transfer_status IN ('failed', 'FAILED') AND file_path <> '__INIT_MARKER__'
"""


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

    def count_of_statuses(self) -> dict[str, int]:
        """How many rows have each transfer_status, as it is written."""
        return {str(status): int(count) for status, count in self._rows(_STATUSES)}

    def newest_in(self, statuses: list[str], limit: int) -> list[FileRecord]:
        """The rows in some statuses, those that changed last first."""
        return [FileRecord.of_row(row) for row in self._rows(_IN_STATUS, (json.dumps(statuses), limit))]

    def requeue(self, record: FileRecord) -> bool:
        """Have a file sent again as if it had never been; False where its row has changed meanwhile."""
        with self._transaction() as connection:
            return connection.execute(_REQUEUE, (record.id, bound(record.transfer_status_text))).rowcount == 1

    def requeue_failed(self) -> int:
        """Have all files that failed sent again, and tell how many."""
        with self._transaction() as connection:
            return connection.execute(_REQUEUE_FAILED).rowcount


def is_unknown(status: str) -> bool:
    """Whether nobody is known to write such a status, so that nobody takes the file up."""
    return TransferStatus.of(status) is None
