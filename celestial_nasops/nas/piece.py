"""What is to be sent: bytes, or bytes of an open file, which the kernel can hand on without a copy of them."""

from __future__ import annotations

import os
from typing import NamedTuple, TypeAlias


class Piece(NamedTuple):
    """Bytes of a file. Sent is what the file holds by then, so the copy has to be compared with ``content`` later.

    Attributes:
        content: as it was read.
        fd: the file, open for reading.
        offset: where in it they lie (bytes).
    """

    content: bytes
    fd: int
    offset: int

    def __bytes__(self) -> bytes:
        return self.content


Chunk: TypeAlias = bytes | Piece


def put(chunk: Chunk, pipe: int, done: int) -> int:
    """Put what follows the first bytes of a chunk into a pipe that does not block, as much of it as fits.

    Args:
        chunk: what is to be sent.
        pipe: its writing end.
        done: how many bytes were put already.

    Returns:
        How many bytes were put now.

    Raises:
        BlockingIOError: the pipe is full.
        BrokenPipeError: nobody reads it any more.
    """
    content = bytes(chunk)
    if isinstance(chunk, Piece):
        left, at = len(content) - done, chunk.offset + done
        try:
            moved = os.splice(chunk.fd, pipe, left, offset_src=at, flags=os.SPLICE_F_NONBLOCK)
        except (BlockingIOError, BrokenPipeError):
            raise
        except OSError:  # a file system that can't, or a disk that fails now: what was read of it is at hand
            moved = 0
        if moved:
            return moved
    return os.write(pipe, memoryview(content)[done:])
