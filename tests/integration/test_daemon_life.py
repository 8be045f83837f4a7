"""The real daemon as a child process: how it begins, ends, heeds signals, and shows that it lives."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import sqlite3
import textwrap
from pathlib import Path

import pytest

from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB, TransferStatus
from tests.daemon_field import NAME, Field
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server, openssh_server
from tests.waiting import eventually

PENDING, TRANSFERRING, COMPLETED = TransferStatus.PENDING, TransferStatus.TRANSFERRING, TransferStatus.COMPLETED


# --- ends and beginnings ---


def test_sigterm_in_mid_upload_keeps_what_can_be_gone_on_with_and_the_row_waiting(field: Field) -> None:
    with field.daemon() as daemon:
        row_id = field.put_long()
        eventually(lambda: field.is_in_mid_upload())
        daemon.tell(signal.SIGTERM)
        assert daemon.exit_code(10) == 0
    record = field.row(row_id)
    assert (record.transfer_status, record.transfer_retry_count) == (PENDING, 0)
    assert field.on_nas() == field.unfinished_on_nas() == field.known_parts()
    assert "stopped" in (field.state_folder / "daemon_state.json").read_text()


def test_sigterm_while_the_nas_is_frozen_ends_in_time(field: Field, nas: Server) -> None:
    with field.daemon() as daemon:
        row_id = field.put_long()
        eventually(lambda: field.is_in_mid_upload())
        nas.freeze()
        daemon.tell(signal.SIGTERM)
        assert daemon.exit_code(12) == 0
        nas.thaw()
    assert field.row(row_id).transfer_status is PENDING


def test_sigterm_while_the_nas_hashes_a_big_file_leaves_no_litter_either(tmp_path: Path) -> None:
    tools, gate = tmp_path / "tools", tmp_path / "gate"
    tools.mkdir()
    gate.touch()
    (tools / "sha256sum").write_text(f"#!/bin/sh\nwhile [ -e '{gate}' ]; do sleep 0.05; done\n")
    (tools / "sha256sum").chmod(0o755)
    with openssh_server(tmp_path / "nas", environment=[f'"PATH={tools}:/usr/bin:/bin"']) as nas:
        # so patient that only cutting the connection ends the wait
        field = Field(tmp_path, nas, security={"connection_timeout_seconds": 60})
        try:
            with contextlib.closing(field.db), field.daemon() as daemon:
                row_id = field.put(content=b"film")
                eventually(lambda: [path for path in field.unfinished_on_nas() if os.path.getsize(path) == 4])
                daemon.tell(signal.SIGTERM)
                assert daemon.exit_code(10) == 0
                assert field.row(row_id).transfer_status is PENDING
                assert field.on_nas() == []
        finally:
            gate.unlink()


def test_killed_in_mid_upload_the_next_start_completes_without_litter(field: Field) -> None:
    with field.daemon() as daemon:
        row_id = field.put_long("clip.mp4", megabytes=256)
        eventually(lambda: field.is_in_mid_upload())
        daemon.process.kill()
        daemon.process.wait()
    assert field.row(row_id).transfer_status is TRANSFERRING
    assert len(field.unfinished_on_nas()) == 1
    yesterday = field.remote().parent / ".tmp_clip.mp4"  # as if it had been begun on another day
    yesterday.parent.mkdir(parents=True)
    unfinished = Path(field.unfinished_on_nas()[0])
    yesterday = yesterday.with_name(unfinished.name)
    unfinished.rename(yesterday)
    field.db._connection.execute(
        "UPDATE media_transfer_status SET transfer_start_time = '2025-01-22 12:00:00' WHERE id = ?", (row_id,)
    )
    with field.daemon() as daemon:
        daemon.says(f"took back row {row_id}")
        field.becomes(row_id, COMPLETED, 60)
    assert field.unfinished_on_nas() == []
    assert len(field.on_nas()) == 1


def test_all_folders_that_can_not_be_used_are_told_at_once(field: Field) -> None:
    field.media.rmdir()
    (field.state_folder / "daemon.lock").mkdir()
    field.configure(daemon_settings={"state_path": str(field.folder / "nowhere")})
    code, log = field.run()
    assert code == 1
    lines = [line for line in log.splitlines() if "CRITICAL" in line]
    assert [line.split("CRITICAL ")[1].split(";")[0] for line in lines] == [
        f"[folder_missing] the folder {field.folder}/nowhere does not exist (daemon_settings.state_path)",
        f"[folder_missing] the folder {field.media} does not exist (local_settings.media_path)",
    ]


def test_a_read_only_state_folder_is_named_with_its_errno(field: Field, small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(1 << 20)
    small_tmpfs.make_read_only(folder)
    field.configure(daemon_settings={"state_path": folder})
    code, log = field.run()
    assert code == 1
    assert f"{folder} is read-only (daemon_settings.state_path): [Errno 30] Read-only file system" in log


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (["--config", "/nowhere.json"], 78, "there is no configuration at /nowhere.json"),
        (["--frequency=3"], 64, "unrecognized arguments: --frequency=3"),
        (["--version"], 0, "media-sync-daemon 0."),
    ],
)
def test_exit_codes_before_it_works(field: Field, options: list[str], code: int, words: str) -> None:
    found, log = field.run(*options)
    assert found == code
    assert words in log


# --- one pass ---


def test_once_carries_what_is_ready_deletes_what_is_due_and_ends(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0})
    rows = [field.put(f"20250122_{number}.jpg") for number in range(5)]
    code, log = field.run("--once")
    assert code == 0, log
    assert all(field.row(row_id).transfer_status is COMPLETED for row_id in rows)
    assert field.here() == []
    assert len(field.on_nas()) == 5


def test_once_does_not_retry_and_says_so_with_its_exit_code(field: Field) -> None:
    bad, good = field.put("20250122_bad.jpg", size=99), field.put("20250122_good.jpg")
    code, _ = field.run("--once")
    assert code == 1
    assert (field.row(bad).transfer_status, field.row(bad).transfer_retry_count) == (PENDING, 1)
    assert field.row(good).transfer_status is COMPLETED


def test_once_without_a_nas_ends_at_once(field: Field, nas: Server) -> None:
    nas.stop()
    row_id = field.put()
    code, log = field.run("--once")
    assert code == 1
    assert "[nas_refused]" in log
    assert (field.row(row_id).transfer_status, field.row(row_id).transfer_retry_count) == (PENDING, 0)


def test_once_that_is_interrupted_has_not_done_all(field: Field) -> None:
    row_id = field.put_long()
    with field.daemon("--once", ready=False) as daemon:
        eventually(field.is_in_mid_upload)
        daemon.tell(signal.SIGTERM)
        assert daemon.exit_code() == 1
    assert field.row(row_id).transfer_status is PENDING
    assert field.on_nas() == field.unfinished_on_nas() == field.known_parts()


# --- SIGHUP ---


def test_sighup_finishes_what_is_in_hand_and_goes_on_with_the_new_configuration(field: Field) -> None:
    with field.daemon() as daemon:
        before = eventually(daemon.state)
        in_hand = field.put_long(megabytes=128)
        eventually(field.is_in_mid_upload)
        field.configure(nas_settings={"backup_path": "Elsewhere"})
        daemon.tell(signal.SIGHUP)
        daemon.says("the configuration was reread")
        later = field.put("20250122_later.jpg")
        field.becomes(in_hand, COMPLETED, 60)
        field.becomes(later, COMPLETED)
        daemon.shows(lambda state: state.config_fingerprint == field.config.fingerprint())
        assert before.config_fingerprint != field.config.fingerprint()
    base = field.config.nas_settings.base_path
    assert sorted(os.path.relpath(path, base) for path in field.on_nas()) == [
        "EdgeBackup/2025/01/22/20250122_101500_x.mp4",
        "Elsewhere/2025/01/22/20250122_later.jpg",
    ]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"sync_settings": {"interval_minutes": 0}}, "sync_settings.interval_minutes: found 0, should be more than 0"),
        ({"local_settings": {"media_path": "/nowhere"}}, "the folder /nowhere does not exist"),
    ],
)
def test_a_changed_configuration_that_can_not_be_used_is_not(
    field: Field, settings: dict[str, dict[str, object]], words: str
) -> None:
    with field.daemon() as daemon:
        before = eventually(daemon.state)
        content = field.config_path.read_text()
        with contextlib.suppress(ValueError):
            field.configure(**settings)
        daemon.tell(signal.SIGHUP)
        daemon.says(f"the changed configuration is not used: .*{words}")
        state = daemon.shows(lambda state: "the changed configuration is not used" in state.doing)
        assert state.config_fingerprint == before.config_fingerprint
        field.config_path.write_text(content)
        field.configure()
        field.becomes(field.put(), COMPLETED)
        daemon.tell(signal.SIGHUP)
        daemon.shows(lambda state: "configuration" not in state.doing)


def test_another_state_folder_waits_for_a_restart(field: Field) -> None:
    with field.daemon() as daemon:
        other = field.folder / "other-state"
        other.mkdir()
        old = field.state_folder
        field.configure(daemon_settings={"state_path": str(other)})
        daemon.tell(signal.SIGHUP)
        daemon.says(f"daemon_settings.state_path stays {old} until a restart")
        daemon.says("at work with the configuration .*\\n(.*\\n)*.*at work with the configuration")
        state = eventually(daemon.state)
        assert state.config_fingerprint != field.config.fingerprint()


# --- the queue ---


def test_a_queue_that_was_replaced_is_opened_anew(field: Field) -> None:
    path = Path(field.config.database_settings.db_path)
    with field.daemon() as daemon:
        field.becomes(field.put("20250122_1.jpg"), COMPLETED)
        field.db.close()
        for file in path.parent.iterdir():
            file.unlink()
        daemon.says("database_replaced")
        field.db = eventually(lambda: _opened(path))
        field.becomes(field.put("20250122_2.jpg"), COMPLETED)


def _opened(path: Path) -> MediaStatusDB | None:
    try:
        return MediaStatusDB(str(path), timeout_seconds=10) if path.exists() else None
    except DatabaseFault:  # the daemon is about to make it
        return None


def test_a_queue_that_is_locked_is_waited_for(field: Field) -> None:
    field.configure(database_settings={"connection_timeout": 0.2})
    with field.daemon() as daemon:
        row_id = field.put()
        field.becomes(row_id, COMPLETED)
        second = field.put("20250122_second.jpg", row=False)
        assert second == 0
        with contextlib.closing(sqlite3.connect(field.db.path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            other.execute(
                "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status)"
                " VALUES (?, '20250122_second.jpg', 5, 'completed')",
                (str(field.media / "20250122_second.jpg"),),
            )
            other.execute("COMMIT")
            other.execute("BEGIN IMMEDIATE")
            # whatever the daemon wants to write now, it can't
            daemon.says(r"\[database_locked\].* by .*pid \d+")
            other.execute("ROLLBACK")
        record = field.db.find(str(field.media / "20250122_second.jpg"))
        assert record is not None
        assert field.becomes(record.id, COMPLETED).transfer_retry_count == 0


# --- signs of life ---


def test_progress_is_shown_while_a_file_moves(field: Field) -> None:
    field.configure(daemon_settings={"heartbeat_seconds": 0.1})
    with field.daemon() as daemon:
        row_id = field.put_long(megabytes=256)
        state = daemon.shows(lambda state: any(file.bytes_done > 0 for file in state.in_hand))
        [shown] = state.in_hand
        assert shown.file_path == str(field.media / "20250122_101500_x.mp4")
        assert shown.bytes_total == 256 << 20
        told = r"sending 20250122_101500_x\.mp4 \(\d+ %, [0-9.]+ [MG]B/s, 1 of 2 lanes\); 0 waiting"
        assert re.fullmatch(told, state.doing)
        field.becomes(row_id, COMPLETED, 60)
        daemon.shows(lambda state: state.doing == "idle; 0 waiting")


def test_systemd_is_told(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(field.folder / "notify")
    told: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.setblocking(False)

        def has_told(text: str) -> bool:
            with contextlib.suppress(BlockingIOError):
                while True:
                    told.append(listener.recv(4096).decode())
            return text in told

        monkeypatch.setenv("NOTIFY_SOCKET", path)
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        with field.daemon() as daemon:
            monkeypatch.undo()
            eventually(lambda: has_told("READY=1"))
            told.clear()
            eventually(lambda: has_told("WATCHDOG=1"))
            field.put_long("20250122_film 媒体.mp4")  # in hand until it is told to end, however fast it goes
            eventually(lambda: has_told("") or any("sending 20250122_film 媒体.mp4" in text for text in told))
            daemon.tell(signal.SIGTERM)
            assert daemon.exit_code() == 0
            assert has_told("STOPPING=1")
            assert [text for text in told if text.startswith("STATUS=stopped; ")]


def test_a_log_that_is_redirected_has_plain_lines_one_a_file(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    status = field.folder.stat()  # the journal's stream is what systemd says, and here it is something else
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    bad, good = field.put("20250122_bad.jpg", size=99), field.put()
    field.run("--once")
    assert field.row(bad).transfer_status is TransferStatus.PENDING
    assert field.row(good).transfer_status is TransferStatus.COMPLETED
    lines = [line.split(" ", 2)[2] for line in field.log.splitlines()]
    [of_bad] = [line for line in lines if "20250122_bad.jpg" in line]
    assert of_bad.startswith(f"ERROR tried again in 0.05 s: {field.media}/20250122_bad.jpg: [file_size_differs] ")
    [of_good] = [line for line in lines if NAME in line]
    assert re.fullmatch(rf"INFO sent {field.media / NAME} to {field.remote()} \(5 bytes, \d\.\d s\)", of_good)


_PLANTED = """
import sys, threading
from celestial_nasops import transfer
from celestial_nasops.daemon import crew
from celestial_nasops.media_sync_daemon import main
crew._GRACE_SECONDS = 0.0
def send(*_):
    {act}
transfer.send = send
sys.exit(main(sys.argv[1:]))
"""


def _planted(field: Field, act: str) -> str:
    program = field.folder / "planted.py"
    program.write_text(textwrap.dedent(_PLANTED).format(act=act))
    return str(program)


def test_a_bug_in_a_worker_ends_the_daemon_with_one_line(field: Field) -> None:
    row_id = field.put()
    with field.daemon(program=_planted(field, "raise KeyError('no such thing')"), ready=False) as daemon:
        assert daemon.exit_code() == 70
    [line] = [line for line in daemon.log.splitlines() if "CRITICAL" in line]
    assert re.search(r"internal error in lane-(1|2|small): KeyError: 'no such thing' \(planted\.py:\d+\)$", line)
    assert field.row(row_id).transfer_status is PENDING


def test_a_worker_that_hangs_ends_the_signs_of_life(field: Field) -> None:
    field.configure(
        daemon_settings={"heartbeat_seconds": 0.1},
        sync_settings={"sync_timeout_seconds": 0.5},
        security={"connection_timeout_seconds": 0.1},
    )
    with field.daemon(program=_planted(field, "threading.Event().wait()")) as daemon:
        field.put()
        daemon.says(r"lane-(\d|small) has shown no sign of life for \d+ s; no more signs of life are given")
        last = eventually(daemon.state).heartbeat_at
        daemon.tell(signal.SIGHUP)  # wakes it
        daemon.says("the configuration was reread")
        assert eventually(daemon.state).heartbeat_at == last
        daemon.tell(signal.SIGTERM)
        assert daemon.exit_code(15) == 0
    [row] = [field.db.find(str(field.media / name)) for name in field.here()]
    assert row is not None
    assert row.transfer_status is PENDING
