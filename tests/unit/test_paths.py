from __future__ import annotations

import contextlib
import datetime as dt
import os
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from celestial_nasops import paths
from celestial_nasops.config import Config

TODAY = dt.date(2025, 3, 4)


def config(**sections: Any) -> Config:
    return Config.model_validate(sections)


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("20250122_101500_x.mp4", dt.date(2025, 1, 22)),
        ("DJI_20240229_0001.jpg", dt.date(2024, 2, 29)),
        ("x202501221015.mp4", dt.date(2025, 1, 22)),
        ("20250230_101500.mp4", None),
        ("00000000.mp4", None),
        ("2025-01-22.mp4", None),
        ("1234567_20250122.mp4", dt.date(2025, 1, 22)),
        ("99999999_20250122.mp4", None),  # the first eight digits count, or none
        ("２０２５０１２２.mp4", None),
        ("photo.jpg", None),
    ],
)
def test_date_in_name(name: str, date: dt.date | None) -> None:
    assert paths.date_in_name(name) == date


@pytest.mark.parametrize(
    ("name", "beside"),
    [
        ("20250122_x.mp4", "20250122_x.123456-789012.mp4"),
        ("clip.tar.gz", "clip.tar.123456-789012.gz"),
        ("no extension", "no extension.123456-789012"),
        (".hidden", ".hidden.123456-789012"),
        ("x.an-extension-that-is-none", "x.an-extension-that-is-none.123456-789012"),
        ("20250122" + "x" * 243 + ".mp4", "20250122" + "x" * 229 + ".123456-789012.mp4"),
        ("媒" * 83 + "ab.mp4", "媒" * 79 + ".123456-789012.mp4"),
        ("20250122" + "x" * 131 + ".mp4", "20250122" + "x" * 117 + ".123456-789012.mp4"),
        ("20250122" + "x" * 120 + ".mp4", "20250122" + "x" * 117 + ".123456-789012.mp4"),
    ],
)
def test_the_name_beside_a_taken_one(name: str, beside: str) -> None:
    found = paths.beside_name(name, "1234567890" * 6)
    assert found == beside
    assert paths.date_in_name(found) == paths.date_in_name(name)
    assert len(found.encode()) <= max(143, len(name.encode()))


@pytest.mark.parametrize(
    ("sections", "path"),
    [
        ({}, "/volume1/homes/edge_sync/drone_media/EdgeBackup/2025/01/22/20250122_a.mp4"),
        ({"nas_settings": {"backup_path": ""}}, "/volume1/homes/edge_sync/drone_media/2025/01/22/20250122_a.mp4"),
        ({"nas_settings": {"base_path": "/m/", "backup_path": "a/b/"}}, "/m/a/b/2025/01/22/20250122_a.mp4"),
        ({"nas_settings": {"base_path": "/", "backup_path": "a"}}, "/a/2025/01/22/20250122_a.mp4"),
        (
            {"nas_settings": {"base_path": "/m"}, "file_organization": {"date_format": "%Y-%m"}},
            "/m/EdgeBackup/2025-01/20250122_a.mp4",
        ),
        (
            {"nas_settings": {"base_path": "/m"}, "file_organization": {"enable_date_structure": False}},
            "/m/EdgeBackup/20250122_a.mp4",
        ),
    ],
)
def test_remote_path(sections: dict[str, Any], path: str) -> None:
    assert paths.remote_path(config(**sections), "20250122_a.mp4", TODAY) == path


def test_the_day_of_transfer_counts_where_the_name_has_no_date() -> None:
    assert paths.remote_folder(config(), "a.mp4", TODAY).endswith("/EdgeBackup/2025/03/04")


def test_the_folder_that_some_older_daemons_used() -> None:
    folder = paths.remote_folder(config(), "20250122_a.mp4", TODAY, with_backup_path=False)
    assert folder == "/volume1/homes/edge_sync/drone_media/2025/01/22"


def test_a_temporary_name_is_stable_marked_and_the_path_s_own() -> None:
    first = paths.temporary_name(config(), "/data/media/a.mp4")
    assert first == paths.temporary_name(config(), "/data/media/a.mp4")
    assert first.startswith(".tmp_a.mp4.")
    assert first != paths.temporary_name(config(), "/data/other/a.mp4")


@given(st.binary(min_size=1, max_size=255).filter(lambda raw: b"/" not in raw and b"\0" not in raw))
@example(b"x" * 255)
@example("无".encode() * 85)
def test_a_temporary_name_fits_every_file_system(raw: bytes) -> None:
    name = paths.temporary_name(config(), "/data/media/" + os.fsdecode(raw))
    assert len(os.fsencode(name)) <= 143  # on an encrypted shared folder of DSM's
    assert "/" not in name
    with contextlib.suppress(UnicodeDecodeError):
        raw.decode()
        assert name.encode()  # where half a character is refused
