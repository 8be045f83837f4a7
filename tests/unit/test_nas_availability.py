"""How long a NAS that is away is left alone."""

from __future__ import annotations

import time

import pytest

from celestial_nasops import causes
from celestial_nasops.daemon.nas_availability import NasAvailability
from celestial_nasops.fault import NasRefusal, NasUnavailable

REFUSED = NasUnavailable(causes.NAS_REFUSED, host="nas", port=22)
FULL = NasUnavailable(causes.NAS_DISK_FULL, path="/f", reason="No space left on device", target="nas")
BASE_MISSING = NasUnavailable(causes.NAS_BASE_MISSING, path="/volume1", target="nas")
KEY_REFUSED = NasRefusal(causes.NAS_KEY_REFUSED, host="nas", path="/key", username="edge_sync", target="nas")


class Clock:
    """A monotonic clock that the test moves."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def _pauses(clock: Clock, nas: NasAvailability, fault: NasUnavailable, count: int) -> list[float]:
    pauses = []
    for _ in range(count):
        nas.failed(fault)
        pauses.append(nas.pause_left())
        clock.now += pauses[-1]
    return pauses


def test_each_pause_is_twice_as_long_up_to_a_minute(clock: Clock) -> None:
    nas = NasAvailability(5, lambda: None)
    assert nas.pause_left() == 0
    assert _pauses(clock, nas, REFUSED, 6) == [5, 10, 20, 40, 60, 60]


def test_who_is_refused_waits_a_minute_at_least(clock: Clock) -> None:
    assert _pauses(clock, NasAvailability(5, lambda: None), KEY_REFUSED, 2) == [60, 60]


def test_there_is_always_a_pause(clock: Clock) -> None:
    assert _pauses(clock, NasAvailability(0, lambda: None), REFUSED, 1)[0] > 0


def test_what_several_workers_meet_at_once_counts_once(clock: Clock) -> None:
    nas = NasAvailability(5, lambda: None)
    for _ in range(3):
        nas.failed(REFUSED)
    assert nas.pause_left() == 5


def test_success_ends_the_pause_and_begins_with_the_first_one_again(clock: Clock) -> None:
    nas = NasAvailability(5, lambda: None)
    _pauses(clock, nas, REFUSED, 4)
    nas.works()
    assert (nas.pause_left(), nas.away_since, nas.reason) == (0, None, None)
    nas.failed(REFUSED)
    assert nas.pause_left() == 5


def test_a_connection_alone_does_not_shorten_the_next_pause_but_time_does(clock: Clock) -> None:
    nas = NasAvailability(5, lambda: None)
    _pauses(clock, nas, REFUSED, 2)
    nas.connected()
    assert nas.away_since is None
    assert _pauses(clock, nas, REFUSED, 1) == [20]
    nas.connected()
    clock.now += 301
    assert _pauses(clock, nas, REFUSED, 1) == [5]


@pytest.mark.parametrize(
    ("fault", "stays_away", "can_be_read"), [(REFUSED, False, False), (BASE_MISSING, False, False), (FULL, True, True)]
)
def test_a_connection_proves_nothing_about_writing(
    clock: Clock, fault: NasUnavailable, stays_away: bool, can_be_read: bool
) -> None:
    nas = NasAvailability(5, lambda: None)
    nas.failed(fault)
    assert nas.can_be_read is can_be_read
    nas.connected()
    assert (nas.away_since is not None) is stays_away


def test_its_going_and_coming_is_told(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    told: list[int] = []
    nas = NasAvailability(5, lambda: told.append(1))
    nas.works()
    assert not told
    nas.failed(REFUSED)
    nas.failed(REFUSED)
    nas.works()
    assert len(told) == 3
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "the NAS is away: [nas_refused] nas refuses connections on port 22",
        "the NAS is back after 0 s",
    ]
