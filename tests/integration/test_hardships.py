"""What must not mislead a run: lost state, volumes that are away, other writers, odd names, closed terminals."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from healthcheck import marked_file
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server
from tests.scene import NAME, Scene
from tests.waiting import eventually

LATER = {"sync_settings": {"safe_delete_delay_minutes": 30}}


def queue(scene: Scene) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(scene.database, isolation_level=None, timeout=10))


def test_a_run_that_is_ended_early_is_never_green(scene: Scene) -> None:
    with scene.daemon("idle"), scene.start_check("--files", "200") as agent:
        eventually(lambda: (scene.state_dir / "ledger.json").exists())
        agent.send_signal(signal.SIGTERM)
        asked = time.monotonic()
        outcome = scene.finish(agent)
        assert time.monotonic() - asked < 5  # what `systemctl stop` is promised
    assert outcome.exit_code == 143, outcome.stdout
    assert outcome.status is not None
    assert re.fullmatch(
        "(file_insert|remote_verify): the run was ended by SIGTERM before \\1 was done", outcome.status.summary
    )
    assert outcome.status.consecutive_failures == 1
    assert scene.check("--no-insert").status is not None
    assert (scene.litter(), scene.debts()) == ([], [])


def test_a_locked_queue_holds_up_neither_the_end_nor_sigterm(scene: Scene) -> None:
    with scene.daemon("idle"), scene.start_check("--files", "30") as agent:
        # Thirty, and the one with a wrong hash.
        eventually(lambda: len([line for line in scene.litter() if line.startswith("row ")]) == 31)
        with queue(scene) as lock:
            lock.execute("BEGIN IMMEDIATE")
            agent.send_signal(signal.SIGTERM)
            asked = time.monotonic()
            outcome = scene.finish(agent)
            assert time.monotonic() - asked < 5
    assert outcome.exit_code == 143
    assert outcome.status is not None
    assert len(outcome.status.outstanding) == 31
    assert "stayed locked for 1 s by " in outcome.status.outstanding[0].reason
    assert outcome.stdout.count("still owed: ") == 6  # five of them, and how many more
    with scene.daemon("idle"):
        scene.check("--no-insert")
    assert (scene.litter(), scene.debts()) == ([], [])


@pytest.mark.parametrize("kind", ["broken pipe", "full device", "closed"])
def test_standard_output_that_fails_costs_no_verdict(scene: Scene, kind: str) -> None:
    argv = [sys.executable, "-m", "healthcheck", "run", "--config", scene.config_path]
    argv += ["--state-dir", str(scene.state_dir)]
    with scene.daemon("right"), contextlib.ExitStack() as opened:
        if kind == "closed":
            argv = ["sh", "-c", 'exec "$@" >&-', "sh", *argv]
            stdout = subprocess.DEVNULL
        elif kind == "full device":
            stdout = opened.enter_context(open("/dev/full", "w", encoding="ascii")).fileno()
        else:
            read, stdout = os.pipe()
            os.close(read)
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
        if kind == "broken pipe":
            os.close(stdout)
    assert "Traceback" not in done.stderr
    status = scene.status()
    assert status is not None
    assert (status.state, status.exit_code) == ("finished", 0)
    assert (scene.litter(), scene.debts()) == ([], [])


def test_a_name_that_is_no_utf_8_is_told_in_escapes(scene: Scene) -> None:
    with scene.daemon("idle"):
        with queue(scene) as database:
            database.execute(
                "INSERT INTO media_transfer_status (file_path, file_name, download_status, transfer_status, created_at)"
                " VALUES (CAST(? AS TEXT), CAST(? AS TEXT), 'completed', 'pending', '2025-01-22 10:15:00')",
                (b"/m/\xff.mp4", b"\xff.mp4"),
            )
        outcome = scene.check("--no-insert")
    what, cause, summary = outcome.probe("database")
    assert (what, cause, outcome.exit_code) == ("warn", "backlog_old", 0)
    assert summary.endswith(r": /m/\udcff.mp4")


def owe(scene: Scene) -> Path:
    outcome = scene.check()
    assert outcome.outcomes()["local_delete"] == "deferred", outcome.stdout
    return Path(scene.debts()[0]["local_path"])


def test_a_media_volume_that_is_away_is_no_deletion(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        owe(scene)
        scene.media.rename(tmp_path / "away")
        outcome = scene.check("--no-insert")
        name = scene.debts()[0]["name"]
        message = f"whether {name} was deleted can't be told: {scene.media} is not there, or is another volume now"
        assert outcome.probe("local_delete") == ("error", "media_folder_away", message), outcome.stdout
        assert outcome.exit_code == 2
        assert len(scene.debts()) == 1
        (tmp_path / "away").rename(scene.media)
        assert scene.check("--no-insert").outcomes()["local_delete"] == "deferred"


def test_a_base_path_that_changed_meanwhile_keeps_nothing_from_being_settled(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        owe(scene)
        old = scene.base
        scene.configure({**LATER, "nas_settings": {"base_path": str(tmp_path / "elsewhere")}})
        (tmp_path / "elsewhere").mkdir()
        outcome = scene.check(command="clean")
    assert (outcome.exit_code, outcome.stdout) == (0, "nothing is left of any run\n")
    assert (list(old.iterdir()), scene.litter(), scene.debts()) == ([], [], [])


def test_a_lost_ledger_is_told_and_its_files_are_found_by_their_mark(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        owe(scene)
        (scene.state_dir / "ledger.json").write_text("{")
        outcome = scene.check("--no-insert")
    assert outcome.status is not None
    assert (outcome.status.outcome, outcome.exit_code) == ("warn", 0)
    told = r".*; the ledger could not be read and was put aside as \S+; 1 marked file\(s\) were found by their names"
    assert re.fullmatch(told, outcome.status.summary)
    assert (scene.litter(), scene.debts()) == ([], [])


def test_clean_without_a_ledger_finds_everything_that_is_marked(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        owe(scene)
        (scene.state_dir / "ledger.json").unlink()
        media = scene.media / "20250122_101500_x.mp4"
        media.write_bytes(b"irreplaceable")
        outcome = scene.check(command="clean")
    assert (outcome.exit_code, outcome.stdout) == (0, "nothing is left of any run\n")
    assert scene.litter() == [str(media)]


def test_a_copy_that_was_stored_beside_is_found_by_the_hash_of_its_row(scene: Scene) -> None:
    with scene.daemon("idle"), scene.start_check() as agent:
        eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
        agent.kill()
        agent.wait()
    with queue(scene) as database:
        database.execute("UPDATE media_transfer_status SET transfer_status = 'completed'")
        [(name, sha256)] = database.execute(
            "SELECT file_name, file_hash FROM media_transfer_status WHERE file_name LIKE '%-1.%'"
        ).fetchall()
    [beside] = marked_file.path_beside(marked_file.expected_remote_path(scene.config, name), sha256)
    Path(beside).parent.mkdir(parents=True)
    Path(beside).write_bytes(b"a copy")
    assert scene.check(command="clean").exit_code == 0
    assert (scene.litter(), scene.debts()) == ([], [])


def test_a_row_that_is_written_anew_is_followed_on(scene: Scene) -> None:
    with scene.daemon("idle") as daemon, scene.start_check() as agent:
        eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
        daemon.end()
        with queue(scene) as database:
            database.execute("UPDATE media_transfer_status SET id = id + 100")
        with scene.daemon("right"):
            outcome = scene.finish(agent)
    assert outcome.exit_code == 0, outcome.stdout
    assert scene.litter() == []


def test_a_row_that_a_dead_daemon_left_in_hand_is_no_excuse(scene: Scene) -> None:
    with scene.daemon("idle"):
        with queue(scene) as database:
            database.execute(
                "INSERT INTO media_transfer_status (file_path, file_name, download_status, transfer_status, updated_at)"
                " VALUES ('/m/old.mp4', 'old.mp4', 'completed', 'transferring', '2024-01-22 10:15:00')"
            )
        outcome = scene.check("--max-wait-minutes", "0.05")
    what, cause, summary = outcome.probe("remote_verify")
    assert (what, cause) == ("fail", "not_picked_up")
    assert re.fullmatch(rf"the daemon did not touch {NAME} within 3 s, and nothing else was in its hands", summary), (
        summary
    )


def test_gone_without_a_copy_is_said_in_the_run_itself(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"sync_settings": {"safe_delete_delay_minutes": 0}})
    with scene.daemon("no_copy"):
        outcome = scene.check()
    what, cause, summary = outcome.probe("remote_verify")
    assert (what, cause) == ("fail", "copy_missing")
    told = re.fullmatch(rf"the row of ({NAME}) says completed, but there is no copy at (\S+)", summary)
    assert told, summary
    message = f"{told[1]} is gone from this server and its copy {told[2]} is missing: it exists nowhere any more"
    assert outcome.probe("local_delete") == ("fail", "deleted_without_copy", message), outcome.stdout


def test_a_clock_that_was_set_between_two_runs_is_no_early_deletion(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        local = owe(scene)
        # As if the deletion had fallen due a second ago and the clock had been set back an hour since: the moments that
        # the ledger holds lie an hour ahead of the clock, and so does the offset that was noted with them.
        path = scene.state_dir / "ledger.json"
        ledger = json.loads(path.read_text())
        [debt] = ledger["debts"]
        debt["delete_due_at"] = time.time() - 1 + 3600
        debt["completed_at"] = debt["delete_due_at"] - 1800
        debt["clock_offset"] += 3600
        path.write_text(json.dumps(ledger))
        local.unlink()
        outcome = scene.check("--no-insert")
    assert outcome.outcomes()["local_delete"] == "pass", outcome.stdout


def test_a_large_file_does_not_take_the_last_of_the_disk(tmp_path: Path, nas: Server, small_tmpfs: SmallTmpfs) -> None:
    media = small_tmpfs(4 << 20, name="media-disk")
    scene = Scene(tmp_path, nas, {"local_settings": {"media_path": media}})
    with scene.daemon("idle"):
        free = os.statvfs(media)
        outcome = scene.check("--size-bytes", str(8 << 20))
    what, cause, summary = outcome.probe("file_insert")
    assert (what, cause) == ("fail", "folder_full")
    assert summary == (
        f"no space left in {media} (local_settings.media_path): {free.f_bavail * free.f_frsize} bytes free, "
        f"{8 << 20} needed"
    )


def test_a_run_that_can_t_be_done_ends_within_its_wait(scene: Scene, nas: Server) -> None:
    with scene.daemon("idle"):
        begun = time.monotonic()
        outcome = scene.check("--max-wait-minutes", "0.05")
        assert outcome.status is not None
        assert outcome.status.duration_seconds is not None
        assert outcome.status.duration_seconds < 3.5
        assert time.monotonic() - begun < 3 + 5
    assert outcome.exit_code == 1
