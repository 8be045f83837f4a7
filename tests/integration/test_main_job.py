"""The main job: a real daemon carries a real file over real SSH, and the check proves every hop of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import pytest
from pydantic import TypeAdapter

from celestial_nasops import daemon_state
from celestial_nasops.nas.capabilities import Capabilities
from healthcheck.moments import from_iso
from healthcheck.status_file import json_schema
from tests.nas_profiles import PROFILES
from tests.nas_servers import Server, embedded_server, openssh_server
from tests.scene import Scene

PROBES = ["daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete"]


@pytest.fixture(params=[*PROFILES, "embedded"])
def nas(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    start = {**PROFILES, "embedded": embedded_server}[request.param]
    with start(tmp_path / "nas") as server:
        yield server


def test_every_hop_is_proven_and_nothing_is_left(request: pytest.FixtureRequest, tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"nas_settings": nas.nas_settings()})
    with scene.daemon():
        outcome = scene.check()
        litter = scene.litter()
        daemon = daemon_state.read(str(scene.daemon_state_dir))
    assert outcome.outcomes() == dict.fromkeys(PROBES, "pass"), outcome.stdout
    assert (outcome.exit_code, outcome.stderr, litter, scene.debts()) == (0, "", [], [])
    assert outcome.stdout.endswith("every step from the daemon to the deletion is proven\n")

    status = outcome.status
    assert status is not None
    jsonschema.validate(json.loads((scene.state_dir / "status.json").read_text()), json_schema())
    assert (status.state, status.outcome, status.exit_code) == ("finished", "pass", 0)
    assert (status.consecutive_failures, status.last_pass_at, status.outstanding) == (0, status.finished_at, [])
    events = [event.event for event in status.timeline]
    wanted = ["file written", "row inserted", "transferring", "completed", "copy verified", "local file gone"]
    assert events == wanted
    assert from_iso(status.finished_at or "") <= from_iso(status.stale_after)

    # Both have found out the same about this NAS, and each by itself.
    by_sftp = "sftp" in request.node.callspec.params["nas"]
    [verify] = [probe for probe in status.probes if probe.name == "remote_verify"]
    seen = TypeAdapter(Capabilities).validate_python(verify.details["nas"])
    assert (seen.way, seen.verification) == (("sftp", "read_back") if by_sftp else ("shell", "hash"))
    assert daemon is not None
    assert daemon.nas == seen
    log = Path(scene.folder, "daemon.log").read_text()
    assert log.count(f"the NAS gives {daemon.nas}") == 1

    again = scene.check(command="status")
    assert again.exit_code == 0
    assert "every step from the daemon to the deletion is proven" in again.stdout


def test_several_files_at_once_and_large_ones(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as nas:
        scene = Scene(tmp_path, nas)
        with scene.daemon():
            outcome = scene.check("--files", "7", "--size-bytes", str(3 << 20))
            litter = scene.litter()
    assert outcome.exit_code == 0, outcome.stdout
    assert outcome.probe("remote_verify")[2].startswith("7 copies are right")
    assert litter == []


def test_no_insert_looks_only(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as nas:
        scene = Scene(tmp_path, nas)
        with scene.daemon():
            first = scene.check()
            outcome = scene.check("--no-insert")
    assert outcome.exit_code == 0
    assert outcome.outcomes() == {
        **dict.fromkeys(PROBES[:3], "pass"),
        **dict.fromkeys(PROBES[3:], "skipped"),
    }
    assert first.status is not None
    assert outcome.status is not None
    assert outcome.status.last_pass_at == first.status.last_pass_at
    assert outcome.status.previous is not None
    assert outcome.status.previous.run_id == first.status.run_id
    assert outcome.stdout.endswith("not tried: file_insert, remote_verify, local_delete\n")


def test_json_prints_the_status_and_nothing_else(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as nas:
        scene = Scene(tmp_path, nas)
        with scene.daemon():
            outcome = scene.check("--json")
    assert json.loads(outcome.stdout) == json.loads((scene.state_dir / "status.json").read_text())


def test_delete_after_sync_off_skips_the_deletion_and_cleans_up(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as nas:
        scene = Scene(tmp_path, nas, {"sync_settings": {"delete_after_sync": False}})
        with scene.daemon():
            outcome = scene.check()
            litter = scene.litter()
    assert outcome.exit_code == 0
    assert outcome.probe("local_delete") == (
        "skipped",
        None,
        "sync_settings.delete_after_sync is off, so nothing is to be deleted",
    )
    assert litter == []
