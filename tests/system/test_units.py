"""The units on booted machines: what systemd makes of them, and what an operator sees of a run, on both Debians."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from healthcheck import events, pipeline
from tests.system import roots
from tests.system import site as sites
from tests.system.machines import Machine
from tests.system.pair import ALIAS, Keys, know_the_nas, pair
from tests.system.product import CHECKOUT, bundle
from tests.system.roots import Disk
from tests.system.site import CHECK, CONFIG, DAEMON, HOME, USER, Site

UNITS = "/etc/systemd/system"
WATCH = "smoke-check-watch.service"
JOURNAL_DOCUMENT = CHECKOUT / "docs" / "journal.md"


@pytest.fixture(scope="module", params=[roots.BOOKWORM, roots.TRIXIE])
def disk(request: pytest.FixtureRequest, nas_disk: Disk, keys: Keys) -> Iterator[Disk]:
    """The disk of a watched edge server, of either Debian."""
    if request.param == roots.BOOKWORM:
        yield request.getfixturevalue("edge_disk")
        return
    with pair(roots.root(request.param), nas_disk) as both:
        sites.install(both.edge, keys, bundle(request.param))
        both.edge.stop()
        yield both.edge.disk()


@pytest.fixture
def either(disk: Disk, nas_disk: Disk) -> Iterator[Site]:
    """A watched site, with systemd 252 and with 257."""
    with sites.site(disk, nas_disk) as booted:
        yield booted


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


def alerts(edge: Machine) -> list[dict[str, Any]]:
    """The records of alerts, once there is one."""
    matches = (f"MESSAGE_ID={events.ALERT.message_id}",)
    edge.wait_for_journal(lambda: edge.records(*matches), *matches)
    return edge.records(*matches)


# --- systemctl status ---


def status_of(edge: Machine, unit: str = CHECK) -> tuple[str, list[str]]:
    """The Status line that ``systemctl status`` shows, and the messages of its log lines."""
    shown = edge.run("systemctl", "status", "--no-pager", unit, check=False).stdout
    head, _, log = shown.partition("\n\n")
    line = re.search(r'^ +Status: "(.*)"$', head, re.MULTILINE)
    assert line is not None, shown
    return line[1], [re.sub(r"^.*? edge \S+?\[\d+\]: ", "", one) for one in log.splitlines()]


def test_a_red_run_is_told_whole_at_a_glance_and_hours_later(either: Site) -> None:
    edge = either.edge
    either.nas.run("systemctl", "stop", "ssh.service")
    told = either.check()
    assert (told.result, told.exit_code) == ("exit-code", 1)
    line, log = status_of(edge)
    remedy = told.probe("ping")["remedy"]
    verdict = f"FAIL ping: {told.probe('ping')['summary']} -- {remedy}"
    assert line == verdict
    assert remedy.startswith("see that SSH is on")
    assert [entry.partition(":")[0] for entry in log[:6]] == pipeline.probe_names()
    assert log[1] == f"ping: FAIL [nas_refused] {told.probe('ping')['summary']} -- {remedy}"
    assert log[3] == "file_insert: SKIPPED because of ping"
    assert log[6] == f"verdict: {verdict}"
    assert log[7] == "smoke-check.service: Main process exited, code=exited, status=1/FAILURE"
    assert log[8] == "smoke-check.service: Failed with result 'exit-code'."
    assert log[9].startswith("Failed to start smoke-check.service")
    assert len(log) == 10
    # Hours later other programs have said a lot, the files of the journal were changed, and systemd was reloaded.
    edge.shell("seq 5000 | systemd-cat -t chatter; journalctl --rotate; seq 5000 | systemd-cat -t chatter")
    edge.run("systemctl", "daemon-reload")
    assert status_of(edge) == (line, log)


def test_a_green_run_is_told_whole_and_by_nobody_else(either: Site) -> None:
    told = either.check()
    assert (told.result, told.exit_code) == ("success", 0)
    line, log = status_of(either.edge)
    assert line == "PASS every step from the daemon to the deletion is proven"
    assert [entry.partition(":")[0] for entry in log[1:7]] == pipeline.probe_names()
    run_id = told.status["run_id"]
    assert re.fullmatch(rf"run {run_id} begins, smoke-check \S+", log[0])
    assert log[7:] == ["verdict: PASS every step from the daemon to the deletion is proven"]


def test_a_bad_configuration_is_in_the_status_line_too(either: Site) -> None:
    either.edge.write(CONFIG, "{")
    either.edge.run("systemctl", "start", CHECK, check=False)
    unit = either.edge.unit(CHECK)
    assert (unit["Result"], unit["ExecMainStatus"]) == ("exit-code", "78")
    line, log = status_of(either.edge)
    assert CONFIG in line
    assert any(CONFIG in entry for entry in log)
    [alert] = alerts(either.edge)
    assert alert["MESSAGE"] == (
        "smoke-check.service has failed (exit-code, exit status 78) -- systemctl status smoke-check.service"
    )


# --- the journal ---


def test_every_record_has_its_fields_and_its_unit(either: Site) -> None:
    either.edge.run("systemctl", "stop", DAEMON)
    for _ in range(12):  # more than systemd would let an ordinary unit start in a row
        told = either.check()
        assert (told.result, told.exit_code) == ("exit-code", 1)
    ids = [told.status["run_id"]]
    records = either.edge.records(f"SMOKE_CHECK_RUN_ID={ids[0]}")
    assert {record["_SYSTEMD_UNIT"] for record in records if record["_COMM"] == "smoke-check"} == {CHECK}
    probes = {record["SMOKE_CHECK_PROBE"]: record for record in records if "SMOKE_CHECK_PROBE" in record}
    assert list(probes) == pipeline.probe_names()
    for name, record in probes.items():
        written = told.probe(name)
        assert record["MESSAGE_ID"] == events.PROBE_FINISHED.message_id
        assert record["SMOKE_CHECK_OUTCOME"] == written["outcome"]
        assert record.get("SMOKE_CHECK_CAUSE") == written["cause"]
        assert float(record["SMOKE_CHECK_DURATION_SECONDS"]) == written["duration_seconds"]
    verdicts = either.edge.records(f"MESSAGE_ID={events.RUN_ENDED.message_id}", "SMOKE_CHECK_EXIT_CODE=1")
    assert len(verdicts) == 12
    assert {record.get("_SYSTEMD_UNIT") for record in verdicts} == {CHECK}
    # Each line once: what goes to the journal's socket does not go to standard output as well.
    lines = either.edge.records(f"_SYSTEMD_INVOCATION_ID={told.invocation}")
    assert [line["_TRANSPORT"] for line in lines] == ["journal"] * 8


def examples() -> list[str]:
    """The commands of docs/journal.md."""
    return re.findall(r"^    (journalctl .*)$", JOURNAL_DOCUMENT.read_text(), re.MULTILINE)


def test_the_examples_of_the_document_find_something(either: Site) -> None:
    either.check()
    either.nas.run("systemctl", "stop", "ssh.service")
    either.check()
    assert [record["SMOKE_CHECK_FAILED_UNIT"] for record in alerts(either.edge)] == [CHECK]
    commands = examples()
    assert len(commands) >= 10
    for command in commands:
        done = either.edge.run("bash", "-o", "pipefail", "-c", command)
        assert done.stdout.strip(), command
        assert "No entries" not in done.stdout + done.stderr, command


def test_journalctl_x_explains_every_kind_of_event(either: Site) -> None:
    edge = either.edge
    for event in events.all_events().values():
        told = edge.run("journalctl", "--dump-catalog", event.message_id).stdout
        assert f"Subject: {event.title}\n" in told
        assert event.meaning in told
    either.check()
    explained = edge.journal("-x", f"MESSAGE_ID={events.RUN_ENDED.message_id}", "-n", "1")
    run_id = either.told().status["run_id"]
    assert "Subject: The smoke check's verdict: pass" in explained
    assert f"journalctl -u smoke-check SMOKE_CHECK_RUN_ID={run_id}" in explained


def test_the_document_names_every_field_and_id(either: Site) -> None:
    text = JOURNAL_DOCUMENT.read_text()
    either.edge.run("systemctl", "stop", DAEMON)
    either.check()
    assert len(alerts(either.edge)) == 1
    records = either.edge.records("SYSLOG_IDENTIFIER=smoke-check")
    seen = {name for record in records for name in record if name.startswith("SMOKE_CHECK_")}
    assert [name for name in sorted(seen) if f"| `{name}` |" not in text] == []
    assert re.findall(r"`([0-9a-f]{32})`", text) == [event.message_id for event in events.all_events().values()]


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
        "and allows 127.0.0.0/8 ::1/128 10.77.0.3/32"
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
        own("systemctl --user start smoke-check smoke-check-watch")
        shown = own("systemctl --user status --no-pager smoke-check", check=False)
        assert 'Status: "PASS every step from the daemon to the deletion is proven"' in shown
        own("systemctl --user stop media-sync-daemon; systemctl --user start smoke-check || true")
        shown = own("systemctl --user status --no-pager smoke-check", check=False)
        assert "FAIL daemon_status: media-sync-daemon.service is not running" in shown
        assert "-- systemctl --user start media-sync-daemon.service;" in shown
        [alert] = alerts(edge)
        assert alert["SMOKE_CHECK_FAILED_UNIT"] == CHECK
        assert alert["_SYSTEMD_USER_UNIT"] == "smoke-check-alert@smoke-check.service"
