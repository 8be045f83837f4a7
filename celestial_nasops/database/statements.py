"""The SQL of the queue. Statuses are matched as all daemons write them; the marker row is no file and never matches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

Parameters = Sequence[str | bytes | int | None] | Mapping[str, str | bytes | int | None]

# CAST: a file name that is no UTF-8 is bound as bytes, and bytes never equal a text.

PATH_KNOWN = "SELECT 1 FROM media_transfer_status WHERE file_path = CAST(? AS TEXT) LIMIT 1"

INSERT = """
    INSERT INTO media_transfer_status
        (file_path, file_name, file_size, file_hash, download_status, transfer_status, created_at, updated_at)
    VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT),
        CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)
"""

CLAIM = """
    UPDATE media_transfer_status
    SET transfer_status = 'transferring', transfer_start_time = CURRENT_TIMESTAMP, transfer_end_time = NULL,
        updated_at = CURRENT_TIMESTAMP
    WHERE id = ?
"""

MARK_COMPLETED = """
    UPDATE media_transfer_status
    SET transfer_status = 'completed', transfer_end_time = CURRENT_TIMESTAMP, last_error_message = NULL,
        updated_at = CURRENT_TIMESTAMP
    WHERE id = :id AND transfer_status IN ('transferring', 'TRANSFERRING', 'downloading', 'DOWNLOADING')
"""

MARK_FAILED = """
    UPDATE media_transfer_status
    SET transfer_status = 'failed', transfer_end_time = CURRENT_TIMESTAMP, last_error_message = CAST(:error AS TEXT),
        updated_at = CURRENT_TIMESTAMP
    WHERE id = :id AND transfer_status IN ('transferring', 'TRANSFERRING', 'downloading', 'DOWNLOADING')
"""

# A row that goes back keeps its transfer_start_time: it tells, also a daemon that starts anew, that a part of the file
# may lie on the NAS, and in the folder of which day.
RETURN_TO_QUEUE = """
    UPDATE media_transfer_status
    SET transfer_status = 'pending',
        last_error_message = COALESCE(CAST(:error AS TEXT), last_error_message),
        transfer_retry_count = COALESCE(transfer_retry_count, 0) + :retries, updated_at = CURRENT_TIMESTAMP
    WHERE id = :id AND transfer_status IN ('transferring', 'TRANSFERRING', 'downloading', 'DOWNLOADING')
"""

TAKE_BACK = """
    UPDATE media_transfer_status
    SET transfer_status = 'pending', updated_at = CURRENT_TIMESTAMP
    WHERE id = ?
"""

REMOVE = "DELETE FROM media_transfer_status WHERE id = ?"

_RECORD = """
    SELECT id, file_path, file_name, file_size, file_hash, download_status, transfer_status, transfer_start_time,
        transfer_end_time, transfer_retry_count, last_error_message, created_at, updated_at
    FROM media_transfer_status
"""

FIND = _RECORD + "WHERE file_path = CAST(? AS TEXT) AND file_path <> '__INIT_MARKER__' ORDER BY id LIMIT 1"

TO_BE_SENT = """
    SELECT 1 FROM media_transfer_status
    WHERE file_path = CAST(? AS TEXT) AND file_path <> '__INIT_MARKER__'
        AND lower(transfer_status) IN ('pending', 'transferring', 'downloading') LIMIT 1
"""

_OF_LIST = "WHERE id IN (SELECT value FROM json_each(?))"

GET_ALL = _RECORD + _OF_LIST + " ORDER BY created_at, id"

STILL_IN_HAND = """
    SELECT id FROM media_transfer_status
    WHERE id IN (SELECT value FROM json_each(:ids)) AND file_path <> '__INIT_MARKER__'
        AND transfer_status IN ('transferring', 'TRANSFERRING', 'downloading', 'DOWNLOADING')
"""

GET = _RECORD + "WHERE id = ? AND file_path <> '__INIT_MARKER__'"

NAMED_LIKE = _RECORD + "WHERE INSTR(file_name, ?) > 0 AND file_path <> '__INIT_MARKER__'"

# By id, not by an index on the status, which would have to sort all completed rows for one page.
COMPLETED = (
    _RECORD
    + """NOT INDEXED
    WHERE id > :after_id AND transfer_status IN ('completed', 'COMPLETED') AND file_path <> '__INIT_MARKER__'
    ORDER BY id LIMIT :limit"""
)

_TRANSFERRING = """ @TRANSFER
    WHERE transfer_status IN ('transferring', 'TRANSFERRING', 'downloading', 'DOWNLOADING')
        AND file_path <> '__INIT_MARKER__'
"""

# The check's files are no media; one is refused in each run, as a proof, and is gone with the run.
IS_FAILED = """
    transfer_status IN ('failed', 'FAILED') AND file_path <> '__INIT_MARKER__'
        AND INSTR(file_name, '.smoke-check.') = 0
"""
_FAILED = f" @TRANSFER WHERE {IS_FAILED}"

_READY = """ @READY
    WHERE download_status IN ('completed', 'COMPLETED') AND transfer_status IN ('pending', 'PENDING')
        AND file_path <> '__INIT_MARKER__'
"""

# A table without a primary key may hold rows whose id can't be told from another's; nobody can take those in hand.
_OLDEST = """ AND TYPEOF(id) = 'integer' AND id NOT IN (SELECT value FROM json_each(:excluding))
    ORDER BY created_at, id LIMIT 1"""

# Where an index has both statuses and then created_at, each of the four searches reads one entry of it, however many
# rows are ready. One search for all pairs of spellings would have to sort them all.
_OLDEST_OF_EACH_SPELLING = """
    WHERE id IN (
        SELECT (
            SELECT id FROM media_transfer_status @READY
            WHERE download_status = downloaded.column1 AND transfer_status = waiting.column1
                AND file_path <> '__INIT_MARKER__' AND TYPEOF(id) = 'integer'
                AND id NOT IN (SELECT value FROM json_each(:excluding))
            ORDER BY created_at, id LIMIT 1
        )
        FROM (VALUES ('completed'), ('COMPLETED')) AS downloaded, (VALUES ('pending'), ('PENDING')) AS waiting
    )
    ORDER BY created_at, id LIMIT 1
"""

# The same for many rows at once: each of the four searches ends at its limit.
_FIRST_OF_EACH_SPELLING = """
    WHERE id IN (
        SELECT id FROM (@SPELLING('completed', 'pending')) UNION ALL SELECT id FROM (@SPELLING('COMPLETED', 'pending'))
        UNION ALL
        SELECT id FROM (@SPELLING('completed', 'PENDING')) UNION ALL SELECT id FROM (@SPELLING('COMPLETED', 'PENDING'))
    )
    ORDER BY created_at, id LIMIT :limit
"""
_FIRST_OF_ONE_SPELLING = """
    SELECT id FROM media_transfer_status @READY
    WHERE download_status = {} AND transfer_status = {} AND file_path <> '__INIT_MARKER__'@SIZE
        AND id NOT IN (SELECT value FROM json_each(:excluding))
    ORDER BY created_at, id LIMIT :limit
"""
_CANDIDATE = "SELECT id, file_size FROM media_transfer_status"
_FIRST = "@SIZE AND id NOT IN (SELECT value FROM json_each(:excluding)) ORDER BY created_at, id LIMIT :limit"
_SMALL = " AND file_size <= :small_bytes"

# What is no file's size, such as 1e300 or -1, would make a lie of the sum of all.
_SIZE = "CASE WHEN CAST(file_size AS INTEGER) BETWEEN 0 AND 1125899906842624 THEN file_size END"

_AHEAD = " AND (created_at, id) < (SELECT created_at, id FROM media_transfer_status WHERE id = :id)"


class Statements(NamedTuple):
    """The statements that depend on the indexes of the table."""

    transferring: str
    begun_before: str
    count_transferring: str
    count_failed: str
    newest_failed: str
    oldest_ready: str
    first_ready: str
    first_small_ready: str
    count_ready: str
    count_ready_ahead: str

    @classmethod
    def fitting(cls, index_on_both: str | None, index_on_transfer: str | None) -> Statements:
        """Name the index to use in each statement.

        The planner would choose wrongly: nearly all rows of an old queue are completed, so an index on download_status
        alone is worse than none, and after an ANALYZE it holds the one on transfer_status to be no better. What is
        searched for are always the few rows that stand out.

        Args:
            index_on_both: an index that begins with both statuses, if there is one.
            index_on_transfer: one that begins with transfer_status, if there is one.
        """
        count = "SELECT COUNT(*) FROM media_transfer_status"
        total = f"SELECT COUNT(*), TOTAL({_SIZE}) FROM media_transfer_status"  # noqa: S608 - fixed text
        ready, transfer = _indexed(index_on_both or index_on_transfer), _indexed(index_on_transfer)

        def named(statement: str) -> str:
            return statement.replace("@READY", ready).replace("@TRANSFER", transfer)

        first = _CANDIDATE + (_of_each_spelling() if index_on_both else _READY + _FIRST)

        return cls(
            transferring=named(_RECORD + _TRANSFERRING + "ORDER BY id"),
            begun_before=named(_RECORD + _READY + "AND transfer_start_time IS NOT NULL ORDER BY id"),
            count_transferring=named(count + _TRANSFERRING),
            count_failed=named(count + _FAILED),
            newest_failed=named(_RECORD + _FAILED + "ORDER BY updated_at DESC, id DESC LIMIT 1"),
            oldest_ready=named(_RECORD + (_OLDEST_OF_EACH_SPELLING if index_on_both else _READY + _OLDEST)),
            first_ready=named(first.replace("@SIZE", "")),
            first_small_ready=named(first.replace("@SIZE", _SMALL)),
            count_ready=named(total + _READY),
            count_ready_ahead=named(count + _READY + _AHEAD),
        )


def _of_each_spelling() -> str:
    return re.sub(
        r"@SPELLING\(('\w+'), ('\w+')\)",
        lambda match: _FIRST_OF_ONE_SPELLING.format(match[1], match[2]),
        _FIRST_OF_EACH_SPELLING,
    )


def _indexed(index: str | None) -> str:
    return "NOT INDEXED" if index is None else 'INDEXED BY "{}"'.format(index.replace('"', '""'))
