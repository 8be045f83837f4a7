"""What is sent of a file, by way of the kernel where that can be, is what was read of it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.nas.piece import Piece, put

CONTENT = os.urandom(300_000)  # more than a pipe holds


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reader, writer = os.pipe2(os.O_NONBLOCK)
    yield reader, writer
    for end in (reader, writer):
        with contextlib.suppress(OSError):  # a test has closed it
            os.close(end)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[int]:
    path = tmp_path / "clip.mp4"
    path.write_bytes(b"before" + CONTENT + b"after")
    fd = os.open(path, os.O_RDWR)
    yield fd
    os.close(fd)


def _sent(chunk: bytes | Piece, pipe: tuple[int, int]) -> bytes:
    received, done = b"", 0
    while done < len(bytes(chunk)):
        done += put(chunk, pipe[1], done)
        received += os.read(pipe[0], 10_000)
    while len(received) < done:
        received += os.read(pipe[0], 10_000)
    return received


def test_bytes_and_a_piece_of_a_file_arrive_as_they_are(pipe: tuple[int, int], file: int) -> None:
    assert _sent(CONTENT, pipe) == CONTENT
    assert _sent(Piece(CONTENT, file, 6), pipe) == CONTENT
    assert os.lseek(file, 0, os.SEEK_CUR) == 0


def test_a_piece_is_not_copied_but_taken_from_the_file(pipe: tuple[int, int], file: int) -> None:
    os.pwrite(file, b"other", 6)
    assert _sent(Piece(CONTENT, file, 6), pipe)[:5] == b"other"


def test_where_the_file_does_not_give_it_what_was_read_is_sent(
    pipe: tuple[int, int], file: int, tmp_path: Path
) -> None:
    os.ftruncate(file, 6)
    assert _sent(Piece(CONTENT, file, 6), pipe) == CONTENT
    blind = os.open(tmp_path / "clip.mp4", os.O_WRONLY)  # as a file system that can't: it is refused
    assert _sent(Piece(CONTENT, blind, 6), pipe) == CONTENT
    os.close(blind)


@pytest.mark.parametrize("kind", ["bytes", "piece"])
def test_a_pipe_that_is_full_or_that_nobody_reads(pipe: tuple[int, int], file: int, kind: str) -> None:
    chunk = Piece(CONTENT, file, 6) if kind == "piece" else CONTENT
    done = 0
    with contextlib.suppress(BlockingIOError):
        while done < len(CONTENT):
            done += put(chunk, pipe[1], done)
    assert 0 < done < len(CONTENT)
    with pytest.raises(BlockingIOError):
        put(chunk, pipe[1], done)
    os.close(pipe[0])
    with pytest.raises(BrokenPipeError):
        put(chunk, pipe[1], done)
