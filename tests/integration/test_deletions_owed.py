"""Deletions that fall due after the run: owed, then settled by the next one, or caught."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from healthcheck.moments import iso
from tests.nas_servers import Server
from tests.scene import Scene

LATER = {"sync_settings": {"safe_delete_delay_minutes": 30}}


def owe(scene: Scene) -> dict[str, Any]:
    """A first run that defers, and the debt it leaves."""
    outcome = scene.check()
    assert outcome.outcomes()["local_delete"] == "deferred", outcome.stdout
    assert outcome.exit_code == 0
    assert outcome.status is not None
    assert outcome.status.outcome == "deferred"
    [debt] = scene.debts()
    [outstanding] = outcome.status.outstanding
    assert (outstanding.name, outstanding.due) == (debt["name"], "deletion")
    assert Path(debt["local_path"]).exists()
    assert Path(debt["remote_path"]).exists()
    return debt


def test_deferred_then_settled(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        scene.let_debts_fall_due(1)
        Path(debt["local_path"]).unlink()  # as the daemon would have done
        outcome = scene.check("--no-insert")
    what, cause, summary = outcome.probe("local_delete")
    assert (what, cause, outcome.exit_code) == ("pass", None, 0), outcome.stdout
    assert summary == f"{debt['name']} was deleted after its delay of 30 min, and its copy is still right"
    assert (scene.litter(), scene.debts()) == ([], [])


def test_not_due_yet_stays_owed(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        outcome = scene.check("--no-insert")
    assert outcome.outcomes()["local_delete"] == "deferred"
    assert [d["name"] for d in scene.debts()] == [debt["name"]]


def test_a_second_run_sends_its_own_file_besides(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        scene.let_debts_fall_due(1)
        Path(debt["local_path"]).unlink()
        outcome = scene.check()
    assert outcome.outcomes() == {
        **dict.fromkeys(["daemon_status", "ping", "database", "file_insert", "remote_verify"], "pass"),
        "local_delete": "deferred",
    }
    [owed] = scene.debts()
    due = iso(owed["delete_due_at"])
    assert outcome.probe("local_delete")[2] == (
        f"the deletion falls due at {due}; the next run settles it (1 of 2 deletions are settled and right)"
    )
    assert debt["name"] not in [d["name"] for d in scene.debts()]


def test_overdue(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        scene.let_debts_fall_due(600)
        outcome = scene.check("--no-insert")
    what, cause, summary = outcome.probe("local_delete")
    assert (what, cause, outcome.exit_code) == ("fail", "delete_overdue", 1)
    assert summary == f"{debt['name']} should have been deleted 10.0 min ago and is still on this server"
    assert (scene.litter(), scene.debts()) == ([], [])


def test_deleted_too_early_between_two_runs(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        Path(debt["local_path"]).unlink()
        outcome = scene.check("--no-insert")
    what, cause, summary = outcome.probe("local_delete")
    assert (what, cause, outcome.exit_code) == ("fail", "deleted_too_early", 1)
    assert re.fullmatch(
        rf"{debt['name']} was deleted 1[78]\d\d\.\d s before its delay of 30 min was over; its copy is right", summary
    )
    assert (scene.litter(), scene.debts()) == ([], [])


@pytest.mark.parametrize(("spoil", "what"), [("remove", "missing"), ("alter", "changed")])
def test_gone_without_a_copy_is_the_worst(tmp_path: Path, nas: Server, spoil: str, what: str) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        scene.let_debts_fall_due(1)
        Path(debt["local_path"]).unlink()
        copy = Path(debt["remote_path"])
        copy.unlink() if spoil == "remove" else copy.write_bytes(b"rotten")
        outcome = scene.check("--no-insert")
    assert outcome.probe("local_delete") == (
        "fail",
        "deleted_without_copy",
        f"{debt['name']} is gone from this server and its copy {copy} is {what}: it exists nowhere any more",
    )
    assert outcome.exit_code == 1
    assert (scene.litter(), scene.debts()) == ([], [])


def test_a_copy_that_is_lost_before_the_deletion(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        scene.let_debts_fall_due(600)
        Path(debt["remote_path"]).unlink()
        outcome = scene.check("--no-insert")
    assert outcome.probe("local_delete") == (
        "fail",
        "copy_lost_before_delete",
        f"the verified copy {debt['remote_path']} of {debt['name']} is missing now; the file is still on this server",
    )
    assert outcome.exit_code == 1
    assert (scene.litter(), scene.debts()) == ([], [])


def test_a_debt_that_can_t_be_judged_stays_owed(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        debt = owe(scene)
        scene.let_debts_fall_due(1)
        Path(debt["local_path"]).unlink()
        nas.stop()
        outcome = scene.check("--no-insert")
    message = f"127.0.0.1 refuses connections on port {nas.port}"
    assert outcome.probe("local_delete") == ("error", "nas_refused", message), outcome.stdout
    assert outcome.exit_code == 1  # ping has failed
    assert [d["due"] for d in scene.debts()] == ["deletion"]


def test_clean_settles_everything_now(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        owe(scene)
        outcome = scene.check(command="clean")
    assert (outcome.exit_code, outcome.stdout) == (0, "nothing is left of any run\n")
    assert (scene.litter(), scene.debts()) == ([], [])
