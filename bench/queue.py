"""What the daemon and the check ask of a queue of a million rows, beside one of a thousand; ten rows are ready.

Once as our daemon makes the table, and once as another program made it, after our daemon has started with it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import figures
from celestial_nasops.media_status_db import Appetite, MediaStatusDB

FEW, MANY, READY = 1000, 1_000_000, 10
TIMES = 50
_APPETITE = Appetite(small_bytes=4 << 20, rows=1000, total_bytes=128 << 20)
_FOREIGN = (
    "CREATE TABLE media_transfer_status (id INTEGER PRIMARY KEY AUTOINCREMENT, file_path TEXT UNIQUE NOT NULL, "
    "file_name TEXT NOT NULL, file_size INTEGER, file_hash TEXT, download_status TEXT NOT NULL DEFAULT 'pending', "
    "download_start_time DATETIME, download_end_time DATETIME, download_retry_count INTEGER DEFAULT 0, "
    "transfer_status TEXT NOT NULL DEFAULT 'pending', transfer_start_time DATETIME, transfer_end_time DATETIME, "
    "transfer_retry_count INTEGER DEFAULT 0, last_error_message TEXT, "
    "created_at DATETIME DEFAULT CURRENT_TIMESTAMP, updated_at DATETIME DEFAULT CURRENT_TIMESTAMP)",
    "CREATE INDEX idx_download_status ON media_transfer_status (download_status)",
    "CREATE INDEX idx_transfer_status ON media_transfer_status (transfer_status)",
)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/dev/shm") as folder:
        for name, statements in (("our own table", ()), ("another program's table", _FOREIGN)):
            print(f"{name}:")
            figures_of = [
                _measure(Path(folder, f"{len(statements)}-{rows}.db"), rows, statements) for rows in (FEW, MANY)
            ]
            for what in figures_of[0]:
                few, many = figures_of[0][what], figures_of[1][what]
                figures.row(f"  {what}, {FEW} rows", few, "ms")
                figures.row(f"  {what}, {MANY} rows", many, "ms", "goal: median < 5 ms")
                ratio = statistics.median(many) / statistics.median(few)
                figures.row("    so many times as long", [ratio], "", "goal: <= 1.5")


def _measure(path: Path, rows: int, statements: tuple[str, ...]) -> dict[str, list[float]]:
    if statements:
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
            for statement in statements:
                connection.execute(statement)
    else:
        MediaStatusDB(str(path), timeout_seconds=5, create=True).close()
    _fill(path, rows)
    with MediaStatusDB(str(path), timeout_seconds=5, create=True) as db:
        numbers = iter(range(10**9))

        def insert() -> None:
            name = f"{next(numbers)}.jpg"
            db.insert_file_record(f"/media/new/{name}", name, 1, download_status="pending")

        def claim_and_return() -> None:
            claimed = db.claim_ready(_APPETITE)
            assert len(claimed) == READY
            db.return_all_to_queue([record.id for record in claimed])

        def claim() -> None:
            assert db.claim_oldest_ready() is not None

        def put_back() -> None:
            db.take_back_transferring()

        return {
            "claim one": _times(claim, after=put_back),
            "claim all that is ready, and return it": _times(claim_and_return),
            "insert": _times(insert),
            "the check's look (backlog)": _times(db.backlog),
        }


def _times(act: Callable[[], object], after: Callable[[], object] = lambda: None) -> list[float]:
    found = []
    for number in range(TIMES + 3):
        begun = time.perf_counter()
        act()
        seconds = time.perf_counter() - begun
        after()
        if number >= 3:  # the first ones warm up
            found.append(seconds * 1000)
    return found


def _fill(path: Path, rows: int) -> None:
    statement = (
        "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status, transfer_status, "
        "created_at) VALUES (?, ?, 5000000, 'completed', ?, datetime('2025-01-01', ? || ' seconds'))"
    )
    step = rows // READY
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.executemany(
            statement,
            (
                # ready ones of a size that is small
                (
                    f"/media/{number}.jpg",
                    f"{number}.jpg",
                    "pending" if number % step == step - 1 else "completed",
                    number,
                )
                for number in range(rows)
            ),
        )
        connection.execute("UPDATE media_transfer_status SET file_size = 1000 WHERE transfer_status = 'pending'")
        connection.execute("ANALYZE")
