"""A NAS whose disk takes its time to flush what is about to be published, or whose sync knows no names."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasFault
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.transfer import SEGMENT_BYTES
from tests.nas_servers import environment_with, openssh_server


@contextmanager
def files_with_sync(folder: Path, script: str, *, timeout_seconds: float = 10) -> Iterator[tuple[NasFiles, Path]]:
    """Files on a NAS whose ``sync`` is this shell script, and the folder that they are in."""
    environment = environment_with(folder / "tools", "sync", script)
    with (
        openssh_server(folder / "nas", environment=environment) as server,
        NasSession.open(server.target(), timeout_seconds=10) as session,
    ):
        yield open_files(session, server.config().nas_settings, timeout_seconds=timeout_seconds), Path(server.files)


def test_what_took_an_upload_s_place_while_it_was_flushed_is_not_published(tmp_path: Path) -> None:
    """As does the next try, where the session that waited for the flush was given up."""
    next_try = 'case $1 in *.tmp) rm -f "$1" && printf half > "$1" ;; esac'
    with files_with_sync(tmp_path, next_try) as (files, folder):
        temporary = folder / "x.tmp"
        temporary.write_bytes(b"the whole of it")
        with pytest.raises(NasFault) as caught:
            files.publish(str(temporary), f"{folder}/x")
        assert caught.value.cause is causes.NAS_COMMAND_FAILED
        assert str(caught.value).endswith(f"{temporary}: it was replaced meanwhile")
        assert os.listdir(folder) == ["x.tmp"]


def test_to_publish_may_take_longer_than_other_steps(tmp_path: Path) -> None:
    with files_with_sync(tmp_path, 'sleep 1.5; exec /usr/bin/sync "$@"', timeout_seconds=1) as (files, folder):
        (folder / "x.tmp").write_bytes(b"one")
        assert files.publish(str(folder / "x.tmp"), f"{folder}/x") is True
        (folder / "many").mkdir()
        (folder / "many" / "y").write_bytes(b"another")
        assert files.batch is not None
        assert files.batch.publish(f"{folder}/many", ["y"], str(folder)) == {"y"}


def test_a_sync_that_ignores_names_and_says_so(tmp_path: Path) -> None:
    """As GNU's before 8.24."""
    script = 'if [ $# -gt 0 ]; then echo "sync: ignoring all arguments" >&2; fi; exec /usr/bin/sync "$@"'
    with files_with_sync(tmp_path, script) as (files, folder):
        assert files.write(f"{folder}/x.tmp", [b"one"], stall_timeout_seconds=10) == 3
        assert files.publish(f"{folder}/x.tmp", f"{folder}/x") is True
        size, content = 20 << 20, bytes(1 << 20)
        written = files.write_on(
            f"{folder}/y", [content] * 20, start=0, size=size, segment_bytes=SEGMENT_BYTES, stall_timeout_seconds=10
        )
        assert (written.size, written.sha256) == (size, hashlib.sha256(content * 20).hexdigest())


def test_a_flush_that_fails_is_told_in_its_words(tmp_path: Path) -> None:
    with files_with_sync(tmp_path, "echo \"sync: error syncing '$1': Input/output error\" >&2; exit 1") as (
        files,
        folder,
    ):
        for write in (files.write, functools.partial(files.write_on, start=0, size=3, segment_bytes=SEGMENT_BYTES)):
            with pytest.raises(NasFault, match="Input/output error"):
                write(f"{folder}/x.tmp", [b"one"], stall_timeout_seconds=10)
