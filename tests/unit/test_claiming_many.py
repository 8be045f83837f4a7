"""Taking small files in hand together, and what the queue's indexes are good for."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import Appetite, FileRecord, MediaStatusDB, TransferStatus
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event, Receipt

SMALL = 1000
APPETITE = Appetite(small_bytes=SMALL, rows=5, total_bytes=3000)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[MediaStatusDB]:
    with MediaStatusDB(str(tmp_path / "queue.db"), timeout_seconds=5, create=True) as database:
        yield database


def _queue(database: MediaStatusDB, *sizes: int | None) -> list[int]:
    return [
        database.insert_file_record(f"/m/{number}", f"{number}", size, download_status="completed")
        for number, size in enumerate(sizes)
    ]


def _ids(records: list[FileRecord]) -> list[int]:
    assert all(record.transfer_status is TransferStatus.TRANSFERRING for record in records)
    return [record.id for record in records]


def test_small_ones_go_together_and_large_ones_alone(database: MediaStatusDB) -> None:
    rows = _queue(database, 10, SMALL, SMALL + 1, 20, None)
    assert _ids(database.claim_ready(APPETITE)) == [rows[0], rows[1], rows[3]]
    assert _ids(database.claim_ready(APPETITE)) == [rows[2]]
    assert _ids(database.claim_ready(APPETITE)) == [rows[4]]  # it does not tell its size, so it may be huge
    assert database.claim_ready(APPETITE) == []


def test_a_large_one_at_the_head_does_not_hold_up_who_wants_small_ones_only(database: MediaStatusDB) -> None:
    rows = _queue(database, 10**9, None, 7, 8)
    assert _ids(database.claim_ready(APPETITE, small_only=True)) == rows[2:]
    assert database.claim_ready(APPETITE, small_only=True) == []
    assert _ids(database.claim_ready(APPETITE)) == rows[:1]


def test_no_more_are_taken_than_was_asked_for(database: MediaStatusDB) -> None:
    rows = _queue(database, *[1] * 7)
    assert _ids(database.claim_ready(APPETITE)) == rows[:5]
    assert _ids(database.claim_ready(APPETITE)) == rows[5:]


def test_nor_more_bytes_but_one_in_any_case(database: MediaStatusDB) -> None:
    rows = _queue(database, *[1000] * 4)
    assert _ids(database.claim_ready(APPETITE)) == rows[:3]
    tiny = Appetite(small_bytes=SMALL, rows=5, total_bytes=1)
    assert _ids(database.claim_ready(tiny)) == rows[3:]


def test_those_in_back_off_are_left_alone(database: MediaStatusDB) -> None:
    rows = _queue(database, 1, 2, 3)
    assert _ids(database.claim_ready(APPETITE, excluding=rows[:2])) == rows[2:]
    assert database.claim_ready(APPETITE, small_only=True, excluding=rows[:2]) == []


def test_all_are_completed_but_those_that_are_not_in_hand(database: MediaStatusDB) -> None:
    rows = _queue(database, 1, 2, 3)
    database.claim_ready(APPETITE)
    assert database.remove_record(rows[1], "/m/1")
    assert database.still_transferring([*rows, 99]) == {rows[0], rows[2]}
    receipt = Receipt(Event.SENT, "/m/0", "/n/0", 1, "ab", VerificationLevel.HASH)
    assert database.mark_all_completed(dict.fromkeys([*rows, 99], receipt)) == {rows[0], rows[2]}
    assert database.mark_all_completed(dict.fromkeys(rows, receipt)) == set()
    assert len(database.receipts_of("/m/0")) == 2
    record = database.get(rows[0])
    assert record is not None
    assert record.transfer_status is TransferStatus.COMPLETED


def test_all_are_returned_unblamed_but_those_that_are_not_in_hand(database: MediaStatusDB) -> None:
    rows = _queue(database, 1, 2, 3)
    database.claim_ready(APPETITE)
    database.mark_completed(rows[0])
    database.return_all_to_queue(rows, "[nas_refused] away")
    records = [database.get(row) for row in rows]
    assert [record and record.transfer_status for record in records] == ["completed", "pending", "pending"]
    assert [record and record.last_error_message for record in records] == [None, *["[nas_refused] away"] * 2]
    assert all(record is not None and record.transfer_retry_count == 0 for record in records)
    assert _ids(database.claim_ready(APPETITE)) == rows[1:]


# --- indexes ---


def _indexes(path: Path) -> set[str]:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'index'")}


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    path = tmp_path / "foreign.db"
    MediaStatusDB(str(path), timeout_seconds=5, create=True).close()
    with contextlib.closing(sqlite3.connect(path)) as connection:
        for index in ("idx_media_ready", "idx_media_transfer"):
            connection.execute(f"DROP INDEX {index}")
    return path


def test_the_daemon_makes_the_indexes_that_a_table_lacks_and_the_check_does_not(foreign: Path) -> None:
    before = _indexes(foreign)
    MediaStatusDB(str(foreign), timeout_seconds=5).close()
    assert _indexes(foreign) == before
    MediaStatusDB(str(foreign), timeout_seconds=5, create=True).close()
    assert _indexes(foreign) == before | {"idx_media_ready", "idx_media_transfer"}


def test_indexes_that_serve_as_well_are_enough(foreign: Path) -> None:
    with contextlib.closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE INDEX a ON media_transfer_status (transfer_status, download_status, created_at)")
    before = _indexes(foreign)
    MediaStatusDB(str(foreign), timeout_seconds=5, create=True).close()
    assert _indexes(foreign) == before


def test_where_no_index_can_be_made_it_goes_without(foreign: Path) -> None:
    with contextlib.closing(sqlite3.connect(foreign, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with MediaStatusDB(str(foreign), timeout_seconds=0.1, create=True) as database:
            assert database.backlog().ready == 0
        writer.execute("ROLLBACK")
    assert "idx_media_ready" not in _indexes(foreign)
