"""Queue files for tests, made and changed the way other programs do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB

MEDIA = "/data/temp/dji/media"
WAIT_SECONDS = 0.2


def execute(path: str, *statements: str) -> list[Any]:
    """Do what another program would."""
    connection = sqlite3.connect(path, isolation_level=None)
    try:
        return [connection.execute(statement).fetchall() for statement in statements][-1]
    finally:
        connection.close()


def insert_ready(database: MediaStatusDB, name: str = "a.mp4", size: int = 1000) -> int:
    return database.insert_file_record(f"{MEDIA}/{name}", name, size, download_status="completed")


def make(path: str, *, wal: bool = True, rows: int = 0) -> None:
    with MediaStatusDB(path, timeout_seconds=5, create=True) as database:
        for number in range(rows):
            database.insert_file_record(f"/m/{number}", f"{number}", 1, download_status="completed")
    if not wal:
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        connection.close()


def use(path: str) -> None:
    """Open the queue as the check does and prove that it takes writes."""
    with MediaStatusDB(path, timeout_seconds=WAIT_SECONDS) as database:
        database.prove_writable()


def fault_of(act: Callable[[], object]) -> tuple[str, str, str]:
    """The code, the summary and the remedy of the fault that something raises."""
    with pytest.raises(DatabaseFault) as caught:
        act()
    return caught.value.code, caught.value.summary, caught.value.remedy
