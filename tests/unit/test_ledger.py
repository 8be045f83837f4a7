"""What is owed survives, is never read as empty, and never names anything without the mark."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from celestial_nasops.fault import Fault
from healthcheck.ledger import Debt, Ledger

NAME = "smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin"


def debt(name: str = NAME) -> Debt:
    return Debt(run_id="r", name=name, local_path=f"/media/{name}", size=1, created_at=1.0, remote_paths=[f"/v/{name}"])


def test_debts_survive(tmp_path: Path) -> None:
    first = Ledger(str(tmp_path))
    first.load()
    first.owe([debt()])
    second = Ledger(str(tmp_path))
    second.load()
    assert second.debts == [debt()]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2, "debts": []}', '{"version": 1, "debts": [{}]}'])
def test_an_unreadable_ledger_is_put_aside(tmp_path: Path, content: str) -> None:
    (tmp_path / "ledger.json").write_text(content)
    ledger = Ledger(str(tmp_path))
    ledger.load()
    assert ledger.put_aside is not None
    assert Path(ledger.put_aside).read_text() == content
    assert not (tmp_path / "ledger.json").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"local_path": "/media/20250122_101500_x.mp4"},
        {"local_path": f"relative/{NAME}"},
        {"remote_paths": [f"/v/{NAME}", "/volume1/homes"]},
    ],
)
def test_a_ledger_that_names_other_files_is_not_believed(tmp_path: Path, change: dict[str, object]) -> None:
    entry = {**debt().model_dump(), **change}
    (tmp_path / "ledger.json").write_text(json.dumps({"version": 1, "debts": [entry]}))
    ledger = Ledger(str(tmp_path))
    ledger.load()
    assert ledger.debts == []
    assert ledger.put_aside is not None


def test_an_unwritable_ledger_is_a_fault_with_its_path(tmp_path: Path) -> None:
    ledger = Ledger(str(tmp_path / "missing"))
    with pytest.raises(Fault) as caught:
        ledger.owe([debt()])
    assert str(caught.value) == f"{tmp_path}/missing/ledger.json can't be written: No such file or directory"


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": 1e12},  # no calendar reaches so far
        {"delete_due_at": -1e300},
        {"clock_offset": float("nan")},
        {"row_id": 2**63},  # SQLite's ids end before
        {"size": 10**400},
        {"local_path": f"/media/\0/{NAME}"},
        {"local_path": f"/media/../etc/{NAME}"},
        {"remote_paths": [f"/v/../etc/{NAME}"]},
        {"remote_path": "/volume1/homes"},
        {"due": "deletion"},  # of which copy?
    ],
)
def test_a_ledger_that_can_t_be_reckoned_with_is_not_believed(tmp_path: Path, change: dict[str, object]) -> None:
    content = json.dumps({"version": 1, "debts": [{**debt().model_dump(), **change}]})
    (tmp_path / "ledger.json").write_text(content)
    ledger = Ledger(str(tmp_path))
    ledger.load()
    assert ledger.debts == []
    assert ledger.put_aside is not None
    assert Path(ledger.put_aside).read_text() == content
