"""A daemon that is restarted while a run is under way, as an upgrade or an operator does it: no alarm, no excuse."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from celestial_nasops import process
from healthcheck.marked_file import carries_mark
from tests.nas_servers import Server
from tests.scene import NAME, Scene
from tests.waiting import eventually

PATIENT = {"testing": {"max_wait_minutes": 1}, "check_settings": {"daemon_status_timeout_seconds": 25}}


def ended(daemon: process.Service) -> bool:
    return daemon.exit_code() is not None


def has_marked_file(scene: Scene) -> bool:
    return any(carries_mark(path.name) for path in scene.media.iterdir())


def test_a_restart_at_the_start_of_a_run_is_waited_for(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, PATIENT)
    with scene.daemon() as daemon:
        daemon.end()
        with scene.start_check() as agent:
            eventually(lambda: (status := scene.status()) is not None and status.state == "running")
            with scene.daemon() as successor:
                outcome = scene.finish(agent)
                assert outcome.exit_code == 0, outcome.stdout
                said = f"running (pid {successor.pid}) with the installed code and the present configuration; "
                assert outcome.probe("daemon_status")[2].startswith(said)
    assert set(outcome.outcomes().values()) == {"pass"}
    assert scene.litter() == []


def test_a_restart_in_the_middle_of_a_run_goes_unnoticed(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, PATIENT)
    with scene.daemon() as daemon, scene.start_check() as agent:
        eventually(lambda: has_marked_file(scene))
        daemon.end()
        with scene.daemon():
            outcome = scene.finish(agent)
    assert outcome.exit_code == 0, outcome.stdout
    assert set(outcome.outcomes().values()) == {"pass"}
    assert scene.litter() == []


RESTARTED = rf"the daemon was restarted or ended \d s ago, while {NAME} waited for it, which is too short to judge it"


@pytest.mark.parametrize("comes_back", [True, False])
def test_a_restart_just_before_the_time_is_up_is_no_failure(scene: Scene, comes_back: bool) -> None:
    with scene.daemon("idle") as daemon, scene.start_check("--max-wait-minutes", "0.1") as agent:
        eventually(lambda: has_marked_file(scene))
        daemon.end()
        assert ended(daemon)
        if comes_back:
            with scene.daemon("idle"):
                outcome = scene.finish(agent)
        else:
            outcome = scene.finish(agent)
    what, cause, summary = outcome.probe("remote_verify")
    assert (what, cause, outcome.exit_code) == ("warn", "daemon_restarted", 0), outcome.stdout
    assert re.fullmatch(RESTARTED, summary), summary
    assert outcome.remedy("remote_verify") == (
        "the next run will tell; to have one now: sudo systemctl start smoke-check.service"
    )
    assert scene.litter() == []
    following = scene.check("--max-wait-minutes", "0.05")  # that one does not come back, and is no restart any more
    assert following.exit_code == 1
    assert following.probe("daemon_status")[:2] == ("fail", "daemon_dead")


def test_a_run_that_is_stopped_while_it_waits_for_a_restart_ends_at_once(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, PATIENT)
    with scene.daemon() as daemon:
        daemon.end()
        with scene.start_check() as agent:
            eventually(lambda: (status := scene.status()) is not None and status.state == "running")
            agent.send_signal(signal.SIGTERM)
            outcome = scene.finish(agent)
    assert outcome.exit_code == 143, outcome.stdout
    assert outcome.status is not None
    assert outcome.status.summary == "daemon_status: the run was ended by SIGTERM before daemon_status was done"
