"""Several processes at the queue: who waits for whom, who is named, and that no row is taken twice."""

from __future__ import annotations

import os
import sqlite3
import sys
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import MediaStatusDB
from tests.other_process import OtherProcess
from tests.queue_files import WAIT_SECONDS, fault_of, make, use


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "media_status.db")


def locked(path: str, holder: str) -> tuple[str, str, str]:
    return (
        "database_locked",
        f"the database {path} stayed locked for {WAIT_SECONDS:g} s by {holder}",
        f"see what that process does: sudo fuser -v {path}",
    )


_HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2].split(";"):
    connection.execute(statement).fetchone()
print("ready", flush=True)
input()
"""


@pytest.fixture
def dock(tmp_path: Path) -> list[str]:
    """The dock's program, for the kernel: a name that it cuts at 15 characters."""
    program = tmp_path / "bin" / "dock-info-manager"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\n{_HOLDER}")
    program.chmod(0o755)
    return [str(program)]


@pytest.mark.parametrize(
    ("wal", "statements"),
    [
        (True, "BEGIN IMMEDIATE"),
        (True, "PRAGMA locking_mode=EXCLUSIVE;BEGIN IMMEDIATE;CREATE TABLE x(y)"),
        (False, "BEGIN IMMEDIATE"),
        (False, "BEGIN EXCLUSIVE"),
    ],
)
def test_locked_by_another_process_that_is_named(path: str, dock: list[str], wal: bool, statements: str) -> None:
    make(path, wal=wal)
    with OtherProcess("", path, statements, argv=dock) as holder:
        assert fault_of(lambda: use(path)) == locked(path, f"pid {holder.pid} (dock-info-manager)")
        assert fault_of(lambda: use(path))[0] == "database_locked"
        holder.finish()
    use(path)


@pytest.mark.parametrize("wal", [True, False])
def test_the_holders_of_other_databases_are_not_blamed(path: str, dock: list[str], wal: bool) -> None:
    others = [path + ".before", path + ".after"]
    for each in (path, *others):
        make(each, wal=wal)
    with (
        OtherProcess(_HOLDER, others[0], "BEGIN IMMEDIATE"),
        OtherProcess("", path, "BEGIN IMMEDIATE", argv=dock) as holder,
        OtherProcess(_HOLDER, others[1], "BEGIN IMMEDIATE"),
    ):
        assert fault_of(lambda: use(path)) == locked(path, f"pid {holder.pid} (dock-info-manager)")


def test_in_rollback_mode_a_reader_keeps_a_writer_from_committing(path: str, dock: list[str]) -> None:
    make(path, wal=False, rows=2)
    with (
        MediaStatusDB(path, timeout_seconds=WAIT_SECONDS) as database,
        OtherProcess("", path, "BEGIN;SELECT * FROM media_transfer_status", argv=dock) as holder,
    ):
        expected = locked(path, f"pid {holder.pid} (dock-info-manager)")
        assert fault_of(lambda: database.insert_file_record("/m/new", "new", 1)) == expected
        holder.finish()
        assert database.find("/m/new") is None
        database.insert_file_record("/m/new", "new", 1)


def test_in_wal_mode_a_reader_keeps_nobody_from_writing(path: str, dock: list[str]) -> None:
    make(path, rows=2)
    with OtherProcess("", path, "BEGIN;SELECT * FROM media_transfer_status", argv=dock):
        use(path)


def test_locked_by_ourselves(path: str) -> None:
    make(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    try:
        code, summary, _ = fault_of(lambda: use(path))
    finally:
        holder.close()
    assert code == "database_locked"
    assert f" by pid {os.getpid()} (" in summary


def test_a_lock_that_is_let_go_in_time_is_waited_for(path: str, dock: list[str]) -> None:
    make(path)
    with (
        MediaStatusDB(path, timeout_seconds=20) as database,
        OtherProcess("", path, "BEGIN IMMEDIATE", argv=dock) as holder,
    ):
        holder.proceed()  # it ends some time while we wait
        database.insert_file_record("/m/new", "new", 1)


# --- several at once ---

_CLAIMER = """
import sys
from celestial_nasops.media_status_db import MediaStatusDB
with MediaStatusDB(sys.argv[1], timeout_seconds=20) as database:
    print("ready")
    input()
    print("claiming")
    while (record := database.claim_oldest_ready()) is not None:
        print(record.id)
"""


@pytest.mark.parametrize("wal", [True, False])
def test_processes_that_claim_at_once_never_take_the_same_row(path: str, wal: bool) -> None:
    make(path, wal=wal)
    connection = sqlite3.connect(path)
    connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)"
        " INSERT INTO media_transfer_status (file_path, file_name, download_status) SELECT i, i, 'completed' FROM n"
    )
    connection.commit()
    with OtherProcess(_CLAIMER, path) as first, OtherProcess(_CLAIMER, path) as second:
        # Both are let go while nobody can write, so both have seen the same oldest row when they can.
        connection.execute("BEGIN IMMEDIATE")
        for claimer in (first, second):
            claimer.proceed()
            assert claimer.line() == "claiming"
        connection.execute("ROLLBACK")
        rows = [int(row) for claimer in (first, second) for row in claimer.finish().split()]
    connection.close()
    assert sorted(rows) == list(range(1, 201))


_CREATOR = """
import sys
from celestial_nasops.media_status_db import MediaStatusDB
print("ready")
input()
print("creating")
with MediaStatusDB(sys.argv[1], timeout_seconds=20, create=True) as database:
    database.insert_file_record(sys.argv[2], "x", 1)
"""


@pytest.mark.parametrize("exists", [True, False])
def test_processes_that_create_at_once(path: str, exists: bool) -> None:
    with OtherProcess(_CREATOR, path, "/m/1") as first, OtherProcess(_CREATOR, path, "/m/2") as second:
        if exists:
            # An empty file, and both are let go while nobody can write, so both have seen that it has no table.
            connection = sqlite3.connect(path, isolation_level=None)
            connection.execute("PRAGMA user_version = 1")
            connection.execute("BEGIN IMMEDIATE")
        for creator in (first, second):
            creator.proceed()
            assert creator.line() == "creating"
        if exists:
            connection.execute("ROLLBACK")
            connection.close()
        first.finish()
        second.finish()
    with MediaStatusDB(path, timeout_seconds=1) as database:
        assert database.find("/m/1") is not None
        assert database.find("/m/2") is not None
    assert os.listdir(os.path.dirname(path)) == [os.path.basename(path)]
