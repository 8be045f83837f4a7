"""base_path is set to another volume while a large file lies half sent on the one before, as after that was full."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from celestial_nasops.database.records import TransferStatus
from tests.daemon_field import NAME, Field
from tests.mounts import SmallTmpfs
from tests.waiting import eventually

CONTENT = os.urandom(24 << 20)
SLOWLY = {"bandwidth_limits": [{"begins": "00:00", "ends": "00:00", "megabytes_per_second": 4}]}


@pytest.fixture
def old_base(field: Field, small_tmpfs: SmallTmpfs) -> str:
    """A daemon was ended with a file in hand, and the next one finds another base_path."""
    old, new = small_tmpfs(64 << 20, name="old"), small_tmpfs(64 << 20, name="new")
    field.configure(nas_settings={"base_path": old}, sync_settings=SLOWLY)
    field.put(NAME, CONTENT)
    with field.daemon():
        eventually(field.is_in_mid_upload)
    assert field.known_parts()[0].startswith(f"{old}/")
    field.configure(nas_settings={"base_path": new})
    return old


def _files_in(folder: str) -> list[str]:
    return [name for _, _, names in os.walk(folder) for name in names if name.startswith(".tmp_")]


@pytest.mark.parametrize("is_read_only", [False, True])
def test_the_file_is_sent_to_the_new_place(
    field: Field, old_base: str, small_tmpfs: SmallTmpfs, is_read_only: bool
) -> None:
    if is_read_only:
        small_tmpfs.make_read_only(old_base)
    assert field.run("--once")[0] == 0
    assert field.row(1).transfer_status is TransferStatus.COMPLETED
    assert field.remote().read_bytes() == CONTENT
    assert len(_files_in(old_base)) == is_read_only
    assert ("an unfinished upload stays there" in field.log) == is_read_only
    assert field.known_parts() == []


@pytest.mark.parametrize("why", ["read_only", "no_file"])
def test_what_can_t_be_removed_there_keeps_no_other_file_waiting(
    field: Field, old_base: str, small_tmpfs: SmallTmpfs, why: str
) -> None:
    [part] = field.known_parts()
    if why == "read_only":
        small_tmpfs.make_read_only(old_base)
    else:
        Path(part).unlink()
        Path(part).mkdir()
    (field.media / NAME).unlink()
    with field.daemon() as daemon:
        field.becomes(1, TransferStatus.FAILED)
        for number in range(8):  # one by one, and together
            field.put(f"20250122_{number}.jpg", b"photo")
        for number in range(8):
            field.becomes(2 + number, TransferStatus.COMPLETED)
        daemon.says("an unfinished upload stays there")
        assert "the NAS is away" not in daemon.log
    assert daemon.log.count("an unfinished upload stays there") == 1
    assert field.known_parts() == [part]


def test_it_is_removed_once_that_can_be(field: Field, old_base: str, small_tmpfs: SmallTmpfs) -> None:
    small_tmpfs.make_read_only(old_base)
    assert field.db.remove_record(1, field.row(1).file_path)
    field.put("20250122_1.jpg", b"photo")
    field.run("--once")
    assert len(_files_in(old_base)) == 1
    small_tmpfs.make_writable(old_base)
    with field.daemon():
        eventually(lambda: not _files_in(old_base))
        eventually(lambda: field.known_parts() == [])
