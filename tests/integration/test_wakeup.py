"""Being woken by what other processes really do: commit, write files, replace folders."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.inotify import Inotify
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB
from celestial_nasops.wakeup import Wakeup, settle
from tests.other_process import OtherProcess, as_nobody

# Only bounds a test that fails; what is waited for comes at once.
LONG_SECONDS = 20.0

_WRITER = """
import sys
from celestial_nasops.inotify import Inotify
from celestial_nasops.media_status_db import MediaStatusDB
with MediaStatusDB(sys.argv[1], timeout_seconds=20) as database:
    print("ready")
    number = 0
    while input() == "":
        number += 1
        database.insert_file_record(f"/m/{number}", "x", 1, download_status="completed")
        print("committed")
"""


@pytest.fixture
def path(tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A queue in the journal mode that the test names, WAL where it names none."""
    path = str(tmp_path / "media_status.db")
    MediaStatusDB(path, timeout_seconds=5, create=True).close()
    if getattr(request, "param", "wal") == "rollback":
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA journal_mode = DELETE").fetchall()
        connection.close()
    return path


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe, for stopping."""
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


in_both_modes = pytest.mark.parametrize("path", ["wal", "rollback"], indirect=True)


@in_both_modes
def test_the_commit_of_another_process_wakes_and_is_seen(path: str) -> None:
    with (
        MediaStatusDB(path, timeout_seconds=5) as database,
        OtherProcess(_WRITER, path) as writer,
        Wakeup(database.folder) as wakeup,
    ):
        for number in range(1, 4):

            def look(wanted: str = f"/m/{number}") -> FileRecord | None:
                return database.find(wanted)

            assert look() is None
            writer.proceed()
            assert settle(look, wakeup, LONG_SECONDS) is not None
            assert writer.line() == "committed"


@in_both_modes
def test_a_wait_is_ended_by_the_commit_and_not_by_its_time(path: str) -> None:
    with OtherProcess(_WRITER, path) as writer, Wakeup(os.path.dirname(path)) as wakeup:
        writer.proceed()
        started = time.monotonic()
        assert wakeup.wait(LONG_SECONDS)
        assert time.monotonic() - started < LONG_SECONDS


@in_both_modes
def test_looking_through_an_open_connection_wakes_nobody(path: str) -> None:
    looks = 0
    with MediaStatusDB(path, timeout_seconds=5) as database, Wakeup(database.folder) as wakeup:

        def look() -> FileRecord | None:
            nonlocal looks
            looks += 1
            database.backlog()
            return database.find("/m/none") or database.claim_oldest_ready()

        assert settle(look, wakeup, 0.3) is None
    assert looks == 2  # at the start and at the end


def test_one_event_leads_to_a_few_looks_only(tmp_path: Path) -> None:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1

    with Wakeup(str(tmp_path)) as wakeup:
        (tmp_path / "unrelated").touch()
        assert settle(look, wakeup, 0.5) is None
    # One at the start, one at the end, and those of the settling: at most one each 5 ms for two tenths.
    assert 3 <= looks <= 40


def test_a_flood_of_events_does_not_become_a_flood_of_looks(tmp_path: Path) -> None:
    looks = 0

    def look() -> None:
        nonlocal looks
        looks += 1
        (tmp_path / "changed by each look").write_text("x")

    with Wakeup(str(tmp_path)) as wakeup:
        assert settle(look, wakeup, 0.5) is None
    assert looks <= 100


def test_a_look_that_sees_something_ends_it(tmp_path: Path) -> None:
    with Wakeup(str(tmp_path)) as wakeup:
        assert settle(lambda: 0, wakeup, LONG_SECONDS) == 0


def test_what_becomes_visible_after_its_event_is_seen(tmp_path: Path) -> None:
    """A commit can be seen up to 8 ms after its event; here the first two looks after it come too early."""
    looks = 0

    def look() -> str | None:
        nonlocal looks
        looks += 1
        return "seen" if looks == 4 else None

    with Wakeup(str(tmp_path)) as wakeup:
        (tmp_path / "event").touch()
        assert settle(look, wakeup, LONG_SECONDS) == "seen"


def test_nothing_happens(tmp_path: Path) -> None:
    with Wakeup(str(tmp_path)) as wakeup:
        assert wakeup.degraded is None
        assert not wakeup.wait(0.05)
        assert not wakeup.wait(-1)


def test_what_happens_to_files_wakes_once(tmp_path: Path) -> None:
    file = tmp_path / "media" / "a.mp4"
    file.parent.mkdir()
    with Wakeup(str(tmp_path), str(file.parent)) as wakeup:
        for act in (
            lambda: file.write_text("x"),
            lambda: file.rename(file.with_name("b.mp4")),
            lambda: file.with_name("b.mp4").unlink(),
            lambda: (tmp_path / "beside").touch(),
        ):
            act()
            assert wakeup.wait(LONG_SECONDS)
            assert not wakeup.wait(0.05)


def test_stopping_ends_a_wait_and_a_settle(tmp_path: Path, pipe: tuple[int, int]) -> None:
    read_end, write_end = pipe
    with Wakeup(str(tmp_path), stop_fd=read_end) as wakeup:
        assert not wakeup.wait(0.02)
        os.write(write_end, b"x")
        assert wakeup.stopped
        assert wakeup.wait(LONG_SECONDS)
        looks: list[None] = []
        assert settle(lambda: looks.append(None), wakeup, LONG_SECONDS) is None
        assert len(looks) == 1


def test_a_folder_that_is_replaced_is_watched_again(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    with Wakeup(str(folder)) as wakeup:
        folder.rename(tmp_path / "old")
        folder.mkdir()
        assert wakeup.wait(LONG_SECONDS)  # its going
        assert wakeup.wait(LONG_SECONDS)  # watched again; what happened in between was not seen
        assert not wakeup.wait(0.05)
        (tmp_path / "old" / "a").touch()
        assert not wakeup.wait(0.05)
        (folder / "a").touch()
        assert wakeup.wait(LONG_SECONDS)


def why_degraded(wakeup: Wakeup) -> str | None:
    return wakeup.degraded


def test_a_missing_folder_is_polled_until_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    with Wakeup(str(folder)) as wakeup:
        assert why_degraded(wakeup) == f"{folder} can't be watched: No such file or directory"
        assert wakeup.wait(LONG_SECONDS)  # a slice of polling: something may have happened
        assert not wakeup.wait(0.01)
        folder.mkdir()
        assert wakeup.wait(LONG_SECONDS)
        assert why_degraded(wakeup) is None
        assert not wakeup.wait(0.05)
        (folder / "a").touch()
        assert wakeup.wait(LONG_SECONDS)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with Wakeup(str(tmp_path / "file")) as wakeup:
        assert wakeup.degraded == f"{tmp_path / 'file'} can't be watched: Not a directory"


@pytest.fixture
def open_folder(need_root: None) -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="wakeup-"))
    folder.chmod(0o777)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def test_without_inotify_it_polls_and_says_so(open_folder: Path) -> None:
    def attempt() -> dict[str, object]:
        # As nobody, because it is the instances of a user that run out.
        taken = []
        try:
            while True:
                taken.append(Inotify())
        except OSError:
            pass
        looks = 0

        def look() -> int | None:
            nonlocal looks
            looks += 1
            return looks if looks == 3 else None

        read_end, write_end = os.pipe()
        with Wakeup(str(open_folder), stop_fd=read_end) as wakeup:
            answer: dict[str, object] = {
                "degraded": wakeup.degraded,
                "short": wakeup.wait(0.01),
                "long": wakeup.wait(LONG_SECONDS),
            }
            answer["seen"] = settle(look, wakeup, LONG_SECONDS)
            os.write(write_end, b"x")
            answer["stopped"] = wakeup.wait(LONG_SECONDS) and wakeup.stopped
            return answer

    assert as_nobody(attempt) == {
        "degraded": "inotify is not available: Too many open files",
        "short": False,
        "long": True,
        "seen": 3,
        "stopped": True,
    }


def test_a_folder_that_may_not_be_read_is_polled(open_folder: Path) -> None:
    open_folder.chmod(0o711)

    def attempt() -> str | None:
        with Wakeup(str(open_folder)) as wakeup:
            return wakeup.degraded

    assert as_nobody(attempt) == f"{open_folder} can't be watched: Permission denied"
