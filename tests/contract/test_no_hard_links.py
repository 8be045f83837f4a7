"""Publishing on a real exFAT, which has no hard links, by each way to it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from celestial_nasops.fault import NasFault
from celestial_nasops.nas.files import NasFiles
from tests.mounts import SmallTmpfs


def test_publishing_where_there_are_no_hard_links(nas_mounts: SmallTmpfs, nas_files: NasFiles) -> None:
    folder = nas_mounts.without_hard_links(name="exfat")
    one, other, final = f"{folder}/.tmp_one", f"{folder}/.tmp_other", f"{folder}/final"
    for path, content in ((one, b"was here first"), (other, b"came later")):
        nas_files.write(path, [content], stall_timeout_seconds=10)
    with pytest.raises(OSError, match="Operation not permitted"):
        os.link(one, f"{folder}/link")
    assert nas_files.publish(one, final) is True
    assert nas_files.publish(other, final) is False
    assert sorted(os.listdir(folder)) == [".tmp_other", "final"]
    assert (Path(final).read_bytes(), Path(other).read_bytes()) == (b"was here first", b"came later")
    os.mkdir(f"{folder}/folder")
    assert nas_files.publish(other, f"{folder}/folder") is False
    assert os.listdir(f"{folder}/folder") == []
    with pytest.raises(NasFault, match="No such file or directory"):
        nas_files.publish(f"{folder}/none", f"{folder}/new")
