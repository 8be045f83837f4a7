"""The packets of SFTP version 3 and of OpenSSH's extensions: what they are, and how they are read."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from celestial_nasops.nas.sftp_errors import Garbled, Refused

PIECE_BYTES = 32_000  # a request with that much fits into one SSH packet, and every server must take it
READ = 1
WRITE = 2
WRITE_NEW = WRITE | 8 | 32  # create, exclusively
HARD_LINK, FLUSH, FREE_SPACE = b"hardlink@openssh.com", b"fsync@openssh.com", b"statvfs@openssh.com"
NO_ATTRIBUTES = struct.pack(">I", 0)

_READ_ONLY_FLAG = 1
SIZE, _OWNERS, _MODE, _TIMES, _EXTENDED = 1, 2, 4, 8, 0x80000000


class Kind(IntEnum):
    """The kinds of packets that are used here."""

    INIT = 1
    VERSION = 2
    OPEN = 3
    CLOSE = 4
    READ = 5
    WRITE = 6
    LSTAT = 7
    FSTAT = 8
    FSETSTAT = 10
    OPENDIR = 11
    READDIR = 12
    REMOVE = 13
    MKDIR = 14
    RMDIR = 15
    STAT = 17
    RENAME = 18
    STATUS = 101
    HANDLE = 102
    DATA = 103
    NAME = 104
    ATTRS = 105
    EXTENDED = 200
    EXTENDED_REPLY = 201


class Status(IntEnum):
    """The status codes of the protocol that are told apart here."""

    OK = 0
    EOF = 1
    NO_SUCH_FILE = 2
    PERMISSION_DENIED = 3
    FAILURE = 4
    BAD_MESSAGE = 5
    OP_UNSUPPORTED = 8


@dataclass(frozen=True, slots=True)
class Attributes:
    """What lies at a path: size (bytes), mode as in stat(2), time of modification (Unix seconds)."""

    size: int
    mode: int
    modified: int


@dataclass(frozen=True, slots=True)
class Space:
    """What is left of a file system. ``files`` is None where it doesn't count them."""

    bytes: int
    files: int | None
    read_only: bool

    @property
    def is_exhausted(self) -> bool:
        """Whether not even a small file fits, which is how a full disk looks from outside."""
        return self.bytes < 2 * PIECE_BYTES or self.files == 0


class Body:
    """A packet's content, read field by field."""

    def __init__(self, content: bytes, position: int) -> None:
        self._content = content
        self._position = position

    @property
    def is_left(self) -> bool:
        """Whether there is more."""
        return self._position < len(self._content)

    def take(self, count: int) -> bytes:
        """The next bytes."""
        taken = self._content[self._position : self._position + count]
        if len(taken) != count:
            raise Garbled("an answer ends in the middle")
        self._position += count
        return taken

    def number(self) -> int:
        """A uint32."""
        return int(struct.unpack(">I", self.take(4))[0])

    def long(self) -> int:
        """A uint64."""
        return int(struct.unpack(">Q", self.take(8))[0])

    def string(self) -> bytes:
        """A field of any length."""
        return self.take(self.number())

    def space(self) -> Space:
        """The answer to statvfs@openssh.com."""
        _, unit, _, _, available, files, _, available_files, _, flags, _ = (self.long() for _ in range(11))
        return Space(available * unit, available_files if files else None, bool(flags & _READ_ONLY_FLAG))

    def attributes(self) -> Attributes:
        """What the server tells of a file; what it leaves out is 0."""
        flags = self.number()
        size = self.long() if flags & SIZE else 0
        if flags & _OWNERS:
            self.take(8)  # owner and group
        mode = self.number() if flags & _MODE else 0
        modified = 0
        if flags & _TIMES:
            self.number()
            modified = self.number()
        if flags & _EXTENDED:
            for _ in range(self.number()):
                self.string()
                self.string()
        return Attributes(size, mode, modified)

    def refusal(self) -> Refused | None:
        """The status, where it is not OK."""
        status = self.number()
        if status == Status.OK:
            return None
        text = self.string().decode("utf-8", "replace") if self.is_left else ""
        return Refused(status, text[:100] or "no reason is given")


def string(content: bytes) -> bytes:
    """A field of any length."""
    return struct.pack(">I", len(content)) + content
