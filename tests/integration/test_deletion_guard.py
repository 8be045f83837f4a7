"""What stops all deletions until a person has looked: folders that are not what they were, and far too many at once."""

from __future__ import annotations

import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from celestial_nasops.config import Config
from celestial_nasops.daemon.deletion_guard import MARKER_NAME, DeletionGuard, DeletionsStopped
from celestial_nasops.fault import Fault, LocalFault, NasUnavailable
from celestial_nasops.media_status_db import MediaStatusDB, TransferStatus
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event, Receipt
from tests import queue_files
from tests.daemon_field import NAME, Field
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server
from tests.waiting import eventually

COMPLETED, PENDING = TransferStatus.COMPLETED, TransferStatus.PENDING
SOON = {"sync_settings": {"safe_delete_delay_minutes": 0.005}}


class Sides:
    """Both folders, and the guard's state."""

    def __init__(self, folder: Path, files: NasFiles) -> None:
        self.files = files
        self.media, self.base, self.state = folder / "media", folder / "base", folder / "state"
        for place in (self.media, self.base, self.state):
            place.mkdir()
        self.settings: dict[str, dict[str, Any]] = {
            "local_settings": {"media_path": f"{self.media}/"},
            "nas_settings": {"base_path": str(self.base)},
        }

    def guard(self, **settings: dict[str, Any]) -> DeletionGuard:
        return DeletionGuard(str(self.state), Config.model_validate({**self.settings, **settings}))

    def seen(self) -> DeletionGuard:
        """A guard that has seen both sides."""
        guard = self.guard()
        guard.check_media()
        guard.check_nas(self.files)
        return guard


@pytest.fixture
def sides(tmp_path: Path, files: NasFiles) -> Sides:
    return Sides(tmp_path, files)


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[MediaStatusDB]:
    with MediaStatusDB(str(tmp_path / "queue.db"), timeout_seconds=1, create=True) as database:
        yield database


def code_of(check: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(Fault) as caught:
        check()
    return caught.value.code, caught.value.summary


# --- the markers ---


def test_both_sides_are_marked_once_and_known_after_a_restart(sides: Sides) -> None:
    sides.seen()
    markers = [sides.media / MARKER_NAME, sides.base / MARKER_NAME]
    before = [marker.read_text() for marker in markers]
    assert all("It is no media." in text for text in before)
    assert [path.name for path in sides.base.iterdir()] == [MARKER_NAME]
    sides.seen()
    assert [marker.read_text() for marker in markers] == before


def test_a_marker_that_does_not_fit_leaves_nothing(sides: Sides, small_tmpfs: SmallTmpfs) -> None:
    base = Path(small_tmpfs(16 << 10))
    (base / "ballast").write_bytes(bytes(16 << 10))
    guard = sides.guard(nas_settings={"base_path": str(base)})
    with pytest.raises(NasUnavailable) as caught:
        guard.check_nas(sides.files)
    assert caught.value.code == "nas_disk_full"
    assert os.listdir(base) == ["ballast"]


def test_those_who_mark_the_nas_at_the_same_time_do_not_hinder_each_other(sides: Sides, steady_nas: Server) -> None:
    target, settings = steady_nas.target(), steady_nas.config().nas_settings
    together = threading.Barrier(6)

    def mark(guard: DeletionGuard) -> str:
        with NasSession.open(target, timeout_seconds=10) as session:
            files = open_files(session, settings, timeout_seconds=10)
            together.wait(30)
            guard.check_nas(files)
        return (sides.base / MARKER_NAME).read_text()

    with concurrent.futures.ThreadPoolExecutor(together.parties) as threads:
        for _ in range(5):
            shutil.rmtree(sides.state)
            sides.state.mkdir()
            (sides.base / MARKER_NAME).unlink(missing_ok=True)
            marks = set(threads.map(mark, [sides.guard()] * together.parties))
            assert (len(marks), os.listdir(sides.base)) == (1, [MARKER_NAME])


def test_a_marker_of_another_edge_server_or_of_a_lost_state_is_taken(sides: Sides) -> None:
    sides.seen()
    before = (sides.base / MARKER_NAME).read_text()
    shutil.rmtree(sides.state)
    sides.state.mkdir()
    sides.seen()
    assert (sides.base / MARKER_NAME).read_text() == before


def _other(marker: Path) -> None:
    marker.write_text("of another disk")


@pytest.mark.parametrize(("damage", "what"), [(Path.unlink, "missing"), (_other, "another one")])
def test_a_media_folder_that_is_another_one_stops_all_even_over_a_restart(
    sides: Sides, damage: Callable[[Path], None], what: str
) -> None:
    guard = sides.seen()
    damage(sides.media / MARKER_NAME)
    assert guard.media_is_away()
    told = (
        "media_marker_missing",
        f"{sides.media} is not the folder that it was: its marker {MARKER_NAME} is {what}; nothing is deleted until a "
        "person has looked",
    )
    assert code_of(guard.check_media) == told
    again = sides.guard()
    assert (again.stopped and again.stopped.code) == "media_marker_missing"
    assert code_of(again.check) == told
    assert again.release(3).startswith("[media_marker_missing] ")
    again.check_media()
    assert not again.media_is_away()
    assert sides.guard().stopped is None


@pytest.mark.parametrize(("damage", "what"), [(Path.unlink, "missing"), (_other, "another one")])
def test_a_folder_on_the_nas_that_is_another_one_stops_all(
    sides: Sides, damage: Callable[[Path], None], what: str
) -> None:
    guard = sides.seen()
    damage(sides.base / MARKER_NAME)
    assert code_of(lambda: guard.check_nas(sides.files)) == (
        "nas_marker_missing",
        f"{sides.base} on the NAS is not the folder that it was: its marker {MARKER_NAME} is {what}; nothing is "
        "deleted until a person has looked",
    )
    assert guard.release(0)
    guard.check_nas(sides.files)
    assert (sides.base / MARKER_NAME).exists()


def test_a_folder_on_the_nas_that_is_away_needs_no_person(sides: Sides) -> None:
    guard = sides.seen()
    away = sides.base.rename(sides.base.with_name("away"))
    with pytest.raises(NasUnavailable) as caught:
        guard.check_nas(sides.files)
    assert (caught.value.code, guard.stopped) == ("nas_base_missing", None)
    away.rename(sides.base)
    guard.check_nas(sides.files)


def test_another_folder_in_the_configuration_is_seen_for_the_first_time(sides: Sides) -> None:
    sides.seen()
    other = sides.media.with_name("other")
    other.mkdir()
    guard = sides.guard(local_settings={"media_path": str(other)})
    guard.check_media()
    assert (other / MARKER_NAME).exists()


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"markers": 1, "stopped": null, "released": {}}', "[" * 9999])
def test_a_state_that_can_not_be_read_is_put_aside_and_stops_all(sides: Sides, content: str) -> None:
    sides.seen()
    path = sides.state / "deletion_guard.json"
    path.write_text(content)
    guard = sides.guard()
    code, summary = code_of(guard.check_media)
    assert code == "guard_corrupt"
    [aside] = sides.state.glob("*.corrupt-*")
    assert aside.read_text() == content
    assert summary.endswith(f" and was put aside as {aside}; nothing is deleted until a person has looked")
    assert sides.guard().stopped is not None
    assert guard.release(0)
    guard.check_media()


def test_what_can_not_be_remembered_is_not_taken_for_known(sides: Sides, small_tmpfs: SmallTmpfs) -> None:
    sides.state = Path(small_tmpfs(1 << 20))
    small_tmpfs.make_read_only(str(sides.state))
    guard = sides.guard()
    for _ in range(2):
        with pytest.raises(LocalFault) as caught:
            guard.check_media()
        assert caught.value.code == "folder_read_only"
    small_tmpfs.make_writable(str(sides.state))
    guard.check_media()


# --- far more than usual ---


def delete(receipts: MediaStatusDB, count: int) -> None:
    for number in range(count):
        receipts.add_receipt(Receipt(Event.DELETED, f"/m/{number}", "/n", 1, "", VerificationLevel.HASH))


def test_far_more_deletions_than_usual_wait_for_a_person(sides: Sides, receipts: MediaStatusDB) -> None:
    guard = sides.guard(sync_settings={"unusual_deletions": 10})
    delete(receipts, 4)
    guard.check_count(6, receipts)
    assert code_of(lambda: guard.check_count(7, receipts)) == (
        "unusual_deletions",
        "7 file(s) are to be deleted after 4 in the last 24 hours, which is far more than usual (at most 0 a day); "
        "nothing is deleted until a person has looked",
    )
    with pytest.raises(DeletionsStopped):
        guard.check_count(1, receipts)
    guard.release(20)
    guard.check_count(16, receipts)  # the four count again: the clock of the receipts knows seconds only
    with pytest.raises(DeletionsStopped):
        guard.check_count(21, receipts)


def test_what_a_busy_site_usually_deletes_is_not_unusual(sides: Sides, receipts: MediaStatusDB) -> None:
    guard = sides.guard(sync_settings={"unusual_deletions": 10})
    moved = "UPDATE media_transfer_receipts SET at = datetime('now', '-2 days')"
    delete(receipts, 8)
    receipts._rows("DROP TRIGGER media_receipts_are_not_changed")
    receipts._rows(moved)
    guard.check_count(40, receipts)
    with pytest.raises(DeletionsStopped):
        guard.check_count(41, receipts)


# --- the queue ---


def test_a_queue_is_known_by_what_is_in_it_not_by_its_place_on_the_disk(sides: Sides, tmp_path: Path) -> None:
    path = str(tmp_path / "queue.db")
    queue_files.make(path, rows=1)

    def look(guard: DeletionGuard) -> None:
        with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
            guard.check_queue(path, database.identity())

    look(sides.guard())
    shutil.copy(path, f"{path}.kept")
    shutil.move(f"{path}.kept", path)  # a backup that was put back
    look(sides.guard())
    shutil.move(path, f"{path}.kept")
    found = code_of(lambda: look(sides.guard()))
    assert found == (
        "queue_replaced",
        f"{path} is not the queue that it was: it was deleted or replaced, and what waited in the old one waits in "
        "none now; nothing is deleted until a person has looked",
    )
    assert code_of(sides.guard().check) == found  # a restart releases nothing
    shutil.move(f"{path}.kept", path)
    look(sides.guard())  # the old one is back, and needs no person
    sides.guard().check()
    os.unlink(path)
    guard = sides.guard()
    assert code_of(lambda: look(guard)) == found
    assert guard.release(0).startswith("[queue_replaced] ")
    look(guard)
    look(sides.guard())


def test_a_queue_made_by_another_program_gets_its_mark(sides: Sides, tmp_path: Path) -> None:
    path = str(tmp_path / "queue.db")
    queue_files.make(path)
    queue_files.execute(path, "DROP TABLE media_transfer_identity")
    with MediaStatusDB(path, timeout_seconds=1) as database:
        assert database.identity() == ""
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        marked = database.identity()
    assert re.fullmatch("[0-9a-f]{32}", marked)
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        assert database.identity() == marked


# --- the real daemon ---


def test_a_disk_that_is_not_mounted_any_more_costs_neither_files_nor_rows(
    field: Field, small_tmpfs: SmallTmpfs, tmp_path: Path
) -> None:
    disk = small_tmpfs(8 << 20, name="disk")
    field.media = Path(disk)
    field.configure(**SOON, local_settings={"media_path": disk})
    with field.daemon() as daemon:
        eventually((Path(disk) / MARKER_NAME).exists)
        small_tmpfs.hide(disk)
        row_id = field.queue(f"{disk}/{NAME}", NAME, 5)
        daemon.says(r"\[media_marker_missing\]")
        state = daemon.shows(lambda state: state.deletions_stopped != "")
        assert state.deletions_stopped.startswith("[media_marker_missing] ")
        assert "; deletions are stopped until 'media-sync-daemon resume': " in state.doing
        # It is looked at again and again, and in between it waits, unblamed.
        eventually(lambda: field.row(row_id).last_error_message)
        record = eventually(lambda: row if (row := field.row(row_id)).transfer_status is PENDING else None)
        assert record.transfer_retry_count == 0
        small_tmpfs.show(disk)
        (Path(disk) / NAME).write_bytes(b"media")
        field.becomes(row_id, COMPLETED)
        daemon.shows(lambda state: state.deletions_stopped != "" and not state.in_hand)
        assert (Path(disk) / NAME).exists()  # the person has not looked yet
    assert json.loads((field.state_folder / "deletion_guard.json").read_text())["stopped"]["code"]


def test_a_nas_volume_that_is_not_mounted_stops_the_deletions(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.01})
    with field.daemon() as daemon:
        field.becomes(field.put(), COMPLETED)
        base = Path(field.config.nas_settings.base_path)
        base.rename(base.with_name("volume"))
        base.mkdir()  # the bare mount point
        daemon.says(r"\[nas_marker_missing\]")
        daemon.shows(lambda state: state.deletions_stopped != "")
        assert (field.media / NAME).exists()
        assert field.pending()[0]["retry_count"] == 0


@pytest.mark.parametrize("runs", [True, False])
def test_a_queue_that_was_deleted_is_not_made_anew_in_silence(field: Field, runs: bool) -> None:
    """Files go on moving; what waited in the old queue is told of until a person has looked."""
    path = field.config.database_settings.db_path
    with field.daemon() as daemon:
        daemon.shows(lambda state: state.doing != "")
        if runs:
            field.db.close()
            for file in glob.glob(f"{path}*"):
                os.unlink(file)
            daemon.says(r"\[queue_replaced\]")
    if not runs:
        field.db.close()
        for file in glob.glob(f"{path}*"):
            os.unlink(file)
    with field.daemon() as daemon:
        state = daemon.shows(lambda state: state.deletions_stopped != "")
        assert state.deletions_stopped == (
            f"[queue_replaced] {path} is not the queue that it was: it was deleted or replaced, and what waited in the "
            "old one waits in none now; nothing is deleted until a person has looked"
        )
        field.db = MediaStatusDB(path, timeout_seconds=10)
        field.becomes(field.put(), COMPLETED)
        argv = [
            sys.executable,
            "-m",
            "celestial_nasops.media_sync_daemon",
            "resume",
            "--config",
            str(field.config_path),
        ]
        subprocess.run(argv, check=True, capture_output=True, timeout=30)
        daemon.shows(lambda state: state.deletions_stopped == "")
    with field.daemon() as daemon:
        daemon.shows(lambda state: state.doing != "" and state.deletions_stopped == "")
