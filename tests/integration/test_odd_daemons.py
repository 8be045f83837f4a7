"""Daemons that do one thing wrong: each is caught, by its name, and nothing is left behind."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.nas_servers import Server
from tests.scene import NAME, Scene

SHORT = {"testing": {"max_wait_minutes": 0.05}}


@pytest.mark.parametrize(
    ("how", "probe", "cause", "summary", "exit_code"),
    [
        (
            "right",
            "local_delete",
            None,
            rf"{NAME} was deleted after its delay of 0\.60 s, and its copy is still right",
            0,
        ),
        (
            "upper_case",
            "local_delete",
            None,
            rf"{NAME} was deleted after its delay of 0\.60 s, and its copy is still right",
            0,
        ),
        (
            "altered",
            "remote_verify",
            "copy_wrong_content",
            r"the copy at \S+ has the right size and other content \(SHA-256 \w{12}, sent \w{12}\)",
            1,
        ),
        ("truncated", "remote_verify", "copy_wrong_size", r"the copy at \S+ has 1023 bytes instead of 1024", 1),
        (
            "wrong_path",
            "remote_verify",
            "copy_wrong_path",
            rf"the copy of {NAME} lies at (\S+)/drone_media/\d{{4}}/\d\d/\d\d/\S+ instead of "
            r"\1/drone_media/EdgeBackup/\S+",
            1,
        ),
        (
            "beside",
            "remote_verify",
            "copy_wrong_path",
            rf"the copy of {NAME} lies at (\S+)\.smoke-check\.\w{{6}}-\w{{6}}\.bin instead of \1\.smoke-check\.bin",
            1,
        ),
        (
            "no_copy",
            "remote_verify",
            "copy_missing",
            rf"the row of {NAME} says completed, but there is no copy at \S+/EdgeBackup/\d{{4}}/\d\d/\d\d/{NAME}",
            1,
        ),
        (
            "idle",
            "remote_verify",
            "not_picked_up",
            rf"the daemon did not touch {NAME} within 3 s, and nothing else was in its hands",
            1,
        ),
        (
            "slow",
            "remote_verify",
            "transfer_slow",
            rf"{NAME} is on its way and was not done within 3 s: \d+ of 1024 bytes",
            0,
        ),
        ("stuck", "remote_verify", "stuck_half_way", rf"the daemon took {NAME} \d s ago and has not finished it", 1),
        (
            "fails",
            "remote_verify",
            "transfer_failed",
            rf"the daemon gave up on {NAME}: scp: /volume1: Disk quota exceeded",
            1,
        ),
        (
            "busy",
            "remote_verify",
            "daemon_busy",
            rf"the daemon works on other files, {NAME} did not get its turn within 3 s: 0 file\(s\) ahead, 1 in hand, "
            r"0 done meanwhile; film\.mp4 5 of 30000000000 bytes",
            0,
        ),
        (
            "vanishes",
            "remote_verify",
            "row_vanished",
            rf"the row of {NAME} disappeared from the queue before it was completed",
            1,
        ),
        (
            "odd_status",
            "remote_verify",
            "status_unknown",
            rf"the row of {NAME} has the status 'on holiday', which means nothing to this check",
            1,
        ),
        (
            "deletes_first",
            "remote_verify",
            "deleted_before_verified",
            rf"{NAME} was deleted on this server before the daemon had completed it",
            1,
        ),
        (
            "deletes_both",
            "local_delete",
            "deleted_without_copy",
            rf"{NAME} is gone from this server and its copy \S+ is missing: it exists nowhere any more",
            1,
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, nas: Server, how: str, probe: str, cause: str | None, summary: str, exit_code: int
) -> None:
    scene = Scene(tmp_path, nas, SHORT)
    with scene.daemon(how):
        outcome = scene.check()
        litter = [line for line in scene.litter() if "film.mp4" not in line]
    found = outcome.probe(probe)
    assert found[1] == cause, outcome.stdout
    assert re.fullmatch(summary, found[2]), found[2]
    assert outcome.exit_code == exit_code
    if how != "wrong_path":  # the folders that the odd daemon made there stay; the file does not
        assert litter == []
    assert not any("smoke-check" in line for line in litter)


def test_deleted_too_early(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"sync_settings": {"safe_delete_delay_minutes": 30}})
    with scene.daemon("deletes_early"):
        outcome = scene.check()
        litter = scene.litter()
    what, cause, summary = outcome.probe("local_delete")
    assert (what, cause) == ("fail", "deleted_too_early"), outcome.stdout
    assert re.fullmatch(
        rf"{NAME} was deleted 1[78]\d\d\.\d s before its delay of 30 min was over; its copy is right", summary
    )
    assert (outcome.exit_code, litter, scene.debts()) == (1, [], [])


def test_deleted_though_deletion_is_off(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"sync_settings": {"delete_after_sync": False}})
    with scene.daemon("deletes_early"):
        outcome = scene.check()
        litter = scene.litter()
    what, cause, summary = outcome.probe("local_delete")
    assert (what, cause) == ("fail", "deleted_though_off"), outcome.stdout
    assert re.fullmatch(rf"{NAME} was deleted on this server although sync_settings\.delete_after_sync is off", summary)
    assert outcome.remedy("local_delete") == (
        "restart the daemon so that it reads the configuration: sudo systemctl restart media-sync-daemon.service; "
        "and see what else cleans up"
    )
    assert (outcome.exit_code, litter, scene.debts()) == (1, [], [])


def test_a_deletion_that_is_overdue_within_the_run(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"check_settings": {"delete_grace_minutes": 0.01}})
    with scene.daemon("never_deletes"):
        outcome = scene.check()
        litter = scene.litter()
    what, cause, summary = outcome.probe("local_delete")
    assert (what, cause) == ("fail", "delete_overdue"), outcome.stdout
    assert re.fullmatch(rf"{NAME} should have been deleted 0\.0 min ago and is still on this server", summary)
    assert (outcome.exit_code, litter, scene.debts()) == (1, [], [])
