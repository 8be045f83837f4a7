"""The run as a program: one at a time, interrupted, without a place for its state, with bad input."""

from __future__ import annotations

import re
import signal

import pytest

from tests.scene import Scene
from tests.waiting import eventually


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
