"""The SFTP protocol, version 3 with OpenSSH's extensions, over one channel.

paramiko's own client keeps neither the status codes nor the list of extensions, knows none of the extensions that are
needed here, and holds in memory whatever a server sends. So of paramiko only the channel is used.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from celestial_nasops.nas.sftp_errors import Garbled, Refused
from celestial_nasops.nas.sftp_packets import (
    FLUSH,
    FREE_SPACE,
    HARD_LINK,
    NO_ATTRIBUTES,
    PIECE_BYTES,
    SIZE,
    Attributes,
    Body,
    Kind,
    Space,
    Status,
    string,
)

if TYPE_CHECKING:
    import paramiko

_AHEAD = 64
_LONGEST_PACKET_BYTES = 1 << 18
_VERSION = 3


class SftpClient:
    """For one thread. Paths are bytes, as they come from ``os.fsencode``.

    Every method raises Refused for a status other than OK, Garbled for nonsense, EOFError when the channel ends.

    Attributes:
        extensions: what the server offers beyond the protocol.
    """

    def __init__(self, channel: paramiko.Channel) -> None:
        """Begin to speak on a channel that belongs to an SFTP server."""
        self._channel = channel
        self._number = 0
        self._heard = bytearray()
        self._awaited: set[int] = set()
        self._unwanted: set[int] = set()
        self._answers: dict[int, tuple[int, Body]] = {}
        self._send_packet(Kind.INIT, struct.pack(">I", _VERSION))
        kind, body = self._packet()
        if kind != Kind.VERSION:
            raise Garbled("the answer is not SFTP")
        body.number()
        names = []
        while body.is_left:
            names.append(body.string())
            body.string()  # the extension's version
        self.extensions = frozenset(names)

    # --- single requests ---

    def attributes(self, path: bytes, *, follow: bool = False) -> Attributes:
        """What lies at a path; of a link, the link itself unless ``follow``."""
        return self._ask(Kind.STAT if follow else Kind.LSTAT, Kind.ATTRS, string(path)).attributes()

    def attributes_of(self, handle: bytes) -> Attributes:
        """What an open file is."""
        return self._ask(Kind.FSTAT, Kind.ATTRS, string(handle)).attributes()

    def open_handle(self, path: bytes, flags: int) -> bytes:
        """Open a file."""
        return self._ask(Kind.OPEN, Kind.HANDLE, string(path), struct.pack(">I", flags), NO_ATTRIBUTES).string()

    def close_handle(self, handle: bytes) -> None:
        """Close a file or a folder."""
        self._do(Kind.CLOSE, string(handle))

    def truncate(self, handle: bytes, size: int) -> None:
        """Cut an open file off."""
        self._do(Kind.FSETSTAT, string(handle), struct.pack(">IQ", SIZE, size))

    def make_folder(self, path: bytes) -> None:
        """Make one folder."""
        self._do(Kind.MKDIR, string(path), NO_ATTRIBUTES)

    def remove_folder(self, path: bytes) -> None:
        """Remove one empty folder."""
        self._do(Kind.RMDIR, string(path))

    def rename_new(self, old: bytes, new: bytes) -> None:
        """Rename to a name that must be free; never by the extension that replaces what has it."""
        self._do(Kind.RENAME, string(old), string(new))

    def link(self, old: bytes, new: bytes) -> None:
        """Give a file a second name, which must be free."""
        self._do(Kind.EXTENDED, string(HARD_LINK), string(old), string(new))

    def flush(self, handle: bytes) -> None:
        """Have an open file written to the disk."""
        self._do(Kind.EXTENDED, string(FLUSH), string(handle))

    def space(self, path: bytes) -> Space:
        """What is left of the file system that a path is on."""
        return self._ask(Kind.EXTENDED, Kind.EXTENDED_REPLY, string(FREE_SPACE), string(path)).space()

    def holds_something(self, path: bytes) -> bool:
        """Whether a folder holds anything."""
        handle = self._ask(Kind.OPENDIR, Kind.HANDLE, string(path)).string()
        try:
            while True:
                body = self._ask(Kind.READDIR, Kind.NAME, string(handle))
                count = body.number()
                if not count:
                    raise Garbled("a folder's list goes on and says nothing")
                for _ in range(count):
                    if body.string() not in (b".", b".."):
                        return True
                    body.string()  # the same as ls would show it
                    body.attributes()
        except Refused as refused:
            if refused.status == Status.EOF:
                return False
            raise
        finally:
            self.close_handle(handle)

    # --- many at a time ---

    def remove_all(self, paths: Sequence[bytes]) -> Iterator[Refused | None]:
        """Remove files, never folders; yields in their order how it went."""
        for kind, body in self._all(Kind.REMOVE, ((string(path),) for path in paths)):
            yield _refusal_in(kind, body)

    def attributes_of_all(self, paths: Iterable[bytes]) -> Iterator[Attributes | None]:
        """What lies at paths, links themselves; yields in their order, None for what is refused."""
        for body in self._bodies(Kind.LSTAT, Kind.ATTRS, ((string(path),) for path in paths)):
            yield None if body is None else body.attributes()

    def open_all(self, paths: Iterable[bytes], flags: int) -> Iterator[bytes | None]:
        """Open files; yields their handles in their order, None for what is refused."""
        how = struct.pack(">I", flags)
        for body in self._bodies(Kind.OPEN, Kind.HANDLE, ((string(path), how, NO_ATTRIBUTES) for path in paths)):
            yield None if body is None else body.string()

    def close_all(self, handles: Iterable[bytes]) -> None:
        """Close files, whatever comes of it."""
        for kind, body in self._all(Kind.CLOSE, ((string(handle),) for handle in handles)):
            _refusal_in(kind, body)

    def read_all(self, pieces: Iterable[tuple[bytes, int, int]]) -> Iterator[bytes | None]:
        """Read pieces of open files.

        Args:
            pieces: handle, offset and length (bytes) of each.

        Yields:
            Their contents in their order, each perhaps shorter than was asked for; None for what is refused, as it is
            at the end of a file.
        """
        requests = ((string(handle), struct.pack(">QI", offset, length)) for handle, offset, length in pieces)
        for body in self._bodies(Kind.READ, Kind.DATA, requests):
            yield None if body is None else body.string()

    def read(self, handle: bytes, size: int) -> Iterator[bytes]:
        """Read a file from its beginning, not beyond ``size`` (bytes); ends early where the file does."""
        asked, next_offset = deque[tuple[int, int, int]](), 0
        try:
            while next_offset < size or asked:
                while next_offset < size and len(asked) < _AHEAD:
                    length = min(PIECE_BYTES, size - next_offset)
                    asked.append((self._send_read(handle, next_offset, length), next_offset, length))
                    next_offset += length
                number, offset, length = asked.popleft()
                while piece := self._piece(number, length):
                    yield piece
                    offset, length = offset + len(piece), length - len(piece)
                    if not length:
                        break
                    number = self._send_read(handle, offset, length)  # a server may give less than was asked for
                if length:
                    return
        finally:
            self._forget([number for number, _, _ in asked])

    def writer(self, handle: bytes, start: int = 0) -> Writer:
        """Write to an open file from an offset on."""
        return Writer(self, handle, start)

    # --- requests and answers ---

    def _ask(self, kind: Kind, wanted: Kind, *fields: bytes) -> Body:
        return _wanted(kind, wanted, *self._answer(self._send(kind, *fields)))

    def _do(self, kind: Kind, *fields: bytes) -> None:
        self._ask(kind, Kind.STATUS, *fields)

    def _all(self, kind: Kind, requests: Iterable[Sequence[bytes]]) -> Iterator[tuple[int, Body]]:
        """Send requests some way ahead of their answers, which are yielded in their order."""
        asked = deque[int]()
        try:
            for fields in requests:
                asked.append(self._send(kind, *fields))
                if len(asked) >= _AHEAD:
                    yield self._answer(asked.popleft())
            while asked:
                yield self._answer(asked.popleft())
        finally:
            self._forget(asked)

    def _bodies(self, kind: Kind, wanted: Kind, requests: Iterable[Sequence[bytes]]) -> Iterator[Body | None]:
        """The answers to such requests, None for what is refused."""
        for answer, body in self._all(kind, requests):
            try:
                yield _wanted(kind, wanted, answer, body)
            except Refused:
                yield None

    def _refusal(self, number: int) -> Refused | None:
        return _refusal_in(*self._answer(number))

    def _send_read(self, handle: bytes, offset: int, length: int) -> int:
        return self._send(Kind.READ, string(handle), struct.pack(">QI", offset, length))

    def _piece(self, number: int, length: int) -> bytes:
        kind, body = self._answer(number)
        if kind == Kind.DATA:
            piece = body.string()
            if 0 < len(piece) <= length:
                return piece
        elif kind == Kind.STATUS:
            refused = body.refusal()
            if refused is not None and refused.status == Status.EOF:
                return b""
            if refused is not None:
                raise refused
        raise Garbled(f"a request to read was answered by a packet of kind {kind}")

    def _send(self, kind: Kind, *fields: bytes) -> int:
        self._number = (self._number + 1) & 0xFFFFFFFF
        self._awaited.add(self._number)
        self._send_packet(kind, struct.pack(">I", self._number), *fields)
        return self._number

    def _answer(self, number: int) -> tuple[int, Body]:
        """Wait for the answer to one request; those to others that come before it are kept."""
        while number not in self._answers:
            kind, body = self._packet()
            answered = body.number()
            if answered not in self._awaited:
                raise Garbled("an answer to nothing that was asked")
            self._awaited.discard(answered)
            if answered in self._unwanted:
                self._unwanted.discard(answered)
            else:
                self._answers[answered] = kind, body
        return self._answers.pop(number)

    def _forget(self, numbers: Iterable[int]) -> None:
        """Don't keep the answers to these requests."""
        for number in numbers:
            if self._answers.pop(number, None) is None:
                self._unwanted.add(number)

    # --- packets ---

    def _send_packet(self, kind: Kind, *fields: bytes) -> None:
        content = b"".join(fields)
        self._channel.sendall(struct.pack(">IB", len(content) + 1, kind) + content)

    def _packet(self) -> tuple[int, Body]:
        size = struct.unpack(">I", self._exactly(4))[0]
        if not 0 < size <= _LONGEST_PACKET_BYTES:
            raise Garbled("the answer is not SFTP")
        content = self._exactly(size)
        return content[0], Body(content, 1)

    def _exactly(self, count: int) -> bytes:
        while len(self._heard) < count:
            piece = self._channel.recv(_LONGEST_PACKET_BYTES)
            if not piece:
                raise EOFError
            self._heard += piece
        content = bytes(self._heard[:count])
        del self._heard[:count]
        return content


def _wanted(kind: Kind, wanted: Kind, answer: int, body: Body) -> Body:
    if answer == Kind.STATUS:
        refused = body.refusal()
        if refused is not None:
            raise refused
    if answer != wanted:
        raise Garbled(f"a request to {kind.name.lower()} was answered by a packet of kind {answer}")
    return body


def _refusal_in(answer: int, body: Body) -> Refused | None:
    if answer != Kind.STATUS:
        raise Garbled(f"a request was answered by a packet of kind {answer}")
    return body.refusal()


class Writer:
    """Writes pieces some way ahead of their answers."""

    def __init__(self, client: SftpClient, handle: bytes, start: int) -> None:
        self._client = client
        self._handle = handle
        self._asked = deque[int]()
        self._offset = start

    def write(self, piece: bytes) -> None:
        """Write one piece of at most ``PIECE_BYTES``.

        Raises:
            Refused: an earlier piece was not written.
        """
        place = struct.pack(">Q", self._offset)
        self._asked.append(self._client._send(Kind.WRITE, string(self._handle), place, string(piece)))  # noqa: SLF001
        self._offset += len(piece)
        if len(self._asked) >= _AHEAD:
            self.settle()

    def drop(self) -> None:
        """Wait for no more answers: how the rest went doesn't matter any more."""
        self._client._forget(self._asked)  # noqa: SLF001
        self._asked.clear()

    def settle(self) -> bool:
        """Wait for one answer; False where none is outstanding.

        Raises:
            Refused: the piece was not written.
        """
        if not self._asked:
            return False
        refused = self._client._refusal(self._asked.popleft())  # noqa: SLF001
        if refused is not None:
            raise refused
        return True
