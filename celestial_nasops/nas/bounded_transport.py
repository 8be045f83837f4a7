"""paramiko's transport, held to what SSH allows: a server can't fill this machine's memory through it.

paramiko itself reads a packet of any announced length, keeps data beyond the window it granted, also that of channels
which were closed long ago, and waits for the end of a greeting however long that becomes.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from celestial_nasops.nas import ssh_library

if TYPE_CHECKING:
    import paramiko
else:
    paramiko = ssh_library.load()

# RFC 4253 asks for 35,000 bytes; OpenSSH takes and sends packets of up to 256 KiB.
_LONGEST_PACKET_BYTES = 1 << 18
# RFC 4253 allows lines before the greeting. OpenSSH gives up after 8 KiB of one.
_LONGEST_GREETING_BYTES = 1 << 16


class OutOfBounds(paramiko.SSHException):
    """The server sends more than SSH allows it to."""


class BoundedTransport(paramiko.Transport):
    """For clients. What goes beyond the bounds ends the connection with an OutOfBounds that says so."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__(_BoundedSocket(connection, self))  # type: ignore[arg-type]  # it asks for what this has

    # The library has no public way to look at messages; a test notices when this one is gone.
    _channel_handler_table: ClassVar = {
        **paramiko.Transport._channel_handler_table,  # type: ignore[attr-defined]  # noqa: SLF001
        paramiko.common.MSG_CHANNEL_DATA: lambda channel, message: _fed(channel, channel._feed, message),  # noqa: SLF001
        paramiko.common.MSG_CHANNEL_EXTENDED_DATA: lambda channel, message: _fed(
            channel,
            channel._feed_extended,  # noqa: SLF001
            message,
        ),
    }


def _fed(channel: paramiko.Channel, feed: Callable[[Any], None], message: paramiko.Message) -> None:
    """Take data for a channel, if the server may still send some there."""
    waiting = len(channel.in_buffer) + len(channel.in_stderr_buffer)
    if waiting > channel.in_window_size:
        raise OutOfBounds(f"more than the {channel.in_window_size} bytes came that it was allowed to send")
    feed(message)


class _BoundedSocket:
    """A socket that is not asked for more than a packet may hold; everything else is the socket's own."""

    def __init__(self, connection: socket.socket, transport: paramiko.Transport) -> None:
        self._connection = connection
        self._transport = transport
        self._greeting_bytes = 0

    def recv(self, size: int) -> bytes:
        if size > _LONGEST_PACKET_BYTES:
            raise OutOfBounds(f"a packet of {size} bytes was announced")
        data = self._connection.recv(size)
        if not getattr(self._transport, "remote_version", ""):
            self._greeting_bytes += len(data)
            if self._greeting_bytes > _LONGEST_GREETING_BYTES:
                raise OutOfBounds(f"no greeting within its first {_LONGEST_GREETING_BYTES} bytes")
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)
