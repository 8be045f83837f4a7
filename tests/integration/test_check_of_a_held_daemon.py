"""What the real agent says of a real daemon that a person has paused, or whose deletions wait for one."""

from __future__ import annotations

import glob
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from celestial_nasops import daemon_state
from celestial_nasops.daemon.deletion_guard import MARKER_NAME
from tests.nas_servers import Server
from tests.scene import Scene
from tests.waiting import eventually


def steer(scene: Scene, *words: str) -> None:
    argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", *words, "--config", scene.config_path]
    subprocess.run(argv, check=True, capture_output=True, timeout=30)


def type_it(command: str, programs: Path) -> None:
    """Type a command as it is printed, where our programs are installed and root types it."""
    programs.mkdir()
    (programs / "media-sync-daemon").symlink_to(Path(sys.executable).with_name("media-sync-daemon"))
    (programs / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (programs / "sudo").chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(command, shell=True, check=True, capture_output=True, timeout=30, env=environment)


def test_a_paused_daemon_fails_the_run_and_its_remedy_lets_it_go_on(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path / "it's odd", nas)
    with scene.daemon():
        steer(scene, "pause", "--reason", "the NAS moves house")
        outcome = scene.check()
        what, cause, summary = outcome.probe("daemon_status")
        assert (what, cause, outcome.exit_code) == ("fail", "daemon_paused", 1)
        told = r"the daemon is paused since [0-9:]+ by \S+ \(the NAS moves house\): nothing is carried or deleted"
        assert re.fullmatch(told, summary)
        assert outcome.outcomes()["file_insert"] == "skipped"
        remedy = outcome.remedy("daemon_status")
        command = f"sudo media-sync-daemon --config {shlex.quote(scene.config_path)} resume"
        assert remedy == f"let it go on: {command}"
        type_it(command, tmp_path / "bin")
        assert scene.check().exit_code == 0
    assert (scene.litter(), scene.debts()) == ([], [])


def test_deletions_that_wait_for_a_person_fail_the_run(scene: Scene) -> None:
    with scene.daemon():
        assert scene.check().exit_code == 0
        (scene.media / MARKER_NAME).unlink()
        first = scene.check()
        what, cause, summary = first.probe("local_delete")
        assert (what, first.exit_code) == ("fail", 1), first.stdout
        assert cause in ("deletion_held_up", "delete_overdue")  # as the daemon notices before or after the probe

        def stopped() -> bool:
            state = daemon_state.read(str(scene.daemon_state_dir))
            return state is not None and state.deletions_stopped != ""

        eventually(stopped)
        outcome = scene.check()
        assert outcome.probe("daemon_status")[:2] == ("warn", "deletions_stopped")
        what, cause, summary = outcome.probe("local_delete")
        assert (what, cause, outcome.exit_code) == ("fail", "deletion_held_up", 1)
        assert re.fullmatch(
            r"\S+ is not deleted, as the daemon deletes nothing until a person has looked: \[media_marker_missing\] .*",
            summary,
        )
        steer(scene, "resume")
        assert scene.check().exit_code == 0
    assert (scene.litter(), scene.debts()) == ([], [])


def test_a_queue_that_was_deleted_fails_the_run_until_a_person_has_looked(scene: Scene) -> None:
    with scene.daemon():
        assert scene.check().exit_code == 0
    for path in glob.glob(f"{scene.config.database_settings.db_path}*"):
        os.unlink(path)
    with scene.daemon():
        outcome = scene.check()
        what, cause, summary = outcome.probe("daemon_status")
        assert (what, cause) == ("warn", "deletions_stopped")
        assert f"[queue_replaced] {scene.config.database_settings.db_path} is not the queue that it was: " in summary
        assert outcome.outcomes()["remote_verify"] == "pass"  # what comes now goes on moving
        assert (outcome.probe("local_delete")[:2], outcome.exit_code) == (("fail", "deletion_held_up"), 1)
        steer(scene, "resume")
        assert scene.check().exit_code == 0
    assert (scene.litter(), scene.debts()) == ([], [])
