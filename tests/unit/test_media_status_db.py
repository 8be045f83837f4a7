"""The queue: what goes in, how rows move on, and what is counted."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.database import schema
from celestial_nasops.database.records import age_seconds
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import INIT_MARKER, MediaStatusDB, TransferStatus
from tests.queue_files import MEDIA, execute, insert_ready


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "media_status.db")


@pytest.fixture
def database(path: str) -> Iterator[MediaStatusDB]:
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        yield database


# --- making the file ---


def test_a_new_file_is_in_wal_mode_and_empty(database: MediaStatusDB, path: str) -> None:
    assert execute(path, "PRAGMA journal_mode") == [("wal",)]
    assert database.claim_oldest_ready() is None
    assert database.backlog().ready == 0


def test_a_file_that_somebody_made_a_moment_before_is_left_alone(database: MediaStatusDB, path: str) -> None:
    row_id = insert_ready(database)
    schema.create_file(path)
    database.check_same_file()
    assert database.get(row_id) is not None
    assert sorted(os.listdir(database.folder)) == [f"media_status.db{suffix}" for suffix in ("", "-shm", "-wal")]


def test_opening_for_the_check_never_makes_a_file(path: str) -> None:
    with pytest.raises(DatabaseFault) as caught:
        MediaStatusDB(path, timeout_seconds=1)
    assert caught.value.cause is causes.DATABASE_MISSING
    assert not os.path.exists(path)


def test_a_path_with_every_character_that_means_something_in_a_uri(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/a b?mode=ro#%41&\xff.db")
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        insert_ready(database)
    assert os.path.exists(path)


def test_the_folder_is_where_the_file_really_lies(path: str, database: MediaStatusDB, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "elsewhere" / "link.db"
    link.symlink_to(path)
    with MediaStatusDB(str(link), timeout_seconds=1) as linked:
        assert linked.folder == os.path.realpath(tmp_path)


# --- a file's way ---


def test_a_file_goes_from_pending_to_completed(database: MediaStatusDB) -> None:
    row_id = insert_ready(database)
    claimed = database.claim_oldest_ready()
    assert claimed is not None
    assert (claimed.id, claimed.transfer_status) == (row_id, TransferStatus.TRANSFERRING)
    assert claimed.transfer_start_time is not None
    assert database.is_transferring(row_id)
    assert database.claim_oldest_ready() is None
    database.mark_completed(row_id)
    record = database.get(row_id)
    assert record is not None
    assert record.transfer_status is TransferStatus.COMPLETED
    assert record.transfer_end_time is not None
    assert not database.is_transferring(row_id)


def test_the_oldest_ready_row_comes_first(database: MediaStatusDB, path: str) -> None:
    young, old, same_second = (insert_ready(database, name) for name in ("young", "old", "same second"))
    database.insert_file_record(f"{MEDIA}/partial", "partial", 1, download_status="downloading")
    execute(
        path,
        "UPDATE media_transfer_status SET created_at = '2025-01-22 10:15:00'",
        f"UPDATE media_transfer_status SET created_at = '2025-01-22 10:16:00' WHERE id = {young}",
    )
    assert [database.ready_ahead_of(row) for row in (young, old, same_second)] == [2, 0, 1]
    claimed = [database.claim_oldest_ready() for _ in range(4)]
    assert [record and record.id for record in claimed] == [old, same_second, young, None]


def test_rows_in_back_off_are_left_alone(database: MediaStatusDB) -> None:
    first, second = insert_ready(database, "first"), insert_ready(database, "second")
    claimed = database.claim_oldest_ready(excluding={first, 999})
    assert claimed is not None
    assert claimed.id == second
    assert database.claim_oldest_ready(excluding=[first]) is None


def test_a_returned_row_keeps_its_place_and_counts_what_is_its_fault(database: MediaStatusDB) -> None:
    first, _ = insert_ready(database, "first"), insert_ready(database, "second")
    database.claim_oldest_ready()
    database.return_to_queue(first, "[file_changed] changed", counts_as_retry=False)
    record = database.claim_oldest_ready()
    assert record is not None
    assert (record.id, record.transfer_retry_count, record.last_error_message) == (first, 0, "[file_changed] changed")
    database.return_to_queue(first, counts_as_retry=True)
    record = database.get(first)
    assert record is not None
    assert (record.transfer_retry_count, record.last_error_message) == (1, "[file_changed] changed")
    assert record.transfer_start_time  # a part may lie on the NAS since then
    assert [one.id for one in database.begun_before()] == [first]


def test_a_failed_row_keeps_its_error_and_a_completed_one_drops_it(database: MediaStatusDB) -> None:
    row_id = insert_ready(database)
    database.claim_oldest_ready()
    database.mark_failed(row_id, "[nas_disk_full] no space left")
    failed = database.get(row_id)
    assert failed is not None
    assert (failed.transfer_status, failed.last_error_message) == (
        TransferStatus.FAILED,
        "[nas_disk_full] no space left",
    )
    other = insert_ready(database, "b.mp4")
    database.claim_oldest_ready()
    database.return_to_queue(other, "weather", counts_as_retry=True)
    database.claim_oldest_ready()
    database.mark_completed(other)
    completed = database.get(other)
    assert completed is not None
    assert completed.last_error_message is None


@pytest.mark.parametrize("status", ["pending", "completed", "failed", None])
def test_only_a_transferring_row_moves_on(database: MediaStatusDB, path: str, status: str | None) -> None:
    row_id = insert_ready(database)
    change = (
        "DELETE FROM media_transfer_status"
        if status is None
        else (f"UPDATE media_transfer_status SET transfer_status = '{status}'")
    )
    execute(path, change)
    moves: tuple[Callable[[], None], ...] = (
        lambda: database.mark_completed(row_id),
        lambda: database.mark_failed(row_id, "error"),
        lambda: database.return_to_queue(row_id, counts_as_retry=True),
    )
    for move in moves:
        with pytest.raises(DatabaseFault) as caught:
            move()
        assert caught.value.summary == (
            f"row {row_id} is not 'transferring' any more; another program has changed or removed it"
        )
    record = database.get(row_id)
    assert (record.transfer_status_text if record else None) == status


def test_on_start_everything_in_hand_is_taken_back(database: MediaStatusDB, path: str) -> None:
    for name in ("transferring", "TRANSFERRING", "downloading", "DOWNLOADING", "completed", "pending", "failed"):
        database.insert_file_record(name, name, 1, download_status="completed", transfer_status=name)
    taken = database.take_back_transferring()
    assert [record.file_name for record in taken] == ["transferring", "TRANSFERRING", "downloading", "DOWNLOADING"]
    assert execute(path, "SELECT COUNT(*) FROM media_transfer_status WHERE transfer_status = 'pending'") == [(5,)]
    assert database.take_back_transferring() == []


def test_a_record_is_removed_only_where_id_path_and_state_fit(database: MediaStatusDB) -> None:
    row_id = insert_ready(database)
    assert not database.remove_record(row_id, f"{MEDIA}/other.mp4")
    assert not database.remove_record(row_id + 1, f"{MEDIA}/a.mp4")
    assert not database.remove_record(row_id, f"{MEDIA}/a.mp4", only_if=[TransferStatus.COMPLETED])
    assert database.get(row_id) is not None
    assert database.remove_record(row_id, f"{MEDIA}/a.mp4", only_if=[TransferStatus.PENDING, TransferStatus.FAILED])
    assert database.get(row_id) is None
    assert not database.remove_record(row_id, f"{MEDIA}/a.mp4")


def test_completed_rows_come_in_pages(database: MediaStatusDB) -> None:
    for number in range(5):
        status = "pending" if number == 1 else "COMPLETED" if number == 2 else "completed"
        database.insert_file_record(str(number), str(number), 1, transfer_status=status)
    first = database.completed_records(limit=2)
    assert [record.file_name for record in first] == ["0", "2"]
    assert [record.file_name for record in database.completed_records(first[-1].id, 2)] == ["3", "4"]
    assert database.completed_records(5) == []


# --- the marker ---


def test_the_marker_is_no_file(database: MediaStatusDB, path: str) -> None:
    for status in ("pending", "transferring", "completed", "failed"):
        execute(
            path,
            "DELETE FROM media_transfer_status",
            "INSERT INTO media_transfer_status (id, file_path, file_name, file_size, download_status, transfer_status)"
            f" VALUES (7, '{INIT_MARKER}', 'marker', 5, 'completed', '{status}')",
        )
        backlog = database.backlog()
        assert (backlog.ready, backlog.ready_bytes, backlog.transferring, backlog.failed) == (0, 0, 0, 0)
        assert backlog.oldest_ready_path is backlog.newest_failed_path is None
        assert database.claim_oldest_ready() is None
        assert database.take_back_transferring() == []
        assert database.completed_records() == []
        assert database.find(INIT_MARKER) is None
        assert database.get(7) is None
        assert not database.remove_record(7, INIT_MARKER)
        assert database.ready_ahead_of(7) == 0
        assert execute(path, "SELECT transfer_status FROM media_transfer_status") == [(status,)]


# --- the backlog ---


def test_the_backlog_counts_and_names(database: MediaStatusDB, path: str) -> None:
    for name, size in (("old", 100), ("young", 11)):
        insert_ready(database, name, size)
    database.insert_file_record("not whole yet", "x", 1, download_status="downloading")
    for name in ("transferring", "failed", "failed later"):
        status = name.split()[0]
        database.insert_file_record(name, name, 1, download_status="completed", transfer_status=status)
    set_time = "UPDATE media_transfer_status SET {} = datetime('now', '-{} seconds') WHERE file_name = '{}'"
    execute(
        path,
        set_time.format("created_at", 7200, "old"),
        set_time.format("updated_at", 3600, "failed"),
        set_time.format("updated_at", 60, "failed later"),
        "UPDATE media_transfer_status SET last_error_message = 'reason of ' || file_name",
    )
    backlog = database.backlog()
    assert (backlog.ready, backlog.ready_bytes, backlog.transferring, backlog.failed) == (2, 111, 1, 2)
    assert backlog.oldest_ready_path == f"{MEDIA}/old"
    assert backlog.oldest_ready_age_seconds == pytest.approx(7200, abs=30)
    assert (backlog.newest_failed_path, backlog.newest_failed_error) == ("failed later", "reason of failed later")
    assert backlog.newest_failed_age_seconds == pytest.approx(60, abs=30)
    # Where updated_at is that of the row's making, for nobody keeps it, its other moments tell.
    ended = (
        set_time.format("updated_at", 7200, "failed later"),
        set_time.format("transfer_end_time", 90, "failed later"),
    )
    execute(path, "DELETE FROM media_transfer_status WHERE file_name = 'failed'", *ended)
    assert database.backlog().newest_failed_age_seconds == pytest.approx(90, abs=30)


@pytest.mark.parametrize(
    ("moment", "age"),
    [
        ("2025-01-22 10:15:00", 100.0),
        ("2025-01-22T10:15:00", 100.0),
        ("2025-01-22T10:15:00.500Z", 99.5),
        ("2025-01-22 18:15:00+08:00", 100.0),
        ("2025-01-22 10:20:00", 0.0),  # a clock that was set back
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_ages(moment: str | None, age: float | None) -> None:
    assert age_seconds(moment, 1737541000.0) == age


# --- names ---


@pytest.mark.parametrize(
    "name", ["it's.mp4", 'two "quotes".mp4', "new\nline.mp4", "图像 😀.mp4", "\udcff\udc80 not UTF-8.mp4", "%s;--.mp4"]
)
def test_any_file_name_goes_in_and_comes_out(database: MediaStatusDB, name: str) -> None:
    path = f"{MEDIA}/{name}"
    row_id = database.insert_file_record(path, name, 1, download_status="completed")
    record = database.find(path)
    assert record is not None
    assert (record.id, record.file_path, record.file_name) == (row_id, path, name)
    with pytest.raises(DatabaseFault) as caught:
        database.insert_file_record(path, name, 1)
    assert caught.value.cause is causes.ROW_EXISTS
    assert database.backlog().oldest_ready_path == path
    database.claim_oldest_ready()
    database.mark_failed(row_id, f"can't send {name}")
    assert database.backlog().newest_failed_error == f"can't send {name}"
    assert database.remove_record(row_id, path)


def test_a_name_that_is_not_utf8_is_stored_as_its_bytes(database: MediaStatusDB, path: str) -> None:
    database.insert_file_record(os.fsdecode(b"/\xff"), "x", 1)
    assert execute(path, "SELECT typeof(file_path), hex(file_path) FROM media_transfer_status") == [("text", "2FFF")]
    execute(path, "UPDATE media_transfer_status SET file_path = CAST(x'2FFE' AS TEXT)")
    assert database.find("/\udcfe") is not None


# --- the rest ---


def test_proving_leaves_nothing_behind(database: MediaStatusDB, path: str) -> None:
    before = database.data_version()
    database.prove_writable()
    assert execute(path, "SELECT COUNT(*) FROM media_transfer_status") == [(0,)]
    row_id = insert_ready(database)
    assert row_id == 1
    assert database.data_version() == before  # one's own commits do not count


def test_the_data_version_changes_with_the_commits_of_others(database: MediaStatusDB, path: str) -> None:
    before = database.data_version()
    with MediaStatusDB(path, timeout_seconds=1) as other:
        insert_ready(other)
    assert database.data_version() != before
