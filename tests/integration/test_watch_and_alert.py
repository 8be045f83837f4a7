"""``smoke-check watch`` and ``smoke-check alert``: the real commands, their exit codes and every word."""

from __future__ import annotations

import fcntl
import json
import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import pytest

from healthcheck import events
from healthcheck.moments import iso
from healthcheck.run import LOCK_NAME
from healthcheck.status_file import Status, StatusFile

AGAIN = "run the check again: sudo systemctl start smoke-check"


def write_status(folder: Path, *, ended_seconds_ago: float = 60, fresh_seconds: float = 3600, **changes: Any) -> Status:
    now = time.time()
    values: dict[str, Any] = {
        "version": "0",
        "run_id": "20261124T110000Z-aabbccdd",
        "host": "edge",
        "boot_id": "b",
        "state": "finished",
        "outcome": "fail",
        "exit_code": 1,
        "summary": "ping: no answer",
        "started_at": iso(now - ended_seconds_ago - 10),
        "finished_at": iso(now - ended_seconds_ago),
        "duration_seconds": 10.0,
        "stale_after": iso(now - ended_seconds_ago + fresh_seconds),
    }
    status = Status.model_validate(values | changes)
    StatusFile(str(folder)).write(status)
    return status


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "healthcheck", *words],
        capture_output=True,
        text=True,
        timeout=30,
        stdin=subprocess.DEVNULL,
        check=False,
        env={**os.environ, **environment},
    )


def watch(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return command("watch", "--state-dir", str(folder), **environment)


# --- watch ---


@pytest.mark.parametrize(("outcome", "code"), [("pass", 0), ("fail", 1), ("error", 2)])
def test_a_current_verdict_is_fine_whatever_it_is(tmp_path: Path, outcome: str, code: int) -> None:
    write_status(tmp_path, outcome=outcome, exit_code=code)
    done = watch(tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_stale_verdict_is_not_however_green_it_was(tmp_path: Path) -> None:
    status = write_status(tmp_path, ended_seconds_ago=7200, outcome="pass", exit_code=0)
    done = watch(tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        f"smoke-check: stale: the last run ended 120 min ago, at {status.finished_at}; see: systemctl list-timers"
        f" -- {AGAIN}\n"
    )
    told = command("status", "--state-dir", str(tmp_path))
    assert told.returncode == 2
    assert told.stderr.splitlines()[0] == done.stderr.partition(" -- ")[0]


def test_a_missing_and_an_unreadable_status_are_not_fine_either(tmp_path: Path) -> None:
    done = watch(tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        f"smoke-check: no run has been recorded in {tmp_path} -- start one: sudo systemctl start smoke-check\n",
    )
    (tmp_path / "status.json").write_text("{")
    done = watch(tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(rf"smoke-check: {tmp_path}/status\.json can't be read: .* -- {AGAIN}\n", done.stderr)


def test_a_run_under_way_is_fine_until_it_hangs(tmp_path: Path) -> None:
    running: dict[str, Any] = {"state": "running", "outcome": None, "exit_code": None, "finished_at": None}
    status = write_status(tmp_path, **running)
    with open(tmp_path / LOCK_NAME, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert watch(tmp_path).returncode == 0
        status = write_status(tmp_path, ended_seconds_ago=7200, **running)
        done = watch(tmp_path)
        assert (done.returncode, done.stderr) == (
            2,
            f"smoke-check: the run that began at {status.started_at} hangs -- {AGAIN}\n",
        )
    done = watch(tmp_path)
    assert done.returncode == 2
    assert "ended without a verdict" in done.stderr


def test_systemd_and_the_journal_are_told_that_the_check_has_stopped(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, Journal(tmp_path) as journal:
        systemd.bind(str(tmp_path / "notify"))
        code = journal.run("watch", "--state-dir", str(tmp_path), NOTIFY_SOCKET=str(tmp_path / "notify"))
        line = f"no run has been recorded in {tmp_path} -- start one: sudo systemctl start smoke-check"
        assert (code, systemd.recv(4096).decode()) == (2, f"STATUS={line}")
    [record] = journal.records
    assert (record["MESSAGE_ID"], record["PRIORITY"]) == (events.CHECK_STALE.message_id, "3")
    assert record["MESSAGE"] == line
    assert record["SYSLOG_IDENTIFIER"] == "smoke-check"


# --- alert ---


class Journal:
    """The journal of a program whose standard error leads there, as in a unit."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.records: list[dict[str, str]] = []
        self.lines = ""

    def __enter__(self) -> Self:
        self._socket.bind(str(self._folder / "journal"))
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def run(self, *words: str, **environment: str) -> int:
        with open(self._folder / "stderr", "w+") as stderr:
            there = os.fstat(stderr.fileno())
            stream = {"JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}
            done = subprocess.run(
                [sys.executable, "-m", "healthcheck", *words],
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                timeout=90,
                check=False,
                env={
                    **os.environ,
                    **stream,
                    "SMOKE_CHECK_JOURNAL_SOCKET": str(self._folder / "journal"),
                    **environment,
                },
            )
        self.lines = (self._folder / "stderr").read_text()
        self._socket.setblocking(False)
        while True:
            try:
                datagram = self._socket.recv(1 << 20)
            except BlockingIOError:
                break
            if datagram:
                self.records.append(dict(line.split("=", 1) for line in datagram.decode().splitlines()))
        return done.returncode


MONITORED = {
    "MONITOR_UNIT": "smoke-check.service",
    "MONITOR_SERVICE_RESULT": "exit-code",
    "MONITOR_EXIT_STATUS": "1",
    "MONITOR_INVOCATION_ID": "b5b1942808844dd3b11ec544011c393a",
}


def config_with(folder: Path, alert_command: list[str]) -> str:
    path = folder / "unified_config.json"
    path.write_text(json.dumps({"check_settings": {"alert_command": alert_command}}))
    return str(path)


def program(folder: Path, script: str) -> str:
    path = folder / "tell"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def alert(folder: Path, config: str, *, unit: str = "smoke-check.service", **environment: str) -> tuple[int, Journal]:
    with Journal(folder) as journal:
        words = ["alert", unit, "--config", config, "--state-dir", str(folder)]
        code = journal.run(*words, **environment)
    return code, journal


def test_without_a_command_one_record_tells_it(tmp_path: Path) -> None:
    write_status(tmp_path)
    code, journal = alert(tmp_path, config_with(tmp_path, []), **MONITORED)
    [record] = journal.records
    assert code == 0
    assert record == {
        "MESSAGE": "smoke-check.service has failed (exit-code, exit status 1): ping: no answer",
        "PRIORITY": "3",
        "SYSLOG_IDENTIFIER": "smoke-check",
        "MESSAGE_ID": events.ALERT.message_id,
        "SMOKE_CHECK_FAILED_UNIT": "smoke-check.service",
        "SMOKE_CHECK_RESULT": "exit-code",
        "SMOKE_CHECK_EXIT_STATUS": "1",
        "SMOKE_CHECK_INVOCATION_ID": "b5b1942808844dd3b11ec544011c393a",
        "SMOKE_CHECK_SUMMARY": "ping: no answer",
        "SMOKE_CHECK_RUN_ID": "20261124T110000Z-aabbccdd",
    }


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        (
            {"MONITOR_EXIT_STATUS": "78"},
            r"smoke-check\.service has failed \(exit-code, exit status 78\) -- systemctl .*",
        ),
        (
            {"MONITOR_UNIT": "media-sync-daemon.service"},
            r"media-sync-daemon\.service has failed \(.*\) -- systemctl .*",
        ),
    ],
)
def test_a_verdict_is_not_blamed_for_what_it_did_not_cause(tmp_path: Path, changes: dict[str, str], line: str) -> None:
    write_status(tmp_path)
    code, journal = alert(tmp_path, config_with(tmp_path, []), **MONITORED | changes)
    assert code == 0
    assert re.fullmatch(line, journal.records[0]["MESSAGE"])


def test_the_command_gets_the_status_file_and_what_systemd_told(tmp_path: Path) -> None:
    write_status(tmp_path)
    seen = tmp_path / "seen"
    tell = program(tmp_path, f'printf "%s|" "$@" "$MONITOR_UNIT" "$MONITOR_INVOCATION_ID" >{seen}')
    code, journal = alert(tmp_path, config_with(tmp_path, [tell, "two words", "$HOME"]), **MONITORED)
    assert code == 0
    invocation = MONITORED["MONITOR_INVOCATION_ID"]
    assert seen.read_text() == f"two words|$HOME|{tmp_path}/status.json|smoke-check.service|{invocation}|"
    [record] = journal.records
    assert (record["MESSAGE_ID"], record["PRIORITY"]) == (events.ALERT.message_id, "5")
    assert record["MESSAGE"] == f"smoke-check.service has failed (exit-code, exit status 1); told by {tell}"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            "echo no route to the mail host >&2; exit 3",
            r"\S+/tell \S+/status\.json ended with exit code 3: no route to the mail host",
        ),
        (None, r"the program \S+/missing is not installed"),
    ],
)
def test_a_command_that_fails_is_a_failure_and_the_journal_tells_in_its_place(
    tmp_path: Path, script: str | None, why: str
) -> None:
    tell = program(tmp_path, script) if script else str(tmp_path / "missing")
    code, journal = alert(tmp_path, config_with(tmp_path, [tell]), **MONITORED)
    assert code == 1
    told, not_told = journal.records
    assert (told["MESSAGE_ID"], told["PRIORITY"]) == (events.ALERT.message_id, "3")
    assert (not_told["MESSAGE_ID"], not_told["PRIORITY"]) == (events.ALERT_NOT_SENT.message_id, "3")
    remedy = r"mend that, then try it: sudo systemctl start smoke-check-alert@smoke-check\.service"
    summary = rf"check_settings\.alert_command has not told anybody: {why}"
    assert re.fullmatch(f"{summary} -- {remedy}", not_told["MESSAGE"])
    assert not_told["SMOKE_CHECK_CAUSE"] == "alert_failed"


def test_a_broken_configuration_is_told_of_too(tmp_path: Path) -> None:
    path = tmp_path / "unified_config.json"
    path.write_text("{")
    code, journal = alert(tmp_path, str(path), **MONITORED | {"MONITOR_EXIT_STATUS": "78"})
    assert code == 0
    assert [record["MESSAGE_ID"] for record in journal.records] == [
        events.of_cause("config_not_json").message_id,
        events.ALERT.message_id,
    ]
    assert "unified_config.json" in journal.lines


def test_by_hand_it_speaks_to_standard_error(tmp_path: Path) -> None:
    done = command("alert", "some.service", "--config", config_with(tmp_path, []), "--state-dir", str(tmp_path))
    assert (done.returncode, done.stderr) == (
        0,
        "smoke-check: some.service has failed -- systemctl status some.service\n",
    )
