"""A second file with a wrong hash: our daemon refuses it, one that does anything else with it is caught by name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nas_servers import Server
from tests.scene import Outcome, Scene

WRONG = r"smoketest_\d{8}_\d{6}_[0-9a-f]{8}-0\.smoke-check\.bin"
SHORT = {"testing": {"max_wait_minutes": 0.1}}


def proof(outcome: Outcome, probe: str) -> str:
    assert outcome.status is not None
    [found] = [one for one in outcome.status.probes if one.name == probe]
    return str((found.details or {}).get("negative_proof", ""))


def test_our_daemon_refuses_it_and_nothing_is_left(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas)
    with scene.daemon():
        outcome = scene.check()
        litter = scene.litter()
        log = Path(tmp_path / "daemon.log").read_text()
    assert outcome.exit_code == 0, outcome.stdout
    assert outcome.outcomes() == dict.fromkeys(outcome.outcomes(), "pass")
    assert re.fullmatch(rf"made with {WRONG}", proof(outcome, "file_insert"))
    assert proof(outcome, "remote_verify") == "a file with a wrong hash was refused"
    assert outcome.probe("remote_verify")[2].endswith("; a file with a wrong hash was refused")
    assert proof(outcome, "local_delete") == "a file with a wrong hash is still here, and no deletion of it is planned"
    assert re.search(r"refused: \[file_hash_differs\] ", log)
    assert "WARNING" not in log
    assert "tried again" not in log
    assert (litter, scene.debts()) == ([], []), outcome.stdout


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo], ids=["folder", "pipe"])
def test_a_list_that_can_not_be_read_proves_nothing(
    tmp_path: Path, nas: Server, make: Callable[[Path], object]
) -> None:
    scene = Scene(tmp_path, nas)
    with scene.daemon("right"):
        make(scene.daemon_state_dir / "pending_deletes.json")
        outcome = scene.check()
    assert outcome.exit_code == 0, outcome.stdout
    assert re.fullmatch(r"open: \S+/pending_deletes\.json can't be read: .+", proof(outcome, "local_delete"))


def test_in_chinese(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"check_settings": {"language": "zh"}})
    with scene.daemon():
        outcome = scene.check()
    assert outcome.exit_code == 0, outcome.stdout
    assert proof(outcome, "remote_verify") == "哈希错误的文件已被拒绝"


@pytest.mark.parametrize(
    ("how", "probe", "cause", "summary"),
    [
        (
            "publishes_wrong",
            "remote_verify",
            "published_though_wrong",
            rf"{WRONG} was published as \S+/EdgeBackup/\S+/{WRONG} although its content is not what its row records",
        ),
        (
            "publishes_secretly",
            "remote_verify",
            "published_though_wrong",
            rf"{WRONG} was published as \S+/EdgeBackup/\S+/{WRONG} although its content is not what its row records",
        ),
        (
            "completes_wrong",
            "remote_verify",
            "completed_though_wrong",
            rf"{WRONG} was marked as completed although its content is not what its row records, and there is no copy "
            "of it",
        ),
        (
            "deletes_wrong",
            "local_delete",
            "deleted_unverified",
            rf"{WRONG} was deleted on this server although its content is not what its row records, so it was never "
            "verified",
        ),
        (
            "schedules_wrong",
            "local_delete",
            "deletion_scheduled_unverified",
            rf"the daemon's list \S+/pending_deletes\.json holds {WRONG} for deletion although its content is not what "
            "its row records",
        ),
    ],
)
def test_a_daemon_that_takes_it_is_caught(
    tmp_path: Path, nas: Server, how: str, probe: str, cause: str, summary: str
) -> None:
    scene = Scene(tmp_path, nas, SHORT)
    with scene.daemon(how):
        outcome = scene.check()
        litter = scene.litter()
    what, named, told = outcome.probe(probe)
    assert (what, named) == ("fail", cause), outcome.stdout
    assert re.fullmatch(summary, told), told
    assert outcome.exit_code == 1
    assert (litter, scene.debts()) == ([], []), outcome.stdout


def test_a_failed_run_does_not_withdraw_it_from_a_daemon_that_is_about_to_put_it_down(
    tmp_path: Path, nas: Server
) -> None:
    scene = Scene(tmp_path, nas)
    with scene.daemon("fails_in_turn"):
        outcome = scene.check()
        litter = scene.litter()
    assert outcome.probe("remote_verify")[:2] == ("fail", "transfer_failed"), outcome.stdout
    assert (litter, scene.debts()) == ([], []), outcome.stdout


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"check_settings": {"negative_proof": "off"}}, "not made: check_settings.negative_proof is off"),
        ({"sync_settings": {"wrong_file_hash": "note"}}, "not made: sync_settings.wrong_file_hash is note"),
    ],
)
def test_it_is_left_out_where_that_is_asked_for(
    tmp_path: Path, nas: Server, settings: dict[str, dict[str, str]], why: str
) -> None:
    scene = Scene(tmp_path, nas, settings)
    with scene.daemon():
        outcome = scene.check()
    assert outcome.exit_code == 0, outcome.stdout
    assert (proof(outcome, "file_insert"), proof(outcome, "remote_verify")) == (why, "")


def test_a_daemon_that_is_not_known_to_be_ours_of_today_gets_none(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas)
    with scene.daemon("publishes_wrong"):
        scene.configure({"sync_settings": {"max_retry_attempts": 2}})
        by_itself = scene.check()
        scene.configure({"sync_settings": {"max_retry_attempts": 2}, "check_settings": {"negative_proof": "on"}})
        on = scene.check()
    why = "not made: the daemon is not known to be ours and to use the present code and configuration"
    assert (by_itself.exit_code, proof(by_itself, "file_insert")) == (0, why), by_itself.stdout
    assert on.probe("remote_verify")[1] == "published_though_wrong", on.stdout
