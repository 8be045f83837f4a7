"""Rows of any value in any column, in a table without types as other programs may have made it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sqlite3
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from celestial_nasops import paths, transfer
from celestial_nasops.config import Config
from celestial_nasops.database.records import COLUMNS
from celestial_nasops.fault import DatabaseFault, LocalFault
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB, TransferStatus
from healthcheck import marked_file, unfinished
from healthcheck.context import Followed
from healthcheck.ledger import Debt
from healthcheck.probes import database
from healthcheck.unfinished import Evidence
from tests.fuzz.trees import ODD_TEXTS

NOW = 1737547200.0
SITE = {"unit": "u", "database": "d", "target": "nas", "base": "/volume1", "folder": "/volume1"}
MARKED = "smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin"
STATUSES = ("pending", "PENDING", "transferring", "downloading", "completed", "COMPLETED", "failed", "on holiday")
MOMENTS = ("2025-01-22 10:15:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59", "0001-01-01T00:00:00+23:59", "noon")
GOOD: dict[str, Any] = {
    "id": 1,
    "file_path": "/media/20250122_a.mp4",
    "file_name": "20250122_a.mp4",
    "file_size": 5,
    "file_hash": "",
    "download_status": "completed",
    "transfer_status": "pending",
    "transfer_start_time": None,
    "transfer_end_time": None,
    "transfer_retry_count": 0,
    "last_error_message": None,
    "created_at": "2025-01-22 10:15:00",
    "updated_at": "2025-01-22 10:15:00",
}
# What SQLite can hold: NULL, 64-bit integers, floats but NaN, texts of any bytes, blobs.
ODD = (
    None,
    *(0, -1, 2**63 - 1, -(2**63)),
    *(float("inf"), -float("inf"), 1e308, 5e-324, 0.5),
    *(text for text in ODD_TEXTS),
    *(b"", b"\xff\xfe", b"\0", b"9" * 5000, b"/media/\xff.mp4"),
    *("9" * 5000, "٣", "1e5", "/media/x/../../etc/passwd", f"/\0/{MARKED}", f"/media/../{MARKED}"),
    *(f"/media/{MARKED}", f"/media/{MARKED.replace('20250122', '00010101')}"),
    *MOMENTS,
    *STATUSES,
)
values = (
    st.none()
    | st.sampled_from(ODD)
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.binary(max_size=20)
)
rows = st.fixed_dictionaries({}, optional=dict.fromkeys(COLUMNS, values)).map(lambda changes: GOOD | changes)


@pytest.fixture(scope="module")
def queue() -> Iterator[tuple[MediaStatusDB, sqlite3.Connection]]:
    """A queue whose columns declare nothing, and a connection that writes into it as it likes."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="fuzz-") as folder:
        path = f"{folder}/media_status.db"
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
            writer.execute(f"CREATE TABLE media_transfer_status ({', '.join(COLUMNS)})")
            with contextlib.closing(MediaStatusDB(path, timeout_seconds=1)) as db:
                yield db, writer


@given(table=st.lists(rows, min_size=1, max_size=3))
def test_rows(queue: tuple[MediaStatusDB, sqlite3.Connection], table: list[dict[str, Any]]) -> None:
    check(*queue, table)


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("status", ["pending", "transferring", "completed", "failed"])
def test_each_odd_value(queue: tuple[MediaStatusDB, sqlite3.Connection], column: str, status: str) -> None:
    for value in ODD:
        check(*queue, [GOOD | {"transfer_status": status, column: value}])


def check(db: MediaStatusDB, writer: sqlite3.Connection, table: list[dict[str, Any]]) -> None:
    """All that daemon and check do with rows, apart from the NAS."""
    writer.execute("DELETE FROM media_transfer_status")
    for row in table:
        # some bytes as a blob, others as the text of these bytes: both are met in the field
        names = ", ".join("CAST(? AS TEXT)" if isinstance(row[c], bytes) and len(row[c]) % 2 else "?" for c in COLUMNS)
        writer.execute(f"INSERT INTO media_transfer_status VALUES ({names})", [row[column] for column in COLUMNS])
    db.prove_writable()
    backlog = db.backlog()
    finding = database.judge(backlog, backlog_warn_seconds=60, failed_warn_seconds=60, unit="u", database="d")
    assert finding.summary.isprintable()
    assert len(finding.summary) < 15_000
    json.dumps(finding.details, allow_nan=False)
    for record in (*db.in_hand(), *db.completed_records(), *db.records_named_like("")):
        use(db, record)
    db.ready_ahead_of(1)
    with contextlib.suppress(DatabaseFault):
        db.take_back_transferring()
    for _ in range(len(table) + 1):
        claimed = db.claim_oldest_ready()
        if claimed is None:
            break
        use(db, claimed)
        with contextlib.suppress(DatabaseFault):
            db.return_to_queue(claimed.id, "x", counts_as_retry=True)
    else:
        assert claimed is not None


def use(db: MediaStatusDB, record: FileRecord) -> None:
    """What is made of one row: names, days, places, verdicts."""
    config = Config()
    with contextlib.suppress(LocalFault):
        transfer.check_names(record)
        day = transfer.day_of(record)
        assert isinstance(day, dt.date)
        final = paths.remote_path(config, record.file_name, day)
        assert final.startswith(config.nas_settings.base_path + "/")
        assert "/../" not in final
        transfer.temporary_path(config, record, day)
    db.find(record.file_path)
    unfinished._may_be_moving(record, NOW)
    debt = Debt(run_id="r", name=MARKED, local_path=f"/m/{MARKED}", size=1, created_at=NOW, remote_paths=[])
    one = Followed(marked_file.MarkedFile(MARKED, f"/m/{MARKED}", 1, b""), debt, record=record)
    if record.transfer_status is not TransferStatus.COMPLETED:
        finding = unfinished.judge_unfinished(one, Evidence(), 5, NOW, SITE)
        assert finding.summary.isprintable()
        assert finding.cause is not None
        assert len(finding.summary) < 15_000
    if marked_file.carries_mark(record.file_path):
        marked_file.possible_remote_paths(config, record.file_path.rpartition("/")[2])
