"""SIGUSR1: the real daemon finishes the files in hand, takes no further ones, and ends."""

from __future__ import annotations

import os
import signal
import socket
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field
from tests.nas_servers import Server
from tests.waiting import eventually

PENDING, TRANSFERRING, COMPLETED = TransferStatus.PENDING, TransferStatus.TRANSFERRING, TransferStatus.COMPLETED
DRAINS = "takes no further files, and ends after those in hand"


@pytest.fixture
def one_lane(field: Field) -> Field:
    field.configure(security={"max_concurrent_transfers": 1})
    return field


def test_the_file_in_hand_is_finished_and_no_other_is_taken(one_lane: Field, nas: Server) -> None:
    field = one_lane
    with field.daemon() as daemon:
        first = field.put_long("20250122_101500_a.mp4", megabytes=1024)
        eventually(field.is_in_mid_upload)
        nas.freeze()  # so that it is in hand for as long as this test wants
        second = field.put("20250122_101501_b.mp4")  # small, so it has a lane of its own
        eventually(lambda: field.row(second).transfer_status is TRANSFERRING)
        daemon.tell(signal.SIGUSR1)
        daemon.says("no further files are taken; the end comes after those in hand")
        assert DRAINS in daemon.shows(lambda state: DRAINS in state.doing).doing
        third = field.put("20250122_101502_c.mp4")
        daemon.tell(signal.SIGUSR1)  # asked again: nothing new
        nas.thaw()
        assert daemon.exit_code(60) == 0
    assert field.row(first).transfer_status is COMPLETED
    assert field.row(second).transfer_status is COMPLETED
    assert field.row(third).transfer_status is PENDING
    both = ("20250122_101500_a.mp4", "20250122_101501_b.mp4")
    assert field.on_nas() == [str(field.remote(name)) for name in both]
    # What is to be deleted later is written down although the deleter had ended before the file arrived.
    assert sorted(entry["local_file_path"] for entry in field.pending()) == [str(field.media / name) for name in both]
    with field.daemon():
        field.becomes(third, COMPLETED)


def test_signs_of_life_go_on_while_it_finishes(
    one_lane: Field, nas: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    field = one_lane
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        with field.daemon(ready=False) as daemon:
            field.put_long(megabytes=1024)
            told: list[bytes] = []
            while not any(line.startswith(b"STATUS=sending") for line in told):
                told.append(systemd.recv(4096))
            nas.freeze()
            daemon.tell(signal.SIGUSR1)
            while not (told[-1].startswith(b"STATUS=sending") and DRAINS.encode() in told[-1]):
                told.append(systemd.recv(4096))
            after = [systemd.recv(4096) for _ in range(8)]
            assert after.count(b"WATCHDOG=1") >= 3
            # Not before the end: systemd would give it TimeoutStopSec= from then on, and no more.
            assert b"STOPPING=1" not in told + after
            nas.thaw()
            while told[-1] != b"STOPPING=1":
                told.append(systemd.recv(4096))
            assert daemon.exit_code() == 0


def test_an_idle_daemon_ends_at_once(field: Field) -> None:
    with field.daemon() as daemon:
        daemon.tell(signal.SIGUSR1)
        assert daemon.exit_code(10) == 0
    assert "stopped" in (field.state_folder / "daemon_state.json").read_text()


def test_a_nas_that_is_away_does_not_keep_it(one_lane: Field, nas: Server) -> None:
    field = one_lane
    with field.daemon() as daemon:
        row = field.put_long(megabytes=1024)
        eventually(field.is_in_mid_upload)
        nas.stop()
        daemon.shows(lambda state: state.nas_away_since is not None)
        daemon.tell(signal.SIGUSR1)
        assert daemon.exit_code(20) == 0
    assert field.row(row).transfer_status is PENDING
    assert field.row(row).transfer_retry_count == 0


def test_sigterm_ends_it_sooner(one_lane: Field, nas: Server) -> None:
    field = one_lane
    with field.daemon() as daemon:
        row = field.put_long()
        eventually(field.is_in_mid_upload)
        daemon.tell(signal.SIGUSR1)
        daemon.says("no further files are taken")
        daemon.tell(signal.SIGTERM)
        assert daemon.exit_code(12) == 0
    assert field.row(row).transfer_status is PENDING
    assert field.on_nas() == field.unfinished_on_nas() == field.known_parts()


def test_a_queue_that_is_replaced_meanwhile_is_not_opened_again(one_lane: Field, nas: Server) -> None:
    field = one_lane
    with field.daemon() as daemon:
        field.put_long()
        eventually(field.is_in_mid_upload)
        nas.freeze()
        daemon.tell(signal.SIGUSR1)
        daemon.says("no further files are taken")
        queue = Path(field.config.database_settings.db_path)
        for name in os.listdir(queue.parent):
            if name.startswith(queue.name):
                os.rename(queue.parent / name, queue.parent / f"old-{name}")
        nas.thaw()
        assert daemon.exit_code(30) == 0
        assert daemon.log.count("at work with the configuration") == 1
    assert not queue.exists()
