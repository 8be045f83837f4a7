"""What goes wrong with the queue's file, made to go wrong for real, and the whole message that it gives."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from celestial_nasops import accounts, process, words
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB
from tests.mounts import SmallTmpfs
from tests.other_process import as_nobody
from tests.queue_files import WAIT_SECONDS, fault_of, make, use


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "media_status.db")


def missing(path: str) -> tuple[str, str, str]:
    return (
        "database_missing",
        f"there is no database at {path}",
        "check database_settings.db_path in unified_config.json; the daemon creates the file when it starts: "
        "sudo systemctl restart media-sync-daemon",
    )


def not_a_database(path: str) -> tuple[str, str, str]:
    return (
        "database_not_a_database",
        f"{path} is not an SQLite database",
        f"check database_settings.db_path in unified_config.json, and what the file is: file {path}",
    )


def corrupt(path: str) -> tuple[str, str, str]:
    return (
        "database_corrupt",
        f"the database {path} is damaged: database disk image is malformed",
        "stop its writers, keep a copy of it, then recover what can be read: "
        f"sqlite3 {path} .dump | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 {path}.recovered",
    )


def read_only(path: str, place: str, mode: str, *others: str) -> tuple[str, str, str]:
    owner = accounts.name_of(os.stat(place).st_uid)
    place = " ".join([place, *others])
    return (
        "database_read_only",
        f"the database {path} can be read but not written: user nobody may not write {place} (owner {owner}, mode "
        f"{mode})",
        "SQLite must write the file and its whole folder, as the daemon's user; if nobody is that user: "
        f"sudo chown nobody {place} && sudo chmod u+rwX {place}",
    )


def on_a_read_only_disk(folder: str) -> tuple[str, str, str]:
    return (
        "folder_read_only",
        f"{folder} is read-only (database_settings.db_path): [Errno 30] Read-only file system; "
        f"what is mounted at {folder} is read-only",
        f"see why, then mount it for writing: dmesg | tail; sudo mount -o remount,rw {folder}",
    )


def no_permission(path: str) -> tuple[str, str, str]:
    return (
        "database_no_permission",
        f"user nobody may not open the database {path} and the files beside it",
        "they must belong to the daemon's user, as whom the check runs, too: "
        f"ls -l {path}*; ls -ld {os.path.dirname(path)}",
    )


def disk_full(path: str) -> tuple[str, str, str]:
    folder = os.path.dirname(path)
    space = os.statvfs(folder)
    total = space.f_blocks * space.f_frsize
    return (
        "database_disk_full",
        f"no space left for the database {path}: 0 B of {words.size(total)} free on {folder} (tmpfs)",
        f"free space there; what fills it: sudo du -xhd2 {folder} | sort -h | tail",
    )


def replaced(path: str) -> tuple[str, str, str]:
    return (
        "database_replaced",
        f"the database {path} was deleted or replaced while it was open; what is written to the old one is lost",
        "restart its users so that they open the new file: sudo systemctl restart media-sync-daemon",
    )


# --- what lies there ---


def test_a_missing_file(path: str) -> None:
    assert fault_of(lambda: use(path)) == missing(path)
    assert os.listdir(os.path.dirname(path)) == []


def test_a_missing_folder(path: str) -> None:
    inside = os.path.join(path, "x.db")
    assert fault_of(lambda: use(inside)) == missing(inside)


def test_a_missing_table(path: str) -> None:
    Path(path).touch()  # an empty file is an empty database
    assert fault_of(lambda: use(path)) == (
        "database_no_table",
        f"the database {path} has no table media_transfer_status",
        "check database_settings.db_path in unified_config.json; the daemon creates the table when it starts: "
        "sudo systemctl restart media-sync-daemon",
    )


def test_a_table_dropped_under_the_connection(path: str) -> None:
    make(path)
    with MediaStatusDB(path, timeout_seconds=WAIT_SECONDS) as database:
        other = sqlite3.connect(path)
        other.execute("DROP TABLE media_transfer_status")
        other.close()
        assert fault_of(database.backlog)[0] == "database_no_table"


@pytest.mark.parametrize("content", [b"no database", b"x" * 5000])
def test_a_file_that_is_no_database(path: str, content: bytes) -> None:
    Path(path).write_bytes(content)
    assert fault_of(lambda: use(path)) == not_a_database(path)
    assert fault_of(lambda: MediaStatusDB(path, timeout_seconds=1, create=True)) == not_a_database(path)
    assert Path(path).read_bytes() == content


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    assert fault_of(lambda: use(str(tmp_path))) == not_a_database(str(tmp_path))


def overwrite(path: str, page: int) -> None:
    with open(path, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xa5" * 4096)


def test_a_damaged_schema(path: str) -> None:
    make(path, rows=1)
    with open(path, "r+b") as file:
        file.seek(100)  # behind the header, where the schema's own table begins
        file.write(b"\xa5" * 3996)
    assert fault_of(lambda: use(path)) == corrupt(path)


def test_a_damaged_page_of_the_table(path: str) -> None:
    make(path, rows=1)
    connection = sqlite3.connect(path)
    [(page,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'media_transfer_status'").fetchall()
    connection.close()
    overwrite(path, page)
    assert fault_of(lambda: use(path)) == corrupt(path)
    with MediaStatusDB(path, timeout_seconds=WAIT_SECONDS) as database:
        assert fault_of(lambda: database.get(1)) == corrupt(path)


@pytest.mark.parametrize("wal", [True, False])
@pytest.mark.parametrize("gone", [True, False])
def test_a_file_replaced_under_the_connection(path: str, wal: bool, gone: bool) -> None:
    make(path, wal=wal, rows=1)
    with MediaStatusDB(path, timeout_seconds=WAIT_SECONDS) as database:
        database.check_same_file()
        os.rename(path, path + ".old")
        if not gone:
            make(path)
        acts: tuple[Callable[[], object], ...] = (
            database.check_same_file,
            database.backlog,
            database.claim_oldest_ready,
            database.prove_writable,
            lambda: database.insert_file_record("/m/new", "new", 1),
        )
        for act in acts:
            assert fault_of(act) == replaced(path)


# --- read-only, permissions, space ---


@pytest.fixture
def open_folder(need_root: None) -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="media-status-"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def fault_for_nobody(path: str) -> tuple[str, ...] | None:
    """What user nobody gets to see on using the database."""

    def attempt() -> tuple[str, str, str] | None:
        try:
            use(path)
        except DatabaseFault as fault:
            return fault.code, fault.summary, fault.remedy
        return None

    answer = as_nobody(attempt)
    return answer and tuple(answer)


def opened(folder: Path, *, wal: bool) -> str:
    """A database that everybody may read and write."""
    path = str(folder / "media_status.db")
    make(path, wal=wal, rows=1)
    os.chmod(path, 0o666)
    return path


@pytest.mark.parametrize("wal", [True, False])
def test_another_user_with_all_permissions(open_folder: Path, wal: bool) -> None:
    assert fault_for_nobody(opened(open_folder, wal=wal)) is None


@pytest.mark.parametrize("wal", [True, False])
def test_a_read_only_file(open_folder: Path, wal: bool) -> None:
    path = opened(open_folder, wal=wal)
    os.chmod(path, 0o444)
    assert fault_for_nobody(path) == read_only(path, path, "444", *([f"{path}-wal", f"{path}-shm"] if wal else []))


@pytest.mark.parametrize("wal", [True, False])
def test_a_read_only_folder(open_folder: Path, wal: bool) -> None:
    path = opened(open_folder, wal=wal)
    open_folder.chmod(0o755)
    assert fault_for_nobody(path) == read_only(path, str(open_folder), "755")


def test_side_files_of_another_user(open_folder: Path) -> None:
    path = opened(open_folder, wal=True)
    with MediaStatusDB(path, timeout_seconds=1) as database:  # leaves -wal and -shm that are root's
        database.backlog()
        for suffix in ("-wal", "-shm"):
            os.chmod(path + suffix, 0o644)
        assert fault_for_nobody(path) == read_only(path, f"{path}-wal", "644", f"{path}-shm")
        os.chmod(path + "-shm", 0o600)
        assert fault_for_nobody(path) == no_permission(path)


def test_an_unreadable_file(open_folder: Path) -> None:
    path = opened(open_folder, wal=True)
    os.chmod(path, 0o600)
    assert fault_for_nobody(path) == no_permission(path)


def test_a_folder_that_may_not_be_entered(open_folder: Path) -> None:
    path = opened(open_folder, wal=True)
    open_folder.chmod(0o700)
    assert fault_for_nobody(path) == no_permission(path)


@pytest.mark.parametrize("wal", [True, False])
def test_a_read_only_file_system(small_tmpfs: SmallTmpfs, wal: bool) -> None:
    folder = small_tmpfs(1 << 20)
    path = os.path.join(folder, "media_status.db")
    make(path, wal=wal, rows=1)
    small_tmpfs.make_read_only(folder)
    assert fault_of(lambda: use(path)) == on_a_read_only_disk(folder)


def test_a_mount_laid_over_the_folder_of_an_open_connection(small_tmpfs: SmallTmpfs) -> None:
    """As a unit's sandbox does it. The connection could still write; the next one can't, and that is what counts."""
    folder = small_tmpfs(1 << 20)
    path = os.path.join(folder, "media_status.db")
    make(path, rows=1)
    with MediaStatusDB(path, timeout_seconds=WAIT_SECONDS) as database:
        process.run(["mount", "--bind", folder, folder], timeout_seconds=10)
        small_tmpfs.mounted.append(folder)
        process.run(["mount", "-o", "remount,bind,ro", folder], timeout_seconds=10)
        assert fault_of(database.prove_writable) == on_a_read_only_disk(folder)
        assert database.backlog().ready == 1


@pytest.mark.parametrize("wal", [True, False])
def test_a_full_disk(small_tmpfs: SmallTmpfs, wal: bool) -> None:
    folder = small_tmpfs(256 * 1024)
    path = os.path.join(folder, "media_status.db")
    make(path, wal=wal, rows=1)
    with MediaStatusDB(path, timeout_seconds=WAIT_SECONDS) as database:
        fill(folder)
        assert fault_of(database.prove_writable) == disk_full(path)
        text = "x" * 100_000
        assert fault_of(lambda: database.insert_file_record("/m/new", text, 1)) == disk_full(path)
        os.unlink(os.path.join(folder, "filler"))
        assert database.find("/m/new") is None
        database.prove_writable()
        database.insert_file_record("/m/new", "new", 1)


def test_a_disk_too_full_to_open(small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(256 * 1024)
    path = os.path.join(folder, "media_status.db")
    make(path, rows=1)
    fill(folder)
    assert fault_of(lambda: use(path)) == disk_full(path)


def fill(folder: str) -> None:
    with open(os.path.join(folder, "filler"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 4096)
        except OSError:
            return
