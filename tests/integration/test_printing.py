"""What the commands of both programs do where their words can't be printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon_field import environment
from tests.queue_files import execute, make

OF_THE_DAEMON = ("queue", "queue --json", "receipts", "verify", "requeue --failed", "pause", "resume", "queue --help")
OF_THE_CHECK = ("--help", "--version", "explain", "explain nas_refused", "config schema", "config check", "doctor")
COMMANDS = [("celestial_nasops.media_sync_daemon", command) for command in OF_THE_DAEMON]
COMMANDS += [("healthcheck", command) for command in OF_THE_CHECK]


@pytest.fixture
def config(tmp_path: Path) -> str:
    """Of a queue in which a file failed, and without a daemon."""
    path = tmp_path / "config.json"
    (tmp_path / "state").mkdir()
    settings = {
        "daemon_settings": {"state_path": f"{tmp_path}/state"},
        "database_settings": {"db_path": f"{tmp_path}/queue.db"},
        "nas_settings": {"ssh_alias": "127.0.0.1"},
    }
    path.write_text(json.dumps(settings))
    make(f"{tmp_path}/queue.db")
    execute(
        f"{tmp_path}/queue.db",
        "INSERT INTO media_transfer_status (file_path, file_name, download_status, transfer_status) "
        "VALUES ('/m/中.jpg', '中.jpg', 'completed', 'failed')",
    )
    return str(path)


def typed(program: str, command: str, config: str, *, stdout: int, **more: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", program, *command.split()]
    environ = {**environment(), "UNIFIED_CONFIG": config, **more}
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
        env=environ,
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("program", "command"), COMMANDS)
def test_a_full_disk_is_named_and_never_a_success(config: str, program: str, command: str, unbuffered: str) -> None:
    with open("/dev/full", "wb") as full:
        done = typed(program, command, config, stdout=full.fileno(), PYTHONUNBUFFERED=unbuffered)
    name = "smoke-check" if program == "healthcheck" else "media-sync-daemon"
    assert (done.returncode, done.stderr) == (
        2,
        f"{name}: standard output can't be written: No space left on device\n",
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize(("program", "command"), COMMANDS)
def test_a_reader_that_went_away_ends_it_without_a_word(
    config: str, program: str, command: str, unbuffered: str
) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = typed(program, command, config, stdout=write, PYTHONUNBUFFERED=unbuffered)
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


@pytest.mark.parametrize("command", ["queue", "receipts", "verify", "pause", "resume", "requeue --failed"])
def test_streams_that_are_closed_hold_nothing_up(config: str, command: str) -> None:
    program = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", *command.split()]
    codes = []
    for closed in ("", ">&-", "2>&-", ">&- 2>&-"):
        argv = ["sh", "-c", f'exec "$@" {closed}', "sh", *program]
        environ = {**environment(), "UNIFIED_CONFIG": config}
        done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False, env=environ)
        assert done.stderr == ""
        codes.append(done.returncode)
    assert set(codes) == {codes[0]}


def test_a_locale_that_lacks_a_letter_shows_its_escape(config: str) -> None:
    done = typed(
        "celestial_nasops.media_sync_daemon", "queue", config, stdout=subprocess.PIPE, PYTHONIOENCODING="iso-8859-1"
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert r"  /m/\u4e2d.jpg: no reason given" in done.stdout


def test_it_is_said_in_chinese(config: str) -> None:
    with open("/dev/full", "wb") as full:
        done = typed(
            "celestial_nasops.media_sync_daemon",
            "queue",
            config,
            stdout=full.fileno(),
            LC_ALL="zh_CN.UTF-8",
            PYTHONIOENCODING="utf-8",
        )
    assert (done.returncode, done.stderr) == (2, "media-sync-daemon: 标准输出无法写入：设备上没有剩余空间\n")
