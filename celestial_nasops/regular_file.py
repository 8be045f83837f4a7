"""Reading what should be a file: whatever lies in its place, such as a FIFO that nobody writes to, it never waits."""

from __future__ import annotations

import errno
import os
import stat

from celestial_nasops.language import phrase, say

_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


class NotAFile(OSError):  # noqa: N818 - it says all
    """Something else lies in a file's place; ``strerror`` says what."""

    def __init__(self, path: str, mode: int) -> None:
        kind = phrase(_KINDS.get(stat.S_IFMT(mode), "something else"))
        super().__init__(errno.EINVAL, say("it is {kind}, not a file", kind=kind), path)


def demand(path: str) -> None:
    """Demand that a path leads to a file; it is not opened.

    Raises:
        NotAFile: it leads to something else.
        OSError: it leads nowhere, or can't be looked at.
    """
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode):
        raise NotAFile(path, mode)


def read(path: str) -> bytes:
    """All that is in a file.

    Raises:
        NotAFile: it is none.
        OSError: it can't be read.
    """
    demand(path)  # to open a device may set something off
    with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        if not stat.S_ISREG(mode):
            raise NotAFile(path, mode)
        return file.read()
