"""``systemctl restart`` while the check runs: systemd tells of the restart, so the check waits for its end."""

from __future__ import annotations

from tests.system.site import DAEMON, Site

# So slow that each check meets it: a restart of some seconds.
SLOWLY = ("ExecStartPre=/bin/sleep 2", "ExecStopPost=/bin/sleep 2")


def test_a_restart_is_no_alarm(site: Site) -> None:
    site.drop_in(DAEMON, *SLOWLY)
    for _ in range(3):
        before = site.daemon_pid()
        site.edge.run("systemctl", "restart", "--no-block", DAEMON)
        told = site.check()
        assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
        assert told.probe("daemon_status")["details"]["pid"] == site.daemon_pid() != before
    assert site.failed_units() == []
    assert site.litter() == []


def test_a_stop_is_one_when_it_is_done(site: Site) -> None:
    site.drop_in(DAEMON, *SLOWLY)
    site.edge.run("systemctl", "stop", "--no-block", DAEMON)
    told = site.check()
    assert told.exit_code == 1
    assert told.probe("daemon_status")["summary"] == f"{DAEMON} is not running (inactive, dead)"


def test_a_start_that_hangs_is_one_when_a_restart_would_be_over(site: Site) -> None:
    site.drop_in(DAEMON, "ExecStartPre=/bin/sleep 60")
    site.edge.run("systemctl", "restart", "--no-block", DAEMON)
    told = site.check()
    assert told.exit_code == 1
    found = told.probe("daemon_status")
    assert found["summary"] == f"{DAEMON} is activating, start-pre, not running yet"
    assert found["duration_seconds"] < 25
