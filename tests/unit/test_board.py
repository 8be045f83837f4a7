"""How fast a file is said to be sent."""

from __future__ import annotations

import time

import pytest

from celestial_nasops.daemon.board import Board


class Clock:
    now = 1000.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", lambda: clock.now)
    return clock


@pytest.fixture
def board() -> Board:
    board = Board(lambda: None)
    board.took("lane", "/media/x.mp4", 10_000_000)
    return board


def _rate(board: Board) -> float:
    [file] = board.in_hand()
    return file.bytes_per_second


def _send(board: Board, clock: Clock, seconds: int, *, rate: int) -> None:
    for _ in range(seconds * 10):
        board.sends("lane", rate // 10)
        clock.now += 0.1


def test_what_is_only_read_is_not_sent(board: Board, clock: Clock) -> None:
    """As of a part that lies on the NAS already, which is compared first."""
    for number in range(50):
        board.moved("lane", number * 100_000)
        clock.now += 0.1
    assert board.in_hand()[0].bytes_done == 4_900_000
    assert _rate(board) == 0
    _send(board, clock, 3, rate=1000)
    assert _rate(board) == pytest.approx(1000, rel=0.15)


def test_it_follows_a_change(board: Board, clock: Clock) -> None:
    _send(board, clock, 5, rate=1000)
    _send(board, clock, 10, rate=100)
    assert _rate(board) == pytest.approx(100, rel=0.15)


def test_where_nothing_moves_there_is_none(board: Board, clock: Clock) -> None:
    _send(board, clock, 5, rate=1000)
    clock.now += 6
    assert _rate(board) == 0
    _send(board, clock, 8, rate=1000)
    assert _rate(board) == pytest.approx(1000, rel=0.15)


def test_of_pieces_that_come_seldom_it_is_known_too(board: Board, clock: Clock) -> None:
    for _ in range(10):
        board.sends("lane", 7000)
        clock.now += 7
    clock.now -= 6
    assert _rate(board) == pytest.approx(1000, rel=0.15)


def test_of_the_next_file_nothing_is_known(board: Board, clock: Clock) -> None:
    _send(board, clock, 3, rate=1000)
    board.took("lane", "/media/y.mp4", 10_000_000)
    assert _rate(board) == 0
