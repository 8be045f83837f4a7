"""A daemon that is stopped, hangs or is killed: whom the check tells, and what systemd and the daemon do about it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from tests.system.roots import Disk
from tests.system.site import ALERT, CHECK, CONFIG, DAEMON, Site, Told, site as site_of, switch_off
from tests.waiting import eventually

ALERTS = "/var/lib/smoke-check/alerts"
# What an operator names in alert_command: it writes down what it is told.
ALERT_PROGRAM = f"""#!/bin/sh
echo "$MONITOR_UNIT $MONITOR_SERVICE_RESULT $MONITOR_EXIT_STATUS $MONITOR_INVOCATION_ID $*" >>{ALERTS}
"""


@pytest.fixture(scope="module")
def alerted_disk(edge_disk: Disk, nas_disk: Disk) -> Iterator[Disk]:
    """The disk of an edge server with a program for alerts."""
    with site_of(edge_disk, nas_disk) as site:
        site.edge.write("/usr/local/bin/tell-somebody", ALERT_PROGRAM, mode=0o755)
        site.apply({"check_settings": {"alert_command": ["/usr/local/bin/tell-somebody", "--to", "the operator"]}})
        yield switch_off(site.edge)


@pytest.fixture
def alerted(alerted_disk: Disk, nas_disk: Disk) -> Iterator[Site]:
    """The site with it."""
    with site_of(alerted_disk, nas_disk) as site:
        yield site


def assert_red(site: Site, told: Told, cause: str, summary: str) -> None:
    """The unit is failed, with the cause in each place, and the alert came once with the right arguments."""
    daemon_status = told.probe("daemon_status")
    assert (daemon_status["outcome"], daemon_status["cause"]) == ("fail", cause), daemon_status
    assert daemon_status["summary"].startswith(summary), daemon_status
    assert (told.result, told.exit_code) == ("exit-code", 1)
    assert told.status_text.startswith(f"FAIL daemon_status: {summary}"), told.status_text
    assert CHECK in site.failed_units()
    site.edge.wait_for_unit(ALERT % "smoke-check", ActiveState="inactive", Result="success")
    [line] = site.edge.read(ALERTS).splitlines()
    unit, result, exit_status, invocation, arguments = line.split(" ", 4)
    assert (unit, result, exit_status, invocation) == (CHECK, "exit-code", "1", told.invocation)
    assert arguments == "--to the operator /var/lib/smoke-check/status.json"


def assert_well_again(site: Site) -> None:
    """The next run passes, and nothing is left of the trouble."""
    told = site.check()
    assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
    assert site.failed_units() == []
    assert site.litter() == []
    assert len(site.edge.read(ALERTS).splitlines()) == 1


def test_stopped(alerted: Site) -> None:
    alerted.edge.run("systemctl", "stop", DAEMON)
    told = alerted.check()
    assert_red(alerted, told, "daemon_inactive", f"{DAEMON} is not running (inactive, dead)")
    alerted.edge.run("systemctl", "start", DAEMON)
    assert_well_again(alerted)


def test_a_bad_configuration_stops_both_and_is_not_tried_again(site: Site) -> None:
    good = site.edge.read(CONFIG)
    site.edge.write(CONFIG, good.replace('"max_concurrent_transfers": 3', '"max_concurrent_transfers": "three"'))
    site.edge.run("systemctl", "restart", DAEMON, check=False)
    shown = site.edge.wait_for_unit(DAEMON, ActiveState="failed")
    assert (shown["Result"], shown["ExecMainStatus"], shown["NRestarts"]) == ("exit-code", "78", "0")
    site.edge.run("systemctl", "start", CHECK, check=False)
    shown = site.edge.unit(CHECK)
    assert (shown["Result"], shown["ExecMainStatus"]) == ("exit-code", "78")
    assert "security.max_concurrent_transfers" in shown["StatusText"]
    assert {CHECK, DAEMON} <= set(site.failed_units())
    site.edge.write(CONFIG, good)
    site.edge.run("systemctl", "restart", DAEMON)
    assert site.check().exit_code == 0
    assert site.failed_units() == []


def test_hung(alerted: Site) -> None:
    alerted.drop_in(DAEMON, "WatchdogSec=6s", "RestartSec=1s")
    alerted.edge.run("systemctl", "restart", DAEMON)
    hung = alerted.daemon_pid()
    alerted.signal_daemon("SIGSTOP")
    told = alerted.check()
    assert_red(alerted, told, "daemon_hung", f"the daemon (pid {hung}) gives no sign of life for ")
    assert "its process is stopped by a signal" in told.status_text
    killed = "Watchdog timeout"
    alerted.edge.wait_for_journal(lambda: killed in alerted.edge.journal(f"--unit={DAEMON}"), f"UNIT={DAEMON}")
    alerted.edge.wait_for_unit(DAEMON, ActiveState="active", SubState="running")
    assert alerted.daemon_pid() != hung
    assert_well_again(alerted)


def test_killed_in_mid_transfer(alerted: Site) -> None:
    alerted.drop_in(DAEMON, "RestartSec=8s")
    alerted.edge.run("systemctl", "restart", DAEMON)
    with alerted.network.filtered("nas", "tcp dport 22 limit rate over 4 mbytes/second drop"):
        path = alerted.put("20250122_101500_x.mp4", megabytes=30)
        sha256 = hashlib.sha256(alerted.edge.path(path).read_bytes()).hexdigest()
        eventually(lambda: any(size > 1 << 20 for size in alerted.copies().values()), 30)
        alerted.signal_daemon("SIGKILL")
        alerted.edge.wait_for_unit(DAEMON, SubState="auto-restart")
        told = alerted.check()
    assert_red(alerted, told, "daemon_killed", f"{DAEMON} was killed by signal 9 (signal) and is now activating, ")
    alerted.edge.wait_for_unit(DAEMON, ActiveState="active", SubState="running")
    eventually(lambda: not alerted.edge.path(path).exists(), 60)  # deleted: sent, and verified again
    [copy] = alerted.copies()
    assert copy == "EdgeBackup/2025/01/22/20250122_101500_x.mp4"
    there = alerted.nas.path(f"/volume1/homes/edge_sync/drone_media/{copy}").read_bytes()
    assert hashlib.sha256(there).hexdigest() == sha256
    assert alerted.sql("SELECT transfer_status FROM media_transfer_status") == ["completed"]
    assert_well_again(alerted)
