"""The units on booted machines: what systemd makes of them, and that everything works in their sandbox."""

from __future__ import annotations

import json
import re
from pathlib import Path

from healthcheck import pipeline
from tests.system import site as sites
from tests.system.pair import ALIAS, Keys, know_the_nas
from tests.system.roots import Disk
from tests.system.site import CHECK, CONFIG, DAEMON, HOME, USER, Site
from tests.system.words import alerts, status_of

UNITS = "/etc/systemd/system"
WATCH = "smoke-check-watch.service"


# --- systemd's opinion ---


def test_verify_is_clean_and_exposure_as_low_as_promised(either: Site) -> None:
    edge = either.edge
    units = edge.find(UNITS, "-maxdepth", "1", "-type", "f")
    assert len(units) == 6
    done = edge.run("systemd-analyze", "verify", *units)
    assert (done.stdout, done.stderr) == ("", "")
    for unit, most in ((CHECK, 1.3), (DAEMON, 1.0), (WATCH, 0.3)):
        said = edge.run("systemd-analyze", "security", "--no-pager", unit).stdout
        found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
        assert found is not None, said
        assert float(found[1]) <= most, said


# --- the check that has stopped ---


def test_a_check_that_has_stopped_is_a_failed_unit_until_it_runs_again(either: Site) -> None:
    edge = either.edge
    assert edge.run("systemctl", "start", WATCH).exit_code == 0
    edge.shell(
        'sed -i \'s/"stale_after": ".*"/"stale_after": "2020-01-01T00:00:00.000Z"/\' /var/lib/smoke-check/status.json'
    )
    edge.run("systemctl", "start", WATCH, check=False)
    assert edge.failed_units() == [WATCH]
    line, log = status_of(edge, WATCH)
    assert re.fullmatch(
        r"stale: the last run ended \d+ min ago, at .* -- run the check again: sudo systemctl start smoke-check", line
    )
    assert line in log
    [alert] = alerts(edge)
    assert (alert["SMOKE_CHECK_FAILED_UNIT"], alert["SMOKE_CHECK_EXIT_STATUS"], alert["PRIORITY"]) == (WATCH, "2", "3")
    either.check()
    edge.run("systemctl", "start", WATCH)
    assert edge.failed_units() == []


def test_the_alert_command_gets_the_status_file_and_the_failure(either: Site) -> None:
    edge = either.edge
    either.configure({"check_settings": {"alert_command": ["/usr/local/bin/tell", "now"]}})
    edge.write(
        "/usr/local/bin/tell",
        '#!/bin/sh\necho "$@ $MONITOR_UNIT $MONITOR_EXIT_STATUS $(id -un)" >>/var/lib/smoke-check/told\n',
        mode=0o755,
    )
    edge.run("systemctl", "stop", DAEMON)
    either.check()
    [alert] = alerts(edge)
    assert alert["MESSAGE"].endswith("; told by /usr/local/bin/tell")
    assert edge.read("/var/lib/smoke-check/told") == f"now /var/lib/smoke-check/status.json {CHECK} 1 {USER}\n"


# --- the sandbox, with everything working ---


def test_ping_works_where_the_kernel_lets_it(either: Site) -> None:
    assert re.fullmatch(r"[0-9.e-]+ ms", either.check().probe("ping")["details"]["icmp"])
    # Debian's own setting. The probe stays good: the greeting of the SSH port is the proof.
    either.network.hosts["edge"].run("sysctl", "-qw", "net.ipv4.ping_group_range=1 0")
    found = either.check().probe("ping")
    assert (found["outcome"], found["details"]["icmp"]) == ("pass", "not available to this user")


def test_whoever_locks_the_queue_is_named(site: Site) -> None:
    program = (
        "import sqlite3,sys; c=sqlite3.connect(sys.argv[1],isolation_level=None); c.execute('BEGIN IMMEDIATE'); "
        "print('locked',flush=True); sys.stdin.read()"
    )
    holder = site.edge.start("python3", "-c", program, sites.DATABASE, user=USER)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "locked\n"
        found = site.check().probe("database")
    finally:
        holder.kill()
        holder.communicate()
    assert found["cause"] == "database_locked"
    assert re.search(r"pid \d+ \(python3", found["summary"])


def test_a_nas_that_has_moved_is_told_from_one_that_is_silent(site: Site) -> None:
    site.network.hosts["nas"].ip("address", "add", "10.77.0.44/24", "dev", "eth0")
    site.edge.shell(f"sed -i s/10.77.0.3/10.77.0.44/ {HOME}/.ssh/config {HOME}/.ssh/known_hosts")
    found = site.check().probe("ping")
    assert (found["outcome"], found["cause"]) == ("fail", "nas_not_allowed")
    assert found["summary"] == (
        "smoke-check.service may not speak to 10.77.0.44 (10.77.0.44): it was made when the NAS had another address, "
        "and allows 10.77.0.3/32 127.0.0.0/8 ::1/128"
    )
    assert found["remedy"].startswith("make the units anew: sudo ./install.sh;")
    site.edge.run("/root/nasops/install.sh", "--no-start")
    site.edge.run("systemctl", "restart", DAEMON)
    assert site.check().status["outcome"] == "pass"


def test_a_missing_folder_is_named_by_the_check_and_stops_no_unit(site: Site) -> None:
    site.edge.shell("mv /data/temp/dji /data/temp/away")
    told = site.check()
    assert (told.result, told.exit_code) == ("exit-code", 1)  # and not 226/NAMESPACE
    assert told.probe("database")["cause"] == "database_missing"
    site.edge.shell("mv /data/temp/away /data/temp/dji; systemctl restart media-sync-daemon")
    assert site.check().status["outcome"] == "pass"


def test_folders_with_odd_names_are_granted(site: Site) -> None:
    odd = '/data/媒体 100%/"dji"\\x:y;$HOME'
    quoted = "'" + odd + "'"
    site.edge.shell(f"mkdir -p {quoted}; chown {USER}: {quoted}")
    site.configure({"local_settings": {"media_path": odd}})
    site.edge.run("/root/nasops/install.sh", "--no-start")
    site.edge.run("systemctl", "restart", DAEMON)
    told = site.check()
    assert told.outcomes == dict.fromkeys(pipeline.probe_names(), "pass")


def test_a_run_may_take_the_time_it_was_asked_to_take(site: Site) -> None:
    """More than TimeoutStartSec=: it asks systemd for it."""
    site.drop_in(
        CHECK,
        "TimeoutStartSec=3s",
        "ExecStart=",
        f"ExecStart=/usr/local/bin/smoke-check run --config {CONFIG} --max-wait-minutes 0.15",
    )
    # Rows that the daemon must not take up: it is never done.
    site.sql(
        "CREATE TRIGGER hold AFTER INSERT ON media_transfer_status BEGIN "
        "UPDATE media_transfer_status SET download_status = 'pending' WHERE id = NEW.id; END"
    )
    told = site.check()
    assert told.status["duration_seconds"] > 3.5
    assert (told.result, told.exit_code) == ("exit-code", 1)


def test_of_an_account_in_home_only_its_ssh_folder_is_shown(edge_disk: Disk, nas_disk: Disk, keys: Keys) -> None:
    with sites.site(edge_disk, nas_disk) as site:
        edge = site.edge
        edge.shell("systemctl stop media-sync-daemon; useradd --create-home --shell /bin/bash celestial")
        know_the_nas(edge, keys, user="celestial", home="/home/celestial")
        edge.write("/home/celestial/secret", "s", owner="celestial:celestial")
        edge.shell(
            "chown -R celestial: /data/temp/dji /var/lib/smoke-check /var/lib/media-sync-daemon; "
            "smoke-check units --templates /root/nasops/systemd --user celestial --prefix /opt/celestial-nasops "
            f"--into {UNITS} --config {CONFIG}; systemctl daemon-reload; systemctl start media-sync-daemon"
        )
        unit = edge.unit(CHECK)
        assert (unit["User"], unit["ProtectHome"]) == ("celestial", "tmpfs")
        told = site.check()
        assert told.outcomes == dict.fromkeys(pipeline.probe_names(), "pass")
        seen = Path(f"/proc/{site.daemon_pid()}/root/home/celestial")
        assert edge.find(str(seen), "-maxdepth", "1") == [str(seen), f"{seen}/.ssh"]
        assert ALIAS in edge.read(f"{seen}/.ssh/config")


# --- the daemon ---


def test_sigusr1_ends_the_unit_well_and_systemd_does_not_start_it_again(either: Site) -> None:
    either.signal_daemon("SIGUSR1")
    unit = either.edge.wait_for_unit(DAEMON, ActiveState="inactive", SubState="dead")
    assert (unit["Result"], unit["ExecMainStatus"], unit["NRestarts"]) == ("success", "0", "0")


def test_a_bad_configuration_is_not_tried_again(either: Site) -> None:
    either.edge.write(CONFIG, json.dumps({"testing": {"max_wait_minutes": "x"}}))
    either.edge.run("systemctl", "restart", DAEMON, check=False)
    unit = either.edge.wait_for_unit(DAEMON, ActiveState="failed")
    assert (unit["Result"], unit["ExecMainStatus"], unit["NRestarts"]) == ("exit-code", "78", "0")
    assert [record["SMOKE_CHECK_FAILED_UNIT"] for record in alerts(either.edge)] == [DAEMON]


# --- units of one user ---


def test_units_of_one_user_run_without_root(disk: Disk, nas_disk: Disk, keys: Keys) -> None:
    home = "/home/celestial"
    with sites.site(disk, nas_disk) as site:
        edge = site.edge
        edge.shell(
            "systemctl disable --now media-sync-daemon smoke-check.timer smoke-check-watch.timer; "
            "useradd --create-home --shell /bin/bash celestial; "
            # What loginctl enable-linger does, where there is a logind in the machine.
            "mkdir -p /var/lib/systemd/linger; touch /var/lib/systemd/linger/celestial; systemctl start user@1000"
        )
        know_the_nas(edge, keys, user="celestial", home=home)
        tree = sites.merged(
            json.loads(edge.read(CONFIG)),
            {
                "daemon_settings": {"supervisor": "systemd-user", "state_path": f"{home}/daemon"},
                "local_settings": {"media_path": f"{home}/media"},
                "database_settings": {"db_path": f"{home}/queue/media_status.db"},
            },
        )
        edge.write(f"{home}/config.json", json.dumps(tree))
        edge.shell(
            f"mkdir -p {home}/daemon {home}/media {home}/queue {home}/.config/systemd/user; "
            f"chown -R celestial: {home}; chmod 700 {home}/.ssh"
        )

        def own(script: str, *, check: bool = True) -> str:
            runtime = "export XDG_RUNTIME_DIR=/run/user/$(id -u)"
            return edge.shell(f"{runtime}; cd {home}; {script}", user="celestial", check=check)

        edge.wait_for_unit("user@1000.service", ActiveState="active")
        edge.run("cp", "-r", "/root/nasops/systemd", "/tmp/systemd")
        own(
            f"smoke-check units --user-units --templates /tmp/systemd --user celestial --prefix /opt/celestial-nasops "
            f"--into {home}/.config/systemd/user --config {home}/config.json; systemctl --user daemon-reload; "
            "systemctl --user enable --now media-sync-daemon smoke-check.timer smoke-check-watch.timer"
        )
        own("systemctl --user start smoke-check; systemctl --user start smoke-check-watch")
        shown = own("systemctl --user status --no-pager smoke-check", check=False)
        assert 'Status: "PASS every step from the daemon to the deletion is proven"' in shown
        own("systemctl --user stop media-sync-daemon; systemctl --user start smoke-check || true")
        shown = own("systemctl --user status --no-pager smoke-check", check=False)
        assert "FAIL daemon_status: media-sync-daemon.service is not running" in shown
        assert "-- systemctl --user start media-sync-daemon.service;" in shown
        [alert] = alerts(edge)
        assert alert["SMOKE_CHECK_FAILED_UNIT"] == CHECK
        assert alert["_SYSTEMD_USER_UNIT"] == "smoke-check-alert@smoke-check.service"
