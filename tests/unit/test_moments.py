"""Moments survive their spelling."""

from __future__ import annotations

import time

import pytest

from healthcheck.moments import RunClock, from_database, from_iso, iso, lasting


def test_iso_is_utc_and_reversible() -> None:
    assert iso(1737540900.1234) == "2025-01-22T10:15:00.123Z"
    assert from_iso("2025-01-22T10:15:00.123Z") == pytest.approx(1737540900.123)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-22 10:15:00", 1737540900.0),
        ("2025-01-22 10:15:00.5", 1737540900.5),
        ("2025-01-22T10:15:00+08:00", 1737512100.0),
        ("yesterday", None),
        ("", None),
        (None, None),
    ],
)
def test_moments_of_the_database(text: str | None, expected: float | None) -> None:
    assert from_database(text) == expected


def test_durations_for_people() -> None:
    assert [lasting(s) for s in (0.031, 42.4, 180)] == ["0.03 s", "42 s", "3 min"]


def test_a_run_keeps_time_for_cleaning_up() -> None:
    clock = RunClock(60, started=time.monotonic() - 30)
    assert clock.left_to_wait() == pytest.approx(24, abs=1)
    assert clock.left() == pytest.approx(30, abs=1)
    spent = RunClock(1, started=time.monotonic() - 5)
    assert (spent.left(), spent.left_to_wait()) == (0, 0)
