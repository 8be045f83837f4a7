from __future__ import annotations

import os

import pytest

from celestial_nasops import durable
from celestial_nasops.fault import LocalFault
from tests.mounts import SmallTmpfs

PAGE = os.sysconf("SC_PAGE_SIZE")


def test_a_full_disk_leaves_the_old_content(small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(4 * PAGE)
    path = os.path.join(folder, "state.json")
    durable.write_atomically(path, b"old")
    with pytest.raises(LocalFault) as caught, durable.folder_faults(folder, "daemon_settings.state_path"):
        durable.write_atomically(path, b"x" * 8 * PAGE)
    assert caught.value.code == "folder_full"
    assert caught.value.summary == (
        f"no space left in {folder} (daemon_settings.state_path): No space left on device; 12.3 kB of 16.4 kB free on "
        f"{folder} (tmpfs)"
    )
    with open(path, "rb") as file:
        assert file.read() == b"old"
    assert os.listdir(folder) == ["state.json"]


def test_a_full_disk_is_proven_full(small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(PAGE)
    with open(os.path.join(folder, "filler"), "wb") as file:
        file.write(b"x" * PAGE)
    with pytest.raises(LocalFault) as caught:
        durable.prove_folder(folder, "local_settings.media_path")
    assert caught.value.code == "folder_full"
    assert caught.value.summary.endswith(f": No space left on device; 0 B of 4.1 kB free on {folder} (tmpfs)")
    assert caught.value.remedy == (
        f"free space there; what fills it: sudo du -xhd2 {folder} | sort -h | tail; where no inode is free: "
        f"sudo du -xd2 --inodes {folder} | sort -n | tail"
    )
    assert os.listdir(folder) == ["filler"]


def test_a_disk_without_inodes(small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(16 * PAGE, inodes=2)
    with open(os.path.join(folder, "filler"), "wb"):
        pass
    with pytest.raises(LocalFault) as caught:
        durable.prove_folder(folder, "local_settings.media_path")
    assert caught.value.summary == (
        f"no space left in {folder} (local_settings.media_path): no inode free; 65.5 kB of 65.5 kB free on "
        f"{folder} (tmpfs)"
    )


def test_a_read_only_disk_leaves_the_old_content_and_heals(small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(16 * PAGE)
    path = os.path.join(folder, "state.json")
    durable.write_atomically(path, b"old")
    small_tmpfs.make_read_only(folder)
    with pytest.raises(LocalFault) as caught, durable.folder_faults(folder, "daemon_settings.state_path"):
        durable.write_atomically(path, b"new")
    assert caught.value.code == "folder_read_only"
    assert caught.value.summary == (
        f"{folder} is read-only (daemon_settings.state_path): [Errno 30] Read-only file system; "
        f"what is mounted at {folder} is read-only"
    )
    assert caught.value.remedy == (
        f"see why, then mount it for writing: dmesg | tail; sudo mount -o remount,rw {folder}"
    )
    with open(path, "rb") as file:
        assert file.read() == b"old"
    small_tmpfs.make_writable(folder)
    durable.write_atomically(path, b"new")
    with open(path, "rb") as file:
        assert file.read() == b"new"
