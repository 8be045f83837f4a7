"""What the demonstration's NAS promises to the scene around it, beyond what every NAS does."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasRefusal
from celestial_nasops.nas.session import NasSession
from tests.nas_servers import Server, embedded_server, openssh_server
from tests.waiting import eventually

COMMAND = [sys.executable, "-m", "healthcheck.demo.embedded_nas", "--folder"]


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [*COMMAND, str(tmp_path / "na's %h")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def port_of(nas: subprocess.Popen[bytes]) -> int:
    assert nas.stdout is not None
    word, port = nas.stdout.readline().split()
    assert word == b"ready"
    return int(port)


def test_it_is_ready_when_it_says_so(nas: subprocess.Popen[bytes], tmp_path: Path) -> None:
    port = port_of(nas)
    folder = tmp_path / "na's %h"
    server = Server(str(folder), "edge_sync", str(folder / "keys" / "client_key"), port=port)
    target = server.target()
    assert (target.host, target.port, target.username) == ("127.0.0.1", port, "edge_sync")
    assert target.identity_files == (server.client_key,)
    with NasSession.open(target, timeout_seconds=10) as session:
        assert session.exec("echo here", timeout_seconds=10).output == b"here\n"
    for name in ("keys/host_key", "keys/client_key", "known_hosts", "ssh_config"):
        assert stat.S_IMODE(os.stat(folder / name).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(folder / "keys").st_mode) == 0o700


def test_it_serves_real_ssh(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "nas") as server:
        answer = subprocess.run(
            [
                "ssh",
                "-F",
                server.ssh_config,
                "-o",
                "BatchMode=yes",
                "nas-edge",
                "echo $((6 * 7)); echo err >&2; exit 5",
            ],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=20,
        )
    assert (answer.returncode, answer.stdout) == (5, b"42\n")
    assert answer.stderr.endswith(b"err\n")


def test_it_listens_on_loopback_only(nas: subprocess.Popen[bytes]) -> None:
    port = port_of(nas)
    lines = Path("/proc/net/tcp").read_text().splitlines() + Path("/proc/net/tcp6").read_text().splitlines()
    listening = [line.split()[1] for line in lines[1:] if line.split()[3] == "0A"]
    assert [place for place in listening if place.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it(nas: subprocess.Popen[bytes], number: signal.Signals) -> None:
    port_of(nas)
    nas.send_signal(number)
    assert nas.wait(10) == 0


def test_the_end_of_its_input_ends_it(nas: subprocess.Popen[bytes]) -> None:
    port_of(nas)
    assert nas.stdin is not None
    nas.stdin.close()
    assert nas.wait(10) == 0


def test_its_parent_s_death_ends_it(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, os\n"
        f"child = subprocess.Popen({[*COMMAND, str(tmp_path)]!r}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)\n"
        "print(child.pid, child.stdout.readline().decode(), flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=20)
    pid, word, port = answer.stdout.split()
    assert word == b"ready"

    def is_gone() -> bool:
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", int(port))) != 0

    eventually(is_gone)
    eventually(lambda: not os.path.exists(f"/proc/{int(pid)}/exe"))


def test_it_takes_commands_with_it(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "nas") as server, NasSession.open(server.target(), timeout_seconds=10) as session:
        session.exec("(exec sleep 63) & echo", timeout_seconds=10)
        # its channel is closed, so the group has been told to end
        eventually(lambda: not server.descendants())


def test_it_keeps_its_keys_when_it_starts_again(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "nas") as server:
        known = Path(server.known_hosts).read_text()
        server.stop()
        server.start()
        assert server.wait_until_it_answers()
        assert Path(server.known_hosts).read_text() == known
        with NasSession.open(server.target(), timeout_seconds=10) as session:
            assert session.alive


def test_several_sessions_at_once(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "nas") as server:
        target = server.target()
        with NasSession.open(target, timeout_seconds=10) as one, NasSession.open(target, timeout_seconds=10) as two:
            assert two.exec("echo 2", timeout_seconds=10).output == b"2\n"
            assert one.exec("echo 1", timeout_seconds=10).output == b"1\n"


def test_another_user_is_not_let_in(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "nas") as server, pytest.raises(NasRefusal) as caught:
        NasSession.open(replace(server.target(), username="root"), timeout_seconds=10)
    assert caught.value.cause is causes.NAS_KEY_REFUSED


def test_a_real_server_leaves_nothing_running(tmp_path: Path) -> None:
    """Of the tests' own sshd: others rely on it."""
    with openssh_server(tmp_path / "nas") as server, NasSession.open(server.target(), timeout_seconds=10) as session:
        session.exec("(exec sleep 64) & echo", timeout_seconds=10)
        pids = [server.pid, *server.descendants()]
        assert len(pids) > 1
        server.stop()
        eventually(lambda: not [pid for pid in pids if os.path.exists(f"/proc/{pid}/exe")])
