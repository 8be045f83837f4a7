"""What breaks in the path, run by run: the cause, the exit code, the whole message, and nothing left behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from celestial_nasops import daemon_state
from celestial_nasops.media_status_db import MediaStatusDB
from tests.hung_disk import hung_disk
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server, fingerprint, make_key, pin
from tests.scene import NAME, Outcome, Scene
from tests.waiting import eventually

BLOCKED = ["file_insert", "remote_verify"]


def assert_failed(outcome: Outcome, scene: Scene, probe: str, cause: str, summary: str, exit_code: int = 1) -> None:
    """One probe failed with that cause and the whole message; the verdict leads to it, and nothing is left."""
    what, named, said = outcome.probe(probe)
    assert (named, said) == (cause, summary), outcome.stdout
    assert outcome.exit_code == exit_code
    assert what == ("fail" if exit_code == 1 else "error")
    assert outcome.status is not None
    assert outcome.status.summary.startswith(f"{probe}: {summary}")
    assert outcome.status.consecutive_failures == 1
    [remedy] = [p.remedy for p in outcome.status.probes if p.name == probe]
    assert remedy
    assert remedy in outcome.stdout
    assert [line for line in scene.litter() if "smoke-check" in line] == []


def assert_blocked(outcome: Outcome, by: str) -> None:
    for name in BLOCKED:
        assert outcome.probe(name) == ("skipped", None, f"because of {by}")


# --- the daemon ---


def test_daemon_dead(scene: Scene) -> None:
    with scene.daemon("right") as daemon:
        os.kill(daemon.pid, signal.SIGKILL)
        eventually(lambda: daemon.exit_code() is not None)
        outcome = scene.check()
    state = scene.daemon_state_dir
    message = f"media-sync-daemon does not run: process {daemon.pid}, which wrote {state}/daemon_state.json, is gone"
    assert_failed(outcome, scene, "daemon_status", "daemon_dead", message)
    assert_blocked(outcome, "daemon_status")


def test_daemon_never_started(scene: Scene) -> None:
    scene.create_database()
    outcome = scene.check()
    message = f"media-sync-daemon does not run: there is no state file in {scene.daemon_state_dir}"
    assert_failed(outcome, scene, "daemon_status", "daemon_dead", message)


def test_daemon_hung(scene: Scene) -> None:
    with scene.daemon("right") as daemon:
        os.kill(daemon.pid, signal.SIGSTOP)
        eventually(lambda: Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T")
        outcome = scene.check()
        os.kill(daemon.pid, signal.SIGCONT)
    _, _, summary = outcome.probe("daemon_status")
    assert re.fullmatch(
        rf"the daemon \(pid {daemon.pid}\) gives no sign of life for \d s, its process is stopped by a signal", summary
    )
    assert_failed(outcome, scene, "daemon_status", "daemon_hung", summary)
    assert_blocked(outcome, "daemon_status")
    assert scene.litter() == []


def test_configuration_edited_without_a_restart(scene: Scene) -> None:
    with scene.daemon() as daemon:
        scene.configure({"sync_settings": {"max_retry_attempts": 7}})
        outcome = scene.check()
        message = f"the daemon (pid {daemon.pid}) does not use the present configuration {scene.config_path}"
        assert outcome.probe("daemon_status") == ("warn", "daemon_stale_config", message)
        assert outcome.exit_code == 0
        os.kill(daemon.pid, signal.SIGHUP)
        eventually(lambda: scene.check("--no-insert").outcomes()["daemon_status"] == "pass", 30)


def test_a_state_folder_on_a_disk_that_never_answers(scene: Scene) -> None:
    scene.create_database()
    with hung_disk(str(scene.daemon_state_dir)):
        begun = time.monotonic()
        outcome = scene.check()
        took = time.monotonic() - begun
    seconds = scene.config.check_settings.daemon_status_timeout_seconds
    message = f"daemon_status had no result after {seconds:g} s and was given up"
    assert_failed(outcome, scene, "daemon_status", "probe_timed_out", message, exit_code=2)
    assert outcome.remedy("daemon_status") == (
        "a disk or a program hangs; see: dmesg | tail; and run it again: sudo systemctl start smoke-check"
    )
    assert_blocked(outcome, "daemon_status")
    assert took < seconds + 5
    assert scene.litter() == []


def test_a_media_disk_that_gives_no_answer_any_more_does_not_hold_the_run(scene: Scene) -> None:
    with scene.daemon("idle"):
        with scene.start_check() as child:
            eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
            with hung_disk(str(scene.media)):
                outcome = scene.finish(child)
        assert outcome.exit_code == 2
        assert outcome.status is not None
        assert [(p.outcome, p.cause) for p in outcome.status.probes[-2:]] == [("error", "probe_timed_out")] * 2
        assert {one.reason for one in outcome.status.outstanding} == {"a disk of this server gave no answer"}
    with scene.daemon("right"):
        assert scene.check().exit_code == 0
    assert scene.litter() == []


# --- the network and SSH ---


def test_nas_refuses(scene: Scene, nas: Server) -> None:
    with scene.daemon("right"):
        nas.stop()
        outcome = scene.check()
    what, cause, summary = outcome.probe("ping")
    assert (what, cause) == ("fail", "nas_refused")
    assert re.fullmatch(
        rf"127\.0\.0\.1 refuses connections on port {nas.port}(, although it answers ping in [0-9.]+ ms)?", summary
    )
    assert outcome.exit_code == 1
    assert_blocked(outcome, "ping")
    assert scene.litter() == []


def test_nas_silent(scene: Scene, nas: Server) -> None:
    with scene.daemon("right"):
        nas.freeze()
        outcome = scene.check()
    what, cause, summary = outcome.probe("ping")
    assert (what, cause) == ("fail", "nas_silent")
    assert re.fullmatch(
        rf"127\.0\.0\.1 port {nas.port} gave no answer within 4\.5 s \(waiting for its SSH greeting\)"
        r"(, although it answers ping in [0-9.]+ ms)?",
        summary,
    )
    assert outcome.exit_code == 1
    assert outcome.status is not None
    [ping] = [p for p in outcome.status.probes if p.name == "ping"]
    assert ping.duration_seconds < 5
    assert scene.litter() == []


def outstanding_copy(outcome: Outcome) -> list[tuple[str, str]]:
    assert outcome.status is not None
    return [(one.due, one.reason) for one in outcome.status.outstanding]


def test_host_key_unknown(scene: Scene, nas: Server) -> None:
    with scene.daemon("right"):
        Path(nas.known_hosts).write_text("")
        outcome = scene.check()
        seen = fingerprint(f"{nas.folder}/host_ed25519")
        what, cause, summary = outcome.probe("remote_verify")
        assert (what, cause, outcome.exit_code) == ("fail", "nas_host_key_unknown", 1), outcome.stdout
        assert summary == f"the host key of 127.0.0.1 is not in {nas.known_hosts}; it shows {seen}"
        # The odd daemon needs no SSH, so a copy is there that this run could not reach: it says so, and keeps the debt.
        # The daemon may have tried the file with a wrong hash as well, or not yet: then nothing of it can be there.
        assert set(outstanding_copy(outcome)) == {("cleanup", f"its copy on the NAS: {summary}")}
        pin(nas, [" ".join(Path(f"{nas.folder}/host_ed25519.pub").read_text().split()[:2])])
        assert scene.check("--no-insert").exit_code == 0
    assert (scene.litter(), scene.debts()) == ([], [])


def test_host_key_changed(scene: Scene, nas: Server, tmp_path: Path) -> None:
    with scene.daemon("idle"):
        other = make_key(str(tmp_path / "other"))
        pin(nas, [other])
        outcome = scene.check()
    seen, expected = fingerprint(f"{nas.folder}/host_ed25519"), fingerprint(str(tmp_path / "other"))
    message = f"the host key of 127.0.0.1 has changed: {seen}, expected {expected} from {nas.known_hosts}"
    assert_failed(outcome, scene, "remote_verify", "nas_host_key_changed", message)


def test_key_refused(scene: Scene, nas: Server) -> None:
    with scene.daemon("idle"):
        Path(nas.folder, "authorized_keys").write_text("")
        outcome = scene.check()
        message = f"127.0.0.1 refuses the key {nas.client_key} for user {nas.username}"
        assert outcome.probe("remote_verify") == ("fail", "nas_key_refused", message)
        assert outcome.exit_code == 1
        accepted = nas.log.count("Failed publickey")
        assert scene.litter() == []
        assert accepted <= 1  # no second try, which could get this address blocked


# --- the database ---


def test_database_missing(scene: Scene) -> None:
    with scene.daemon("right"):
        for path in scene.database.parent.iterdir():
            path.unlink()
        outcome = scene.check()
        assert not scene.database.exists()
    message = f"there is no database at {scene.database}"
    assert_failed(outcome, scene, "database", "database_missing", message)
    assert_blocked(outcome, "database")


def test_database_locked(scene: Scene) -> None:
    with scene.daemon("right"), _locker(scene.database) as pid:
        outcome = scene.check()
        holder = Path(f"/proc/{pid}/comm").read_text().strip()
    message = f"the database {scene.database} stayed locked for 1 s by pid {pid} ({holder})"
    assert_failed(outcome, scene, "database", "database_locked", message)
    assert_blocked(outcome, "database")
    assert scene.litter() == []


@contextlib.contextmanager
def _locker(database: Path) -> Iterator[int]:
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
    )
    argv = [sys.executable, "-c", script, str(database)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"locked\n"
        try:
            yield child.pid
        finally:
            child.kill()


def test_database_corrupt(scene: Scene) -> None:
    scene.create_database()
    with contextlib.closing(sqlite3.connect(scene.database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    with scene.daemon("idle"), scene.database.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 3 * 4096)
        file.flush()
        outcome = scene.check()
        scene.database.unlink()
    message = f"the database {scene.database} is damaged: database disk image is malformed"
    assert_failed(outcome, scene, "database", "database_corrupt", message)
    assert_blocked(outcome, "database")


def test_database_not_a_database(scene: Scene) -> None:
    with scene.daemon("idle"):
        for path in scene.database.parent.iterdir():
            path.unlink()
        scene.database.write_bytes(b"this is no database, but a text of some length " * 40)
        outcome = scene.check()
        scene.database.unlink()
    message = f"{scene.database} is not an SQLite database"
    assert_failed(outcome, scene, "database", "database_not_a_database", message)


def test_database_on_a_read_only_file_system(tmp_path: Path, nas: Server, small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(1 << 20, name="queue")
    scene = Scene(tmp_path, nas, {"database_settings": {"db_path": f"{folder}/media_status.db"}})
    scene.database = Path(folder, "media_status.db")
    with scene.daemon("idle") as daemon:
        daemon.end()  # an open writer would keep the file system writable
        small_tmpfs.make_read_only(folder)
        outcome = scene.check()
    message = (
        f"{folder} is read-only (database_settings.db_path): [Errno 30] Read-only file system; "
        f"what is mounted at {folder} is read-only"
    )
    assert outcome.probe("database") == ("fail", "folder_read_only", message), outcome.stdout
    assert outcome.exit_code == 1
    # The daemon had to go for this, which is a trouble of its own: the verdict names both.
    dead = f"process {daemon.pid}, which wrote {scene.daemon_state_dir}/daemon_state.json, is gone"
    assert outcome.status is not None
    assert outcome.status.summary == (
        f"daemon_status: media-sync-daemon does not run: {dead}; also database: {message}"
    )
    assert_blocked(outcome, "daemon_status")


# --- disks ---


def test_media_disk_full(tmp_path: Path, nas: Server, small_tmpfs: SmallTmpfs) -> None:
    media = small_tmpfs(64 * 1024, name="full")
    scene = Scene(tmp_path, nas, {"local_settings": {"media_path": media}})
    scene.media = Path(media)
    with scene.daemon("right"):
        outcome = scene.check("--size-bytes", str(1 << 20))
    message = (
        f"no space left in {media} (local_settings.media_path): No space left on device; "
        f"65.5 kB of 65.5 kB free on {media} (tmpfs)"
    )
    assert_failed(outcome, scene, "file_insert", "folder_full", message)
    assert (scene.litter(), scene.debts()) == ([], [])


def test_media_folder_missing(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas)
    with scene.daemon("right"):
        scene.media.rmdir()
        outcome = scene.check()
        scene.media.mkdir()
    message = f"the folder {scene.media} does not exist (local_settings.media_path)"
    assert_failed(outcome, scene, "file_insert", "folder_missing", message)


def test_media_folder_read_only(tmp_path: Path, nas: Server, small_tmpfs: SmallTmpfs) -> None:
    media = small_tmpfs(64 * 1024, name="media-disk")
    scene = Scene(tmp_path, nas, {"local_settings": {"media_path": media}})
    scene.media = Path(media)
    with scene.daemon("right"):
        small_tmpfs.make_read_only(media)
        outcome = scene.check()
    message = (
        f"{media} is read-only (local_settings.media_path): [Errno 30] Read-only file system; "
        f"what is mounted at {media} is read-only"
    )
    assert_failed(outcome, scene, "file_insert", "folder_read_only", message)


def test_nas_without_room(tmp_path: Path, nas: Server, small_tmpfs: SmallTmpfs) -> None:
    volume = small_tmpfs(64 * 1024, name="volume")
    scene = Scene(tmp_path, nas, {"nas_settings": {"base_path": volume}})
    with scene.daemon():
        outcome = scene.check("--size-bytes", str(1 << 20))
        what, cause, summary = outcome.probe("remote_verify")
        assert (what, cause, outcome.exit_code) == ("fail", "nas_no_room", 1), outcome.stdout
        assert re.fullmatch(
            rf"the daemon could not deliver {NAME} within \d s and keeps trying: {re.escape(str(scene.media))}/{NAME} "
            r"waits for room on the NAS: 1\.0 MB needed, [0-9.]+ [kM]?B free",
            summary,
        ), summary
        eventually(lambda: scene.litter() == [])


def test_a_nas_without_room_for_the_media(tmp_path: Path, nas: Server, small_tmpfs: SmallTmpfs) -> None:
    volume = small_tmpfs(1 << 20, name="volume")
    scene = Scene(tmp_path, nas, {"nas_settings": {"base_path": volume, "reserve_bytes": 0}})
    film = scene.media / "20250122_101500_film.mp4"
    with scene.daemon() as daemon, contextlib.closing(MediaStatusDB(str(scene.database), timeout_seconds=5)) as queue:
        with film.open("wb") as file:
            file.truncate(9 << 20)
        queue.insert_file_record(str(film), film.name, 9 << 20, download_status="completed")
        eventually(lambda: (state := daemon_state.read(str(scene.daemon_state_dir))) is not None and state.no_room)
        outcome = scene.check()
    what, cause, summary = outcome.probe("daemon_status")
    assert (what, cause) == ("warn", "nas_is_full"), outcome.stdout
    told = re.escape(f"{film} waits for room on the NAS: 9.4 MB needed, 1.0 MB free, smaller files go on")
    assert re.fullmatch(rf"the daemon \(pid {daemon.pid}\) can't send everything: since \d\d:\d\d {told}", summary), (
        summary
    )
    assert outcome.remedy("daemon_status") == "free space on the NAS or raise the quota there; the rest goes by itself"
    assert (outcome.outcomes()["remote_verify"], outcome.exit_code) == ("pass", 0)
    assert [line for line in scene.litter() if "smoke-check" in line] == []
