"""The kernel's inotify(7), called directly: a library for it would cost more time to import than it saves lines."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from typing import NamedTuple

MODIFY = 0x2
CLOSE_WRITE = 0x8
MOVED_FROM = 0x40
MOVED_TO = 0x80
CREATE = 0x100
DELETE = 0x200
DELETE_SELF = 0x400
MOVE_SELF = 0x800
IGNORED = 0x8000
ONLYDIR = 0x1000000

_HEADER = struct.Struct("iIII")  # struct inotify_event: watch, mask, cookie, length of the name that follows
_BUFFER_BYTES = 65536

_libc = ctypes.CDLL(None, use_errno=True)


class Event(NamedTuple):
    """Something that happened in the folder of a watch. ``mask`` has the bits above."""

    watch: int
    mask: int


class Inotify:
    """One inotify instance."""

    def __init__(self) -> None:
        """Open it.

        Raises:
            OSError: the user has too many, or too many files are open.
        """
        self._fd = _checked(_libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK))

    def fileno(self) -> int:
        """The descriptor, readable when there are events; -1 once it is closed."""
        return self._fd

    def close(self) -> None:
        """Close it. Closing twice is fine."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def add_watch(self, folder: str, mask: int) -> int:
        """Watch a folder, and return the number of the watch.

        Raises:
            OSError: the folder is missing or may not be read, or the user has too many watches.
        """
        return _checked(_libc.inotify_add_watch(self._fd, os.fsencode(folder), ctypes.c_uint32(mask)))

    def remove_watch(self, watch: int) -> None:
        """End a watch.

        Raises:
            OSError: there is no such watch.
        """
        _checked(_libc.inotify_rm_watch(self._fd, watch))

    def read(self) -> Iterator[Event]:
        """The events there are, without waiting for any."""
        while True:
            try:
                events = os.read(self._fd, _BUFFER_BYTES)
            except BlockingIOError:
                return
            start = 0
            while start < len(events):
                watch, mask, _, length = _HEADER.unpack_from(events, start)
                yield Event(watch, mask)
                start += _HEADER.size + length


def _checked(result: int) -> int:
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
