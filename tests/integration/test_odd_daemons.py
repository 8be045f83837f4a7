"""Daemons that do one thing their own way. What daemons do wrong stands in the table of faults, tests/faults."""

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
