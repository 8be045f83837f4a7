"""Records of systemd's journal with fields of their own, sent to its socket in its native protocol.

The protocol: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/. Where there is no journal a call says so and does nothing.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import socket
import struct
import time
from collections.abc import Mapping
from typing import NamedTuple

SOCKET = "/run/systemd/journal/socket"
_SEND_SECONDS = 1.0
_CAUSES = "72945fdc-eabe-4100-9e08-d116cb7dd8c3"  # the namespace of the message ids that stand for causes
_SIOCOUTQ = 0x5411  # sockios(7): bytes that were sent and not received yet
_SETTLE_PAUSE_SECONDS = 0.0005
_ALL_SEALS = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE

# syslog(3)
ERROR, WARNING, NOTICE, INFO = 3, 4, 5, 6


class Event(NamedTuple):
    """A kind of event: what all its records have in common, and how ``journalctl -x`` explains them.

    Attributes:
        message_id: 32 hexadecimal digits, for ever the same.
        title: what has happened, in a few words.
        meaning: what it means, and what to type; ``@FIELD@`` stands for a field of the record.
    """

    message_id: str
    title: str
    meaning: str


def event_of_cause(code: str) -> Event:
    """The kind of a record that tells of a cause; its words are those of the catalogue of causes.

    The message id is made from the code, so that it is as stable.
    """
    from uuid import UUID, uuid5  # only where something is wrong

    return Event(uuid5(UUID(_CAUSES), code).hex, code, "")


class Journal:
    """The journal of this machine, for one program."""

    def __init__(self, identifier: str, path: str = SOCKET) -> None:
        """Nothing is opened before the first record.

        Args:
            identifier: the program's name in front of its lines.
            path: the journal's socket.
        """
        self._identifier = identifier
        self._path = path
        self._socket: socket.socket | None = None

    def send(self, event: Event | None, priority: int, message: str, fields: Mapping[str, object]) -> bool:
        """Send a record and tell whether the journal has it, or will have it.

        Args:
            event: its kind.
            priority: of syslog(3).
            message: its line.
            fields: of its own; those that are None are left out.
        """
        everything: dict[str, object] = {
            "MESSAGE": message,
            "PRIORITY": priority,
            "SYSLOG_IDENTIFIER": self._identifier,
            "MESSAGE_ID": event.message_id if event else None,
            **fields,
        }
        try:
            _deliver(self._connected(), encoded(everything))
        except OSError:
            self.close()  # the journal may have been restarted: the next record tries anew
            return False
        return True

    def settle(self, timeout_seconds: float = 0.5) -> bool:
        """Wait until the journal has taken in all that was sent, and tell whether it has.

        It looks up the unit of a record by the sender's process. One that ends at once may be gone by then, and its
        record belongs to no unit. An empty datagram, which the journal ignores, is received only once all before it are
        done with.
        """
        if self._socket is None:
            return False
        deadline = time.monotonic() + timeout_seconds
        try:
            self._socket.send(b"")
            while _unreceived(self._socket):
                if time.monotonic() > deadline:
                    return False
                time.sleep(_SETTLE_PAUSE_SECONDS)  # the kernel has no event for this
        except OSError:
            self.close()
            return False
        return True

    def close(self) -> None:
        """Let go of the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connected(self) -> socket.socket:
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
            try:
                connection.settimeout(_SEND_SECONDS)
                connection.connect(self._path)
            except BaseException:
                connection.close()
                raise
            self._socket = connection
        return self._socket


def encoded(fields: Mapping[str, object]) -> bytes:
    """A record as the journal takes it. Bytes, such as those of a file's name, stay as they are.

    Raises:
        ValueError: a name that the journal would not take, with the field it stands for.
    """
    parts = bytearray()
    for name, value in fields.items():
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,63}", name):
            raise ValueError(f"{name} is no name of a field")
        if value is None:
            continue
        text = value if isinstance(value, bytes) else str(value).encode("utf-8", "backslashreplace")
        if b"\n" in text:
            parts += b"%s\n%s%s\n" % (name.encode(), struct.pack("<Q", len(text)), text)
        else:
            parts += b"%s=%s\n" % (name.encode(), text)
    return bytes(parts)


def _deliver(connection: socket.socket, record: bytes) -> None:
    try:
        connection.send(record)
    except OSError as error:
        if error.errno not in (errno.EMSGSIZE, errno.ENOBUFS):
            raise
    else:
        return
    # Too large for a datagram: handed over as a sealed file in memory.
    fd = os.memfd_create("journal-record", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with contextlib.closing(os.fdopen(os.dup(fd), "wb")) as file:
            file.write(record)
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, _ALL_SEALS)
        socket.send_fds(connection, [b""], [fd])
    finally:
        os.close(fd)


def _unreceived(connection: socket.socket) -> int:
    (count,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), _SIOCOUTQ, b"\0" * 4))
    return int(count)
