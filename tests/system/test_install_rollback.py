"""An installation that fails half-way, or is interrupted, leaves what was there before."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.bundles import another_version, bring, everything, install
from tests.system.machines import Machine
from tests.system.site import Site

STEPS = ("prefix", "user", "folders", "code", "swap", "config", "commands", "units", "start", "end")
UNITS = ("media-sync-daemon.service", "smoke-check.timer", "smoke-check-watch.timer")
ROLLED_BACK = "install: rolled back: everything is as it was\n"


def test_a_first_installation_that_fails_at_any_step(ready_edge: Machine) -> None:
    before = everything(ready_edge)
    for step in STEPS:
        failed = install(ready_edge, environment={"INSTALL_FAIL_AT": step})
        assert failed.exit_code == 1, (step, failed)
        assert failed.stderr == f"install: stopped while: {step}; rolling back\n{ROLLED_BACK}"
        assert everything(ready_edge) == before, step
        assert ready_edge.failed_units() == [], step


@pytest.mark.parametrize(("signal", "code"), [("INT", 130), ("TERM", 143), ("HUP", 143)])
def test_one_that_is_interrupted(ready_edge: Machine, signal: str, code: int) -> None:
    before = everything(ready_edge)
    stopped = install(ready_edge, environment={"INSTALL_FAIL_AT": f"units:{signal}"})
    assert (stopped.exit_code, stopped.stderr) == (code, f"install: stopped while: units; rolling back\n{ROLLED_BACK}")
    assert everything(ready_edge) == before


def test_one_that_is_killed_can_be_gone_on_with_and_can_be_removed(ready_edge: Machine) -> None:
    before = everything(ready_edge)
    for step in STEPS[1:]:
        killed = install(ready_edge, environment={"INSTALL_FAIL_AT": f"{step}:KILL"})
        assert killed.exit_code == -9
        ready_edge.shell("rm -rf /tmp/celestial-nasops-*")
        if step in ("user", "swap", "units"):
            removed = install(ready_edge, "--uninstall")
            assert removed.exit_code == 0, (step, removed)
            assert everything(ready_edge) == before, step
    gone_on = install(ready_edge, "--no-start")
    assert gone_on.exit_code == 0, gone_on
    assert install(ready_edge, "--uninstall", "--purge").exit_code == 0
    assert everything(ready_edge) == before


def test_units_that_cannot_be_written(ready_edge: Machine) -> None:
    before = everything(ready_edge)
    ready_edge.shell(
        "mount --bind /etc/systemd/system /etc/systemd/system; mount -o remount,ro,bind /etc/systemd/system"
    )
    failed = install(ready_edge)
    assert failed.exit_code == 1
    assert "/etc/systemd/system/media-sync-daemon.service.part~': Read-only file system\n" in failed.stderr
    assert failed.stderr.endswith(f"install: stopped while: units; rolling back\n{ROLLED_BACK}")
    ready_edge.shell("umount /etc/systemd/system")
    assert everything(ready_edge) == before


def test_a_disk_that_is_too_small(ready_edge: Machine) -> None:
    ready_edge.shell("mkdir /small; mount -t tmpfs -o size=50m tmpfs /small")
    refused = install(ready_edge, "--prefix", "/small/nasops")
    assert refused.exit_code == 1
    assert "200 MB are needed in /small, 50 MB are free\n  -> free space there: df -h /small\n" in refused.stderr
    assert ready_edge.find("/small") == ["/small"]


def test_an_upgrade_that_fails_leaves_the_old_version_at_work(site: Site, archive: Path) -> None:
    edge = site.edge
    bring(edge, another_version(archive, {"celestial_nasops/paths.py": "# another version\n"}))
    before = everything(edge)
    old = edge.read("/opt/celestial-nasops/venv/VERSION")
    for step in ("code", "swap", "units", "end"):
        failed = install(edge, "--upgrade", environment={"INSTALL_FAIL_AT": step})
        assert failed.exit_code == 1, (step, failed)
        assert failed.stderr == f"install: stopped while: {step}; rolling back\n{ROLLED_BACK}"
        assert everything(edge) == before, step
        assert edge.read("/opt/celestial-nasops/venv/VERSION") == old
        for unit in UNITS:
            assert edge.run("systemctl", "is-active", unit).stdout == "active\n", step
    told = site.check()
    assert told.probe("daemon_status")["outcome"] == "pass"


def test_an_upgrade_whose_daemon_does_not_start(site: Site, archive: Path) -> None:
    edge = site.edge
    broken = another_version(archive, {"celestial_nasops/media_sync_daemon.py": "\nraise SystemExit('out of order')\n"})
    bring(edge, broken)
    before = everything(edge)
    failed = install(edge, "--upgrade")
    assert failed.exit_code == 1
    assert "install: media-sync-daemon.service does not start; it says:\n" in failed.stderr
    assert "out of order" in failed.stderr
    assert failed.stderr.endswith(f"install: stopped while: start; rolling back\n{ROLLED_BACK}")
    assert everything(edge) == before
    edge.wait_for_unit("media-sync-daemon.service", ActiveState="active", SubState="running")
    assert site.check().probe("daemon_status")["outcome"] == "pass"


def test_an_upgrade_finishes_the_file_in_hand_and_restarts_the_daemon(site: Site, archive: Path) -> None:
    edge = site.edge
    with site.network.poor(delay_ms=20):
        path = site.put("DJI_20250122101500_big.mp4", megabytes=200)
        edge.wait_for_journal(
            lambda: (
                edge.shell("grep -c in_hand /var/lib/media-sync-daemon/daemon_state.json")
                and "bytes_done" in edge.read("/var/lib/media-sync-daemon/daemon_state.json")
            )
        )
        old_pid = site.daemon_pid()
        bring(edge, another_version(archive, {"celestial_nasops/paths.py": "# another version\n"}))
        upgraded = install(edge, "--upgrade")
    assert upgraded.exit_code == 0, upgraded
    assert "install: waiting for media-sync-daemon.service to finish the files in hand" in upgraded.stdout
    assert site.daemon_pid() != old_pid
    assert site.sql(
        f"SELECT transfer_status, transfer_retry_count FROM media_transfer_status WHERE file_path = '{path}'"
    ) == ["completed|0"]
