"""A NAS whose SSH server does not answer requests, or turns them down."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.nas import ssh_library
from celestial_nasops.nas.session import NasSession
from tests.nas_servers import Server


class _DeafServer:
    """An SSH server that lets everybody in and takes every request, but never says whether it does as asked."""

    def __init__(self, sshd: Server, answer: bool | None) -> None:
        library = ssh_library.load()
        self.done = threading.Event()
        outer = self

        class Account(library.ServerInterface):  # type: ignore[name-defined,misc]
            def check_auth_publickey(self, username: str, key: object) -> int:
                return 0

            def get_allowed_auths(self, username: str) -> str:
                return "publickey"

            def check_channel_request(self, kind: str, chanid: int) -> int:
                return 0

            def check_channel_exec_request(self, channel: object, command: bytes) -> bool:
                if answer is None:
                    outer.done.wait(30)
                return bool(answer)

        self.listener = socket.create_server(("127.0.0.1", 0))
        self.key = library.Ed25519Key.from_private_key_file(f"{sshd.folder}/host_ed25519")
        self.account = Account()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        self.port = self.listener.getsockname()[1]

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        self.transport = ssh_library.load().Transport(connection)
        self.transport.add_server_key(self.key)
        self.transport.start_server(event=threading.Event(), server=self.account)

    def close(self) -> None:
        self.done.set()
        self.thread.join()
        self.transport.close()
        self.listener.close()


@contextlib.contextmanager
def session_on_deaf_server(sshd: Server, tmp_path: Path, answer: bool | None) -> Iterator[NasSession]:
    with contextlib.closing(_DeafServer(sshd, answer)) as server:
        known_hosts = tmp_path / "known_hosts"
        key = Path(f"{sshd.folder}/host_ed25519.pub").read_text()
        known_hosts.write_text(f"[127.0.0.1]:{server.port} {key}")
        target = replace(sshd.target(), port=server.port, known_hosts_files=(str(known_hosts),))
        with NasSession.open(target, timeout_seconds=10) as session:
            yield session


def test_a_request_that_is_never_answered(sshd: Server, tmp_path: Path) -> None:
    with session_on_deaf_server(sshd, tmp_path, None) as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=0.5, action="look at", path="/x")
        assert caught.value.cause is causes.NAS_LOGIN_HANGS
        target = session.target
        assert caught.value.summary == (
            f"the login of {target.username} on 127.0.0.1 gave no answer within 0.5 s (look at /x)"
        )
        assert caught.value.remedy == (
            "see what it waits for there (a disk that wakes up or fails, a profile, a directory service): "
            f"ssh -v {target.alias} uptime; if that hangs as well, restart the NAS"
        )


def test_a_request_that_is_turned_down(sshd: Server, tmp_path: Path) -> None:
    with session_on_deaf_server(sshd, tmp_path, False) as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=10)
        assert caught.value.cause is causes.NAS_NO_SHELL
        assert str(caught.value).endswith(" gets no shell: it refuses to run commands")
