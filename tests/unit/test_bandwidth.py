"""The timetable of the bandwidth, and how those who send share it."""

from __future__ import annotations

import datetime as dt
import time

import pytest

from celestial_nasops import config_file
from celestial_nasops.bandwidth import Bandwidth, limit_at
from celestial_nasops.config import BandwidthLimit
from celestial_nasops.fault import ConfigFault

DAY = BandwidthLimit(begins="07:00", ends="22:00", megabytes_per_second=5)
NIGHT = BandwidthLimit(begins="22:00", ends="06:30", megabytes_per_second=0.5)
NOON = dt.datetime(2025, 1, 22, 12)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("07:00", 5e6),
        ("21:59", 5e6),
        ("22:00", 5e5),
        ("00:00", 5e5),
        ("06:29", 5e5),
        ("06:30", None),
        ("06:59", None),
    ],
)
def test_the_limit_of_the_hour_holds(moment: str, expected: float | None) -> None:
    assert limit_at([DAY, NIGHT], dt.time.fromisoformat(moment)) == expected


def test_until_midnight_means_until_midnight() -> None:
    evening = BandwidthLimit(begins="20:00", ends="24:00", megabytes_per_second=1)
    assert limit_at([evening], dt.time(23, 59)) == 1e6
    assert limit_at([evening], dt.time(0, 0)) is None
    assert limit_at([], dt.time(12, 0)) is None


class _Waits:
    """Takes down how long somebody would wait, and gives up."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self, seconds: float) -> bool:
        self.seconds = seconds
        return True


def test_what_was_sent_is_waited_for_by_the_next() -> None:
    bandwidth = Bandwidth([DAY], now=lambda: NOON)
    waits = _Waits()
    assert bandwidth.pace(2_000_000, small=False, wait=waits)
    assert not bandwidth.pace(1, small=False, wait=waits)
    assert waits.seconds == pytest.approx(0.4, abs=0.1)


def test_small_files_do_not_wait_for_large_ones_but_are_paid_for_by_them() -> None:
    bandwidth = Bandwidth([DAY], now=lambda: NOON)
    waits = _Waits()
    assert bandwidth.pace(2_000_000, small=False, wait=waits)
    assert bandwidth.pace(1_000_000, small=True, wait=waits)
    assert not bandwidth.pace(1, small=True, wait=waits)
    assert waits.seconds == pytest.approx(0.2, abs=0.1)
    assert not bandwidth.pace(1, small=False, wait=waits)
    assert waits.seconds == pytest.approx(0.6, abs=0.1)


def test_without_a_limit_nobody_waits() -> None:
    bandwidth = Bandwidth([NIGHT], now=lambda: NOON)
    assert all(bandwidth.pace(10**12, small=False, wait=lambda _: True) for _ in range(3))


def test_other_limits_count_at_once_for_those_who_wait() -> None:
    bandwidth = Bandwidth([DAY], now=lambda: NOON)
    assert bandwidth.pace(10**12, small=False, wait=lambda _: True)

    def wait(_: float) -> bool:
        bandwidth.configure([])
        return False

    begun = time.monotonic()
    assert bandwidth.pace(1, small=False, wait=wait)
    assert time.monotonic() - begun < 10


def test_all_that_is_sent_keeps_to_the_limit() -> None:
    bandwidth = Bandwidth([DAY], now=lambda: NOON)
    begun = time.monotonic()

    def wait(seconds: float) -> bool:
        time.sleep(seconds)
        return False

    for number in range(11):
        assert bandwidth.pace(100_000, small=number % 3 == 0, wait=wait)
    assert time.monotonic() - begun >= 0.13  # without bursts of both kinds it would be 0.2


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ('{"begins": "07:00"}', 'found {"begins": "07:00"}, should be a list'),
        (
            '[{"begins": "7:00", "ends": "22:00", "megabytes_per_second": 5}]',
            '.0.begins: found "7:00", should be a time of day such as 07:00',
        ),
        (
            '[{"begins": "07:00", "ends": "24:01", "megabytes_per_second": 5}]',
            '.0.ends: found "24:01", should be a time of day such as 22:00, or 24:00',
        ),
        (
            '[{"begins": "07:00", "ends": "22:00", "megabytes_per_second": 0}]',
            ".0.megabytes_per_second: found 0, should be more than 0",
        ),
        (
            '[{"begins": "07:00", "ends": "22:00"}]',
            '.0.megabytes_per_second: found {"begins": "07:00", "ends": "22:00"}, '
            "should be given megabytes_per_second, too",
        ),
        (
            '[{"begins": "07:00", "ends": "22:00", "megabytes_per_second": 5, "megabits": 1}]',
            ".0.megabits: found 1, should be left out: nobody reads this key",
        ),
        (
            '[{"begins": "07:00", "ends": "22:00", "megabytes_per_second": 5}, '
            '{"begins": "21:00", "ends": "01:00", "megabytes_per_second": 1}]',
            'found [{"begins": "07:00", "ends": "22:00", "megabytes_per_seco..., should be times that do not overlap',
        ),
    ],
)
def test_a_timetable_that_can_not_be_meant_is_refused(limits: str, problem: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        config_file.parse(f'{{"sync_settings": {{"bandwidth_limits": {limits}}}}}', "x.json")
    [found] = caught.value.problems
    separator = "" if problem.startswith(".") else ": "
    assert found == f"sync_settings.bandwidth_limits{separator}{problem}"
