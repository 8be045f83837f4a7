"""What a file that was not done in time amounts to, as a table: stuck, or only late."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from celestial_nasops import daemon_state
from celestial_nasops.daemon_state import DaemonState, InHand
from celestial_nasops.media_status_db import FileRecord
from healthcheck.context import Followed
from healthcheck.daemon_progress import DaemonProgress
from healthcheck.ledger import Debt
from healthcheck.marked_file import MarkedFile
from healthcheck.unfinished import Evidence, judge_unfinished

NOW = 1_737_540_900.0
NAME = "smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin"
SITE = {"unit": "u.service", "database": "/d", "base": "/b", "folder": "/b"}
WAITED = 900.0
STUCK = "the daemon took {name} {seconds} s ago and has not finished it"
SLOW = "{name} is on its way and was not done within 900 s: {done} of 1024 bytes"
RESTARTED = (
    "the daemon was restarted or ended {seconds} s ago, while {name} waited for it, which is too short to judge it"
)
UNTOUCHED = "the daemon did not touch {name} within 900 s, and nothing else was in its hands"
DAEMON = DaemonState(
    pid=1,
    process_start_ticks=1,
    started_at=0.0,
    version="",
    code_path="",
    code_fingerprint="",
    config_path="",
    config_fingerprint="",
    heartbeat_at=0.0,
    heartbeat_boottime=0.0,
    heartbeat_seconds=1.0,
)


def unfinished(
    status: str, evidence: Evidence, *, taken: float | None = None, waited: float = WAITED, error: str | None = None
) -> Any:
    path = f"/m/{NAME}"
    debt = Debt(run_id="r", name=NAME, local_path=path, size=1024, created_at=NOW - waited, remote_paths=[])
    times = ("2025-01-22 10:15:00", None)
    row = FileRecord.of_row((1, path, NAME, 1024, "", "completed", status, *times, 0, error, *times))
    one = Followed(MarkedFile(NAME, path, 1024, b""), debt, inserted_at=NOW - waited, record=row)
    one.transferring_at = None if taken is None else NOW - taken
    finding = judge_unfinished(one, evidence, waited, NOW, SITE)
    return finding.outcome.value, finding.cause, finding.summary


@pytest.mark.parametrize(
    ("restarted", "found", "summary"),
    [
        (None, ("fail", "not_picked_up"), UNTOUCHED),
        (3.4, ("warn", "daemon_restarted"), RESTARTED),
        (19.9, ("warn", "daemon_restarted"), RESTARTED),
        (20.0, ("fail", "not_picked_up"), UNTOUCHED),
        (800.0, ("fail", "not_picked_up"), UNTOUCHED),
    ],
)
def test_not_taken_up(restarted: float | None, found: Any, summary: str) -> None:
    told = summary.format(name=NAME, seconds=round(restarted or 0))
    assert unfinished("pending", Evidence(restarted=restarted)) == (*found, told)


def test_where_other_files_were_in_hand_the_queue_explains_it_and_no_restart() -> None:
    assert unfinished("pending", Evidence(others_done=2, restarted=3.0))[:2] == ("warn", "daemon_busy")


@pytest.mark.parametrize(
    ("evidence", "taken", "waited", "found"),
    [
        (Evidence(), 59.9, 900.0, ("warn", "transfer_slow")),
        (Evidence(), 60.0, 900.0, ("fail", "stuck_half_way")),
        (Evidence(), 5.0, 6.0, ("fail", "stuck_half_way")),
        (Evidence(), 2.9, 6.0, ("warn", "transfer_slow")),
        (Evidence(restarted=3.0), 890.0, 900.0, ("warn", "daemon_restarted")),
        (Evidence(others_in_hand=1, others_done=2, restarted=3.0), 890.0, 900.0, ("warn", "daemon_restarted")),
        (Evidence(restarted=30.0), 890.0, 900.0, ("fail", "stuck_half_way")),
        (Evidence(moving=InHand("/m/x", 5, 1024, NOW - 800)), 890.0, 900.0, ("warn", "transfer_slow")),
    ],
)
def test_taken_up_and_not_done(evidence: Evidence, taken: float, waited: float, found: Any) -> None:
    assert unfinished("transferring", evidence, taken=taken, waited=waited)[:2] == found


def test_late_and_stuck_in_words() -> None:
    late = unfinished("transferring", Evidence(), taken=10)
    assert late[2] == SLOW.format(name=NAME, done=0)
    assert unfinished("transferring", Evidence(), taken=800)[2] == STUCK.format(name=NAME, seconds=800)


def test_a_nas_that_is_left_alone_explains_why_a_file_waits_untouched() -> None:
    away = "[nas_read_only] the NAS volume of /b is read-only"
    told = f"the daemon could not deliver {NAME} within 900 s and keeps trying: the NAS volume of /b is read-only"
    assert unfinished("pending", Evidence(others_done=2, nas_away=away)) == ("fail", "nas_read_only", told)


@pytest.mark.parametrize("status", ["pending", "transferring"])
def test_what_ended_the_last_try_is_told_while_the_next_one_is_under_way(status: str) -> None:
    error = "[nas_read_only] the NAS volume of /b is read-only"
    told = f"the daemon could not deliver {NAME} within 900 s and keeps trying: the NAS volume of /b is read-only"
    assert unfinished(status, Evidence(), taken=800, error=error) == ("fail", "nas_read_only", told)


def test_a_try_that_moves_counts_for_more_than_what_ended_the_one_before() -> None:
    moving = Evidence(moving=InHand("/m/x", 5, 1024, NOW - 800))
    assert unfinished("transferring", moving, taken=800, error="[nas_silent] x")[:2] == ("warn", "transfer_slow")


@pytest.mark.parametrize(
    ("seen", "moves"),
    [
        ([(1, 0), (1, 5)], True),
        ([(1, 5), (1, 5)], True),
        ([(1, 0), (1, 0)], False),
        ([(1, 5), (2, 0)], False),
        ([(1, 5), (2, 5)], False),
        ([(1, 5), (2, 6)], True),
    ],
)
def test_only_what_gets_further_than_earlier_tries_moves(tmp_path: Path, seen: Any, moves: bool) -> None:
    progress = DaemonProgress(str(tmp_path))
    for began, done in seen:
        daemon_state.write(str(tmp_path), replace(DAEMON, in_hand=(InHand("/m/x", done, 9, began),)))
        progress.look()
    assert (progress.moving("/m/x") is not None) is moves
