"""The pure verdicts of ping, database and local_delete, as tables; no world is touched."""

from __future__ import annotations

from typing import Any

import pytest

from celestial_nasops import causes as shared
from celestial_nasops.fault import NasFault
from celestial_nasops.media_status_db import Backlog
from healthcheck.ledger import Debt
from healthcheck.probes import database, local_delete, ping
from healthcheck.probes.ping import Greeting

NOW = 1_737_540_900.0
DUE = "2025-01-22T10:15:00.000Z"
NAME = "smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin"
SSH = Greeting("SSH-2.0-OpenSSH_9.2", 0.0004, "10.77.0.3")
REFUSED = NasFault(shared.NAS_REFUSED, host="nas", port=22)


@pytest.mark.parametrize(
    ("seen", "echo", "outcome", "cause", "summary"),
    [
        (SSH, 0.3, "pass", None, "nas answers: 0.3 ms by ICMP, port 22 connects in 0.4 ms"),
        (SSH, None, "pass", None, "nas answers: port 22 connects in 0.4 ms"),
        (SSH, "blocked", "warn", "icmp_blocked", "nas does not answer ping, although its SSH port does"),
        (REFUSED, "blocked", "fail", "nas_refused", "nas refuses connections on port 22"),
        (REFUSED, 0.3, "fail", "nas_refused", "nas refuses connections on port 22, although it answers ping in 0.3 ms"),
        (
            Greeting("HTTP/1.1 400 Bad Request", 0.0004, "10.77.0.3"),
            0.3,
            "fail",
            "not_ssh",
            "what answers on nas port 22 is no SSH server: it says HTTP/1.1 400 Bad Request",
        ),
    ],
)
def test_ping(seen: Any, echo: float | str | None, outcome: str, cause: str | None, summary: str) -> None:
    finding = ping.judge(seen, echo, "nas", 22)
    assert (finding.outcome.value, finding.cause, finding.summary) == (outcome, cause, summary)


def backlog(**changes: Any) -> Backlog:
    values: dict[str, Any] = dict.fromkeys(
        (
            "oldest_ready_path",
            "oldest_ready_age_seconds",
            "newest_failed_path",
            "newest_failed_age_seconds",
            "newest_failed_error",
        )
    )
    return Backlog(**{**values, "ready": 0, "transferring": 0, "failed": 0, "ready_bytes": 0, **changes})


OLD_FAILURE = {"failed": 4, "newest_failed_path": "/m/b.mp4", "newest_failed_age_seconds": 90_000.0}


@pytest.mark.parametrize(
    ("changes", "outcome", "cause", "summary"),
    [
        ({}, "pass", None, "opens and takes writes; 0 file(s) wait"),
        (
            {"ready": 3, "oldest_ready_path": "/m/a.mp4", "oldest_ready_age_seconds": 7199.0},
            "pass",
            None,
            "opens and takes writes; 3 file(s) wait, the oldest for 120 min",
        ),
        (
            {"ready": 3, "oldest_ready_path": "/m/a.mp4", "oldest_ready_age_seconds": 7260.0},
            "warn",
            "backlog_old",
            "3 file(s) wait to be carried; the oldest for 121 min: /m/a.mp4",
        ),
        (OLD_FAILURE, "pass", None, "opens and takes writes; 0 file(s) wait, 4 failed earlier"),
        (
            {**OLD_FAILURE, "newest_failed_age_seconds": 600.0, "newest_failed_error": "no space"},
            "warn",
            "files_failed",
            "4 file(s) have failed for good; the newest 10 min ago: /m/b.mp4: no space",
        ),
    ],
)
def test_database(changes: dict[str, Any], outcome: str, cause: str | None, summary: str) -> None:
    finding = database.judge(
        backlog(**changes), backlog_warn_seconds=7200, failed_warn_seconds=86_400, unit="u", database="/d"
    )
    assert (finding.outcome.value, finding.cause, finding.summary) == (outcome, cause, summary)
    assert finding.details["ready"] == changes.get("ready", 0)
    assert finding.details["failed"] == changes.get("failed", 0)


def debt() -> Debt:
    return Debt(
        run_id="r",
        name=NAME,
        local_path=f"/media/{NAME}",
        size=1,
        created_at=NOW - 1810,
        remote_paths=[f"/v/{NAME}"],
        remote_path=f"/v/{NAME}",
        completed_at=NOW - 1800,
        delete_due_at=NOW,
        due="deletion",
    )


HOUR = 3600.0


@pytest.mark.parametrize(
    ("now", "gone", "shift", "outcome", "cause"),
    [
        # set ahead: it may go by the clock, or by the time that has passed
        (HOUR, 1, HOUR, "pass", None),
        (HOUR, HOUR, HOUR, "pass", None),
        (HOUR, -1, HOUR, "fail", "deleted_too_early"),
        (HOUR + 59, None, HOUR, "deferred", None),
        (HOUR + 60, None, HOUR, "fail", "delete_overdue"),
        # set back
        (-HOUR, -HOUR, -HOUR, "pass", None),
        (-HOUR, -HOUR - 1, -HOUR, "fail", "deleted_too_early"),
        (59, None, -HOUR, "deferred", None),
        (60, None, -HOUR, "fail", "delete_overdue"),
        # set back from a year that never was
        (-1000 * HOUR + 24 * HOUR + 59, None, -1000 * HOUR, "deferred", None),
        (-1000 * HOUR + 24 * HOUR + 60, None, -1000 * HOUR, "fail", "delete_overdue"),
    ],
)
def test_a_clock_that_was_set(now: float, gone: float | None, shift: float, outcome: str, cause: str | None) -> None:
    gone_at = None if gone is None else NOW + gone
    finding = local_delete.judge(debt(), NOW + now, gone_at, "right", grace_seconds=60, unit="u", shift=shift)
    assert (finding.outcome.value, finding.cause) == (outcome, cause)


@pytest.mark.parametrize(("now", "cause"), [(1800 - 600 + 59, None), (1800 - 600 + 60, "delete_overdue")])
def test_a_list_of_deletions_that_was_begun_anew(now: float, cause: str | None) -> None:
    finding = local_delete.judge(debt(), NOW + now, None, "right", grace_seconds=60, unit="u", anew_at=NOW - 600)
    assert finding.cause == cause


@pytest.mark.parametrize(
    ("now", "gone", "copy", "cause"),
    [
        (-1, None, None, None),
        (0, None, "right", "local_file_replaced"),
        (-1, -2, "right", "local_file_replaced"),
        (0, None, "missing", "copy_lost_before_delete"),
        (0, -1, "changed", "copy_lost_before_delete"),
    ],
)
def test_another_file_in_its_place(now: float, gone: float | None, copy: Any, cause: str | None) -> None:
    gone_at = None if gone is None else NOW + gone
    another = local_delete.Another("somebody", NOW)
    finding = local_delete.judge(debt(), NOW + now, gone_at, copy, grace_seconds=60, unit="u", another=another)
    assert finding.cause == cause


@pytest.mark.parametrize(
    ("now", "gone", "copy", "outcome", "cause", "summary"),
    [
        (
            -1,
            None,
            None,
            "deferred",
            None,
            f"the deletion falls due at {DUE}; the next run settles it",
        ),
        (
            59,
            None,
            None,
            "deferred",
            None,
            f"the deletion is due since {DUE}; the next run settles it",
        ),
        (
            60,
            None,
            "right",
            "fail",
            "delete_overdue",
            f"{NAME} should have been deleted 1.0 min ago and is still on this server",
        ),
        (
            60,
            None,
            "missing",
            "fail",
            "copy_lost_before_delete",
            f"the verified copy /v/{NAME} of {NAME} is missing now; the file is still on this server",
        ),
        (5, 1, "right", "pass", None, f"{NAME} was deleted after its delay of 30 min, and its copy is still right"),
        (5, -0.4, "right", "pass", None, f"{NAME} was deleted after its delay of 30 min, and its copy is still right"),
        (
            5,
            -0.6,
            "right",
            "fail",
            "deleted_too_early",
            f"{NAME} was deleted 0.6 s before its delay of 30 min was over; its copy is right",
        ),
        (
            5,
            1,
            "changed",
            "fail",
            "deleted_without_copy",
            f"{NAME} is gone from this server and its copy /v/{NAME} is changed: it exists nowhere any more",
        ),
        (
            5,
            -900,
            "missing",
            "fail",
            "deleted_without_copy",
            f"{NAME} is gone from this server and its copy /v/{NAME} is missing: it exists nowhere any more",
        ),
        (
            5,
            1,
            None,
            "fail",
            "deleted_without_copy",
            f"{NAME} is gone from this server and its copy /v/{NAME} is unknown: it exists nowhere any more",
        ),
    ],
)
def test_local_delete(now: float, gone: float | None, copy: Any, outcome: str, cause: str | None, summary: str) -> None:
    gone_at = None if gone is None else NOW + gone
    finding = local_delete.judge(debt(), NOW + now, gone_at, copy, grace_seconds=60, unit="u")
    assert (finding.outcome.value, finding.cause, finding.summary) == (outcome, cause, summary)
