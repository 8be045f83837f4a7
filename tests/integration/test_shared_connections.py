"""The lanes share their connections to the NAS: one that is open is used before another one is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from celestial_nasops.daemon import nas_connection
from celestial_nasops.daemon.nas_connections import Borrowed, NasConnections
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field
from tests.nas_servers import Server
from tests.waiting import eventually

COMPLETED = TransferStatus.COMPLETED
FILES = 9  # more than there are lanes, and they take turns


def logins(nas: Server) -> int:
    """How often somebody has logged in on the NAS."""
    return nas.log.count("Accepted publickey")


def is_any_open(connections: NasConnections) -> bool:
    """Whether one that nobody uses is open."""
    warmest = connections.take()
    connections.give_back(warmest)
    is_open, *_ = warmest.warmth
    return is_open


def test_lanes_that_take_turns_go_on_with_the_open_connection(field: Field) -> None:
    with field.daemon() as daemon:
        field.becomes(field.put("20250122_first.jpg"), COMPLETED)
        before = logins(field.nas)
        for number in range(FILES):
            field.becomes(field.put(f"20250122_{number}.jpg"), COMPLETED)
            daemon.shows(lambda state: not state.in_hand)
        assert (before, logins(field.nas) - before) == (1, 0)


def test_a_connection_that_was_lost_while_nobody_used_it_is_opened_anew(field: Field) -> None:
    with field.daemon():
        field.becomes(field.put("20250122_first.jpg"), COMPLETED)
        field.nas.cut_connections()
        eventually(lambda: not field.nas.descendants() or None)
        row = field.becomes(field.put("20250122_second.jpg"), COMPLETED)
        assert row.transfer_retry_count == 0
        assert logins(field.nas) == 2


def test_the_deleter_goes_on_with_the_connection_of_the_lanes(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.01})
    with field.daemon():
        row = field.becomes(field.put("20250122_first.jpg"), COMPLETED)
        eventually(lambda: not field.here() or None, 20)
        assert logins(field.nas) == 1
        assert field.row(row.id).transfer_status is COMPLETED


def test_files_that_are_carried_at_the_same_time_have_a_connection_each(field: Field) -> None:
    with field.daemon():
        for number in range(2):
            field.put_long(f"2025012{number}_long.mp4", megabytes=256)
        eventually(lambda: len(field.unfinished_on_nas()) == 2 or None, 20)
        field.becomes(field.put("20250122_small.jpg"), COMPLETED)  # by the lane for small files


def test_the_daemon_closes_what_it_has_not_used_for_long(field: Field, tmp_path: Path) -> None:
    impatient = tmp_path / "impatient.py"
    impatient.write_text(
        "from celestial_nasops import media_sync_daemon\n"
        "from celestial_nasops.daemon import nas_connection\n"
        "nas_connection._IDLE_SECONDS = 0.1\n"
        "raise SystemExit(media_sync_daemon.main())\n"
    )
    with field.daemon(program=str(impatient)):
        for name in ("20250122_first.jpg", "20250122_second.jpg"):
            field.becomes(field.put(name), COMPLETED)
            eventually(lambda: not field.nas.descendants() or None)


def test_who_needs_one_takes_an_open_one_and_else_opens_another(nas: Server) -> None:
    connections = NasConnections(nas.config(), found=lambda _: None)
    one, other = (Borrowed(connections, heard=lambda: None) for _ in range(2))
    for borrowed in (one, other):
        borrowed.files().free_bytes(nas.files)
    assert logins(nas) == 2
    one.give_back()
    other.give_back()
    nas.cut_connections()
    eventually(lambda: not is_any_open(connections))  # which takes the client a moment to notice
    one.files().free_bytes(nas.files)
    assert logins(nas) == 3
    one.give_back()
    other.files().free_bytes(nas.files)  # not by the one that was lost
    assert logins(nas) == 3
    other.give_back()
    connections.close()
    eventually(lambda: not nas.descendants() or None)


def test_only_what_nobody_uses_is_closed_when_it_was_idle_for_long(
    nas: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    connections = NasConnections(nas.config(), found=lambda _: None)
    used, unused = (Borrowed(connections, heard=lambda: None) for _ in range(2))
    for borrowed in (used, unused):
        borrowed.files().free_bytes(nas.files)
    unused.give_back()
    connections.close_idle()
    unused.files().free_bytes(nas.files)
    unused.give_back()
    assert logins(nas) == 2  # a moment is not long
    monkeypatch.setattr(nas_connection, "_IDLE_SECONDS", 0.0)
    connections.close_idle()
    used.files().free_bytes(nas.files)
    assert logins(nas) == 2
    unused.files().free_bytes(nas.files)
    assert logins(nas) == 3
    used.give_back()
    unused.give_back()
    connections.close_idle()
    eventually(lambda: not nas.descendants() or None)


def test_after_an_abort_nobody_gets_to_the_nas_any_more(nas: Server) -> None:
    connections = NasConnections(nas.config(), found=lambda _: None)
    used, late = (Borrowed(connections, heard=lambda: None) for _ in range(2))
    used.files().free_bytes(nas.files)
    connections.abort()
    for borrowed in (used, late):
        with pytest.raises(NasUnavailable):
            borrowed.files().free_bytes(nas.files)
    eventually(lambda: not nas.descendants() or None)
