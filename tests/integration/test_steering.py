"""The operator's commands against a real daemon, a real queue and a real NAS."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from celestial_nasops import config_file
from celestial_nasops.daemon.deletion_guard import MARKER_NAME
from celestial_nasops.media_status_db import TransferStatus
from celestial_nasops.media_sync_daemon import main
from celestial_nasops.steering import requeue as _loaded_before_its_user_is_another  # noqa: F401
from tests.daemon_field import NAME, Field, environment
from tests.integration.test_readme import first_column
from tests.other_process import as_nobody
from tests.queue_files import execute
from tests.readme import ROOT
from tests.waiting import eventually

DUE = r"(?:\d{4}-\d\d-\d\d )?\d\d:\d\d"  # with its day in the half hour before midnight
ORDER = '{"by": "somebody", "at": %s, "reason": "", "at_once": false}'
PENDING, COMPLETED, FAILED = TransferStatus.PENDING, TransferStatus.COMPLETED, TransferStatus.FAILED


def steer(field: Field, *words: str, stdin: str = "") -> tuple[int, str]:
    """A command's exit code and words. Never a traceback."""
    argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", *words, "--config", str(field.config_path)]
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=60, check=False, env=environment())
    assert "Traceback" not in done.stdout + done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


# --- queue ---


def keys_in(tree: object) -> set[str]:
    """All keys, wherever in it."""
    if isinstance(tree, dict):
        return set(tree) | {key for value in tree.values() for key in keys_in(value)}
    return {key for value in tree for key in keys_in(value)} if isinstance(tree, list) else set()


def test_an_empty_queue_without_a_daemon(field: Field) -> None:
    assert steer(field, "queue") == (
        0,
        "daemon       media-sync-daemon does not run\n"
        "waiting      0 files, 0 B\n"
        "in hand      0 files\n"
        "failed       0 files\n"
        "deletions    0 files\n",
    )


def test_all_that_there_is_to_see(field: Field) -> None:
    field.configure(daemon_settings={"heartbeat_seconds": 0.1}, security={"max_concurrent_transfers": 1})
    with field.daemon():
        field.becomes(field.put("20250122_sent.jpg"), COMPLETED)
        field.becomes(field.queue("relative.jpg", "relative.jpg", 1), FAILED)
        field.put_long(megabytes=4096)
        field.put_long("20250122_waits.mp4", megabytes=8)
        odd = field.queue("/m/odd.jpg", "odd.jpg", 1)
        execute(field.db.path, f"UPDATE media_transfer_status SET transfer_status = 'LOST' WHERE id = {odd}")

        def seen() -> dict[str, Any] | None:
            code, told = steer(field, "queue", "--json")
            assert code == 0, told
            tree: dict[str, Any] = json.loads(told)
            return tree if tree["in_hand"] and tree["in_hand"][0]["bytes_per_second"] else None

        tree = eventually(seen)
        code, told = steer(field, "queue")
    document = (ROOT / "docs" / "daemon.md").read_text("utf-8")
    assert first_column(document, "key of `queue --json`") == list(tree)
    assert {key for key in keys_in(tree) if f"`{key}`" not in document} == set()
    assert tree["daemon"]["doing"].startswith(f"sending {NAME} (")
    assert tree["waiting"]["files"] == 1
    assert tree["waiting"]["bytes"] == 8 << 20
    assert tree["waiting"]["oldest_path"].endswith("20250122_waits.mp4")
    [moving] = tree["in_hand"]
    assert moving["path"] == str(field.media / NAME)
    assert 0 < moving["bytes_done"] < moving["bytes_total"] == 4096 << 20
    assert moving["seconds_left"] > 0
    [failed] = tree["failed"]["newest"]
    assert failed["path"] == "relative.jpg"
    assert failed["reason"] == "[file_refused] relative.jpg is not sent: its path is not absolute"
    unknown = {"path": "/m/odd.jpg", "column": "transfer_status", "status": "LOST"}
    assert tree["unknown_status"] == {"files": 1, "newest": [unknown]}
    [deletion] = tree["pending_deletions"]
    assert deletion["path"] == str(field.media / "20250122_sent.jpg")
    assert (tree["paused"], tree["troubles"]) == (None, [])
    assert code == 0
    lines = told.splitlines()
    assert re.fullmatch(r"daemon       sending \S+ \(\d+ %, [\d.]+ [MG]B/s, 1 of 1 lanes\); 1 waiting; .*", lines[0])
    assert re.fullmatch(r"waiting      1 file, 8.4 MB, the oldest for \d+ s", lines[1])
    assert re.fullmatch(
        rf"  {field.media / NAME}  [\d.]+ [MG]B of 4.3 GB, \d+ %, [\d.]+ [MG]B/s, \d+ (s|min) left", lines[3]
    )
    assert "  relative.jpg: [file_refused] relative.jpg is not sent: its path is not absolute" in lines
    assert f"  to have them sent again: sudo media-sync-daemon --config {field.config_path} requeue --failed" in lines
    assert "not taken up 1 file in a status that nobody knows" in lines
    assert "  /m/odd.jpg: transfer_status 'LOST'" in lines
    assert f"  to have one of them sent: sudo media-sync-daemon --config {field.config_path} requeue PATH" in lines
    assert re.fullmatch(rf"  {DUE} \(in \d+ min\)  {field.media}/20250122_sent.jpg", lines[-1])


def test_on_a_terminal_it_is_live_until_ctrl_c(field: Field) -> None:
    argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", "queue", "--config", str(field.config_path)]
    terminal, end = pty.openpty()
    with subprocess.Popen(argv, stdin=end, stdout=end, stderr=end, env=environment()) as child:
        os.close(end)
        shown = b""

        def read_until(text: bytes) -> None:
            nonlocal shown
            while text not in shown:
                assert select.select([terminal], [], [], 20)[0], shown
                shown += os.read(terminal, 4096)

        read_until(b"waiting      0 files")
        field.put()
        read_until(b"waiting      1 file, 5 B")
        child.send_signal(signal.SIGINT)
        try:
            assert child.wait(20) == 0
        finally:
            child.kill()
            os.close(terminal)
    assert b"Traceback" not in shown


# --- requeue ---


def test_a_file_that_failed_is_sent_again(field: Field) -> None:
    field.configure(sync_settings={"max_retry_attempts": 0})
    with field.daemon():
        rows = [field.put(f"20250122_{number}.jpg", size=99) for number in range(3)]
        for row_id in rows:
            field.becomes(row_id, FAILED)
        path = field.media / "20250122_0.jpg"
        path.write_bytes(bytes(99))
        code, told = steer(field, "requeue", str(path))
        assert (code, told) == (0, f"{path} waits to be sent again; it was failed\n")
        assert field.becomes(rows[0], COMPLETED).last_error_message is None
        for number in (1, 2):
            (field.media / f"20250122_{number}.jpg").write_bytes(bytes(99))
        assert steer(field, "requeue", "--failed") == (0, "2 file(s) that failed wait to be sent again\n")
        for row_id in rows:
            field.becomes(row_id, COMPLETED)


def test_a_file_whose_copy_is_gone_is_sent_again(field: Field) -> None:
    with field.daemon():
        row_id = field.put()
        field.becomes(row_id, COMPLETED)
        field.remote().unlink()
        assert steer(field, "requeue", str(field.media / NAME))[0] == 0
        eventually(lambda: field.remote().exists())
        field.becomes(row_id, COMPLETED)
    assert len(field.pending()) == 1


@pytest.mark.parametrize(
    ("status", "here", "told"),
    [
        (
            None,
            True,
            "[requeue_no_row] the queue has no row for {path}\n  -> give the path as the queue has it; those ",
        ),
        ("transferring", True, "[requeue_in_hand] {path} is being carried at the moment\n  -> wait for it: "),
        (
            "pending",
            True,
            "[requeue_waits] {path} is not sent yet and waits in the queue already (download_status 'completed', "
            "transfer_status 'pending')\n  -> see what is ahead of it: ",
        ),
        ("completed", False, "[file_missing] {path} is in the queue but not on this server\n  -> see who removed it"),
    ],
)
def test_what_can_not_be_sent_again_says_why(field: Field, status: str | None, here: bool, told: str) -> None:
    path = field.media / NAME
    if here:
        path.write_bytes(b"media")
    if status is not None:
        field.db.insert_file_record(str(path), NAME, 5, download_status="completed", transfer_status=status)
    code, words = steer(field, "requeue", str(path))
    assert code == 1
    assert words.startswith(told.format(path=path))


# --- pause and resume ---


def test_a_pause_lasts_over_a_restart_and_ends_with_resume(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.005})
    with field.daemon() as daemon:
        code, told = steer(field, "pause", "--reason", "the link is needed")
        assert code == 0
        assert told == (
            "paused: nothing is carried or deleted until 'media-sync-daemon resume'\nthe daemon has heard it\n"
        )
        row_id = field.put()
        state = daemon.shows(lambda state: state.doing.endswith("; 1 waiting"))
        assert re.match(
            r"paused by \S+ since \d\d:\d\d \(the link is needed\), until 'media-sync-daemon resume'; ", state.doing
        )
        assert "\nwaiting      1 file, 5 B" in steer(field, "queue")[1]
    with field.daemon() as daemon:
        daemon.shows(lambda state: state.paused_reason == "the link is needed")
        assert steer(field, "queue")[1].startswith("paused       by ")
        assert field.row(row_id).transfer_status is PENDING
        code, told = steer(field, "resume")
        assert code == 0
        assert re.fullmatch(r"resumed; it was paused by \S+ since \d\d:\d\d\nthe daemon has heard it\n", told)
        field.becomes(row_id, COMPLETED)
        eventually(lambda: not (field.media / NAME).exists())
        assert steer(field, "resume") == (0, "nothing was paused, and no deletions were stopped\n")


def test_what_is_in_hand_is_finished_or_put_down_at_once(field: Field) -> None:
    with field.daemon() as daemon:
        first = field.put_long(megabytes=128)
        eventually(field.is_in_mid_upload)
        told = steer(field, "pause")[1]
        assert "until 'media-sync-daemon resume'; 1 file(s) in hand are finished or put down first\n" in told
        field.becomes(first, COMPLETED, 60)
        steer(field, "resume")
        second = field.put_long("20250122_second.mp4")
        eventually(field.is_in_mid_upload)
        steer(field, "pause", "--now")
        field.becomes(second, PENDING)
        daemon.shows(lambda state: not state.in_hand)
        assert field.row(second).transfer_retry_count == 0


def test_a_paused_daemon_does_nothing_once_either(field: Field) -> None:
    assert steer(field, "pause")[1].endswith("the daemon does not run; it will heed that when it starts\n")
    field.put()
    code, log = field.run("--once")
    assert code == 1
    told = r"\[daemon_paused\] the daemon is paused since \d\d:\d\d by \S+ \(no reason given\): nothing is carried or"
    assert re.search(rf"{told} deleted; let it go on: sudo media-sync-daemon --config \S+ resume", log)
    assert field.on_nas() == []


@pytest.mark.parametrize("content", ["", "{}", "[]", "\xff", ORDER % "1e300", ORDER % "-1e18", ORDER % "NaN"])
def test_an_order_that_can_not_be_read_counts(field: Field, content: str) -> None:
    (field.state_folder / "control").mkdir()
    path = field.state_folder / "control" / "paused.json"
    path.write_text(content, encoding="latin-1")
    with field.daemon() as daemon:
        assert "paused by somebody since " in daemon.shows(lambda state: state.paused_at is not None).doing
        assert steer(field, "queue")[1].startswith("paused       by somebody since ")
        assert steer(field, "resume")[0] == 0
        field.becomes(field.put(), COMPLETED)


def test_resume_lets_deletions_go_on_that_were_stopped(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.005})
    with field.daemon() as daemon:
        eventually((field.media / MARKER_NAME).exists)
        (field.media / MARKER_NAME).unlink()
        field.becomes(field.put(), COMPLETED)
        daemon.shows(lambda state: state.deletions_stopped != "")
        assert "\n  -> " not in steer(field, "queue")[1]
        code, told = steer(field, "resume")
        assert code == 0
        assert told == (
            "deletions go on with everything as it is now; they had been stopped: "
            f"{field.media} is not the folder that it was: its marker {MARKER_NAME} is missing; nothing is deleted "
            "until a person has looked\nthe daemon has heard it\n"
        )
        eventually(lambda: not (field.media / NAME).exists())
        assert (field.media / MARKER_NAME).exists()


# --- who may, and what may be typed ---


def test_root_becomes_the_daemon_s_user_and_others_are_refused(field: Field, need_root: None) -> None:
    queue = Path(field.db.path).parent
    for path in (field.folder, field.state_folder, queue, *queue.iterdir()):
        os.chown(path, 1, 1)
    above = {parent: parent.stat().st_mode for parent in field.folder.parents if parent.name.startswith("pytest")}
    for parent in (field.folder, *above):
        parent.chmod(0o755)
    try:
        assert steer(field, "pause")[0] == 0
        assert (field.state_folder / "control" / "paused.json").stat().st_uid == 1
        # Load what nobody may not read in a developer's home.
        config_file.load(str(field.config_path))
        with pytest.raises(SystemExit):
            main(["requeue", "--help"])
        code, told = as_nobody(lambda: _said(["requeue", "/it's a b.mp4", "--config", str(field.config_path)]))
    finally:
        for parent, mode in above.items():
            parent.chmod(mode & 0o7777)
    word = shlex.quote("/it's a b.mp4")
    command = f"sudo media-sync-daemon --config {field.config_path} requeue {word}"
    assert (code, told) == (
        1,
        f"[wrong_user] nobody may not do this: the queue and the daemon's state in {field.state_folder} belong to "
        f"daemon\n  -> do it as that user, else the daemon loses its files: {command}\n",
    )


def _said(arguments: list[str]) -> tuple[int, str]:
    words = io.StringIO()
    with contextlib.redirect_stderr(words):
        return main(arguments), words.getvalue()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["requeue"], 64, "one of the arguments PATH --failed is required"),
        (["requeue", "/a", "--failed"], 64, "not allowed with argument"),
        (["verify", "--sample", "0"], 64, "invalid number (1 or more) value: '0'"),
        (["verify", "--sample", str(2**63)], 64, "invalid number (1 or more) value: "),
        (["receipts", "--limit", str(10**30)], 64, "invalid number (1 or more) value: "),
        (["nonsense"], 64, "invalid choice: 'nonsense'"),
    ],
)
def test_wrong_usage(field: Field, words: list[str], code: int, told: str) -> None:
    found, said = steer(field, *words)
    assert found == code
    assert told in said


def test_a_configuration_that_is_missing_is_told_as_ever(field: Field) -> None:
    field.config_path.unlink()
    code, told = steer(field, "queue")
    assert code == 78
    assert told.startswith(f"[config_missing] there is no configuration at {field.config_path}\n  -> ")
