"""What systemd tells of the daemon's unit, and the user whom it runs as, as a table."""

from __future__ import annotations

import pytest

from healthcheck import daemon_unit
from healthcheck.outcome import Finding, Outcome

UNIT = "media-sync-daemon.service"
NOW = 1_737_540_900.0
RUNNING = {
    "LoadState": "loaded",
    "ActiveState": "active",
    "SubState": "running",
    "Result": "success",
    "ExecMainCode": "0",
    "ExecMainStatus": "0",
    "ExecMainStartTimestamp": f"@{NOW - 3600:.0f}",
    "MainPID": "42",
    "NRestarts": "0",
    "StatusText": "idle",
}

FAILED = {"ActiveState": "failed", "SubState": "failed"}
AGAIN = {"ActiveState": "activating", "SubState": "auto-restart", "Result": "exit-code", "ExecMainCode": "1"}
AGAIN["ExecMainStatus"] = "1"
KILLED = {"Result": "signal", "ExecMainCode": "2", "ExecMainStatus": "9"}


def judged(error: str = "disk on fire", own_user: str = "", **changes: str) -> tuple[str, str | None, str] | None:
    finding = daemon_unit.judge(RUNNING | changes, NOW, UNIT, lambda: error, own_user)
    return None if finding is None else (finding.outcome.value, finding.cause, finding.summary)


def test_active_and_running_is_well() -> None:
    assert judged() is None
    assert judged(ActiveState="reloading", SubState="reload") is None
    assert judged(NRestarts="[not set]") is None
    assert judged(NRestarts="5") is None  # crashed some time ago, and has run for an hour since


@pytest.mark.parametrize(
    ("changes", "outcome", "cause", "summary"),
    [
        (
            {"LoadState": "not-found", "ActiveState": "inactive", "SubState": "dead"},
            "fail",
            "daemon_not_found",
            f"systemd knows no unit {UNIT}",
        ),
        (
            {"LoadState": "masked", "ActiveState": "inactive", "SubState": "dead"},
            "fail",
            "daemon_masked",
            f"{UNIT} is masked, so it can't be started",
        ),
        (
            {"ActiveState": "inactive", "SubState": "dead"},
            "fail",
            "daemon_inactive",
            f"{UNIT} is not running (inactive, dead)",
        ),
        (
            {"ActiveState": "active", "SubState": "exited"},
            "fail",
            "daemon_inactive",
            f"{UNIT} is not running (active, exited)",
        ),
        (
            FAILED | {"Result": "exit-code", "ExecMainCode": "1", "ExecMainStatus": "78"},
            "fail",
            "daemon_failed",
            f"{UNIT} has failed (exit-code, exit code 78); its last error: disk on fire",
        ),
        (
            FAILED | {"Result": "oom-kill", "ExecMainCode": "2", "ExecMainStatus": "9"},
            "fail",
            "daemon_out_of_memory",
            f"{UNIT} was killed because memory ran out (oom-kill) and is now failed, failed",
        ),
        (
            AGAIN | KILLED | {"Result": "oom-kill", "NRestarts": "4"},
            "fail",
            "daemon_out_of_memory",
            f"{UNIT} was killed because memory ran out (oom-kill) and is now activating, auto-restart",
        ),
        (
            FAILED | KILLED,
            "fail",
            "daemon_killed",
            f"{UNIT} was killed by signal 9 (signal) and is now failed, failed",
        ),
        (
            AGAIN | KILLED | {"Result": "watchdog", "ExecMainStatus": "6"},
            "fail",
            "daemon_killed",
            f"{UNIT} was killed by signal 6 (watchdog) and is now activating, auto-restart",
        ),
        (
            AGAIN | KILLED | {"NRestarts": "1"},
            "fail",
            "daemon_crash_loop",
            f"{UNIT} keeps crashing: 1 restart(s), activating, auto-restart (signal, signal 9); "
            "its last error: disk on fire",
        ),
        (
            AGAIN,
            "fail",
            "daemon_ended",
            f"{UNIT} has ended by itself and is to be started again: activating, auto-restart "
            "(exit-code, exit code 1); its last error: disk on fire",
        ),
        (
            AGAIN | {"NRestarts": "7"},
            "fail",
            "daemon_crash_loop",
            f"{UNIT} keeps crashing: 7 restart(s), activating, auto-restart (exit-code, exit code 1); "
            "its last error: disk on fire",
        ),
        # between two starts: at the second, and at a later one
        (
            {"ActiveState": "activating", "SubState": "start", "NRestarts": "1"},
            "fail",
            "daemon_ended",
            f"{UNIT} has ended by itself and is to be started again: activating, start; its last error: disk on fire",
        ),
        (
            {"ActiveState": "activating", "SubState": "start-pre", "NRestarts": "2"},
            "fail",
            "daemon_crash_loop",
            f"{UNIT} keeps crashing: 2 restart(s), activating, start-pre; its last error: disk on fire",
        ),
        (
            {"NRestarts": "7", "ExecMainStartTimestamp": f"@{NOW - 3:.0f}"},
            "fail",
            "daemon_crash_loop",
            f"{UNIT} keeps crashing: 7 restart(s), running for 3.00 s only; its last error: disk on fire",
        ),
        (
            {"ActiveState": "activating", "SubState": "start"},
            "fail",
            "daemon_starting",
            f"{UNIT} is activating, start, not running yet",
        ),
        (
            {"ActiveState": ""},
            "error",
            "systemd_unavailable",
            f"systemd could not be asked about {UNIT}: it told no ActiveState",
        ),
    ],
)
def test_units_that_are_not_well(changes: dict[str, str], outcome: str, cause: str, summary: str) -> None:
    assert judged(**changes) == (outcome, cause, summary)


# --- its user ---

REFUSED = "[folder_no_permission] user dock may not write in /data; give the folder to that user: sudo chown dock /data"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (AGAIN | {"User": "dock"}, REFUSED),
        (AGAIN | {"User": "dock", "NRestarts": "7"}, REFUSED),
        (FAILED | {"User": "dock"}, "PermissionError: [Errno 13] Permission denied: '/data'"),
        ({"ActiveState": "activating", "SubState": "start", "NRestarts": "3", "User": "dock"}, REFUSED),
        (AGAIN | {"User": "dock", "ExecMainStatus": "217"}, "Failed at step USER spawning x: No such process"),
    ],
)
def test_a_daemon_that_may_not_do_its_work_as_another_user_has_the_wrong_user(
    changes: dict[str, str], error: str
) -> None:
    told = error.partition("; give the folder")[0]  # which would be the wrong thing to do
    summary = f"{UNIT} is run as user dock, and this check as media-sync: its last error: {told}"
    assert judged(error, "media-sync", **changes) == ("fail", "daemon_wrong_user", summary)


@pytest.mark.parametrize(
    ("changes", "error", "own_user"),
    [
        (AGAIN | {"User": "media-sync"}, REFUSED, "media-sync"),
        (AGAIN, REFUSED, "media-sync"),  # not told
        (AGAIN | {"User": "dock"}, "disk on fire", "media-sync"),
        (AGAIN | {"User": "dock"}, REFUSED, ""),  # the check is root's, or the user's own systemd was asked
    ],
)
def test_what_has_nothing_to_do_with_the_user_is_not_explained_by_it(
    changes: dict[str, str], error: str, own_user: str
) -> None:
    found = judged(error, own_user, **changes)
    assert found is not None
    assert found[1] == "daemon_ended"


def with_user(user: str | None, *, found: Finding | None = None, own: str = "media-sync", is_ours: bool = True) -> str:
    finding = daemon_unit.judge_user(found or Finding.good("fine"), user, UNIT, own, is_ours=is_ours)
    return f"{finding.outcome}: {finding.summary}"


def test_a_daemon_that_works_as_another_user_is_a_warning() -> None:
    told = (
        f"{UNIT} is run as user dock, and this check as media-sync: what the one leaves beside the queue, the other "
        "can't use"
    )
    assert with_user("dock") == f"warn: {told}"
    assert with_user("root") == f"warn: {told.replace('dock', 'root')}"
    assert with_user("dock", found=Finding(Outcome.FAIL, "hung")) == "fail: hung"
    assert with_user("media-sync") == with_user(None) == with_user("dock", own="") == "pass: fine"
    assert with_user("root", is_ours=False) == "pass: fine"  # what it leaves, all can use


@pytest.mark.parametrize(
    ("changes", "between"),
    [
        ({}, False),
        ({"ActiveState": "deactivating", "SubState": "stop-sigterm", "Job": "7"}, True),
        ({"ActiveState": "inactive", "SubState": "dead", "Job": "7"}, True),
        ({"ActiveState": "activating", "SubState": "start", "Job": "7"}, True),
        ({"ActiveState": "activating", "SubState": "start-pre"}, True),
        ({"ActiveState": "activating", "SubState": "start-pre", "NRestarts": "1", "Job": "7"}, False),
        ({"ActiveState": "activating", "SubState": "auto-restart", "Job": "7"}, False),
        ({"ActiveState": "inactive", "SubState": "dead"}, False),
        ({"ActiveState": "inactive", "SubState": "dead", "Job": "0"}, False),
        ({"ActiveState": "failed", "SubState": "failed", "Job": "[not set]"}, False),
    ],
)
def test_a_unit_that_is_about_to_be_another_thing(changes: dict[str, str], between: bool) -> None:
    assert daemon_unit.is_between(RUNNING | changes) is between
