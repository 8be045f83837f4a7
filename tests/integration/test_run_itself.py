"""The run as a program: one at a time, interrupted, without a place for its state, with bad input."""

from __future__ import annotations

import contextlib
import re
import signal
from pathlib import Path

import pytest

from tests.mounts import SmallTmpfs
from tests.scene import Scene
from tests.waiting import eventually


def test_two_runs_at_once(scene: Scene) -> None:
    with scene.daemon("idle"):
        first = scene.start_check()
        with first:
            eventually(lambda: (s := scene.status()) is not None and s.state == "running")
            second = scene.check()
            first.send_signal(signal.SIGTERM)
            scene.finish(first)
    assert second.exit_code == 75
    assert second.stdout == ""
    assert second.stderr == (
        f"smoke-check: another run (pid {first.pid}) is under way with the state folder {scene.state_dir}\n"
        "  -> wait for it: journalctl -fu smoke-check\n"
    )


def test_sigterm_ends_the_wait_cleans_up_and_says_so(scene: Scene) -> None:
    with scene.daemon("idle"), scene.start_check() as child:
        eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
        child.send_signal(signal.SIGTERM)
        outcome = scene.finish(child)
    assert outcome.probe("remote_verify") == (
        "error",
        "interrupted",
        "the run was ended by SIGTERM before remote_verify was done",
    )
    assert outcome.exit_code == 143
    assert (scene.litter(), scene.debts()) == ([], [])


def test_a_run_that_is_stopped_does_not_stand_for_a_verdict(scene: Scene) -> None:
    with scene.daemon("right"):
        assert scene.check().exit_code == 0
    proven = scene.status()
    assert proven is not None
    for _ in range(2):
        with scene.daemon("idle"), scene.start_check() as child:
            eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
            child.send_signal(signal.SIGTERM)
            stopped = scene.finish(child)
        told = scene.status()
        assert told is not None
        assert (stopped.exit_code, told.exit_code, told.outcome) == (143, 143, "error")
        assert told.stale_after == proven.stale_after
        assert told.consecutive_failures > 0
        assert scene.check(command="status").exit_code == 2
        assert scene.check(command="watch").exit_code == 0
    assert told is not None
    stale = told.model_copy(update={"stale_after": told.started_at})
    (scene.state_dir / "status.json").write_text(stale.model_dump_json())
    watched = scene.check(command="watch")
    assert watched.exit_code == 2
    assert f"stale: the last run was stopped at {told.finished_at}, and the verdict before it counts" in watched.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_other_signals_leave_a_run_unmeasured(scene: Scene, number: signal.Signals) -> None:
    with scene.daemon("idle"), scene.start_check() as child:
        eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
        child.send_signal(number)
        assert scene.finish(child).exit_code == 2


def test_state_folder_that_can_t_be_written(scene: Scene, small_tmpfs: SmallTmpfs) -> None:
    scene.state_dir = Path(small_tmpfs(64 * 1024, name="state"))
    small_tmpfs.make_read_only(str(scene.state_dir))
    outcome = scene.check()
    assert outcome.exit_code == 73
    assert outcome.stderr == (
        f"smoke-check: {scene.state_dir}/run.lock can't be written: Read-only file system\n"
        "  -> the folder must belong to the user of the check: "
        f"ls -ld {scene.state_dir}; findmnt -T {scene.state_dir}\n"
    )


def test_state_folder_full(scene: Scene, small_tmpfs: SmallTmpfs) -> None:
    scene.state_dir = Path(small_tmpfs(16 * 1024, name="state"))
    with contextlib.suppress(OSError), (scene.state_dir / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 4096):
            pass
    outcome = scene.check()
    assert outcome.exit_code == 73
    assert "No space left on device" in outcome.stderr
    assert scene.status() is None


def test_bad_configuration(scene: Scene) -> None:
    Path(scene.config_path).write_text('{"testing": {"max_wait_minutes": "soon"}}')
    outcome = scene.check()
    assert outcome.exit_code == 78
    assert outcome.stderr == (
        f"smoke-check: the configuration {scene.config_path} has 1 problem(s): "
        'testing.max_wait_minutes: found "soon", should be a number\n'
        f"  -> mend them, then try: smoke-check config check {scene.config_path}\n"
    )


def test_a_corrupt_status_file_is_put_aside_and_told(scene: Scene) -> None:
    (scene.state_dir / "status.json").write_text("{")
    with scene.daemon("right"):
        outcome = scene.check()
    assert outcome.exit_code == 0
    assert re.search(
        r"an unreadable state file was put aside as \S+/status\.json\.corrupt-\d{8}T\d{6}Z", outcome.stdout
    )
    assert [path.read_text() for path in scene.state_dir.glob("status.json.corrupt-*")] == ["{"]


def test_usage_error(scene: Scene) -> None:
    outcome = scene.check("--files", "none")
    assert outcome.exit_code == 64
    assert "argument --files: invalid number of files (1 to 1000) value: 'none'" in outcome.stderr


def test_status_without_a_run(scene: Scene) -> None:
    outcome = scene.check(command="status")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(f"smoke-check: no run has been recorded in {scene.state_dir}\n")


def test_status_of_a_stale_verdict(scene: Scene) -> None:
    with scene.daemon("right"):
        scene.configure({"check_settings": {"stale_after_minutes": 0.0001}})
        scene.check()
    outcome = scene.check(command="status")
    assert outcome.exit_code == 2
    assert re.match(
        r"smoke-check: stale: the last run ended 0 min ago, at \S+; see: systemctl list-timers\n", outcome.stderr
    )
