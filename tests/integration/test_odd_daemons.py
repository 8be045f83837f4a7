"""Daemons that do one thing their own way. What daemons do wrong stands in the table of faults, tests/faults."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.nas_servers import Server
from tests.queue_files import execute
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
            "beside",
            "remote_verify",
            "copy_wrong_path",
            rf"the copy of {NAME} lies at (\S+)\.smoke-check\.\w{{6}}-\w{{6}}\.bin instead of \1\.smoke-check\.bin",
            1,
        ),
        (
            "slow",
            "remote_verify",
            "transfer_slow",
            rf"{NAME} is on its way and was not done within \d s: \d+ of 1024 bytes",
            0,
        ),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, nas: Server, how: str, probe: str, cause: str | None, summary: str, exit_code: int
) -> None:
    scene = Scene(tmp_path, nas, SHORT)
    with scene.daemon(how):
        outcome = scene.check()
        litter = scene.litter()
    found = outcome.probe(probe)
    assert found[1] == cause, outcome.stdout
    assert re.fullmatch(summary, found[2]), found[2]
    assert (outcome.exit_code, litter) == (exit_code, [])


def test_a_row_that_is_put_back_while_its_file_goes_is_not_left(tmp_path: Path, nas: Server) -> None:
    """As by a program that scans the media folder."""
    scene = Scene(tmp_path, nas, SHORT)
    with scene.daemon("idle"):
        execute(
            str(scene.database),
            "CREATE TABLE scanned (path TEXT)",
            """CREATE TRIGGER scan AFTER DELETE ON media_transfer_status
               WHEN NOT EXISTS (SELECT 1 FROM scanned WHERE path = OLD.file_path)
               BEGIN
                   INSERT INTO scanned VALUES (OLD.file_path);
                   INSERT INTO media_transfer_status (file_path, file_name) VALUES (OLD.file_path, OLD.file_name);
               END""",
        )
        scene.check()
        assert scene.litter() == []
        assert execute(str(scene.database), "SELECT COUNT(*) FROM scanned") == [(2,)]
