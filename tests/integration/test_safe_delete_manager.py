"""Delayed deletion against a real sshd: what is deleted, and what never is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from celestial_nasops.daemon.verified_delete import Hooks
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell_files import ShellFiles
from tests.daemon_field import sha256
from tests.delete_bench import CONTENT, OTHER, DeleteBench
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server

KEYS = {
    "local_file_path",
    "remote_file_path",
    "local_checksum",
    "scheduled_time",
    "created_time",
    "retry_count",
    "max_retries",
}


def test_what_is_due_and_right_is_deleted_and_leaves_the_list(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    [entry] = bench.on_disk()
    assert set(entry) >= KEYS
    assert entry["local_checksum"] == sha256(CONTENT)
    assert bench.run(manager) == 1
    assert not bench.local.exists()
    assert bench.copy.read_bytes() == CONTENT
    assert bench.on_disk() == []
    assert manager.next_due() is None


def test_nothing_is_deleted_before_its_delay_is_over(bench: DeleteBench) -> None:
    manager = bench.scheduled(safe_delete_delay_minutes=30)
    assert bench.run(manager) == 0
    assert bench.local.exists()
    due = manager.next_due()
    assert due is not None
    assert 1790 < due <= 1800
    [entry] = bench.on_disk()
    assert entry["scheduled_time"] - entry["created_time"] == pytest.approx(1800)


def test_a_wall_clock_that_jumps_ahead_shortens_no_delay(bench: DeleteBench, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = bench.scheduled(safe_delete_delay_minutes=30)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 86_400)
    assert bench.run(manager) == 0
    assert bench.local.exists()


def test_a_wall_clock_that_is_set_back_lengthens_no_delay(bench: DeleteBench, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = bench.scheduled()
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 86_400)
    assert bench.run(manager) == 1


def test_a_list_from_the_future_is_not_waited_for(bench: DeleteBench) -> None:
    in_four_years = time.time() + 4 * 365 * 86_400
    assert bench.run(bench.listed(created_time=in_four_years, scheduled_time=in_four_years)) == 1
    bench.local.write_bytes(CONTENT)
    manager = bench.listed(created_time=in_four_years, scheduled_time=in_four_years + 1800)
    assert bench.run(manager) == 0
    due = manager.next_due()
    assert due is not None
    assert 1790 < due <= 1800


def test_a_new_start_knows_the_list(bench: DeleteBench) -> None:
    bench.scheduled()
    assert bench.run(bench.manager()) == 1
    assert not bench.local.exists()


def test_sent_anew_it_waits_anew(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    manager.configure(bench.config(safe_delete_delay_minutes=30))
    manager.schedule(str(bench.local), str(bench.copy), sha256(CONTENT), len(CONTENT), bench.local.stat().st_mtime_ns)
    assert bench.run(manager) == 0
    assert manager.count == 1


# --- the copy ---


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda copy: copy.write_bytes(OTHER), "delete_copy_differs"),
        (lambda copy: os.truncate(copy, 9), "delete_copy_differs"),
        (Path.unlink, "delete_copy_missing"),
    ],
)
def test_without_a_right_copy_nothing_is_deleted_until_it_is_right(
    bench: DeleteBench, damage: Callable[[Path], None], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    manager = bench.scheduled()
    damage(bench.copy)
    assert bench.run(manager) == 0
    assert bench.local.read_bytes() == CONTENT
    assert f"[{code}]" in caplog.text
    assert bench.on_disk()[0]["retry_count"] == 1
    bench.copy.write_bytes(CONTENT)
    assert bench.run(manager) == 1


def test_after_its_tries_it_needs_a_person_or_a_restart(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    bench.copy.write_bytes(OTHER)
    for _ in range(5):
        bench.run(manager)
    assert manager.given_up == 1
    assert manager.went_wrong == 2
    assert manager.next_due() is None
    assert bench.on_disk()[0]["retry_count"] == 2
    bench.copy.write_bytes(CONTENT)
    assert bench.run(manager) == 0
    assert bench.run(bench.manager()) == 1


def test_a_nas_without_its_volume_costs_no_try(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    bench.copy.unlink()
    bench.copy.parent.rmdir()
    with pytest.raises(NasUnavailable) as caught:
        bench.run(manager)
    assert caught.value.code == "nas_base_missing"
    assert bench.on_disk()[0]["retry_count"] == 0
    assert bench.local.exists()


def test_a_nas_that_is_away_costs_no_try(bench: DeleteBench, steady_nas: Server) -> None:
    manager = bench.scheduled()
    with NasSession.open(steady_nas.target(), timeout_seconds=10) as session:
        session.abort()
        with pytest.raises(NasUnavailable):
            manager.run_due(lambda: ShellFiles(session, timeout_seconds=10), Hooks(lambda _: None, lambda: False))
    assert bench.on_disk()[0]["retry_count"] == 0
    assert bench.local.exists()


# --- the local file ---


def _same_size_and_time(path: Path) -> None:
    status = path.stat()
    path.write_bytes(OTHER)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def _link(path: Path) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


_CHANGES: list[Callable[[Path], object]] = [
    lambda path: path.write_bytes(CONTENT + b"more"),
    lambda path: os.utime(path, ns=(1, 1)),
    _same_size_and_time,
    _link,
    _folder,
]


@pytest.mark.parametrize("change", _CHANGES, ids=["size", "mtime", "content", "link", "folder"])
def test_another_file_than_the_one_that_was_sent_is_never_deleted(
    bench: DeleteBench, change: Callable[[Path], object], caplog: pytest.LogCaptureFixture
) -> None:
    manager = bench.scheduled()
    change(bench.local)
    assert bench.run(manager) == 0
    assert os.path.lexists(bench.local)
    assert "[delete_local_changed]" in caplog.text
    assert manager.given_up == 1


def test_one_that_changes_during_the_check_is_not_deleted(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    bench.expect.append(lambda: bench.local.write_bytes(OTHER))
    assert bench.run(manager) == 0
    assert bench.local.read_bytes() == OTHER


def test_one_that_is_gone_leaves_the_list(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    bench.local.unlink()
    assert bench.run(manager) == 0
    assert bench.on_disk() == []


def test_what_can_not_be_deleted_stays_listed(
    bench: DeleteBench, small_tmpfs: SmallTmpfs, caplog: pytest.LogCaptureFixture
) -> None:
    folder = small_tmpfs(1 << 20)
    bench.local = Path(folder) / "x.mp4"
    bench.local.write_bytes(CONTENT)
    manager = bench.scheduled(max_retry_attempts=3)
    small_tmpfs.make_read_only(folder)
    assert bench.run(manager) == 0
    assert bench.on_disk()[0]["retry_count"] == 1
    told = f"[delete_failed] {bench.local} could not be deleted: Read-only file system"
    assert caplog.messages[-1] == f"not deleted, tried again in 0 s: {told}"
    small_tmpfs.make_writable(folder)
    assert bench.run(manager) == 1


def test_what_can_never_be_deleted_is_named_with_what_mends_it(
    bench: DeleteBench, small_tmpfs: SmallTmpfs, caplog: pytest.LogCaptureFixture
) -> None:
    folder = small_tmpfs(1 << 20)
    bench.local = Path(folder) / "x.mp4"
    bench.local.write_bytes(CONTENT)
    manager = bench.scheduled(max_retry_attempts=1)
    small_tmpfs.make_read_only(folder)
    assert bench.run(manager) == 0
    assert manager.given_up == 1
    assert caplog.messages[-1] == (
        f"not deleted, and not tried again before a restart: [delete_failed] {bench.local} could not be deleted: "
        f"Read-only file system; let the daemon write in that folder: see why, then mount it for writing: "
        f"dmesg | tail; sudo mount -o remount,rw {folder}"
    )


@pytest.mark.parametrize("checksum", ["crc32:cafe0042", "z" * 64, "abc"])
def test_a_checksum_of_an_unknown_kind_deletes_nothing(
    bench: DeleteBench, checksum: str, caplog: pytest.LogCaptureFixture
) -> None:
    manager = bench.listed(local_checksum=checksum)
    assert bench.run(manager) == 0
    assert bench.local.read_bytes() == CONTENT
    assert manager.given_up == 1
    assert caplog.messages[-1] == (
        f"not deleted, and not tried again before a restart: [delete_checksum_unknown] {bench.local} is not deleted: "
        f"the checksum '{checksum}' in pending_deletes.json is neither SHA-256 nor MD5; "
        "compare the file with its copy on the NAS and delete it by hand"
    )
