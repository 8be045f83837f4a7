"""Every way in which a connection can fail before the login, each told from the others by its whole message."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import Cause, NasFault, NasRefusal, NasUnavailable
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import SshTarget, resolve
from tests.contract.opening import refused
from tests.nas_servers import Server, embedded_server, free_port, openssh_server
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


def at(host: str, port: int, sshd: Server) -> SshTarget:
    """The real server's target, bent to another place."""
    return replace(sshd.target(), host=host, port=port, alias="nas", config_alias="nas")


@contextlib.contextmanager
def listening(serve: Callable[[socket.socket], None] | None = None) -> Iterator[int]:
    """A TCP server that treats each connection as told, or never accepts one."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        if serve is None:
            yield port
            return

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield port
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def test_name_unknown(sshd: Server) -> None:
    host = "no-such-nas.invalid"
    with pytest.raises(socket.gaierror) as resolver:
        socket.getaddrinfo(host, 22)
    assert resolver.value.errno in (socket.EAI_NONAME, socket.EAI_AGAIN)
    refused(
        at(host, 22, sshd),
        causes.NAS_NAME_UNKNOWN,
        f"the name {host} can't be resolved: {resolver.value.strerror}",
        f"check the name and this server's DNS: getent hosts {host}",
        kind=NasRefusal if resolver.value.errno == socket.EAI_NONAME else NasUnavailable,
    )


def test_alias_unknown(sshd: Server) -> None:
    config = sshd.config().model_copy(
        update={"nas_settings": sshd.config().nas_settings.model_copy(update={"ssh_alias": "no-such-nas.invalid"})}
    )
    target = replace(resolve(config), identity_files=(sshd.client_key,))
    with pytest.raises(NasUnavailable) as caught:
        NasSession.open(target, timeout_seconds=5)
    assert caught.value.cause is causes.NAS_ALIAS_UNKNOWN
    assert str(caught.value) == "ssh knows no host 'no-such-nas.invalid' and no such name can be resolved"
    assert caught.value.remedy == (
        f"add 'Host no-such-nas.invalid' to {sshd.ssh_config}, or correct nas_settings.ssh_alias in "
        "unified_config.json; see: ssh -G no-such-nas.invalid"
    )


def test_a_name_that_can_not_be_one(sshd: Server) -> None:
    host = "x" * 64 + ".invalid"
    with pytest.raises(NasFault) as caught:
        NasSession.open(at(host, 22, sshd), timeout_seconds=5)
    assert caught.value.cause is causes.NAS_NAME_UNKNOWN


def test_refused(sshd: Server) -> None:
    port = free_port()
    refused(
        at("127.0.0.1", port, sshd),
        causes.NAS_REFUSED,
        f"127.0.0.1 refuses connections on port {port}",
        "see that SSH is on (DSM: Control Panel, Terminal & SNMP) and that the port is right: "
        f"ssh -v -p {port} 127.0.0.1",
        kind=NasUnavailable,
    )


def test_no_route(sshd: Server) -> None:
    # A broadcast address can't be connected to, whatever the network.
    refused(
        at("255.255.255.255", 22, sshd),
        causes.NAS_NO_ROUTE,
        "no way to 255.255.255.255 port 22: Network is unreachable",
        "check this server's network: ip route get 255.255.255.255",
        kind=NasUnavailable,
    )


def silent(port: int, stage: str, seconds: str = "0.5") -> tuple[Cause, str, str]:
    return (
        causes.NAS_SILENT,
        f"127.0.0.1 port {port} gave no answer within {seconds} s ({stage})",
        f"see that the NAS is on and awake, and that no firewall is in between: ssh -v -p {port} 127.0.0.1",
    )


def test_no_answer_to_the_connection_itself(sshd: Server) -> None:
    with socket.socket() as listener, contextlib.ExitStack() as stack:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(4):  # fill the queue: what comes after it is dropped without an answer
            caller = stack.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex(address)
        refused(
            at("127.0.0.1", address[1], sshd),
            *silent(address[1], "TCP connection"),
            kind=NasUnavailable,
            timeout_seconds=0.5,
        )


def test_connected_and_silent(sshd: Server) -> None:
    with listening() as port:
        refused(at("127.0.0.1", port, sshd), *silent(port, "SSH greeting"), kind=NasUnavailable, timeout_seconds=0.5)


@pytest.mark.parametrize("start", [openssh_server, embedded_server])
def test_a_frozen_server(start: Callable[[str], contextlib.AbstractContextManager[Server]], tmp_path: Path) -> None:
    with start(str(tmp_path / "nas")) as server:
        server.freeze()
        refused(server.target(), *silent(server.port, "SSH greeting"), kind=NasUnavailable, timeout_seconds=0.5)
        server.thaw()
        with NasSession.open(server.target(), timeout_seconds=10) as session:
            assert session.exec("echo awake", timeout_seconds=10).output == b"awake\n"


def test_silent_after_the_greeting(sshd: Server) -> None:
    done = threading.Event()

    def greet(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-Silent\r\n")
        done.wait()

    with listening(greet) as port:
        try:
            refused(
                at("127.0.0.1", port, sshd), *silent(port, "key exchange"), kind=NasUnavailable, timeout_seconds=0.5
            )
        finally:
            done.set()


def hung_up(port: int, stage: str, reason: str) -> tuple[Cause, str, str]:
    return (
        causes.NAS_HUNG_UP,
        f"127.0.0.1 port {port} closed the connection ({stage}): {reason}",
        "the NAS may have too many connections or have blocked this address "
        f"(DSM: Control Panel, Security, Protection); try: ssh -v -p {port} 127.0.0.1",
    )


def test_closed_at_once(sshd: Server) -> None:
    def read_the_greeting(connection: socket.socket) -> None:
        connection.recv(1000)

    with listening(read_the_greeting) as port:
        refused(at("127.0.0.1", port, sshd), *hung_up(port, "SSH greeting", "without a word"), kind=NasUnavailable)


def test_reset_at_once(sshd: Server) -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with listening(reset) as port, pytest.raises(NasUnavailable) as caught:
        NasSession.open(at("127.0.0.1", port, sshd), timeout_seconds=5)
    assert caught.value.cause is causes.NAS_HUNG_UP


def test_closed_after_the_greeting(sshd: Server) -> None:
    def greet(connection: socket.socket) -> None:
        connection.sendall(b"SSH-2.0-Short\r\n")
        connection.recv(100_000)

    with listening(greet) as port, pytest.raises(NasUnavailable) as caught:
        NasSession.open(at("127.0.0.1", port, sshd), timeout_seconds=5)
    assert caught.value.cause is causes.NAS_HUNG_UP
    assert "(key exchange)" in str(caught.value)


def test_something_else_listens_there(sshd: Server) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 200)
        connection.recv(1000)

    with listening(answer) as port:
        refused(
            at("127.0.0.1", port, sshd),
            causes.NAS_SSH_FAILED,
            'the SSH connection to 127.0.0.1 failed (SSH greeting): Indecipherable protocol version "HTTP/1.1 400 Bad '
            'Request"',
            "try it by hand: ssh -v nas",
            kind=NasUnavailable,
        )


def test_too_many_connections(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas", settings=["MaxStartups 1"]) as server, contextlib.ExitStack() as stack:

        def has_the_only_place() -> bool:
            squatter = stack.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            return squatter.recv(4) == b"SSH-"

        eventually(has_the_only_place)
        with pytest.raises(NasUnavailable) as caught:
            NasSession.open(server.target(), timeout_seconds=5)
    # sshd says why and closes; what we said meanwhile may make that a reset
    reasons = ("without a word", "Connection reset by peer")
    expected = [hung_up(server.port, "SSH greeting", reason) for reason in reasons]
    assert (caught.value.cause, caught.value.summary, caught.value.remedy) in expected


def test_no_common_algorithm(tmp_path: Path) -> None:
    settings = ["Ciphers chacha20-poly1305@openssh.com"]
    with openssh_server(tmp_path / "nas", settings=settings) as server, pytest.raises(NasUnavailable) as caught:
        NasSession.open(server.target(), timeout_seconds=5)
    assert caught.value.cause is causes.NAS_NO_COMMON_ALGORITHM
    assert str(caught.value).startswith("127.0.0.1 and this server share no algorithm: ")
    assert "cipher" in str(caught.value)


def test_nothing_is_said_on_stderr_or_in_the_log(
    sshd: Server, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with listening(lambda connection: connection.sendall(b"HTTP/1.1\r\n" * 200)) as port, pytest.raises(NasFault):
        NasSession.open(at("127.0.0.1", port, sshd), timeout_seconds=5)
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
