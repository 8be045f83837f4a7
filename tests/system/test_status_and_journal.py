"""What an operator reads of a run on a booted machine: ``systemctl status`` and the journal, on both Debians."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from celestial_nasops import daemon_events
from celestial_nasops.journal import Event
from healthcheck import events, pipeline
from healthcheck.catalogue import BY_CODE
from tests.system.pair import BASE_PATH
from tests.system.product import CHECKOUT
from tests.system.site import CHECK, CONFIG, DAEMON, MEDIA, USER, Site
from tests.system.words import alerts, status_of

NAME = "20250122_101500_x.mp4"  # of the document
JOURNAL_DOCUMENT = CHECKOUT / "docs" / "journal.md"


# --- systemctl status ---


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
        kind = events.of_cause(written["cause"]) if written["cause"] else events.PROBE_FINISHED
        assert record["MESSAGE_ID"] == kind.message_id
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


def carry_whatever_may_happen(site: Site) -> None:
    """A file that is deleted late, one that is not there, one that is tried again, and a NAS that is away."""
    site.edge.run("chmod", "555", MEDIA)
    site.put(NAME)
    lines_of(site, daemon_events.FILE_KEPT, 1)
    site.edge.run("chmod", "755", MEDIA)
    lines_of(site, daemon_events.FILE_DELETED, 1)
    queued = "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status) VALUES "
    site.sql(f"{queued} ('{MEDIA}/gone.mp4', 'gone.mp4', 1, 'completed')")
    lines_of(site, daemon_events.FILE_FAILED, 1)
    site.edge.shell(f"echo >{MEDIA}/odd.mp4; chown {USER}: {MEDIA}/odd.mp4")
    site.sql(f"{queued} ('{MEDIA}/odd.mp4', 'odd.mp4', 2, 'completed')")
    lines_of(site, daemon_events.FILE_PUT_OFF, 1)
    site.nas.run("systemctl", "stop", "ssh.service")
    site.edge.run("systemctl", "restart", DAEMON)  # its open connection outlives that
    site.put("20250122_101501_x.mp4")
    lines_of(site, daemon_events.NAS_AWAY, 1)


def lines_of(site: Site, event: Event, count: int) -> list[dict[str, Any]]:
    """Wait until there are so many records of a kind."""
    match = f"MESSAGE_ID={event.message_id}"
    site.edge.wait_for_journal(lambda: len(site.edge.records(match)) >= count, match)
    return site.edge.records(match)


def test_a_file_that_arrives_is_one_line_with_its_fields(either: Site) -> None:
    path = either.put(NAME)
    sha256 = hashlib.sha256(either.edge.path(path).read_bytes()).hexdigest()
    [deleted] = lines_of(either, daemon_events.FILE_DELETED, 1)
    sent, *others = either.edge.records(f"FILE_PATH={path}")
    assert others == [deleted]  # nothing else is said of it
    [row_id] = either.sql("SELECT id FROM media_transfer_status")
    copy = f"{BASE_PATH}/EdgeBackup/2025/01/22/{NAME}"
    common = {"FILE_PATH": path, "REMOTE_PATH": copy, "FILE_SIZE": str(size_of(0.1)), "SHA256": sha256}
    common |= {"VERIFICATION_LEVEL": "hash", "_SYSTEMD_UNIT": DAEMON, "PRIORITY": "6", "_TRANSPORT": "journal"}
    assert common.items() <= sent.items()
    assert common.items() <= deleted.items()
    assert (sent["MESSAGE_ID"], sent["ROW_ID"]) == (daemon_events.FILE_SENT.message_id, row_id)
    assert 0 < float(sent["SECONDS"]) < 30
    assert int(sent["RATE"]) > 0
    assert re.fullmatch(rf"sent {path} to {copy} \({size_of(0.1)} bytes, \d+\.\d s\)", sent["MESSAGE"])
    assert deleted["MESSAGE"] == f"deleted {path}; its copy {copy} is right"
    # Its last word has its unit, too, though its sender is gone.
    either.edge.run("systemctl", "stop", DAEMON)
    [last] = either.edge.records("SYSLOG_IDENTIFIER=media-sync-daemon", "MESSAGE=stopped", f"_SYSTEMD_UNIT={DAEMON}")
    assert last["PRIORITY"] == "6"


def test_the_daemon_names_the_account_of_its_commands_as_the_check_does(either: Site) -> None:
    either.nas.run("systemctl", "stop", "ssh.service")
    either.edge.run("systemctl", "restart", DAEMON)  # its open connection outlives that
    either.put(NAME)
    [away] = lines_of(either, daemon_events.NAS_AWAY, 1)
    assert away["REMEDY"] == either.check().probe("ping")["remedy"]
    assert f": sudo -u {USER} ssh -v " in away["REMEDY"]
    assert away["MESSAGE"].endswith(f"; {away['REMEDY']}")


def size_of(megabytes: float) -> int:
    return int(megabytes * (1 << 20))


def test_the_examples_of_the_document_find_something(either: Site) -> None:
    either.check()
    carry_whatever_may_happen(either)
    either.check()
    assert [record["SMOKE_CHECK_FAILED_UNIT"] for record in alerts(either.edge)] == [CHECK]
    commands = examples()
    assert len(commands) >= 18
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
    # A probe that failed is explained by its cause, in the language of whoever asks.
    either.nas.run("systemctl", "stop", "ssh.service")
    either.check()
    entry = BY_CODE["nas_refused"]
    explained = edge.journal("-x", "SMOKE_CHECK_CAUSE=nas_refused", "SMOKE_CHECK_PROBE=ping", "-n", "1")
    assert f"Subject: {entry.en.title} [nas_refused]" in explained
    assert entry.en.explanation in " ".join(re.sub("░░ ?", "", explained).split())
    assert entry.cause.remedy in explained
    edge.shell("cp -r /usr/lib/locale/C.utf8 /usr/lib/locale/zh_CN.utf8")  # a locale of that name, as good as one
    argv = ("journalctl", "--no-pager", "-x", "SMOKE_CHECK_CAUSE=nas_refused", "SMOKE_CHECK_PROBE=ping", "-n", "1")
    explained = edge.run("env", "LC_ALL=zh_CN.UTF-8", *argv).stdout
    assert f"Subject: {entry.zh.title} [nas_refused]" in explained
    assert entry.zh.explanation in explained
    assert entry.zh.remedy in explained


def test_the_document_names_every_field_and_id(either: Site) -> None:
    text = JOURNAL_DOCUMENT.read_text()
    carry_whatever_may_happen(either)
    carried = either.edge.records("SYSLOG_IDENTIFIER=media-sync-daemon")
    told = {name for record in carried for name in record if not name.startswith(("_", "SYSLOG_"))}
    assert [name for name in sorted(told) if f"| `{name}` |" not in text] == ["MESSAGE", "PRIORITY"]
    assert {"CAUSE", "REMEDY", "RETRY_SECONDS", "RETRIES_LEFT", "SHA256", "SECONDS"} <= told
    either.edge.run("systemctl", "stop", DAEMON)
    either.check()
    assert len(alerts(either.edge)) == 1
    records = either.edge.records("SYSLOG_IDENTIFIER=smoke-check")
    seen = {name for record in records for name in record if name.startswith("SMOKE_CHECK_")}
    assert [name for name in sorted(seen) if f"| `{name}` |" not in text] == []
    assert re.findall(r"`([0-9a-f]{32})`", text) == [event.message_id for event in events.all_events().values()]
