"""An SSH server on loopback that does what no NAS should: it lies, floods, stalls and breaks the protocol.

It logs the account in like the embedded NAS, and then answers each command as one of the functions here says.
"""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celestial_nasops.config import Config
from celestial_nasops.nas import ssh_library
from celestial_nasops.nas.target import SshTarget, resolve
from healthcheck.demo.nas_account import NasAccount

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = ssh_library.load()

_FLOOD_BYTES = 1 << 15
# What a flood may come to at most, so that a client that takes it all does not take the machine with it.
FLOOD_LIMIT_BYTES = 600 << 20


@dataclass
class Request:
    """One command that the client wants run, and the means to answer it."""

    channel: paramiko.Channel
    command: bytes
    over: threading.Event

    @property
    def begin(self) -> bytes:
        """The line before the answer."""
        found = re.search(rb"begin-[0-9a-f]{16}", self.command)
        return found[0] + b"\n" if found else b""

    def end(self, status: bytes = b"0") -> bytes:
        """The line after the answer."""
        return b"\n" + self.begin.strip().replace(b"begin", b"end") + b" " + status + b"\n"

    def say(self, data: bytes) -> None:
        """Answer within the protocol."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self.channel.sendall(data)

    def finish(self, status: int = 0) -> None:
        """Exit."""
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            self.channel.send_exit_status(status)
            self.channel.close()

    def answer(self, output: bytes, status: bytes = b"0") -> None:
        """A whole answer, of a script that ended."""
        self.say(self.begin + output + self.end(status))
        self.finish()

    def push(self, kind: int, *values: int | bytes | str) -> None:
        """Send a message of the protocol past the library, which would heed windows and states."""
        message = paramiko.Message()
        message.add_byte(bytes([kind]))
        for value in values:
            if isinstance(value, int):
                message.add_int(value)
            else:
                message.add_string(value)
        self.push_message(message)

    def push_message(self, message: paramiko.Message) -> None:
        """Send this, whatever it is."""
        self.channel.get_transport()._send_user_message(message)  # type: ignore[attr-defined]  # not public

    def flood(self, *, errors: bool = False) -> None:
        """Data without end, whatever the window allows."""
        data = b"x" * _FLOOD_BYTES
        to = self.channel.remote_chanid
        sent = 0
        while not self.over.is_set() and sent < FLOOD_LIMIT_BYTES and self.channel.get_transport().is_active():
            with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
                if errors:
                    self.push(95, to, 1, data)  # CHANNEL_EXTENDED_DATA
                else:
                    self.push(94, to, data)  # CHANNEL_DATA
            sent += len(data)


Answer = Callable[[Request], None]
Raw = Callable[[socket.socket, threading.Event], None]


def answer_with(output: bytes, status: bytes = b"0", *, before: bytes = b"", after: bytes = b"") -> Answer:
    """A frame with this in it, and noise around it."""

    def act(request: Request) -> None:
        request.say(before + request.begin + output + request.end(status) + after)
        request.finish()

    return act


def silent(request: Request) -> None:
    """Takes the command and never says a word."""
    request.over.wait()


def flood(request: Request) -> None:
    """Output without end, past the window."""
    request.flood()


def flood_errors(request: Request) -> None:
    """Error output without end, past the window, and no other."""
    request.flood(errors=True)


def flood_in_frame(request: Request) -> None:
    """An answer that begins well and never ends, within the protocol."""
    request.say(request.begin)
    while not request.over.is_set() and not request.channel.closed:
        request.say(b"x" * _FLOOD_BYTES)


def flood_afterwards(request: Request) -> None:
    """A proper answer, nothing there; and then data without end for a channel that the client has closed."""
    request.say(request.begin + request.end())
    request.channel.closed = True  # so that the library does not answer the client's farewell
    request.flood()


def drip(request: Request) -> None:
    """A byte now and then, for ever."""
    request.say(request.begin)
    while not request.over.wait(0.2) and not request.channel.closed:
        request.say(b"x")


def no_status(request: Request) -> None:
    """Ends without an exit status and without a word."""
    request.channel.close()


def odd_status(request: Request) -> None:
    """Ends with a number that no program exits with."""
    request.say(b"bye")
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        request.push(98, request.channel.remote_chanid, "exit-status", b"")
        request.channel.send_exit_status(0xFFFFFFFF)
    request.channel.close()


def half_a_frame(request: Request) -> None:
    """Dies within its answer."""
    request.say(request.begin + b"81a4 10")
    request.finish(0)


def cut(request: Request) -> None:
    """Cuts the connection within its answer."""
    request.say(request.begin + b"81a4 10")
    request.channel.get_transport().close()


def broken_message(request: Request) -> None:
    """A channel request whose name is no text."""
    request.push(98, request.channel.remote_chanid, b"\xff\xfe\xfd")
    request.over.wait()


def truncated_message(request: Request) -> None:
    """A message of data that ends before its length says."""
    message = paramiko.Message()
    message.add_byte(bytes([94]))
    message.add_bytes(b"\0")
    request.push_message(message)
    request.over.wait()


def gives_orders(request: Request) -> None:
    """Wants the client to run commands, to open ways back into its network, and to lend its keys; then answers."""
    to = request.channel.remote_chanid
    for kind in ("exec", "shell", "subsystem", "env", "pty-req", "x11-req", "auth-agent-req@openssh.com"):
        request.push(98, to, kind, b"\1touch /tmp/pwned")
    for number, kind in enumerate(("session", "x11", "forwarded-tcpip", "direct-tcpip", "auth-agent@openssh.com")):
        message = paramiko.Message()
        message.add_byte(bytes([90]))  # CHANNEL_OPEN
        message.add_string(kind)
        for value in (100 + number, 1 << 20, 1 << 15):
            message.add_int(value)
        message.add_string("127.0.0.1")
        message.add_int(22)
        message.add_string("127.0.0.1")
        message.add_int(22)
        request.push_message(message)
    for kind in ("tcpip-forward", "streamlocal-forward@openssh.com", "hostkeys-00@openssh.com"):
        request.push(80, kind, b"\1", b"127.0.0.1", 0)
    request.answer(b"")


def greets_with(data: bytes, *, repeated: bool = False, pause: float = 0.0) -> Raw:
    """No SSH server at all, or a bad one: it says this and waits."""

    def act(connection: socket.socket, over: threading.Event) -> None:
        sent = 0
        while not over.is_set() and sent < FLOOD_LIMIT_BYTES:
            connection.sendall(data)
            sent += len(data)
            if not repeated:
                break
            if pause:
                over.wait(pause)
        over.wait()

    return act


GREETING = b"SSH-2.0-hostile\r\n"


def huge_packet(connection: socket.socket, over: threading.Event) -> None:
    """After its greeting a packet of 4 GiB, as it comes before anybody has shown who he is."""
    connection.sendall(GREETING + struct.pack(">I", 0xFFFFFFF4))
    sent = 0
    while not over.is_set() and sent < FLOOD_LIMIT_BYTES:
        connection.sendall(b"\0" * 65536)
        sent += 65536
    over.wait()


class HostileNas:
    """The server: ``answer`` is given each command; with ``raw`` it speaks no SSH at all."""

    def __init__(self, folder: str, answer: Answer = silent, raw: Raw | None = None) -> None:
        self.answer = answer
        self.raw = raw
        self.commands: list[bytes] = []
        self.subsystem: Answer | None = None
        """What speaks SFTP, where it is to be had."""
        self.refuse_sessions = False
        self.refuse_commands = False
        self.folder = folder
        self._account = NasAccount.make(folder)
        self.over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._account.write_client_files(self.port)
        self._transports: list[paramiko.Transport] = []
        self._connections: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def ssh_config(self) -> str:
        """For ``nas_settings.ssh_config_path``."""
        return f"{self.folder}/ssh_config"

    def target(self) -> SshTarget:
        """The resolved target."""
        return resolve(Config.model_validate({"nas_settings": {"ssh_config_path": self.ssh_config}}))

    def stop(self) -> None:
        """End all connections."""
        self.over.set()
        self._listener.close()
        for transport in self._transports:
            transport.close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                threading.Thread(target=self._welcome, args=(connection, self.raw), daemon=True).start()

    def _welcome(self, connection: socket.socket, raw: Raw | None) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
            if raw is not None:
                raw(connection, self.over)
                return
            transport = paramiko.Transport(connection)
            transport.add_server_key(self._account.host_key)
            self._transports.append(transport)
            transport.start_server(event=threading.Event(), server=_Server(self, self._account))

    def start(self, channel: paramiko.Channel, command: bytes) -> None:
        """Answer a command, in a thread of its own."""
        self.commands.append(command)
        threading.Thread(target=_quietly, args=(self.answer, Request(channel, command, self.over)), daemon=True).start()


@contextlib.contextmanager
def hostile_nas(folder: str, answer: Answer = silent, raw: Raw | None = None) -> Iterator[HostileNas]:
    """One that serves while the block lasts."""
    nas = HostileNas(folder, answer, raw)
    try:
        yield nas
    finally:
        nas.stop()


def _quietly(answer: Answer, request: Request) -> None:
    with contextlib.suppress(OSError, EOFError, paramiko.SSHException):
        answer(request)


class _Server(paramiko.ServerInterface):
    def __init__(self, nas: HostileNas, account: NasAccount) -> None:
        self._nas = nas
        self._account = account

    def get_allowed_auths(self, username: str) -> str:
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.common.AUTH_SUCCESSFUL if self._account.admits(username, key) else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        refused = self._nas.refuse_sessions
        return paramiko.common.OPEN_FAILED_RESOURCE_SHORTAGE if refused else paramiko.common.OPEN_SUCCEEDED

    def check_channel_subsystem_request(self, channel: paramiko.Channel, name: str) -> bool:
        answer = self._nas.subsystem
        if answer is None:
            return False
        request = Request(channel, name.encode(), self._nas.over)
        threading.Timer(0.002, _quietly, [answer, request]).start()
        return True

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        if self._nas.refuse_commands:
            return False
        # a moment later, so that the client has heard that its command is taken
        threading.Timer(0.002, self._nas.start, [channel, command]).start()
        return True
