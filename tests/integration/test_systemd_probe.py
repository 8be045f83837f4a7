"""The probe daemon_status against a ``systemctl`` that is first on PATH, plays systemd, and records its calls."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.nas_servers import openssh_server
from tests.scene import Outcome, Scene

PLAY = """#!/bin/sh
printf '%s\\n' "$0 $*" >> "{folder}/calls"
case $0 in *systemctl) {systemctl} ;; *) {journalctl} ;; esac
"""
RUNNING = "LoadState=loaded ActiveState=active SubState=running MainPID=1 NRestarts=0 ExecMainStartTimestamp=@{now}"


def check(
    tmp_path: Path, systemctl: str, journalctl: str = "echo disk on fire", *, supervisor: str = "systemd"
) -> tuple[Outcome, str]:
    """Run the agent with that play; gives its outcome and the calls that were made."""
    play = tmp_path / "play"
    play.mkdir()
    for name in ("systemctl", "journalctl"):
        (play / name).write_text(PLAY.format(folder=play, systemctl=systemctl, journalctl=journalctl))
        (play / name).chmod(0o755)
    with openssh_server(tmp_path / "nas") as nas:
        settings = {"daemon_settings": {"supervisor": supervisor}}
        scene = Scene(tmp_path, nas, {**settings, "check_settings": {"daemon_status_timeout_seconds": 1}})
        scene.create_database()
        outcome = scene.check("--no-insert", PATH=f"{play}:{os.environ['PATH']}")
    return outcome, (play / "calls").read_text() if (play / "calls").exists() else ""


def shows(properties: str) -> str:
    lines = "\\n".join(properties.format(now=int(time.time()) + 5).split())
    return f"printf '{lines}\\n'"


def test_a_daemon_that_is_not_ours_is_well(tmp_path: Path) -> None:
    outcome, calls = check(tmp_path, shows(RUNNING))
    assert outcome.probe("daemon_status") == (
        "pass",
        None,
        "running (pid 1); it keeps no state file, so more is not known",
    )
    assert "systemctl show --timestamp=unix --property=LoadState" in calls
    assert "-- media-sync-daemon.service\n" in calls
    assert "journalctl" not in calls


def test_the_configuration_is_newer_than_the_daemon(tmp_path: Path) -> None:
    outcome, _ = check(tmp_path, shows(RUNNING.replace("{now}", "1000000000")))
    [path] = [str(found) for found in tmp_path.glob("**/unified_config.json")]
    message = f"the daemon (pid 1) does not use the present configuration {path}"
    assert outcome.probe("daemon_status") == ("warn", "daemon_stale_config", message)
    assert outcome.exit_code == 0


def test_failed_with_the_last_error_of_its_journal(tmp_path: Path) -> None:
    failed = "LoadState=loaded ActiveState=failed SubState=failed Result=exit-code ExecMainCode=1 ExecMainStatus=78"
    outcome, calls = check(tmp_path, shows(failed))
    assert outcome.probe("daemon_status") == (
        "fail",
        "daemon_failed",
        "media-sync-daemon.service has failed (exit-code, exit code 78); its last error: disk on fire",
    )
    assert calls.count("journalctl") == 1
    assert "--lines=1 _SYSTEMD_UNIT=media-sync-daemon.service\n" in calls
    assert outcome.exit_code == 1


@pytest.mark.parametrize(
    ("systemctl", "reason"),
    [
        ("sleep 60", "systemctl gave no answer within 1 s"),
        (
            "echo 'Failed to connect to bus: Host is down' >&2; exit 1",
            "systemctl ended with exit code 1: Failed to connect to bus: Host is down",
        ),
        ("echo garbage", "it told no ActiveState"),
    ],
)
def test_systemd_that_can_t_be_asked_is_not_measured(tmp_path: Path, systemctl: str, reason: str) -> None:
    outcome, _ = check(tmp_path, systemctl)
    what, cause, summary = outcome.probe("daemon_status")
    assert (what, cause, outcome.exit_code) == ("error", "systemd_unavailable", 2)
    assert summary == f"systemd could not be asked about media-sync-daemon.service: {reason}"


@pytest.mark.parametrize(
    "between",
    [
        "ActiveState=deactivating SubState=stop-sigterm MainPID=1 Job=7",
        "ActiveState=inactive SubState=dead MainPID=0 Job=7",
        "ActiveState=activating SubState=start MainPID=1",
    ],
)
def test_a_restart_under_way_is_waited_for(tmp_path: Path, between: str) -> None:
    first = shows(f"LoadState=loaded NRestarts=0 {between}")
    outcome, calls = check(tmp_path, f"if [ -e $0.asked ]; then {shows(RUNNING)}; else : >$0.asked; {first}; fi")
    assert outcome.probe("daemon_status")[0] == "pass"
    assert calls.count("systemctl show") == 2


def test_a_restart_that_does_not_end_is_told(tmp_path: Path) -> None:
    outcome, calls = check(tmp_path, shows("LoadState=loaded ActiveState=activating SubState=start NRestarts=0 Job=7"))
    assert outcome.probe("daemon_status") == (
        "fail",
        "daemon_starting",
        "media-sync-daemon.service is activating, start, not running yet",
    )
    assert calls.count("systemctl show") > 2
    assert outcome.exit_code == 1


def test_a_daemon_of_the_user_s_own_systemd_is_asked_for_there(tmp_path: Path) -> None:
    inactive = "LoadState=loaded ActiveState=inactive SubState=dead MainPID=0 NRestarts=0"
    outcome, calls = check(tmp_path, shows(inactive), supervisor="systemd-user")
    assert outcome.probe("daemon_status")[:2] == ("fail", "daemon_inactive")
    assert "systemctl --user show --timestamp=unix" in calls
    assert outcome.status is not None
    assert outcome.status.probes[0].remedy == (
        "systemctl --user start media-sync-daemon.service; and so that it starts at boot: "
        "systemctl --user enable media-sync-daemon.service"
    )
