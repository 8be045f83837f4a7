"""Two checks of one server with a state folder each: what the ledger of one names is not the other's to remove."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nas_servers import Server
from tests.scene import Outcome, Scene
from tests.waiting import eventually

LATER = {"sync_settings": {"safe_delete_delay_minutes": 30}}


def lose(ledger: Path) -> None:
    """Have a state folder whose ledger can't be read."""
    ledger.parent.mkdir()
    ledger.write_text("{")


def by_another(scene: Scene, *options: str, command: str = "run") -> Outcome:
    """What another check tells, which has lost its ledger."""
    mine, scene.state_dir = scene.state_dir, scene.folder / "other-state"
    try:
        if not scene.state_dir.exists():
            lose(scene.state_dir / "ledger.json")
        return scene.check(*options, command=command)
    finally:
        scene.state_dir = mine


def debts_of_another(scene: Scene) -> list[str]:
    return [one["name"] for one in json.loads((scene.folder / "other-state" / "ledger.json").read_text())["debts"]]


@pytest.mark.parametrize(
    "ask", [lambda scene: by_another(scene, "--no-insert"), lambda s: by_another(s, command="clean")]
)
def test_a_file_that_another_check_has_in_flight_is_spared(
    tmp_path: Path, nas: Server, ask: Callable[[Scene], Outcome]
) -> None:
    scene = Scene(tmp_path, nas, {"testing": {"max_wait_minutes": 0.5}})
    with scene.daemon("idle") as idle, scene.start_check() as agent:
        eventually(lambda: sum(line.startswith("row ") for line in scene.litter()) == 2)  # and the one to be refused
        before = scene.litter()
        outcome = ask(scene)
        assert scene.litter() == before
        assert "another check of this server may wait for it until " in outcome.stdout
        idle.end()
        with scene.daemon("right"):
            assert scene.finish(agent).exit_code == 0
            assert scene.litter() == []
            # Nothing is left to remove, once nobody can need it any more.
            path = tmp_path / "other-state" / "ledger.json"
            ledger = json.loads(path.read_text())
            assert ledger["debts"] != []
            ledger["debts"] = [{**debt, "spared_until": time.time() - 1} for debt in ledger["debts"]]
            path.write_text(json.dumps(ledger))
            assert by_another(scene, "--no-insert").exit_code == 0
    assert debts_of_another(scene) == []


def test_a_deletion_that_another_check_awaits_is_spared(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    with scene.daemon("right"):
        assert scene.check().outcomes()["local_delete"] == "deferred"
        assert by_another(scene, "--no-insert").exit_code == 0
        later = scene.check("--no-insert")
        assert later.outcomes()["local_delete"] == "deferred", later.stdout


def test_what_no_check_can_need_any_more_is_removed(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, LATER)
    left = scene.media / "smoketest_20250122_101500_0123abcd-1.smoke-check.bin"
    left.write_bytes(b"")
    os.utime(left, (time.time() - 7200,) * 2)
    with scene.daemon("right"):
        assert by_another(scene, "--no-insert").exit_code == 0
    assert scene.litter() == []
    assert debts_of_another(scene) == []
