"""The line for ``systemctl status``."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from celestial_nasops import causes
from celestial_nasops.daemon.board import Board, Situation, status_line
from celestial_nasops.daemon_state import InHand
from celestial_nasops.fault import LocalFault, NasUnavailable

IDLE = Situation("", [], 3, 0, None, None, [], "")
REFUSED = NasUnavailable(causes.NAS_REFUSED, host="nas", port=22)
FILM = InHand("/media/film.mp4", 420, 1000, 0.0)
NOON = time.mktime((2025, 1, 22, 12, 3, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("situation", "line"),
    [
        (IDLE, "idle; 0 waiting"),
        (replace(IDLE, waiting=None), "idle; the queue can't be read"),
        (
            replace(IDLE, in_hand=[FILM, InHand("/media/b", 0, 1, 1.0)], waiting=12),
            "sending film.mp4 (42 %, 2 of 3 lanes); 12 waiting",
        ),
        (replace(IDLE, in_hand=[replace(FILM, bytes_total=0)]), "sending film.mp4 (1 of 3 lanes); 0 waiting"),
        (replace(IDLE, in_hand=[replace(FILM, bytes_done=2000)]), "sending film.mp4 (100 %, 1 of 3 lanes); 0 waiting"),
        (
            replace(IDLE, away_since=NOON, away=REFUSED, in_hand=[FILM]),
            "NAS away since 12:03: nas refuses connections on port 22; 0 waiting",
        ),
        (
            replace(IDLE, troubles=["1 deletion(s) need a person"], last_error="11:58:00 [file_changed] x changed"),
            "idle; 0 waiting; 1 deletion(s) need a person; last error 11:58:00 [file_changed] x changed",
        ),
        (replace(IDLE, doing="stopped", in_hand=[FILM]), "stopped; 0 waiting"),
    ],
)
def test_it_says_what_is_done_what_waits_and_what_is_wrong(situation: Situation, line: str) -> None:
    assert status_line(situation) == line


def test_an_error_that_is_met_again_and_again_fills_no_log(caplog: pytest.LogCaptureFixture) -> None:
    board = Board(lambda: None)
    fault, other = (LocalFault(causes.FILE_CHANGED, path=path) for path in ("/a", "/b"))
    for met in (fault, fault, fault, other, fault):
        board.report(met, "tried again in 5 s")
    assert [record.getMessage().split(" while")[0] for record in caplog.records] == [
        "tried again in 5 s: [file_changed] /a changed",
        "tried again in 5 s: [file_changed] /b changed",
        "tried again in 5 s: [file_changed] /a changed",
    ]
    assert board.errors == 5
    assert board.last_error.endswith("[file_changed] /a changed while it was sent")
