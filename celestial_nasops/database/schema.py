"""The queue's table: made where it is missing, accepted as it is where another program made it."""

from __future__ import annotations

import contextlib
import os
import sqlite3

from celestial_nasops import causes
from celestial_nasops.database.records import COLUMNS
from celestial_nasops.durable import fsync_folder
from celestial_nasops.fault import DatabaseFault

TABLE = "media_transfer_status"
INIT_MARKER = "__INIT_MARKER__"
RECEIPTS_TABLE = "media_transfer_receipts"
IDENTITY_TABLE = "media_transfer_identity"

# The first finds the oldest ready row, the second what is in hand and what failed, however many rows there are.
_READY_INDEX = (
    "CREATE INDEX IF NOT EXISTS idx_media_ready ON media_transfer_status (download_status, transfer_status, created_at)"
)
_TRANSFER_INDEX = "CREATE INDEX IF NOT EXISTS idx_media_transfer ON media_transfer_status (transfer_status, updated_at)"
_CREATION = (
    """
    CREATE TABLE media_transfer_status (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        file_path TEXT UNIQUE NOT NULL,
        file_name TEXT NOT NULL,
        file_size INTEGER,
        file_hash TEXT,
        download_status TEXT NOT NULL DEFAULT 'pending',
        download_start_time TEXT,
        download_end_time TEXT,
        download_retry_count INTEGER DEFAULT 0,
        transfer_status TEXT NOT NULL DEFAULT 'pending',
        transfer_start_time TEXT,
        transfer_end_time TEXT,
        transfer_retry_count INTEGER DEFAULT 0,
        last_error_message TEXT,
        created_at TEXT DEFAULT CURRENT_TIMESTAMP,
        updated_at TEXT DEFAULT CURRENT_TIMESTAMP
    )
    """,
    _READY_INDEX,
    _TRANSFER_INDEX,
)

# Beside the queue, and ours alone: see celestial_nasops.receipts.
_RECEIPTS_CREATION = (
    """
    CREATE TABLE IF NOT EXISTS media_transfer_receipts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        event TEXT NOT NULL,
        at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP,
        local_path TEXT NOT NULL,
        remote_path TEXT NOT NULL,
        size INTEGER,
        sha256 TEXT NOT NULL,
        level TEXT NOT NULL
    )
    """,
    "CREATE INDEX IF NOT EXISTS idx_media_receipts_path ON media_transfer_receipts (local_path, id)",
    "CREATE INDEX IF NOT EXISTS idx_media_receipts_event ON media_transfer_receipts (event, at)",
    """
    CREATE TRIGGER IF NOT EXISTS media_receipts_are_not_changed BEFORE UPDATE ON media_transfer_receipts
    BEGIN SELECT RAISE(ABORT, 'receipts are only ever added'); END
    """,
    """
    CREATE TRIGGER IF NOT EXISTS media_receipts_are_not_removed BEFORE DELETE ON media_transfer_receipts
    BEGIN SELECT RAISE(ABORT, 'receipts are only ever added'); END
    """,
)

# What no other queue has, so that one that was made anew is not taken for the old one. A copy takes it along.
_IDENTITY_CREATION = (
    "CREATE TABLE IF NOT EXISTS media_transfer_identity (identity TEXT NOT NULL)",
    """
    INSERT INTO media_transfer_identity
    SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM media_transfer_identity)
    """,
)


def create_file(path: str) -> None:
    """Make a new queue in a file that does not exist, in WAL mode.

    It is made under another name and linked to its own, so that nobody finds it half made. Two that do so at once
    would else get in each other's way: the change to WAL mode does not wait for locks.

    Raises:
        sqlite3.Error: as SQLite puts it.
        OSError: the complete file can't be put in its place.
    """
    path = os.path.realpath(path)
    temporary = f"{path}.new-{os.urandom(4).hex()}"
    try:
        with contextlib.closing(sqlite3.connect(temporary, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            create_where_missing(connection)
        with contextlib.suppress(FileExistsError):  # somebody was faster
            os.link(temporary, path)
        fsync_folder(os.path.dirname(path))
    finally:
        for suffix in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary + suffix)


def create_where_missing(connection: sqlite3.Connection) -> None:
    """Make the tables and their indexes in a database that lacks them. What exists is left as it is.

    Raises:
        sqlite3.Error: as SQLite puts it.
    """
    if _columns(connection) and has_receipts(connection) and identity(connection):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        if not _columns(connection):  # somebody may have been faster
            for statement in _CREATION:
                connection.execute(statement)
        create_receipts(connection)
        for statement in _IDENTITY_CREATION:
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def has_receipts(connection: sqlite3.Connection) -> bool:
    """Whether the table of receipts is there; databases of other programs lack it.

    Raises:
        sqlite3.Error: as SQLite puts it.
    """
    return _has_table(connection, RECEIPTS_TABLE)


def identity(connection: sqlite3.Connection) -> str:
    """What tells this queue from one that is made in its place; empty where our daemon has not opened it yet.

    Raises:
        sqlite3.Error: as SQLite puts it.
    """
    if not _has_table(connection, IDENTITY_TABLE):
        return ""
    return "".join(str(text) for (text,) in connection.execute("SELECT identity FROM media_transfer_identity LIMIT 1"))


def create_receipts(connection: sqlite3.Connection) -> None:
    """Make the table of receipts where it is missing, within a transaction of the caller's.

    Raises:
        sqlite3.Error: as SQLite puts it.
    """
    for statement in _RECEIPTS_CREATION:
        connection.execute(statement)


def index_where_missing(connection: sqlite3.Connection) -> None:
    """Make the indexes that the queue needs where another program made the table without them.

    That changes nothing for other programs but that a row costs them a few microseconds more. Where it can't be done,
    as while another program holds the lock, everything works still, and takes longer the more rows there are.
    """
    with contextlib.suppress(sqlite3.Error):
        indexes = _indexes(connection).values()
        if not any(
            set(columns[:2]) == {"download_status", "transfer_status"} and columns[2:3] == ["created_at"]
            for columns in indexes
        ):
            connection.execute(_READY_INDEX)
        if not any(columns[:1] == ["transfer_status"] for columns in indexes):
            connection.execute(_TRANSFER_INDEX)


def check(connection: sqlite3.Connection, path: str) -> None:
    """Check that the table is there and has the columns that this package reads and writes, in whatever order.

    Raises:
        DatabaseFault: the table or a column is missing.
        sqlite3.Error: as SQLite puts it.
    """
    present = _columns(connection)
    if not present:
        raise DatabaseFault(causes.DATABASE_NO_TABLE, path=path, table=TABLE)
    missing = [column for column in COLUMNS if column not in present]
    if missing:
        raise DatabaseFault(
            causes.DATABASE_NO_COLUMN, path=path, table=TABLE, columns=", ".join(missing), first_column=missing[0]
        )


def status_indexes(connection: sqlite3.Connection) -> tuple[str | None, str | None]:
    """Find the indexes that serve the queue, among those that the table has.

    Returns:
        The name of one that begins with both statuses, best with created_at after them, and of one that begins with
        transfer_status.

    Raises:
        sqlite3.Error: as SQLite puts it.
    """
    on_both = on_transfer = None
    for index, columns in _indexes(connection).items():
        if set(columns[:2]) == {"download_status", "transfer_status"} and (on_both is None or "created_at" in columns):
            on_both = index
        if columns[:1] == ["transfer_status"]:
            on_transfer = index
    return on_both, on_transfer


def _indexes(connection: sqlite3.Connection) -> dict[str, list[str]]:
    """The columns of each index that can serve any search: not partial, and comparing bytes."""
    rows = connection.execute(
        """
        SELECT list.name, lower(info.name), info.coll
        FROM pragma_index_list(?) AS list, pragma_index_xinfo(list.name) AS info
        WHERE info.key AND NOT list.partial
        ORDER BY list.seq, info.seqno
        """,
        (TABLE,),
    ).fetchall()
    indexes: dict[str, list[str]] = {}
    for index, column, collation in rows:
        indexes.setdefault(index, []).append(column if collation == "BINARY" else "")
    return {index: columns for index, columns in indexes.items() if index.isascii()}


def _has_table(connection: sqlite3.Connection, name: str) -> bool:
    statement = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?"
    return bool(connection.execute(statement, (name,)).fetchall())


def _columns(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM pragma_table_xinfo(?)", (TABLE,)).fetchall()
    return {str(name).lower() for (name,) in rows}
