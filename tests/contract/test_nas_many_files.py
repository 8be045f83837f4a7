"""Many small files hashed together, on every kind of NAS: those that are right are told, and nothing of the others."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator

import pytest

from celestial_nasops.nas.files import NasFiles
from tests.contract.test_nas_files import NAMES, content_of, put
from tests.nas_servers import Server


@pytest.fixture
def folder(nas_server: Server) -> Iterator[str]:
    """An empty folder on the NAS; its name is not odd, for in an odd one a shell leaves all out."""
    path = os.path.join(nas_server.files, "it's a plain folder")
    os.mkdir(path)
    yield path
    shutil.rmtree(path)


def test_many_are_hashed_together(nas_files: NasFiles, folder: str) -> None:
    names = NAMES + [f"{number}{'x' * 200}.jpg" for number in range(400)]  # too many for one command
    contents = {
        put(f"{folder}/{name}", name.encode("utf-8", "surrogateescape")): len(os.fsencode(name)) for name in names
    }
    hashes = {path: hashlib.sha256(content_of(path)).hexdigest() for path in contents}
    found = nas_files.sha256_of_all(contents)
    assert found.items() <= hashes.items()
    # A shell does without those that are not one line in the answer of a program.
    left_out = {os.path.basename(path) for path in hashes.keys() - found.keys()}
    assert left_out <= {name for name in NAMES if "\\" in name or not name.isprintable()}
    assert nas_files.sha256_of_all({}) == {}


def test_of_many_only_right_ones_are_told(nas_files: NasFiles, folder: str) -> None:
    right, large = put(f"{folder}/right", b"right"), put(f"{folder}/large", b"l" * 100_000)
    longer, shorter = put(f"{folder}/longer", b"longer"), put(f"{folder}/shorter", b"short")
    empty = put(f"{folder}/empty", b"")
    os.symlink(right, f"{folder}/link")
    os.mkfifo(f"{folder}/fifo")  # whoever opens it waits for ever
    os.mkdir(f"{folder}/folder")
    sizes = {f"{folder}/none": 5, longer: 5, right: 5, f"{right}/below": 5, shorter: 6, large: 100_000, empty: 0}
    sizes |= {f"{folder}/{kind}": os.lstat(f"{folder}/{kind}").st_size for kind in ("link", "fifo", "folder")}
    assert nas_files.sha256_of_all(sizes) == {
        path: hashlib.sha256(content_of(path)).hexdigest() for path in (right, large, empty)
    }


def test_many_that_are_elsewhere_are_none(nas_files: NasFiles, folder: str) -> None:
    assert nas_files.sha256_of_all({f"{folder}/none/{number}": 1 for number in range(3)}) == {}
