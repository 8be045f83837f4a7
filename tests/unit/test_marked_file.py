"""The mark decides what may be removed, so nothing else may ever look like it."""

from __future__ import annotations

import datetime as dt
import hashlib
from pathlib import Path

import pytest

from celestial_nasops.config import Config, LocalSettings, NasSettings
from healthcheck import marked_file
from healthcheck.marked_file import carries_mark

NAME = "smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin"
SHA256 = "012345abcdef" + "0" * 52


@pytest.mark.parametrize(
    "name",
    [NAME, f".{NAME}.part", f".tmp_{NAME}.0123456789ab", "my-site_20250122_101500_0a1b2c3d-12.smoke-check.txt"],
)
def test_marked(name: str) -> None:
    assert carries_mark(name)
    assert carries_mark(f"/volume1/homes/x/2025/01/22/{name}")


@pytest.mark.parametrize(
    "name",
    [
        "20250122_101500_x.mp4",
        "DJI_20250122101500_0001_V.mp4",
        "smoketest_1737540000.bin",
        f"{NAME}.mp4",
        f"{NAME}/20250122_101500_x.mp4",
        f"x {NAME}",
        f"{NAME}\n",
        f".tmp_{NAME}.mp4",
        "",
    ],
)
def test_not_marked(name: str) -> None:
    assert not carries_mark(name)


def config(folder: Path) -> Config:
    return Config(local_settings=LocalSettings(media_path=str(folder)), nas_settings=NasSettings(base_path="/v/base"))


def files(folder: Path, count: int = 1, size: int = 1024) -> list[marked_file.MarkedFile]:
    moment = dt.datetime(2025, 1, 22, 10, 15)
    return marked_file.new_files(config(folder), "20250122T101500Z-0a1b2c3d", moment, count, size)


def test_every_name_that_is_made_is_marked(tmp_path: Path) -> None:
    made = files(tmp_path, count=3)
    assert made[0].name == NAME
    assert len({f.name for f in made}) == 3
    for file in made:
        assert carries_mark(file.path)
        assert carries_mark(file.part_path)
        assert carries_mark(marked_file.temporary_remote_path(config(tmp_path), file.path))


def test_a_file_is_written_whole_and_says_what_it_is(tmp_path: Path) -> None:
    [file] = files(tmp_path, size=3 << 20)
    digest = marked_file.write(file, lambda: None)
    content = Path(file.path).read_bytes()
    assert len(content) == 3 << 20
    assert hashlib.sha256(content).hexdigest() == digest
    assert content.startswith(b"smoke-check test file, not media, safe to delete\n")
    assert [p.name for p in tmp_path.iterdir()] == [file.name]


def test_an_existing_part_is_not_overwritten_and_nothing_else_appears(tmp_path: Path) -> None:
    [file] = files(tmp_path)
    tmp_path.chmod(0o755)
    (tmp_path / file.name).mkdir()  # the rename fails
    with pytest.raises(OSError, match="directory"):
        marked_file.write(file, lambda: None)
    assert [p.name for p in tmp_path.iterdir()] == [file.name]


def test_only_marked_files_are_removed(tmp_path: Path) -> None:
    media = tmp_path / "20250122_101500_x.mp4"
    media.write_bytes(b"irreplaceable")
    with pytest.raises(ValueError, match="carries no mark"):
        marked_file.remove_local(str(media))
    assert media.exists()
    assert marked_file.remove_local(str(tmp_path / NAME)) is False


def test_a_file_is_gone_only_if_its_folder_is_the_one_that_it_was(tmp_path: Path) -> None:
    path, folder = str(tmp_path / NAME), tmp_path.stat()
    device, inode = folder.st_dev, folder.st_ino
    assert marked_file.presence(path, device, inode) == "gone"
    assert marked_file.presence(path, device + 1, inode) == "gone"  # the same volume, after a reboot
    assert marked_file.presence(path, device, inode + 1) == "gone"  # a folder that was made anew
    assert marked_file.presence(path, device + 1, inode + 1) == "unknown"  # what the volume was mounted on
    assert marked_file.presence(path, device + 1, None) == "unknown"
    assert marked_file.presence(path, None, None) == "gone"
    assert marked_file.presence(str(tmp_path / "away" / NAME), device, inode) == "unknown"
    Path(path).touch()
    assert marked_file.presence(path, device + 1, inode + 1) == "here"


def test_where_a_copy_lies_whose_name_is_taken() -> None:
    beside = "/v/2025/smoketest_20250122_101500_0a1b2c3d-1.smoke-check.012345-abcdef.bin"
    assert marked_file.path_beside("/v/2025/smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin", SHA256) == [beside]
    assert marked_file.is_marked_path(beside)
    for odd in ("", "../../", "0123456", SHA256.upper()):
        assert marked_file.path_beside(f"/v/2025/{NAME}", odd) == []


def test_where_copies_may_lie(tmp_path: Path) -> None:
    assert marked_file.possible_remote_paths(config(tmp_path), NAME) == [
        f"/v/base/EdgeBackup/2025/01/22/{NAME}",
        f"/v/base/EdgeBackup/2025/01/23/{NAME}",
        f"/v/base/EdgeBackup/2025/01/21/{NAME}",
        f"/v/base/2025/01/22/{NAME}",
        f"/v/base/2025/01/23/{NAME}",
        f"/v/base/2025/01/21/{NAME}",
        f"/v/base/EdgeBackup/{NAME}",
        f"/v/base/{NAME}",
    ]
    assert marked_file.expected_remote_path(config(tmp_path), NAME) == f"/v/base/EdgeBackup/2025/01/22/{NAME}"
