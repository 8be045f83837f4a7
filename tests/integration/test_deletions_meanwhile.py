"""What people and other programs do to files whose deletion is pending, or just under way."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops.daemon import deletion_batch
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB, TransferStatus
from celestial_nasops.receipts import Event
from tests.daemon_field import Field
from tests.delete_bench import CONTENT, OTHER, DeleteBench
from tests.many_deletions import BOTH, COUNT, HOOKS, events, here, listed, run, scheduled
from tests.queue_files import execute
from tests.waiting import eventually

COMPLETED = TransferStatus.COMPLETED


def _rewrite_in_place(path: Path) -> None:
    status = path.stat()
    with open(path, "r+b") as file:
        file.write(OTHER)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


# --- while it is checked ---


def test_one_that_is_rewritten_during_the_check_is_kept_though_its_time_is_set_back(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    bench.expect.append(lambda: _rewrite_in_place(bench.local))
    assert bench.run(manager) == 0
    assert bench.local.read_bytes() == OTHER
    assert manager.given_up == 0
    bench.expect.clear()
    assert bench.run(manager) == 0
    assert manager.given_up == 1


def test_one_that_is_only_touched_during_the_check_is_checked_again(
    bench: DeleteBench, caplog: pytest.LogCaptureFixture
) -> None:
    manager = bench.scheduled()
    bench.expect.append(lambda: bench.local.chmod(0o600))
    assert bench.run(manager) == 0
    assert bench.local.read_bytes() == CONTENT
    assert caplog.messages[-1] == (
        f"not deleted, tried again in 0 s: [delete_local_changed] {bench.local} is not deleted, for it may be another "
        "file than the one that was sent (something was done to it during the check)"
    )
    bench.expect.clear()
    assert bench.run(manager) == 1


# --- who removed it ---


def _can_not_be_deleted(*_: object) -> None:
    raise PermissionError(1, "Operation not permitted")


def test_what_a_person_removed_after_a_try_went_wrong_is_not_taken_for_our_deletion(
    bench: DeleteBench, receipts: MediaStatusDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = bench.scheduled()
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", _can_not_be_deleted)
        assert run(bench, manager, receipts) == 0
    bench.local.unlink()
    assert run(bench, manager, receipts) == 0
    again, gone = receipts.receipts_of(str(bench.local))
    assert (again.event, gone) == (Event.VERIFIED_AGAIN, replace(again, event=Event.GONE, at=gone.at))
    assert bench.on_disk() == []


@contextlib.contextmanager
def _no_deletion_can_be_testified(receipts: MediaStatusDB) -> Iterator[None]:
    execute(
        receipts.path,
        "CREATE TRIGGER no_room BEFORE INSERT ON media_transfer_receipts WHEN NEW.event = 'deleted' "
        "BEGIN SELECT RAISE(ABORT, 'no room'); END",
    )
    with pytest.raises(DatabaseFault):
        yield
    execute(receipts.path, "DROP TRIGGER no_room")


@pytest.mark.parametrize("together", [True, False])
def test_a_deletion_that_could_not_be_testified_is_testified_later(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not together:
        monkeypatch.setattr(deletion_batch, "_MOST_FILES", 1)
    manager = scheduled(bench, media)
    with _no_deletion_can_be_testified(receipts):
        run(bench, manager, receipts)
    deleted = [local for local in media if not local.exists()]
    assert deleted
    assert len(bench.on_disk()) == COUNT
    run(bench, manager, receipts)
    assert [events(local, receipts) for local in media] == [BOTH] * COUNT
    assert bench.on_disk() == []


def test_a_deletion_of_before_says_nothing_of_a_file_that_was_sent_since(
    bench: DeleteBench, receipts: MediaStatusDB
) -> None:
    manager = bench.scheduled()
    with _no_deletion_can_be_testified(receipts):
        run(bench, manager, receipts)
    bench.local.write_bytes(CONTENT)
    manager.schedule(str(bench.local), str(bench.copy), "0" * 64, len(CONTENT), 0)
    bench.local.unlink()
    run(bench, manager, receipts)
    assert events(bench.local, receipts) == [Event.VERIFIED_AGAIN, Event.GONE]


# --- sent again ---


def test_what_waits_to_be_sent_again_leaves_the_list(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB
) -> None:
    again = str(media[3])
    hooks = replace(HOOKS, to_be_sent=lambda paths: {again}.intersection(paths))
    assert run(bench, scheduled(bench, media), receipts, hooks) == COUNT - 1
    assert (here(media), listed(bench)) == ([media[3].name], [])


def test_nothing_is_deleted_before_that_is_saved(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB
) -> None:
    manager, away = scheduled(bench, media), bench.state.with_name("away")

    def lose_the_folder(paths: Iterable[str]) -> set[str]:
        bench.state.rename(away)
        return {min(paths)}

    assert run(bench, manager, receipts, replace(HOOKS, to_be_sent=lose_the_folder)) == 0
    assert (len(here(media)), manager.problem is None) == (COUNT, False)
    away.rename(bench.state)
    assert run(bench, manager, receipts) == COUNT - 1


def _sent_then_due(field: Field, change: Callable[[], object], name: str, *more: str) -> None:
    """Have files sent, do something while no daemon is at work, and let their deletions fall due."""
    with field.daemon():
        for one in (name, *more):
            field.becomes(field.put(one, one.encode()), COMPLETED)
    change()
    field.list_path.write_text(
        json.dumps([{**entry, "scheduled_time": 1, "created_time": 0} for entry in field.pending()])
    )


def test_what_is_queued_again_is_sent_first_and_deleted_after_a_new_delay(field: Field) -> None:
    names = [f"20250122_{number}.jpg" for number in range(10)]

    def queue_again() -> None:
        execute(field.db.path, "UPDATE media_transfer_status SET transfer_status = 'pending'")

    _sent_then_due(field, queue_again, *names)
    with field.daemon():
        for name in names:
            record = field.db.find(str(field.media / name))
            assert record is not None
            field.becomes(record.id, COMPLETED)
        eventually(lambda: [entry["created_time"] > 0 for entry in field.pending()] == [True] * len(names))
    assert field.here() == names


# --- elsewhere ---


def test_one_whose_folder_gave_way_to_a_link_out_of_the_media_folder_is_kept(field: Field, tmp_path: Path) -> None:
    (field.media / "dock").mkdir()
    archive = tmp_path / "archive"

    def move_away() -> None:
        (field.media / "dock").rename(archive)
        (field.media / "dock").symlink_to(archive)

    with field.daemon():
        path = field.media / "dock" / "20250122_x.jpg"
        path.write_bytes(b"media")
        field.becomes(field.queue(str(path), path.name, 5), COMPLETED)
    _sent_then_due(field, move_away, "20250122_y.jpg")
    with field.daemon() as daemon:
        eventually(lambda: field.here() == ["dock"])
        daemon.says(
            r"not deleted, and not tried again before a restart: \[delete_local_changed\] .*/dock/20250122_x.jpg is "
            rf"not deleted, for .* \(its folder leads to {archive}, which is not in the media folder\)"
        )
    assert (archive / "20250122_x.jpg").read_bytes() == b"media"


# --- come back ---


def test_one_that_comes_back_is_compared_with_its_own_copy_and_not_with_that_of_its_name(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0})
    taken = field.remote()
    taken.parent.mkdir(parents=True)
    taken.write_bytes(b"another server's")
    with field.daemon():
        path = field.media / taken.name
        field.becomes(field.put(content=b"media"), COMPLETED)
        eventually(lambda: field.here() == [] and field.pending() == [])
    path.write_bytes(b"media")
    with field.daemon():
        eventually(lambda: field.here() == [] and field.pending() == [])
    receipts = field.db.receipts_of(str(path))
    assert [receipt.event for receipt in receipts] == [Event.SENT, *BOTH, *BOTH]
    assert {receipt.remote_path for receipt in receipts} == {receipts[0].remote_path} != {str(taken)}
