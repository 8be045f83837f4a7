"""One root cause: what is one trouble, what brings about what, and what are two. Plain values, no world."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest

from celestial_nasops import language
from healthcheck import languages
from healthcheck.daemon_errors import catalogue
from healthcheck.outcome import ExitCode, Finding, Outcome, ProbeResult
from healthcheck.root_cause import troubles
from healthcheck.verdict import verdict

PROBES = ("daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete")
MEDIA = {"path": "/media", "setting": "local_settings.media_path"}
Found = tuple[str, Outcome, dict[str, Any]]


def fail(code: str, **details: Any) -> Found:
    return code, Outcome.FAIL, details


def error(code: str, **details: Any) -> Found:
    return code, Outcome.ERROR, details


def warn(code: str, **details: Any) -> Found:
    return code, Outcome.WARN, details


def results(**found: Found) -> list[ProbeResult]:
    """A run in which probes found these causes; a summary is the code in words."""
    made = []
    for name in PROBES:
        finding = Finding.good("fine")
        if name in found:
            code, outcome, details = found[name]
            assert code in catalogue()
            finding = Finding(outcome, code.replace("_", " "), code, f"mend {code}", details)
        made.append(ProbeResult(name, 0.0, 0.0, finding))
    return made


OVERDUE = fail("delete_overdue", file="x")


@pytest.mark.parametrize(
    ("found", "summary"),
    [
        # one trouble, met twice
        (
            {"ping": fail("nas_refused", host="nas"), "local_delete": error("nas_refused", host="nas")},
            "ping: nas refused; as its consequence local_delete could not be measured",
        ),
        (
            {"ping": fail("nas_silent", host="nas"), "local_delete": error("nas_connection_lost", host="nas")},
            "ping: nas silent; as its consequence local_delete could not be measured",
        ),
        (
            {"remote_verify": fail("nas_key_refused", host="nas"), "local_delete": error("nas_key_refused")},
            "remote_verify: nas key refused; as its consequence local_delete could not be measured",
        ),
        # the same kind of trouble with two things is two
        (
            {"ping": fail("nas_refused", host="nas"), "local_delete": error("nas_refused", host="other")},
            "ping: nas refused; also local_delete: nas refused",
        ),
        # a daemon that does not work
        (
            {"daemon_status": fail("daemon_dead"), "local_delete": OVERDUE},
            "daemon_status: daemon dead; as its consequence local_delete: delete overdue",
        ),
        (
            {"daemon_status": fail("daemon_hung"), "database": warn("backlog_old"), "local_delete": OVERDUE},
            "daemon_status: daemon hung; as its consequence database: backlog old"
            "; as its consequence local_delete: delete overdue",
        ),
        (
            {"daemon_status": fail("daemon_dead"), "ping": fail("nas_refused", host="nas")},
            "daemon_status: daemon dead; also ping: nas refused",
        ),
        (
            {
                "daemon_status": fail("daemon_dead"),
                "ping": fail("nas_refused", host="nas"),
                "local_delete": error("nas_silent", host="nas"),
            },
            "daemon_status: daemon dead; also ping: nas refused; as its consequence local_delete could not be measured",
        ),
        # the database, seen by the daemon and by the check
        (
            {
                "daemon_status": fail(
                    "daemon_failed", result="exit-code", last_error="[database_missing] there is none"
                ),
                "database": fail("database_missing", path="/q"),
            },
            "database: database missing; as its consequence daemon_status: daemon failed",
        ),
        (
            {
                "daemon_status": fail(
                    "daemon_failed", result="oom-kill", last_error="[database_missing] there is none"
                ),
                "database": fail("database_missing", path="/q"),
            },
            "daemon_status: daemon failed; also database: database missing",
        ),
        (
            {
                "daemon_status": fail("daemon_failed", result="exit-code", last_error="[nas_refused] nas refuses"),
                "ping": fail("nas_refused", host="nas"),
            },
            "daemon_status: daemon failed; also ping: nas refused",
        ),
        (
            {
                "daemon_status": fail("daemon_hung", pid="47"),
                "database": fail("database_locked", path="/q", holder="pid 47 (python)"),
            },
            "daemon_status: daemon hung; as its consequence database: database locked",
        ),
        (
            {
                "daemon_status": fail("daemon_hung", pid="47"),
                "database": fail("database_locked", path="/q", holder="pid 471 (sqlite3)"),
            },
            "daemon_status: daemon hung; also database: database locked",
        ),
        # the NAS's disk
        (
            {
                "database": warn("files_failed", newest_failed_error="[nas_disk_full] no space"),
                "remote_verify": fail("nas_disk_full"),
            },
            "remote_verify: nas disk full; as its consequence database: files failed",
        ),
        # the media folder
        (
            {"file_insert": fail("folder_read_only", **MEDIA), "local_delete": OVERDUE},
            "file_insert: folder read only; as its consequence local_delete: delete overdue",
        ),
        (
            {"file_insert": fail("folder_missing", **MEDIA), "local_delete": error("media_folder_away")},
            "file_insert: folder missing; as its consequence local_delete: media folder away",
        ),
        # a full disk does not keep anybody from deleting
        (
            {"file_insert": fail("folder_full", **MEDIA), "local_delete": OVERDUE},
            "file_insert: folder full; also local_delete: delete overdue",
        ),
        # a warning may be the root of a failure
        (
            {"daemon_status": warn("daemon_cannot_write_state"), "local_delete": OVERDUE},
            "daemon_status: daemon cannot write state; as its consequence local_delete: delete overdue",
        ),
        # what says that media are in danger is never explained away
        (
            {"daemon_status": warn("daemon_stale_config"), "local_delete": fail("deleted_without_copy")},
            "local_delete: deleted without copy",
        ),
        (
            {"daemon_status": fail("daemon_dead"), "local_delete": fail("deleted_without_copy")},
            "daemon_status: daemon dead; also local_delete: deleted without copy",
        ),
        # an unrelated warning waits until the failure is mended
        ({"ping": warn("icmp_blocked"), "database": fail("database_corrupt", path="/q")}, "database: database corrupt"),
    ],
)
def test_the_summary(found: dict[str, Found], summary: str) -> None:
    assert verdict(results(**found)).summary == summary


STATE = {"path": "/state", "setting": "daemon_settings.state_path"}
QUEUE = {"path": "/queue", "setting": "database_settings.db_path"}
LATE = "local_delete: delete overdue"
NOT_TAKEN = fail("not_picked_up", file="x")
WRONG_PATH = fail("copy_wrong_path", file="x")


# Each rule of the table with what it explains, and beside it what is near to that and is a trouble of its own.
@pytest.mark.parametrize(
    ("root", "explained", "another"),
    [
        pytest.param(
            {"daemon_status": fail("daemon_inactive")},
            {"remote_verify": NOT_TAKEN},
            {"remote_verify": WRONG_PATH},
            id="down",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_paused")}, {"local_delete": OVERDUE}, {"ping": fail("not_ssh")}, id="paused"
        ),
        pytest.param(
            {"daemon_status": fail("daemon_hung", pid="4")},
            {"database": fail("database_locked", holder="pid 4 (python)")},
            {"database": fail("database_locked", holder="pid 47 (python)")},
            id="hung",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_stale_config")},
            {"remote_verify": WRONG_PATH},
            {"local_delete": fail("deleted_too_early")},
            id="stale configuration",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_stale_config")},
            {"local_delete": OVERDUE},
            {"local_delete": fail("deleted_without_copy")},
            id="stale configuration of deletions",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_wrong_database")},
            {"database": warn("backlog_old")},
            {"local_delete": fail("deleted_without_copy")},
            id="wrong database",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_other_config")},
            {"remote_verify": WRONG_PATH},
            {"remote_verify": fail("copy_wrong_content")},
            id="other configuration",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_wrong_user")},
            {"database": fail("database_no_permission", path="/q")},
            {"database": fail("database_corrupt", path="/q")},
            id="wrong user",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_stale_code")},
            {"remote_verify": NOT_TAKEN},
            {"remote_verify": fail("copy_wrong_content")},
            id="stale code",
        ),
        pytest.param(
            {"daemon_status": fail("daemon_cannot_write_state")},
            {"local_delete": OVERDUE},
            {"remote_verify": NOT_TAKEN},
            id="state",
        ),
        pytest.param(
            {"daemon_status": fail("pending_deletes_unsaved")},
            {"local_delete": OVERDUE},
            {"remote_verify": WRONG_PATH},
            id="list",
        ),
        pytest.param(
            {"daemon_status": fail("folder_sandboxed", **STATE)},
            {"local_delete": OVERDUE},
            {"local_delete": error("media_folder_away")},
            id="state folder",
        ),
        pytest.param(
            {"file_insert": fail("folder_missing", **MEDIA)},
            {"local_delete": error("media_folder_away")},
            {"database": fail("database_corrupt")},
            id="media folder",
        ),
        *(
            pytest.param(
                {"remote_verify": fail(code)}, {"database": fail("backlog_old")}, {"local_delete": OVERDUE}, id=code
            )
            for code in (
                "nas_silent",
                "database_locked",
                "nas_key_refused",
                "nas_read_only",
                "stuck_half_way",
                "transfer_retrying",
            )
        ),
    ],
)
def test_a_rule_explains_what_it_is_for_and_nothing_beside_it(
    root: dict[str, Found], explained: dict[str, Found], another: dict[str, Found]
) -> None:
    [trouble] = troubles(results(**root, **explained))
    [(name, (code, _, _))] = root.items()
    assert (trouble.root.name, trouble.root.finding.cause) == (name, code)
    assert [one.result.name for one in trouble.consequences] == list(explained)
    assert verdict(results(**root, **explained)).summary.count(code.replace("_", " ")) == 1
    first, second = troubles(results(**root, **another))
    assert (first.consequences, second.consequences) == ((), ())
    told = verdict(results(**root, **another)).summary
    for probe, (other, _, _) in (root | another).items():
        assert f"{probe}: {other.replace('_', ' ')}" in told


@pytest.mark.parametrize(
    ("found", "summary"),
    [
        # The same fault of a folder that has nothing to do with it.
        ({"database": fail("folder_read_only", **QUEUE), "local_delete": OVERDUE}, "database: folder read only"),
        ({"database": fail("folder_missing", **QUEUE), "local_delete": OVERDUE}, "database: folder missing"),
        # A database that is read-only by its mode, beside media that may well be deleted.
        (
            {"database": fail("database_read_only"), "local_delete": OVERDUE},
            "database: database read only",
        ),
    ],
)
def test_a_rule_with_a_condition_needs_it(found: dict[str, Found], summary: str) -> None:
    assert verdict(results(**found)).summary == f"{summary}; also {LATE}"


def test_a_warning_that_is_the_root_of_a_failure_fails_the_run_and_leads_to_its_remedy() -> None:
    found = verdict(results(daemon_status=warn("daemon_cannot_write_state"), local_delete=OVERDUE))
    assert (found.outcome, found.exit_code) == (Outcome.FAIL, ExitCode.FAILED)
    assert found.root is not None
    assert found.root.name == "daemon_status"


@pytest.fixture
def chinese() -> Iterator[None]:
    languages.use("zh", {})
    yield
    language.speak(None)


@pytest.mark.usefixtures("chinese")
def test_the_summary_in_chinese() -> None:
    ping, overdue = fail("nas_refused", host="nas"), OVERDUE
    found = verdict(results(daemon_status=fail("daemon_dead"), ping=ping, local_delete=overdue))
    assert found.summary == (
        "daemon_status：daemon dead；由此导致 local_delete：delete overdue；另外 ping：nas refused"
    )


def test_every_pair_of_causes_is_a_trouble_or_two_and_never_none() -> None:
    codes = sorted(catalogue())
    for first, second in itertools.product(codes, codes):
        found = troubles(results(ping=fail(first, **MEDIA), database=fail(second, **MEDIA)))
        assert sum(1 + len(trouble.consequences) for trouble in found) == 2, (first, second)
