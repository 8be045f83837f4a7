"""The list of pending deletions: other daemons' lists, corrupt ones, and disks that don't take it."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from celestial_nasops.daemon import pending_deletes
from tests.daemon_field import sha256
from tests.delete_bench import CONTENT, OTHER, DeleteBench
from tests.mounts import SmallTmpfs


@pytest.mark.parametrize(
    ("checksum", "deleted"),
    [
        (hashlib.md5(CONTENT).hexdigest(), 1),
        (hashlib.md5(CONTENT).hexdigest().upper(), 1),
        (hashlib.md5(OTHER).hexdigest(), 0),
        (sha256(CONTENT), 1),
        (sha256(OTHER), 0),
        ("", 1),  # rebuilt: the copy alone decides
        ("0123456789abcdef", 0),  # of a kind that can't be told
        ("z" * 32, 0),
    ],
)
def test_the_recorded_checksum_must_fit(bench: DeleteBench, checksum: str, deleted: int) -> None:
    manager = bench.listed(local_checksum=checksum)
    assert bench.run(manager) == deleted
    assert bench.local.exists() is not bool(deleted)
    assert manager.given_up == 1 - deleted


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[1]",
        b"[{}]",
        b'[{"local_file_path": "/a"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'[{"local_file_path": "a", "remote_file_path": "/b", "local_checksum": "", "scheduled_time": 1}]',
        b'[{"local_file_path": "/a", "remote_file_path": "/b", "local_checksum": "", "scheduled_time": "1"}]',
        b'[{"local_file_path": "/a", "remote_file_path": "/b", "local_checksum": "", "scheduled_time": NaN}]',
    ],
)
def test_a_corrupt_list_is_put_aside_reported_and_begun_anew(
    bench: DeleteBench, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    bench.list_path.write_bytes(content)
    manager = bench.manager()
    assert (manager.count, manager.problem) == (0, None)
    assert "it was put aside as" in caplog.text
    [aside] = [path for path in bench.state.iterdir() if ".corrupt-" in path.name]
    assert aside.read_bytes() == content
    assert bench.on_disk() == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"scheduled_time": 10**400}, "scheduled_time of entry 0 should be a number up to 1e+11"),
        ({"retry_count": 10**6}, "retry_count of entry 0 should be a number up to 1000"),
        ({"local_file_path": "/media/\ud800"}, "local_file_path of entry 0 should be an absolute path"),
    ],
)
def test_a_list_that_can_t_be_reckoned_with_is_corrupt(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    entry = {"local_file_path": "/a", "remote_file_path": "/b", "local_checksum": "", "scheduled_time": 1}
    path = tmp_path / "pending_deletes.json"
    path.write_text(json.dumps([entry | change]))
    with pytest.raises(ValueError) as caught:
        pending_deletes.read(str(path))
    assert str(caught.value) == reason


def test_a_missing_list_is_begun(bench: DeleteBench) -> None:
    assert bench.manager().count == 0
    assert bench.on_disk() == []


def test_files_sent_earlier_are_adopted_unless_they_are_listed(bench: DeleteBench) -> None:
    manager = bench.scheduled()
    second, copy = bench.local.with_name("y.mp4"), bench.copy.with_name("y.mp4")
    second.write_bytes(OTHER)
    copy.write_bytes(OTHER)
    manager.adopt([(str(bench.local), "/elsewhere", ""), (str(second), str(copy), "")])
    assert [(entry["remote_file_path"], entry["local_checksum"]) for entry in bench.on_disk()] == [
        (str(bench.copy), sha256(CONTENT)),
        (str(copy), ""),
    ]
    assert bench.run(manager) == 2


def test_a_name_that_is_no_utf8_survives(bench: DeleteBench) -> None:
    name = b"\xff\xfe.jpg"
    bench.local = Path(os.fsdecode(os.fsencode(bench.local.parent) + b"/" + name))
    bench.copy = Path(os.fsdecode(os.fsencode(bench.copy.parent) + b"/" + name))
    bench.local.write_bytes(CONTENT)
    bench.copy.write_bytes(CONTENT)
    bench.scheduled()
    assert bench.run(bench.manager()) == 1
    assert not bench.local.exists()


# --- [Errno 30] Read-only file system ---


def test_what_can_not_be_saved_is_kept_blocks_deletion_and_is_saved_later(
    bench: DeleteBench, small_tmpfs: SmallTmpfs, caplog: pytest.LogCaptureFixture
) -> None:
    bench.state = Path(small_tmpfs(1 << 20))
    manager = bench.manager()
    small_tmpfs.make_read_only(str(bench.state))
    manager.schedule(str(bench.local), str(bench.copy), sha256(CONTENT), len(CONTENT), bench.local.stat().st_mtime_ns)
    assert str(manager.problem) == (
        "1 scheduled deletion(s) can't be saved: [Errno 30] Read-only file system; nothing is deleted until they are"
    )
    assert bench.run(manager) == 0
    assert bench.local.exists()
    assert bench.on_disk() == []
    assert caplog.text.count("can't be saved") == 1
    small_tmpfs.make_writable(str(bench.state))
    assert manager.save()
    assert manager.problem is None
    assert len(bench.on_disk()) == 1
    assert bench.run(manager) == 1


def test_a_corrupt_list_that_can_not_be_put_aside_is_not_overwritten(
    bench: DeleteBench, small_tmpfs: SmallTmpfs
) -> None:
    bench.state = Path(small_tmpfs(1 << 20))
    bench.list_path.write_bytes(b"corrupt")
    small_tmpfs.make_read_only(str(bench.state))
    manager = bench.scheduled()
    assert manager.problem is not None
    assert bench.run(manager) == 0
    assert bench.list_path.read_bytes() == b"corrupt"
    small_tmpfs.make_writable(str(bench.state))
    assert manager.save()
    [aside] = [path for path in bench.state.iterdir() if ".corrupt-" in path.name]
    assert aside.read_bytes() == b"corrupt"
    assert len(bench.on_disk()) == 1


def test_a_full_disk_loses_no_entry(bench: DeleteBench, small_tmpfs: SmallTmpfs) -> None:
    bench.state = Path(small_tmpfs(64 * 1024))
    manager = bench.manager()
    ballast = bench.state / "ballast"
    free = os.statvfs(bench.state)
    ballast.write_bytes(bytes(free.f_bavail * free.f_frsize))
    manager.schedule(str(bench.local), str(bench.copy), sha256(CONTENT), len(CONTENT), bench.local.stat().st_mtime_ns)
    assert manager.problem is not None
    assert bench.on_disk() == []
    ballast.unlink()
    assert bench.run(manager) == 1
