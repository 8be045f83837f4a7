"""The journal's native protocol, against a real socket that plays the journal."""

from __future__ import annotations

import fcntl
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.journal import NOTICE, Event, Journal, encoded

EVENT = Event("0" * 32, "Something", "It means something.")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    client = Journal("tester", str(tmp_path / "socket"))
    yield client
    client.close()


def test_a_record_as_the_journal_takes_it(listener: socket.socket, journal: Journal) -> None:
    assert journal.send(EVENT, NOTICE, "文件 = 1", {"A_1": 2.5, "NONE": None, "EMPTY": ""})
    assert listener.recv(4096).decode() == (
        f"MESSAGE=文件 = 1\nPRIORITY=5\nSYSLOG_IDENTIFIER=tester\nMESSAGE_ID={'0' * 32}\nA_1=2.5\nEMPTY=\n"
    )


def test_a_value_of_several_lines_comes_with_its_length() -> None:
    assert encoded({"MESSAGE": "a\nb", "X": 1}) == b"MESSAGE\n" + struct.pack("<Q", 3) + b"a\nb\nX=1\n"
    assert encoded({"NAME": "/media/\udce4.mp4"}) == b"NAME=/media/\\udce4.mp4\n"


def test_bytes_stay_as_they_are() -> None:
    assert encoded({"FILE_PATH": b"/media/\xe4.mp4"}) == b"FILE_PATH=/media/\xe4.mp4\n"
    assert encoded({"FILE_PATH": b"a\nb"}) == b"FILE_PATH\n" + struct.pack("<Q", 3) + b"a\nb\n"


@pytest.mark.parametrize("name", ["", "lower", "_PID", "1ST", "A B", "A" * 65, "A=B"])
def test_a_name_that_the_journal_would_not_take_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name of a field"):
        encoded({name: 1})


def test_what_is_too_large_for_a_datagram_is_handed_over_as_a_sealed_file(
    listener: socket.socket, journal: Journal
) -> None:
    assert journal.send(None, NOTICE, "big", {"BIG": "x" * 5_000_000})
    data, descriptors, _, _ = socket.recv_fds(listener, 4096, 1)
    assert data == b""
    [fd] = descriptors
    with os.fdopen(fd, "rb") as file:
        file.seek(0)
        content = file.read()
        assert content == b"MESSAGE=big\nPRIORITY=5\nSYSLOG_IDENTIFIER=tester\nBIG=" + b"x" * 5_000_000 + b"\n"
        seals = fcntl.fcntl(fd, fcntl.F_GET_SEALS)
    assert seals == fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def test_settled_means_that_all_was_received(listener: socket.socket, journal: Journal) -> None:
    assert journal.send(None, NOTICE, "first", {})
    assert not journal.settle(0.05)  # nobody has read it yet
    received: list[bytes] = []
    reader = threading.Thread(target=lambda: received.extend(listener.recv(4096) for _ in range(3)))
    reader.start()
    assert journal.settle(10)
    assert len(received) >= 2
    reader.join(10)
    assert received[1:] == [b"", b""]


def test_without_a_journal_nothing_is_sent_and_that_is_said(tmp_path: Path) -> None:
    journal = Journal("tester", str(tmp_path / "nobody"))
    assert not journal.send(None, NOTICE, "lost", {})
    assert not journal.settle()


def test_a_journal_that_was_restarted_is_found_again(tmp_path: Path, journal: Journal) -> None:
    path = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as first:
        first.bind(path)
        assert journal.send(None, NOTICE, "one", {})
    os.unlink(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as second:
        second.bind(path)
        second.settimeout(10)
        assert not journal.send(None, NOTICE, "two", {})
        assert journal.send(None, NOTICE, "three", {})
        assert b"MESSAGE=three\n" in second.recv(4096)


def test_a_journal_that_reads_nothing_holds_nobody_up_for_long(listener: socket.socket, journal: Journal) -> None:
    for _ in range(10_000):
        if not journal.send(None, NOTICE, "x" * 1000, {}):
            return
    raise AssertionError("its queue is endless")
