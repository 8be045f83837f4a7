"""The run as a program: one at a time, interrupted, without a place for its state, with bad input."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.durable import user_name
from tests.scene import Scene
from tests.waiting import eventually

DAEMON = 1
"""The account ``daemon`` of Debian."""


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


def test_a_verdict_from_before_the_clock_was_set_back_is_none_and_is_not_handed_on(scene: Scene) -> None:
    with scene.daemon("right"):
        proven = scene.check().status
    assert proven is not None
    years = {key: "2099" + str(getattr(proven, key))[4:] for key in ("started_at", "finished_at", "stale_after")}
    (scene.state_dir / "status.json").write_text(proven.model_copy(update=years).model_dump_json())
    for command in ("status", "watch"):
        told = scene.check(command=command)
        assert told.exit_code == 2
        assert f"the last run ended at {years['finished_at']}, which is still to come" in told.stderr
    with scene.daemon("idle"), scene.start_check() as child:
        eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
        assert scene.check(command="status").exit_code == 2  # no verdict yet, and the one before is none
        child.send_signal(signal.SIGTERM)
        stopped = scene.finish(child).status
    assert stopped is not None
    assert stopped.stale_after[:4] < "2099"


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


@pytest.fixture
def of_daemon(scene: Scene, need_root: None) -> Iterator[Scene]:
    """A scene that belongs to the account ``daemon``, and can be reached by everybody."""
    scene.create_database()
    for path in (scene.folder, *scene.folder.rglob("*")):
        os.chown(path, DAEMON, DAEMON)
    above = {parent: parent.stat().st_mode for parent in scene.folder.parents if parent.name.startswith("pytest")}
    for parent in (scene.folder, *above):
        parent.chmod(0o755)
    yield scene
    for parent, mode in above.items():
        parent.chmod(mode & 0o7777)


def owners(folder: Path) -> set[int]:
    return {path.stat().st_uid for path in folder.iterdir()}


@pytest.mark.parametrize("command", ["run", "clean"])
def test_what_root_types_is_done_as_the_user_of_the_state_folder(of_daemon: Scene, command: str) -> None:
    of_daemon.check(command=command)
    assert owners(of_daemon.state_dir) == owners(of_daemon.database.parent) == {DAEMON}


def test_another_user_is_told_to_type_it_by_sudo(of_daemon: Scene) -> None:
    bound = ("setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")
    told = of_daemon.check("--no-insert", prefix=bound)
    typed = f"run --state-dir {of_daemon.state_dir} --no-insert --config {of_daemon.config_path}"
    assert (told.exit_code, told.stderr) == (
        73,
        f"smoke-check: {of_daemon.state_dir}/run.lock can't be written: Permission denied [state_unwritable]\n"
        f"  -> let the check write there: the folder belongs to daemon: sudo smoke-check {typed}\n",
    )


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        (
            "/dev/null",
            "/dev/null can't be written: File exists [state_unwritable]\n  -> let the check write there: that is no "
            "folder; name one by --state-dir, or look at what is there: ls -ld /dev/null\n",
        ),
        (
            "/dev/null/x",
            "/dev/null/x can't be written: Not a directory [state_unwritable]\n  -> let the check write there: that is "
            "no folder; name one by --state-dir, or look at what is there: ls -ld /dev/null/x\n",
        ),
        (
            "/proc/x y",
            "/proc/x y can't be written: No such file or directory [state_unwritable]\n  -> let the check write there: "
            "create it, or name another folder by --state-dir: sudo install -d -o {user} '/proc/x y'\n",
        ),
    ],
)
def test_a_state_folder_that_can_not_be_is_named_by_its_option(scene: Scene, folder: str, told: str) -> None:
    scene.state_dir = Path(folder)
    outcome = scene.check(command="clean")
    assert (outcome.exit_code, outcome.stderr) == (73, "smoke-check: " + told.format(user=user_name()))
