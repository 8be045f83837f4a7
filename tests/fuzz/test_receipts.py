"""What may stand in the table of receipts, whoever wrote it: it is read as it is meant, or not taken for a proof."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.receipts import Event, Receipt
from celestial_nasops.steering import receipts as command
from tests.fuzz.trees import ODD_TEXTS
from tests.queue_files import execute, make

PATH = "/m/a.mp4"
GOOD = {
    "event": "sent",
    "at": "2025-01-22 10:15:00",
    "local_path": PATH,
    "remote_path": "/nas/a.mp4",
    "size": 5,
    "sha256": "ab" * 32,
    "level": "hash",
}
cells = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text(max_size=10).filter(lambda text: text.isprintable()),
    st.binary(max_size=10),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
)
changes = st.dictionaries(st.sampled_from(sorted(GOOD)), cells, max_size=3)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = str(tmp_path_factory.mktemp("receipts") / "media_status.db")
    make(path)
    execute(path, "DROP TRIGGER media_receipts_are_not_changed", "DROP TRIGGER media_receipts_are_not_removed")
    return path


def put(path: str, row: dict[str, Any]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        connection.execute("DELETE FROM media_transfer_receipts")
        marks = ", ".join("?" * len(row))
        connection.execute(
            f"INSERT INTO media_transfer_receipts ({', '.join(row)}) VALUES ({marks})",
            tuple(row.values()),
        )
    finally:
        connection.close()


def read_or_fault(read: Callable[[], list[Receipt]]) -> tuple[list[Receipt], DatabaseFault | None]:
    try:
        return read(), None
    except DatabaseFault as fault:
        return [], fault


@given(changed=changes)
@example(changed={"event": "melted"})
@example(changed={"level": ""})
@example(changed={"size": b"5"})
@example(changed={"size": -1})
@example(changed={"at": 5})
@example(changed={"sha256": b"\0"})
def test_any_row_is_understood_or_named(path: str, changed: dict[str, Any]) -> None:
    put(path, {**GOOD, **changed})
    with MediaStatusDB(path, timeout_seconds=1) as database:
        reads: tuple[Callable[[], list[Receipt]], ...] = (
            lambda: database.receipts_of(PATH),
            lambda: database.newest_receipts(5),
            lambda: database.sampled_receipts(5),
            lambda: [receipt for receipt in [database.last_receipt(PATH)] if receipt is not None],
        )
        for read in reads:
            found, fault = read_or_fault(read)
            assert fault is None or (fault.code == "receipt_unreadable" and fault.summary.isprintable())
            for receipt in found:
                assert isinstance(receipt, Receipt)
                assert receipt.event in set(Event)
                assert command.line(receipt).isprintable()
        assert database.deleted_since(0) in (0, 1)
        assert database.most_deleted_on_a_day(0, 2**31) in (0, 1)


def test_it_says_which_and_what(path: str) -> None:
    put(path, {**GOOD, "event": "melted"})
    [(row_id,)] = execute(path, "SELECT id FROM media_transfer_receipts")
    with MediaStatusDB(path, timeout_seconds=1) as database, pytest.raises(DatabaseFault) as caught:
        database.last_receipt(PATH)
    assert (caught.value.code, caught.value.summary, caught.value.remedy) == (
        "receipt_unreadable",
        f"the receipt {row_id} in {path} can't be understood: its event is none that this version writes",
        f"see what it is, and who wrote it: sqlite3 {path} 'SELECT * FROM media_transfer_receipts WHERE id = {row_id}'",
    )


@pytest.mark.parametrize("definition", ["(id)", "(id INTEGER PRIMARY KEY, event TEXT, at TEXT)"])
def test_a_table_that_is_none_of_ours(tmp_path: Path, definition: str) -> None:
    path = str(tmp_path / "media_status.db")
    make(path)
    execute(path, "DROP TABLE media_transfer_receipts", f"CREATE TABLE media_transfer_receipts {definition}")
    with MediaStatusDB(path, timeout_seconds=1) as database, pytest.raises(DatabaseFault) as caught:
        database.newest_receipts(5)
    assert (caught.value.code, caught.value.summary) == (
        "database_failed",
        f"the database {path} failed: no such column: local_path (SQLITE_ERROR)"
        if "event" in definition
        else f"the database {path} failed: no such column: event (SQLITE_ERROR)",
    )
