"""The agent killed at every step, and the next run, which leaves nothing behind."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthcheck.watch import why_not_current
from tests.nas_servers import Server, openssh_server
from tests.scene import Scene


@pytest.fixture(scope="module")
def nas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with openssh_server(tmp_path_factory.mktemp("killed") / "nas") as server:
        yield server


def killed_agent(scene: Scene, step: int) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "tests.killed_agent", str(step), "run", "--config", scene.config_path]
    argv += ["--state-dir", str(scene.state_dir)]
    return subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)


def test_a_run_killed_at_any_step_is_cleaned_up_by_the_next(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"sync_settings": {"safe_delete_delay_minutes": 0.002}})
    with scene.daemon("right"):
        whole = killed_agent(scene, 0)
        assert whole.returncode == 0, whole.stdout
        counted = re.search(r"steps (\d+)", whole.stderr)
        assert counted is not None
        steps = int(counted[1])
        assert steps > 20  # else the hooks have stopped seeing what a run does
        left_something = died_unfinished = 0
        for step in range(1, steps + 1):
            killed = killed_agent(scene, step)
            if killed.returncode == 0:  # a run waits a little more or less often, so the last steps may not come
                continue
            assert killed.returncode == -9, (step, killed.stdout, killed.stderr)
            left_something += bool([line for line in scene.litter() if "smoke-check" in line])
            status = scene.status()
            if status is not None and status.state == "running":  # never the verdict of a run that died
                died = why_not_current(status, str(scene.state_dir), time.time())
                assert died == f"the run that began at {status.started_at} ended without a verdict"
                died_unfinished += 1
            after = scene.check("--no-insert")
            assert after.exit_code == 0, (step, after.stdout)
            assert (scene.litter(), scene.debts()) == ([], []), step
        assert left_something > 5  # else nothing was proven
        assert died_unfinished > 20
