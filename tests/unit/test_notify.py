from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The socket that systemd would read."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


def test_every_message(systemd: socket.socket) -> None:
    notifier = Notifier()
    notifier.ready()
    notifier.watchdog()
    notifier.stopping()
    notifier.extend_timeout(1.5)
    notifier.status("sending a.mp4 (42 %)")
    assert [systemd.recv(8192) for _ in range(5)] == [
        b"READY=1",
        b"WATCHDOG=1",
        b"STOPPING=1",
        b"EXTEND_TIMEOUT_USEC=1500000",
        b"STATUS=sending a.mp4 (42 %)",
    ]


@pytest.mark.parametrize(
    ("text", "arrives"),
    [
        ("正在发送 无人机.mp4", "正在发送 无人机.mp4".encode()),
        ("café", "café".encode()),
        ("two\nlines\r\nREADY=1", b"two lines READY=1"),
        ("not UTF-8: \udcff", b"not UTF-8: ?"),
    ],
)
def test_a_status_arrives_as_one_line_of_utf8(systemd: socket.socket, text: str, arrives: bytes) -> None:
    Notifier().status(text)
    assert systemd.recv(8192) == b"STATUS=" + arrives


def test_a_long_status_is_cut_between_characters(systemd: socket.socket) -> None:
    Notifier().status("无" * 5000)
    assert systemd.recv(1 << 16).decode() == "STATUS=" + "无" * 333  # of 3 bytes each


def test_an_abstract_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0celestial-nasops-test-{os.getpid()}")
        listener.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@celestial-nasops-test-{os.getpid()}")
        Notifier().ready()
        assert listener.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", [None, "", "/no/such/socket"])
def test_without_systemd_every_call_does_nothing(address: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if address is None:
        monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    else:
        monkeypatch.setenv("NOTIFY_SOCKET", address)
    notifier = Notifier()
    notifier.ready()
    notifier.status("text")


OURS, OTHER = str(os.getpid()), "1"


@pytest.mark.parametrize(
    ("usec", "pid", "seconds"),
    [
        ("20000000", None, 10.0),
        ("20000000", OURS, 10.0),
        ("20000000", OTHER, None),
        ("0", OURS, None),
        ("", OURS, None),
        ("soon", OURS, None),
        (None, None, None),
    ],
)
def test_the_watchdog_is_told_twice_an_interval(
    usec: str | None, pid: str | None, seconds: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)):
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    assert Notifier().watchdog_interval_seconds == seconds


def test_a_systemd_that_does_not_listen_holds_nobody_up(systemd: socket.socket) -> None:
    systemd.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    notifier = Notifier()
    with_room = 0
    begun = time.monotonic()
    while time.monotonic() - begun < 0.4:  # until one had to wait
        assert with_room < 10_000
        notifier.status("measuring")
        with_room += 1
    assert time.monotonic() - begun < 5
