"""The check under load, with restarts in between, says that all is well; ``./dev soak runs`` does it 1,000 times."""

from __future__ import annotations

import contextlib
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.dock import REAL_DAEMON, Dock
from tests.crash.runs import Campaign
from tests.crash.slow_link import slow_link
from tests.nas_servers import openssh_server
from tests.scene import NAME

RUNS = 25
BLIND_DAEMON = ("-m", "tests.crash.blind_daemon")
QUICK: dict[str, dict[str, Any]] = {"testing": {"max_wait_minutes": 0.08, "poll_interval_seconds": 5}}


@contextlib.contextmanager
def dock_in(folder: Path, daemon: tuple[str, ...], **settings: dict[str, Any]) -> Iterator[Dock]:
    with openssh_server(folder / "nas") as nas, slow_link(nas) as link:
        dock = Dock(folder, nas, link, daemon, **settings)
        try:
            dock.start()
            yield dock
        finally:
            dock.end()


def test_no_run_under_load_cries_wolf(tmp_path: Path) -> None:
    seed = int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 1 << 32)
    print(f"CRASH_SEED={seed} does the same at the same places, though not at the same instants")
    with dock_in(tmp_path, REAL_DAEMON) as dock:
        dock.load(seed)
        tally = Campaign(dock, random.Random(seed)).run(RUNS)
        assert [str(alarm) for alarm in tally.alarms] == []
        dock.drain()
    assert sum(tally.outcomes.values()) == RUNS
    assert dock.carried > 0


@pytest.mark.parametrize("busy", [False, True])
def test_a_daemon_that_does_not_see_marked_files_is_told(tmp_path: Path, busy: bool) -> None:
    kept = tmp_path / "kept"
    with dock_in(tmp_path, BLIND_DAEMON, **QUICK) as dock:
        if busy:
            dock.load(1)
        tally = Campaign(dock, random.Random(1), kept).run(1, events={"nothing": 1})
    [alarm] = tally.alarms
    assert alarm.status is not None
    untouched = (
        rf"exit code 1: remote_verify: the daemon did not touch {NAME} within \d s, and nothing else was in its hands"
    )
    # To be busy is a warning, and not what a run with time enough is to end with.
    worked = rf"exit code 0: remote_verify: the daemon works on other files, {NAME} did not get its turn within .*"
    pattern = rf"run 1 \(nothing\): ({untouched}{'|' + worked if busy else ''})"
    assert re.fullmatch(pattern, str(alarm)), str(alarm)
    assert sorted(path.name for path in kept.iterdir()) == ["run-1.json", "run-1.log", "run-1.txt"]
    assert alarm.status.run_id in (kept / "run-1.json").read_text()
