"""The queue in tables of other programs: accepted as they are, read the same, and never slowly."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB, TransferStatus
from tests.queue_files import MEDIA, execute, insert_ready


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "media_status.db")


@pytest.fixture
def database(path: str) -> Iterator[MediaStatusDB]:
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        yield database


_FOREIGN = {
    "updated_at": "DATETIME",
    "created_at": "DATETIME DEFAULT CURRENT_TIMESTAMP",
    "last_error_message": "VARCHAR(500)",
    "mission_id": "INTEGER DEFAULT 3",
    "transfer_retry_count": "INTEGER",
    "transfer_end_time": "DATETIME",
    "transfer_start_time": "DATETIME",
    "Transfer_Status": "TEXT NOT NULL",
    "download_status": "TEXT NOT NULL",
    "file_hash": "TEXT",
    "file_size": "TEXT",
    "file_name": "TEXT NOT NULL",
    "file_path": "TEXT NOT NULL",
    "id": "INTEGER PRIMARY KEY",
}
_INDEXES = (
    "CREATE INDEX i1 ON media_transfer_status (download_status)",
    "CREATE INDEX i2 ON media_transfer_status (transfer_status)",
)
_TRIGGER = (
    "CREATE TRIGGER touched AFTER UPDATE ON media_transfer_status BEGIN "
    "UPDATE media_transfer_status SET updated_at = CURRENT_TIMESTAMP WHERE id = NEW.id; END"
)
_INDEX_ON_BOTH = "CREATE INDEX i3 ON media_transfer_status (transfer_status, download_status)"
_SHARED = (
    "SELECT * FROM sqlite_master WHERE tbl_name = 'media_transfer_status' AND name NOT LIKE 'idx_media_%' ORDER BY name"
)
_SCHEMAS = {"bare": (), "single": (*_INDEXES, _TRIGGER), "both": (*_INDEXES, _INDEX_ON_BOTH), "analyzed": _INDEXES}


def make_foreign(path: str, more: tuple[str, ...], *, without: str = "") -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in _FOREIGN.items() if name != without)
    execute(path, f"CREATE TABLE media_transfer_status ({columns})", *more)


@pytest.mark.parametrize("schema", _SCHEMAS)
@pytest.mark.parametrize("create", [False, True])
def test_a_foreign_table_is_used_as_it_is(path: str, schema: str, create: bool) -> None:
    make_foreign(path, _SCHEMAS[schema])
    before = execute(path, _SHARED)
    with MediaStatusDB(path, timeout_seconds=1, create=create) as database:
        statuses = [("COMPLETED", "PENDING"), ("completed", "PENDING"), ("COMPLETED", "pending"), ("FAILED", "pending")]
        rows = [
            database.insert_file_record(f"/{number}", "x", 5, download_status=download, transfer_status=transfer)
            for number, (download, transfer) in enumerate(statuses)
        ]
        if schema == "analyzed":
            execute(path, "ANALYZE", "DROP TABLE sqlite_stat1")
        backlog = database.backlog()
        assert (backlog.ready, backlog.ready_bytes, backlog.oldest_ready_path) == (3, 15, "/0")
        assert [database.ready_ahead_of(row) for row in rows[:3]] == [0, 1, 2]
        claimed = [database.claim_oldest_ready() for _ in range(4)]
        assert [record and record.id for record in claimed] == [*rows[:3], None]
        database.mark_completed(rows[0])
        database.return_to_queue(rows[1], "weather", counts_as_retry=True)
        database.mark_failed(rows[2], "broken")
        record = database.get(rows[1])
        assert record is not None
        assert (record.file_size, record.transfer_retry_count, record.download_status) == (5, 1, "completed")
        database.prove_writable()
    assert execute(path, _SHARED) == before
    assert bool(execute(path, "SELECT 1 FROM sqlite_master WHERE name = 'media_transfer_receipts'")) is create
    assert execute(path, "PRAGMA journal_mode") == [("delete",)]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("transferring", TransferStatus.TRANSFERRING),
        ("downloading", TransferStatus.TRANSFERRING),
        ("COMPLETED", TransferStatus.COMPLETED),
        ("Failed", TransferStatus.FAILED),
        ("on its way", None),
    ],
)
def test_statuses_as_others_write_them(database: MediaStatusDB, text: str, status: TransferStatus | None) -> None:
    row_id = database.insert_file_record("/x", "x", 1, transfer_status=text)
    record = database.get(row_id)
    assert record is not None
    assert (record.transfer_status, record.transfer_status_text) == (status, text)
    assert database.is_transferring(row_id) == (status is TransferStatus.TRANSFERRING)


@pytest.mark.parametrize("column", ["file_hash", "Transfer_Status", "id"])
def test_a_missing_column_is_named(path: str, column: str) -> None:
    make_foreign(path, (), without=column)
    with pytest.raises(DatabaseFault) as caught:
        MediaStatusDB(path, timeout_seconds=1)
    name = column.lower()
    assert caught.value.code == "database_no_column"
    assert caught.value.summary == f"table media_transfer_status in {path} lacks: {name}"
    assert caught.value.remedy == (
        f'add what is missing, for example: sqlite3 {path} "ALTER TABLE media_transfer_status ADD COLUMN {name} TEXT"'
    )


def test_a_missing_table_is_named_and_made_by_the_daemon(path: str) -> None:
    execute(path, "CREATE TABLE something_else (x)")
    with pytest.raises(DatabaseFault) as caught:
        MediaStatusDB(path, timeout_seconds=1)
    assert caught.value.code == "database_no_table"
    assert caught.value.summary == f"the database {path} has no table media_transfer_status"
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        insert_ready(database)
    assert execute(path, "SELECT COUNT(*) FROM something_else") == [(0,)]


def test_values_of_other_kinds(database: MediaStatusDB, path: str) -> None:
    execute(
        path,
        "INSERT INTO media_transfer_status (id, file_path, file_name, file_size, file_hash, download_status,"
        " transfer_status, transfer_retry_count, created_at)"
        " VALUES (1, '/a', 'a', 'many', NULL, 'completed', 'pending', NULL, 1737541000)",
    )
    record = database.claim_oldest_ready()
    assert record is not None
    assert (record.file_size, record.file_hash, record.transfer_retry_count) == (None, "", 0)
    assert record.created_at == "1737541000"


def test_a_second_row_for_a_path_is_refused_even_without_the_constraint(path: str) -> None:
    make_foreign(path, ())
    with MediaStatusDB(path, timeout_seconds=1) as database:
        insert_ready(database)
        with pytest.raises(DatabaseFault) as caught:
            insert_ready(database)
        assert caught.value.summary == f"the queue has a row for {MEDIA}/a.mp4 already"
    assert execute(path, "SELECT COUNT(*) FROM media_transfer_status") == [(1,)]


# --- the work that a look takes ---


@pytest.mark.parametrize("schema", ["ours", "single", "both"])
@pytest.mark.parametrize("analyzed", [False, True])
def test_no_look_reads_the_whole_table(path: str, schema: str, analyzed: bool) -> None:
    if schema != "ours":
        make_foreign(path, _SCHEMAS[schema])
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        execute(
            path,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
            " INSERT INTO media_transfer_status (file_path, file_name, download_status, transfer_status, created_at)"
            " SELECT '/' || i, i, 'completed', 'completed', datetime(i, 'unixepoch') FROM n",
            *(["ANALYZE"] if analyzed else []),
        )
    with MediaStatusDB(path, timeout_seconds=1) as database:
        with counting_steps(database) as steps:
            assert database.claim_oldest_ready() is None
            database.backlog()
            database.ready_ahead_of(5000)
            database.take_back_transferring()
        assert len(steps) < 50  # reading the table once takes 5000 rows, several steps each


@contextlib.contextmanager
def counting_steps(database: MediaStatusDB) -> Iterator[list[None]]:
    """Grow a list by one for every hundred steps of SQLite's machine: work, counted so that no load distorts it."""
    steps: list[None] = []
    database._connection.set_progress_handler(lambda: steps.append(None), 100)
    yield steps
    database._connection.set_progress_handler(None, 0)


def test_a_claim_does_not_read_the_whole_backlog(database: MediaStatusDB, path: str) -> None:
    execute(
        path,
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
        " INSERT INTO media_transfer_status (file_path, file_name, download_status, transfer_status)"
        " SELECT '/' || i, i, 'completed', 'pending' FROM n",
    )
    with counting_steps(database) as steps:
        record = database.claim_oldest_ready()
    assert record is not None
    assert record.id == 1
    assert len(steps) < 20
