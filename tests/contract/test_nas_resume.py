"""Going on with an upload, on every kind of NAS."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasFault
from celestial_nasops.nas.files import NasFiles, WrittenCopy
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server

SEGMENT = 128 * 1024
CONTENT = bytes(range(256)) * 2600 + b"and a rest"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def path(nas_server: Server) -> Iterator[str]:
    """Where the upload goes."""
    yield f"{nas_server.files}/a part"
    Path(nas_server.files, "a part").unlink(missing_ok=True)


def written_on(files: NasFiles, path: str, content: bytes, start: int) -> WrittenCopy:
    return files.write_on(
        path,
        iter([content[start:][:100_000], content[start:][100_000:]]),
        start=start,
        size=len(content),
        segment_bytes=SEGMENT,
        stall_timeout_seconds=10,
    )


@pytest.mark.parametrize("start", [0, 1, SEGMENT, SEGMENT + 4711, len(CONTENT)])
def test_what_lies_there_in_the_end_is_told(nas_files: NasFiles, path: str, start: int) -> None:
    Path(path).write_bytes(CONTENT[:start] + b"what was sent in vain" * 7)
    assert written_on(nas_files, path, CONTENT, start) == WrittenCopy(len(CONTENT), sha256(CONTENT))
    assert Path(path).read_bytes() == CONTENT


def test_a_wrong_beginning_shows(nas_files: NasFiles, path: str) -> None:
    rotten = b"X" + CONTENT[1:SEGMENT]
    Path(path).write_bytes(rotten)
    assert written_on(nas_files, path, CONTENT, SEGMENT).sha256 == sha256(rotten + CONTENT[SEGMENT:])


def test_segments_are_hashed_one_by_one(nas_files: NasFiles, path: str) -> None:
    Path(path).write_bytes(CONTENT)
    size = len(CONTENT) - 5
    expected = [sha256(CONTENT[at : min(at + SEGMENT, size)]) for at in range(0, size, SEGMENT)]
    assert nas_files.hash_segments(path, size, SEGMENT) == expected
    assert nas_files.hash_segments(f"{path} which is not there", size, SEGMENT) == []


def test_a_full_disk_in_mid_upload(nas_files: NasFiles, nas_mounts: SmallTmpfs) -> None:
    path = f"{nas_mounts(256 * 1024)}/x"
    with pytest.raises(NasFault) as caught:
        written_on(nas_files, path, os.urandom(1 << 20), 0)
    assert caught.value.cause is causes.NAS_DISK_FULL
    assert str(caught.value) == f"no space left on the NAS for {path}: No space left on device"
