"""What has become of each file, for good: an append-only table of its own beside the queue, in the same SQLite file.

Each row is one event of one file; none is ever changed or removed, which triggers enforce against everybody. The
queue's table, which other programs share, is left as it is.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from celestial_nasops import causes, paths
from celestial_nasops.database import schema
from celestial_nasops.database.connection import DbConnection
from celestial_nasops.database.records import bound
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.nas.verification import VerificationLevel

_INSERT = """
    INSERT INTO media_transfer_receipts (event, local_path, remote_path, size, sha256, level)
    VALUES (?, CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?)
"""
_COLUMNS = "SELECT id, event, local_path, remote_path, size, sha256, level, at FROM media_transfer_receipts"
_OF_PATH = _COLUMNS + " WHERE local_path = CAST(? AS TEXT) ORDER BY id"
_NEWEST = f"SELECT * FROM ({_COLUMNS} ORDER BY id DESC LIMIT ?) AS newest"  # noqa: S608 - fixed text
_LAST = _COLUMNS + " WHERE local_path = CAST(? AS TEXT) AND event NOT IN ('gone', 'checked') ORDER BY id DESC LIMIT 1"
_DELETED_SINCE = (
    "SELECT COUNT(*) FROM media_transfer_receipts WHERE event = 'deleted' AND at >= datetime(?, 'unixepoch')"
)
_BUSIEST_DAY = """
    SELECT COALESCE(MAX(files), 0) FROM (
        SELECT COUNT(*) AS files FROM media_transfer_receipts
        WHERE event = 'deleted' AND at >= datetime(:begin, 'unixepoch') AND at < datetime(:end, 'unixepoch')
        GROUP BY CAST((strftime('%s', at) - :begin) / 86400 AS INTEGER)
    )
"""
# Of each copy the newest receipt; ids grow.
_OF_COPIES = _COLUMNS + " WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"  # noqa: S608 - fixed text
_SAMPLE = """
    SELECT MAX(id) FROM media_transfer_receipts WHERE event <> 'gone' GROUP BY remote_path ORDER BY RANDOM() LIMIT ?
"""


class Event(StrEnum):
    """What a receipt testifies."""

    SENT = "sent"
    """A copy was published, after its content was verified on the NAS."""
    VERIFIED_AGAIN = "verified_again"
    """The copy was found right once more, and the deletion of the local file is about to follow."""
    DELETED = "deleted"
    """The local file was deleted by the daemon."""
    GONE = "gone"
    """The local file was found gone when it was to be deleted, and the daemon did not see itself delete it.

    Somebody else removed it; or, if it was verified again before, perhaps a daemon that was killed right afterwards.
    """
    CHECKED = "checked"
    """``media-sync-daemon verify`` found the copy right."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One event of one file.

    Attributes:
        event: what happened.
        local_path: the file.
        remote_path: its copy, as it is really named.
        size: of both (bytes); None where that was not seen.
        sha256: of both (hex); empty where that was not seen.
        level: what the verification rested on.
        at: UTC, ``YYYY-MM-DD HH:MM:SS``; empty for one that is to be added now.
    """

    event: Event
    local_path: str
    remote_path: str
    size: int | None
    sha256: str
    level: VerificationLevel
    at: str = ""


def _raise(fault: DatabaseFault) -> None:
    raise fault


class ReceiptsDb(DbConnection):
    """A connection to the queue's file that knows the receipts in it. A database without them is as if it had none.

    All operations raise ``DatabaseFault``. ``odd``, where it is given, is told of each receipt that can't be
    understood, as those of a newer version, and that is left out; where it is not given, such a one is raised.
    """

    def add_receipt(self, receipt: Receipt) -> None:
        """Add a receipt, durably.

        Raises:
            DatabaseFault: the database can't be written.
        """
        with self._transaction() as connection:
            self._add_receipts(connection, [receipt])

    def add_receipts(self, receipts: Iterable[Receipt]) -> None:
        """Add receipts durably, all or none.

        Raises:
            DatabaseFault: the database can't be written.
        """
        with self._transaction() as connection:
            self._add_receipts(connection, receipts)

    def receipts_of(self, local_path: str, odd: Callable[[DatabaseFault], None] = _raise) -> list[Receipt]:
        """All receipts of a file, the oldest first.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return self._receipts(_OF_PATH, (bound(local_path),), odd)

    def newest_receipts(self, limit: int, odd: Callable[[DatabaseFault], None] = _raise) -> list[Receipt]:
        """The last receipts of all files, the newest first.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return self._receipts(_NEWEST, (limit,), odd)

    def last_receipt(self, local_path: str) -> Receipt | None:
        """The last receipt of what the daemon did with a file; None where it has none.

        Raises:
            DatabaseFault: the database can't be read.
        """
        found = self._receipts(_LAST, (bound(local_path),))
        return found[0] if found else None

    def sampled_receipts(self, count: int, odd: Callable[[DatabaseFault], None] = _raise) -> list[Receipt]:
        """The last word on each of some copies, chosen at random.

        Raises:
            DatabaseFault: the database can't be read.
        """
        with self._transaction(writes=False) as connection:
            if not schema.has_receipts(connection):
                return []
            ids = [row_id for (row_id,) in connection.execute(_SAMPLE, (count,)).fetchall()]
            return self._understood(connection.execute(_OF_COPIES, (json.dumps(ids),)), odd)

    def deleted_since(self, moment: float) -> int:
        """How many files the daemon has deleted since a moment (Unix seconds).

        Raises:
            DatabaseFault: the database can't be read.
        """
        return self._number(_DELETED_SINCE, (int(moment),))

    def most_deleted_on_a_day(self, begin: float, end: float) -> int:
        """How many files the daemon has deleted on the busiest day between two moments (Unix seconds).

        Raises:
            DatabaseFault: the database can't be read.
        """
        return self._number(_BUSIEST_DAY, {"begin": int(begin), "end": int(end)})

    def _add_receipts(self, connection: sqlite3.Connection, receipts: Iterable[Receipt]) -> None:
        """Add receipts within a transaction of the caller's.

        A test file of the check leaves no row behind it, and no receipt either. Where the table is missing, because the
        database was replaced or made by another program, it is made: nobody else will.
        """
        rows = [
            (
                receipt.event.value,
                bound(receipt.local_path),
                bound(receipt.remote_path),
                receipt.size,
                receipt.sha256,
                receipt.level.value,
            )
            for receipt in receipts
            if not paths.is_test_file(receipt.local_path)
        ]
        if rows and not schema.has_receipts(connection):
            schema.create_receipts(connection)
        connection.executemany(_INSERT, rows)

    def _receipts(
        self,
        statement: str,
        parameters: tuple[str | bytes | int, ...],
        odd: Callable[[DatabaseFault], None] = _raise,
    ) -> list[Receipt]:
        with self._transaction(writes=False) as connection:
            if not schema.has_receipts(connection):
                return []
            return self._understood(connection.execute(statement, parameters), odd)

    def _understood(self, rows: sqlite3.Cursor, odd: Callable[[DatabaseFault], None]) -> list[Receipt]:
        found = []
        for row in rows.fetchall():
            try:
                found.append(self._receipt(row))
            except DatabaseFault as fault:
                odd(fault)
        return found

    def _receipt(self, row: tuple[Any, ...]) -> Receipt:
        """A row as it is meant; what somebody else has put there is not taken for a proof."""
        row_id, event, local_path, remote_path, size, sha256, level, at = row
        texts = {"local_path": local_path, "remote_path": remote_path, "sha256": sha256, "at": at}
        odd = next((name for name, value in texts.items() if not isinstance(value, str)), "")
        if event not in set(Event):
            odd = "event"
        elif level not in set(VerificationLevel):
            odd = "level"
        elif size is not None and not (isinstance(size, int) and size >= 0):
            odd = "size"
        if odd:
            raise DatabaseFault(causes.RECEIPT_UNREADABLE, path=self.path, row_id=row_id, column=odd)
        return Receipt(Event(event), local_path, remote_path, size, sha256, VerificationLevel(level), at)

    def _number(self, statement: str, parameters: tuple[int, ...] | dict[str, int]) -> int:
        with self._transaction(writes=False) as connection:
            if not schema.has_receipts(connection):
                return 0
            return int(connection.execute(statement, parameters).fetchall()[0][0])
