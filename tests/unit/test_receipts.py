"""The receipts: only ever added, beside a queue that is left as it is."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event, Receipt
from tests.queue_files import execute, insert_ready

SENT = Receipt(Event.SENT, "/m/a.mp4", "/nas/a.mp4", 5, "ab" * 32, VerificationLevel.HASH)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "media_status.db")


@pytest.fixture
def database(path: str) -> Iterator[MediaStatusDB]:
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        yield database


def without_time(receipts: list[Receipt]) -> list[Receipt]:
    return [replace(receipt, at="") for receipt in receipts]


def test_what_is_added_is_read_with_its_time(database: MediaStatusDB) -> None:
    database.add_receipt(SENT)
    database.add_receipt(replace(SENT, event=Event.DELETED, size=None))
    first, second = database.receipts_of("/m/a.mp4")
    assert without_time([first, second]) == [SENT, replace(SENT, event=Event.DELETED, size=None)]
    assert time.strptime(first.at, "%Y-%m-%d %H:%M:%S")
    assert database.newest_receipts(1) == [second]
    assert database.receipts_of("/m/b.mp4") == []


@pytest.mark.parametrize(
    "statement", ["UPDATE media_transfer_receipts SET size = 6", "DELETE FROM media_transfer_receipts"]
)
def test_nobody_changes_or_removes_one(database: MediaStatusDB, path: str, statement: str) -> None:
    database.add_receipt(SENT)
    with pytest.raises(sqlite3.IntegrityError, match="receipts are only ever added"):
        execute(path, statement)
    assert without_time(database.receipts_of("/m/a.mp4")) == [SENT]


def test_a_row_is_completed_with_its_receipt_or_not_at_all(database: MediaStatusDB, path: str) -> None:
    row_id = insert_ready(database)
    assert database.mark_all_completed({row_id: SENT}) == set()  # it is not in hand
    assert database.newest_receipts(9) == []
    database.claim_oldest_ready()
    execute(path, "DROP TABLE media_transfer_receipts", "CREATE TABLE media_transfer_receipts (id)")
    with pytest.raises(DatabaseFault):
        database.mark_all_completed({row_id: SENT})
    assert database.is_transferring(row_id)
    execute(path, "DROP TABLE media_transfer_receipts")
    assert database.mark_all_completed({row_id: SENT}) == {row_id}
    assert without_time(database.newest_receipts(9)) == [SENT]


def test_a_database_without_the_table_has_no_receipts_and_is_used_as_it_is(database: MediaStatusDB, path: str) -> None:
    execute(path, "DROP TABLE media_transfer_receipts")
    with MediaStatusDB(path, timeout_seconds=1) as check:
        assert check.receipts_of("/m/a.mp4") == check.newest_receipts(5) == check.sampled_receipts(5) == []
        assert (check.last_receipt("/m/a.mp4"), check.deleted_since(0)) == (None, 0)
        row_id = insert_ready(check)
        check.claim_oldest_ready()
        check.mark_completed(row_id)
    assert execute(path, "SELECT 1 FROM sqlite_master WHERE name = 'media_transfer_receipts'") == []
    database.add_receipt(SENT)  # the daemon's connection makes the table again
    assert without_time(database.newest_receipts(5)) == [SENT]


def test_a_test_file_of_the_check_leaves_none(database: MediaStatusDB) -> None:
    database.add_receipt(replace(SENT, local_path="/m/smoketest_20250122_101500_0123abcd-1.smoke-check.bin"))
    assert database.newest_receipts(5) == []


def test_names_that_are_no_utf_8(database: MediaStatusDB) -> None:
    odd = replace(SENT, local_path="/m/\udcff.mp4", remote_path="/nas/\udcff.mp4")
    database.add_receipt(odd)
    assert without_time(database.receipts_of("/m/\udcff.mp4")) == [odd]


def test_the_last_word_on_a_file_is_the_daemon_s(database: MediaStatusDB) -> None:
    for event in (Event.SENT, Event.VERIFIED_AGAIN, Event.CHECKED, Event.GONE):
        database.add_receipt(replace(SENT, event=event))
    last = database.last_receipt("/m/a.mp4")
    assert last is not None
    assert last.event is Event.VERIFIED_AGAIN


def test_a_sample_holds_each_copy_once_with_its_newest_receipt(database: MediaStatusDB) -> None:
    for number in range(20):
        one = replace(SENT, local_path=f"/m/{number}", remote_path=f"/nas/{number}")
        database.add_receipt(one)
        database.add_receipt(replace(one, event=Event.DELETED))
        database.add_receipt(replace(one, event=Event.GONE, sha256=""))
    assert {receipt.event for receipt in database.sampled_receipts(100)} == {Event.DELETED}
    assert len(database.sampled_receipts(100)) == 20
    assert len({receipt.remote_path for receipt in database.sampled_receipts(7)}) == 7


def test_deletions_are_counted_by_the_day(database: MediaStatusDB, path: str) -> None:
    now = 1_737_540_000
    for days_ago, count in ((0, 3), (2, 5), (3, 2), (40, 9)):
        for _ in range(count):
            database.add_receipt(replace(SENT, event=Event.DELETED))
            newest = execute(path, "SELECT MAX(id) FROM media_transfer_receipts")[0][0]
            execute(
                path,
                "DROP TRIGGER media_receipts_are_not_changed",
                f"UPDATE media_transfer_receipts SET at = datetime({now - days_ago * 86400 - 60}, 'unixepoch')"
                f" WHERE id = {newest}",
                "CREATE TRIGGER media_receipts_are_not_changed BEFORE UPDATE ON media_transfer_receipts"
                " BEGIN SELECT RAISE(ABORT, 'kept'); END",
            )
    assert database.deleted_since(now - 86400) == 3
    assert database.most_deleted_on_a_day(now - 31 * 86400, now - 86400) == 5
