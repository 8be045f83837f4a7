"""The status file is a contract: its schema, its permissions, and what counts as a verdict of today."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import jsonschema
import pytest

from healthcheck.status_file import Previous, Status, StatusFile, json_schema
from healthcheck.watch import why_not_current

ROOT = Path(__file__).parents[2]
NOON = 1737547200.0  # 2025-01-22T12:00:00Z


def status(**changes: object) -> Status:
    values: dict[str, object] = {
        "version": "0",
        "run_id": "r",
        "host": "edge",
        "boot_id": "b",
        "state": "finished",
        "outcome": "pass",
        "exit_code": 0,
        "summary": "fine",
        "started_at": "2025-01-22T11:59:00.000Z",
        "finished_at": "2025-01-22T12:00:00.000Z",
        "duration_seconds": 60.0,
        "stale_after": "2025-01-22T13:00:00.000Z",
    }
    return Status.model_validate(values | changes)


def test_the_published_schema_is_the_code_s() -> None:
    published = json.loads((ROOT / "docs" / "status.schema.json").read_text())
    assert published == json_schema()


def test_a_written_status_fits_the_schema_and_may_be_read_by_all(tmp_path: Path) -> None:
    file = StatusFile(str(tmp_path))
    file.write(status())
    jsonschema.validate(json.loads((tmp_path / "status.json").read_text()), json_schema())
    assert stat.S_IMODE((tmp_path / "status.json").stat().st_mode) == 0o644
    assert file.read() == status()


@pytest.mark.parametrize("content", ["", "{}", "[1]", '{"schema_version": 2}', "\x00"])
def test_an_unreadable_status_is_put_aside_not_overwritten(tmp_path: Path, content: str) -> None:
    (tmp_path / "status.json").write_text(content)
    file = StatusFile(str(tmp_path))
    with pytest.raises(ValueError):
        file.read()
    assert file.read_or_put_aside() is None
    assert file.put_aside is not None
    assert Path(file.put_aside).read_text() == content


def test_no_status_yet(tmp_path: Path) -> None:
    assert StatusFile(str(tmp_path)).read() is None


def test_a_fresh_verdict_counts(tmp_path: Path) -> None:
    assert why_not_current(status(), str(tmp_path), NOON + 60) is None


def test_an_old_verdict_does_not(tmp_path: Path) -> None:
    assert why_not_current(status(), str(tmp_path), NOON + 3601) == (
        "stale: the last run ended 60 min ago, at 2025-01-22T12:00:00.000Z; see: systemctl list-timers"
    )


def test_a_verdict_of_a_clock_that_was_set_back_does_not_count_for_years(tmp_path: Path) -> None:
    message = (
        "the last run ended at 2025-01-22T12:00:00.000Z, which is still to come: the clock was set back, so its age is "
        "not known"
    )
    assert why_not_current(status(), str(tmp_path), NOON - 3599) is None  # by less than it counts for
    assert why_not_current(status(), str(tmp_path), NOON - 3601) == message


def test_one_that_was_stopped_when_the_one_before_was_stale_is_stale(tmp_path: Path) -> None:
    stopped = status(outcome="error", exit_code=143, stale_after="2025-01-22T11:00:00.000Z")
    assert why_not_current(stopped, str(tmp_path), NOON + 1) == (
        "stale: the last run was stopped at 2025-01-22T12:00:00.000Z, and the verdict before it counts no more"
    )


@pytest.mark.parametrize(("now", "counts"), [(-3601, False), (-3599, True), (3600, True), (3601, False)])
def test_how_long_the_verdict_before_counts(now: float, counts: bool) -> None:
    before = status().model_dump(include=set(Previous.model_fields))
    assert Previous.model_validate(before).counts(NOON + now) is counts


def test_a_run_that_died_is_no_verdict(tmp_path: Path) -> None:
    dead = status(state="running", outcome=None, exit_code=None, finished_at=None)
    assert why_not_current(dead, str(tmp_path), NOON) == (
        "the run that began at 2025-01-22T11:59:00.000Z ended without a verdict"
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exit_code": 256}, "exit_code: Input should be less than or equal to 255"),  # which a shell takes for 0
        ({"exit_code": -1}, "exit_code: Input should be greater than or equal to 0"),
        ({"duration_seconds": float("inf")}, "duration_seconds: Input should be a finite number"),
        ({"stale_after": "tomorrow"}, "Invalid isoformat string: 'tomorrow'"),
        ({"stale_after": "2025-01-22T12:00:00"}, "no time zone in '2025-01-22T12:00:00'"),
        ({"previous": {"stale_after": "soon"}}, "Invalid isoformat string: 'soon'"),
        ({"previous": {"exit_code": 2**70}}, "previous.exit_code: Input should be less than or equal to 255"),
    ],
)
def test_a_status_that_can_t_be_acted_on_is_not_believed(
    tmp_path: Path, change: dict[str, object], message: str
) -> None:
    content = json.loads(status().model_dump_json()) | change
    if isinstance(before := change.get("previous"), dict):
        moment = "2025-01-22T11:00:00.000Z"
        good = {"run_id": "q", "outcome": "pass", "exit_code": 0, "summary": "fine"}
        content["previous"] = good | {"finished_at": moment, "stale_after": moment} | before
    (tmp_path / "status.json").write_text(json.dumps(content))
    with pytest.raises(ValueError) as caught:
        StatusFile(str(tmp_path)).read()
    assert str(caught.value) == message
