"""State files of any content: put aside or refused by name, and what is believed can be worked with."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from celestial_nasops import daemon_state
from celestial_nasops.config import Config
from celestial_nasops.daemon import pending_deletes
from celestial_nasops.fault import LocalFault
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from healthcheck import causes, cli
from healthcheck.ledger import Debt, Ledger
from healthcheck.moments import iso
from healthcheck.probes import daemon_status, local_delete
from healthcheck.state_folder import Obstacle
from healthcheck.status_file import StatusFile, boot_id
from healthcheck.watch import why_not_current
from tests.fuzz.trees import documents, each_odd, encoded, near

NAME = "smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin"
NOW = 1737547200.0

STATUS: dict[str, Any] = {
    "schema_version": 1,
    "version": "0",
    "run_id": "r",
    "host": "edge",
    "boot_id": "b",
    "state": "finished",
    "outcome": "pass",
    "exit_code": 0,
    "summary": "fine",
    "started_at": "2025-01-22T11:59:00.000Z",
    "finished_at": "2025-01-22T12:00:00.000Z",
    "duration_seconds": 60.0,
    "stale_after": "2025-01-22T13:00:00.000Z",
    "probes": [
        {
            "name": "ping",
            "outcome": "fail",
            "started_at": "2025-01-22T11:59:00.000Z",
            "duration_seconds": 0.1,
            "summary": "silent",
            "cause": "nas_silent",
            "remedy": "look",
            "details": {"port": 22},
        }
    ],
    "timeline": [{"at": "2025-01-22T11:59:00.000Z", "event": "row inserted"}],
    "outstanding": [{"name": NAME, "due": "deletion", "due_at": None, "reason": "later"}],
    "consecutive_failures": 0,
    "last_pass_at": None,
    "previous": {
        "run_id": "q",
        "outcome": "pass",
        "exit_code": 0,
        "summary": "fine",
        "finished_at": "2025-01-22T11:00:00.000Z",
        "stale_after": "2025-01-22T12:00:00.000Z",
    },
}
FRESH = STATUS | {"stale_after": "9000-01-01T00:00:00.000Z"}
RUNNING = STATUS | {"state": "running", "outcome": None, "exit_code": None, "finished_at": None}
LEDGER: dict[str, Any] = {
    "version": 1,
    "debts": [
        {
            "run_id": "r",
            "name": NAME,
            "local_path": f"/media/{NAME}",
            "size": 1024,
            "sha256": "0" * 64,
            "created_at": NOW,
            "remote_paths": [f"/volume1/media/{NAME}"],
            "row_id": 1,
            "due": "deletion",
            "remote_path": f"/volume1/media/{NAME}",
            "completed_at": NOW,
            "delete_due_at": NOW + 60,
            "withdrawn_in_mid_transfer_at": None,
            "base_path": "/volume1",
            "media_device": 1,
            "boot_id": "b",
            "clock_offset": 1.0,
        }
    ],
}
DAEMON: dict[str, Any] = {
    "pid": 1,
    "process_start_ticks": 5,
    "started_at": NOW,
    "version": "0",
    "code_path": "/nowhere",
    "code_fingerprint": "f",
    "config_path": "/etc/x.json",
    "config_fingerprint": "f",
    "heartbeat_at": NOW,
    "heartbeat_boottime": 5.0,
    "heartbeat_seconds": 10.0,
    "doing": "idle",
    "in_hand": [{"file_path": "/m/a.mp4", "bytes_done": 1, "bytes_total": 2, "started_at": NOW}],
    "last_error": "",
    "nas_away_since": None,
}
DELETES: list[dict[str, Any]] = [
    {
        "local_file_path": "/media/a.mp4",
        "remote_file_path": "/volume1/a.mp4",
        "local_checksum": "0" * 64,
        "scheduled_time": NOW,
        "created_time": NOW,
        "retry_count": 0,
        "max_retries": 3,
        "local_size": 5,
        "local_mtime_ns": 5,
    }
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """In memory: flushing thousands of files to a disk takes its time, and proves nothing here."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="fuzz-") as name:
        yield Path(name)


def files(*examples: Any) -> st.SearchStrategy[bytes]:
    """Files near a good one, and files that are not."""
    return st.one_of(*(near(example).map(encoded) for example in examples), documents)


def every(check: Callable[[Path, bytes], None], folder: Path, *examples: Any) -> None:
    """Each file with one odd value; all that fail are told at once."""
    failed = []
    for content in (encoded(tree) for example in examples for tree in each_odd(example)):
        try:
            check(folder, content)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(f"{type(error).__name__}: {str(error)[:200]}\n    {content[:1500]!r}")
            for path in folder.iterdir():
                path.unlink()
    assert not failed, f"{len(failed)} failed:\n" + "\n".join(failed[:200])


@given(content=files(STATUS, RUNNING))
def test_status_file(folder: Path, content: bytes) -> None:
    check_status_file(folder, content)


def test_status_file_with_each_odd_value(folder: Path) -> None:
    every(check_status_file, folder, FRESH, RUNNING)


def check_status_file(folder: Path, content: bytes) -> None:
    path = folder / "status.json"
    path.write_bytes(content)
    code = cli.main(["status", "--state-dir", str(folder)])
    assert code in (0, 1, 2, 64, 70, 73, 75, 78)
    file = StatusFile(str(folder))
    last = file.read_or_put_aside()
    if last is None:
        assert code == 2
        assert file.put_aside is not None
        assert Path(file.put_aside).read_bytes() == content
        os.unlink(file.put_aside)
        return
    why_not_current(last, str(folder), NOW)
    file.write(last)
    assert file.read() is not None


@given(content=files(LEDGER))
def test_ledger(folder: Path, content: bytes) -> None:
    check_ledger(folder, content)


def test_ledger_with_each_odd_value(folder: Path) -> None:
    every(check_ledger, folder, LEDGER)


def check_ledger(folder: Path, content: bytes) -> None:
    path = folder / "ledger.json"
    path.write_bytes(content)
    ledger = Ledger(str(folder))
    ledger.load()
    if ledger.put_aside is not None:
        assert Path(ledger.put_aside).read_bytes() == content
        os.unlink(ledger.put_aside)
        return
    for debt in ledger.debts:
        work_with(debt)
    ledger.save()
    again = Ledger(str(folder))
    again.load()
    assert again.put_aside is None


def work_with(debt: Debt) -> None:
    """All that a run does with what it owes, apart from the world."""
    assert debt.local_path.startswith("/")
    assert NAME[-15:] in debt.local_path
    os.path.lexists(debt.local_path)
    for path in debt.remote_paths:
        assert "\0" not in path
        assert ".." not in path.split("/")
    if debt.row_id is not None:
        assert -(2**63) <= debt.row_id < 2**63
    debt.boot_id = boot_id()
    for moment in (debt.created_at, debt.completed_at, debt.delete_due_at, debt.withdrawn_in_mid_transfer_at):
        if moment is not None:
            iso(moment)
    for gone_at in (None, NOW):
        local_delete.judge(debt, NOW, gone_at, "right", grace_seconds=60, unit="u", shift=local_delete._shift(debt))


@given(content=files(DAEMON))
def test_daemon_state(folder: Path, content: bytes) -> None:
    check_daemon_state(folder, content)


def test_daemon_state_with_each_odd_value(folder: Path) -> None:
    every(check_daemon_state, folder, DAEMON)


def check_daemon_state(folder: Path, content: bytes) -> None:
    (folder / "daemon_state.json").write_bytes(content)
    state: daemon_state.DaemonState | None = None
    fault: LocalFault | None
    try:
        state = daemon_state.read(str(folder))
    except LocalFault as caught:
        fault = caught
    else:
        fault = None
    if state is None:
        assert fault is not None
        assert fault.code == "state_corrupt"
        assert str(fault).startswith(f"{folder}/daemon_state.json could not be read: ")
        return
    runs = daemon_state.process_start_ticks(state.pid) == state.process_start_ticks
    daemon_state.process_is_stopped(state.pid)
    silent = time.clock_gettime(time.CLOCK_BOOTTIME) - state.heartbeat_boottime
    for alive in (runs, True):
        for obstacle in (None, Obstacle("full", "df")):
            life = daemon_status.Life(state, alive, False, state.code_fingerprint, "f", silent, obstacle)
            finding = daemon_status.judge_life(life, "u", "c", str(folder))
            assert finding.summary.isprintable()
            json.dumps(finding.details, allow_nan=False)


@given(content=files(DELETES))
def test_pending_deletes(folder: Path, content: bytes) -> None:
    check_pending_deletes(folder, content)


def test_pending_deletes_with_each_odd_value(folder: Path) -> None:
    every(check_pending_deletes, folder, DELETES)


def check_pending_deletes(folder: Path, content: bytes) -> None:
    path = folder / "pending_deletes.json"
    path.write_bytes(content)
    config = Config.model_validate({"sync_settings": {"retry_delay_seconds": 0}})
    manager = SafeDeleteManager(str(path), config)
    assert manager.problem is None
    for aside in folder.glob("pending_deletes.json.corrupt-*"):
        assert aside.read_bytes() == content
        assert manager.count == 0
        aside.unlink()
    manager.next_due()
    fault = LocalFault(causes.PROBE_CRASHED, probe="x", error="y")
    for entry in manager.due():
        os.path.lexists(entry.local_file_path)
        os.fsencode(entry.local_file_path + entry.remote_file_path)
        manager._went_wrong(entry, fault)
    assert manager.save()
    pending_deletes.read(str(path))


@given(content=st.binary(max_size=40) | st.sampled_from([b"\x1b[31m", b"-1\n", b"9" * 5000]))
def test_lock_file(folder: Path, content: bytes) -> None:
    from healthcheck.outcome import ExitCode
    from healthcheck.run import NoVerdict, _lock

    with _lock(str(folder)):
        (folder / "run.lock").write_bytes(content)
        with pytest.raises(NoVerdict) as caught, _lock(str(folder)):
            pass
    assert caught.value.exit_code is ExitCode.ALREADY_RUNNING
    assert str(caught.value).startswith("another run (pid ")
    assert str(caught.value).isprintable()
