"""A small SSH server that plays the NAS: one account, one key, commands run by ``/bin/sh``, on loopback only.

``python -m healthcheck.demo.embedded_nas --folder DIR`` makes keys, ``known_hosts`` and ``ssh_config`` in DIR, prints
``ready PORT``, and serves until SIGTERM, the end of its standard input or of the process that started it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import socket
import stat
import sys
import threading
from typing import TYPE_CHECKING

from celestial_nasops.nas import ssh_library
from celestial_nasops.process import Companion
from healthcheck.demo.nas_account import NasAccount

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = ssh_library.load()

_LOGIN_SECONDS = 15.0
_PIECE_BYTES = 1 << 16


class EmbeddedNas:
    """The server: accepts connections in the caller's thread, serves each in threads of its own."""

    def __init__(self, account: NasAccount, port: int = 0) -> None:
        """Bind to a port of 127.0.0.1; 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        self._account = account
        self._listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        self._transports: list[paramiko.Transport] = []
        self._commands = _Commands()

    def serve(self, *stop_fds: int) -> None:
        """Accept connections until one of some descriptors becomes readable, then end all that was started."""
        with self._listener:
            own = self._listener.fileno()
            while select.select([own, *stop_fds], [], [])[0] == [own]:
                connection, _ = self._listener.accept()
                self._welcome(connection)
        for transport in self._transports:
            transport.close()
        self._commands.end_all()

    def _welcome(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        transport = paramiko.Transport(connection)
        transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = _LOGIN_SECONDS
        transport.add_server_key(self._account.host_key)
        self._transports = [other for other in self._transports if other.is_active()] + [transport]
        # with an event it returns at once, and the transport's own thread does the rest
        transport.start_server(event=threading.Event(), server=_Server(self._account, self._commands))


class _Server(paramiko.ServerInterface):
    """What one connection may do: log in with the one key, run commands, nothing else."""

    def __init__(self, account: NasAccount, commands: _Commands) -> None:
        self._account = account
        self._commands = commands

    def get_allowed_auths(self, username: str) -> str:  # noqa: ARG002
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        return paramiko.common.AUTH_SUCCESSFUL if self._account.admits(username, key) else paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:  # noqa: ARG002
        known = kind == "session"
        return paramiko.common.OPEN_SUCCEEDED if known else paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        # not here: this is the thread that moves all of the connection's data
        threading.Thread(target=self._commands.run, args=(channel, command), daemon=True).start()
        return True


class _Commands:
    """The commands that run now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[Companion] = set()
        self._over = False

    def run(self, channel: paramiko.Channel, command: bytes) -> None:
        """Run one command; it ends at the latest when its channel does."""
        with self._lock:
            if self._over:
                channel.close()
                return
            program = Companion(["/bin/sh", "-c", os.fsdecode(command)])
            self._running.add(program)
        try:
            threading.Thread(target=_feed, args=(channel, program), daemon=True).start()
            threading.Thread(target=self._end_with, args=(channel, program), daemon=True).start()
            with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                while piece := program.socket.recv(_PIECE_BYTES):
                    channel.sendall(piece)
                exit_code = program.wait()
                if said := self._end(program):
                    channel.sendall_stderr(f"{said}\n".encode())
                channel.send_exit_status(exit_code if exit_code >= 0 else 128 - exit_code)
        finally:
            self._end(program)
            channel.close()

    def end_all(self) -> None:
        """End those that run, and run no more."""
        with self._lock:
            self._over = True
        for program in list(self._running):
            self._end(program)

    def _end(self, program: Companion) -> str:
        with self._lock:
            self._running.discard(program)
            return program.end()

    def _end_with(self, channel: paramiko.Channel, program: Companion) -> None:
        channel.status_event.wait()  # set when the channel closes, too
        self._end(program)


def _feed(channel: paramiko.Channel, program: Companion) -> None:
    """Pass a command's input on to it, and the end of it."""
    with contextlib.suppress(EOFError, OSError):  # it may end without reading
        while piece := channel.recv(_PIECE_BYTES):
            program.socket.sendall(piece)
        program.socket.shutdown(socket.SHUT_WR)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m healthcheck.demo.embedded_nas", description=__doc__)
    parser.add_argument("--folder", required=True, help="where keys, known_hosts and ssh_config go")
    parser.add_argument("--port", type=int, default=0, help="port of 127.0.0.1; a free one by default")
    options = parser.parse_args(arguments)
    account = NasAccount.make(os.path.abspath(options.folder))
    nas = EmbeddedNas(account, options.port)
    account.write_client_files(nas.port)
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno())
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)  # the wake-up is what counts
    stop_fds = [woken.fileno(), os.pidfd_open(os.getppid())]
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        stop_fds.append(0)
    sys.stdout.write(f"ready {nas.port}\n")
    sys.stdout.flush()
    nas.serve(*stop_fds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
