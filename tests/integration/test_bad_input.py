"""Rows and files as they should not be: each is sent all the same or says in its row why not, and nothing is lost."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field, sha256

COMPLETED, FAILED, PENDING = TransferStatus.COMPLETED, TransferStatus.FAILED, TransferStatus.PENDING
CONTENT = b"irreplaceable"


@dataclass(frozen=True)
class Row:
    """What goes into the queue; ``path`` and ``reason`` may name the media folder as {media}."""

    path: str
    reason: str = ""
    make: Callable[[Path], object] = lambda path: path.write_bytes(CONTENT)
    name: str | None = None
    size: object = len(CONTENT)
    hash: str | None = ""
    download: str = "completed"
    transfer: str = "pending"


def _link(path: Path) -> None:
    (path.parent / "target").write_bytes(CONTENT)
    path.symlink_to(path.parent / "target")


def _link_out(path: Path) -> None:
    outside = path.parent.parent.parent / "outside"
    outside.mkdir()
    (outside / path.name).write_bytes(CONTENT)
    path.parent.symlink_to(outside)


def _outside(path: Path) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    path.write_bytes(CONTENT)


def _device(path: Path) -> None:
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))  # the null device


def _nothing(_path: Path) -> None:
    pass


REFUSED, MD5 = "[file_refused] {path} is not sent: ", hashlib.md5(CONTENT).hexdigest()

ROWS = {
    "missing": Row("{media}/20250122.jpg", "[file_missing] {path} is in the queue but not on this server", _nothing),
    "relative": Row("media/20250122.jpg", REFUSED + "its path is not absolute", _nothing),
    "empty path": Row("", "[file_refused]  is not sent: its path is not absolute", _nothing),
    "out of the media folder": Row(
        "{media}-not/20250122.jpg", REFUSED + "it is not in the media folder {media}", _outside
    ),
    "out by dots": Row(
        "{media}/../20250122.jpg", REFUSED + "it is not in the media folder {media}", lambda p: p.write_bytes(CONTENT)
    ),
    "out by a linked folder": Row(
        "{media}/linked/20250122.jpg", REFUSED + "it is not in the media folder {media}", _link_out
    ),
    "symbolic link": Row("{media}/20250122.jpg", REFUSED + "it is a symbolic link", _link),
    "folder": Row("{media}/20250122.jpg", REFUSED + "it is a folder", Path.mkdir),
    "pipe": Row("{media}/20250122.jpg", REFUSED + "it is not a regular file", lambda path: os.mkfifo(path)),
    "device": Row("{media}/20250122.jpg", REFUSED + "it is not a regular file", _device),
    "name with a folder": Row("{media}/20250122.jpg", REFUSED + "its row's file_name is '../x'", name="../x"),
    "name of a folder": Row("{media}/20250122.jpg", REFUSED + "its row's file_name is '..'", name=".."),
    "no name": Row("{media}/20250122.jpg", REFUSED + "its row's file_name is ''", name=""),
    "too small": Row("{media}/20250122.jpg", "[file_size_differs] {path} has 13 bytes, its row says 14", size=14),
    "negative size": Row("{media}/20250122.jpg", "[file_size_differs] {path} has 13 bytes, its row says -1", size=-1),
    "a test file's hash": Row(
        "{media}/smoketest_20250122_101500_0123abcd-1.smoke-check.bin",
        f"[file_hash_differs] {{path}} has the SHA-256 {sha256(CONTENT)}, its row says {'0' * 64}",
        hash="0" * 64,
    ),
    # sent all the same
    "newline": Row("{media}/20250122 new\nline.jpg"),
    "quotes": Row("{media}/20250122 'a\"b`$(id)`.jpg"),
    "leading dash": Row("{media}/-rf 20250122.jpg"),
    "no UTF-8": Row("{media}/20250122 \udcff\udcfe.jpg"),
    "255 bytes": Row("{media}/20250122" + "x" * 247),
    "Chinese": Row("{media}/20250122 媒体.jpg"),
    "unknown size": Row("{media}/20250122.jpg", size=None),
    "size as text": Row("{media}/20250122.jpg", size="13"),
    "size as nonsense": Row("{media}/20250122.jpg", size="large"),
    "hash that is MD5": Row("{media}/20250122.jpg", hash=MD5),
    "hash that is sampled": Row("{media}/20250122.jpg", hash="0" * 64),
    "hash in upper case": Row("{media}/20250122.jpg", hash=sha256(CONTENT).upper()),
    "no hash": Row("{media}/20250122.jpg", hash=None),
    "upper case": Row("{media}/20250122.jpg", download="COMPLETED", transfer="PENDING"),
    "date that is none": Row("{media}/20251399.jpg"),
    "date of zeros": Row("{media}/00000000.jpg"),
}


def _insert(field: Field, row: Row, path: str, name: str) -> int:
    values = (os.fsencode(path), os.fsencode(name))
    with closing(sqlite3.connect(field.db.path, isolation_level=None)) as other:
        statement = (
            "INSERT INTO media_transfer_status (file_path, file_name, file_size, file_hash, download_status,"
            " transfer_status) VALUES (CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, ?, ?)"
        )
        row_id = other.execute(statement, (*values, row.size, row.hash, row.download, row.transfer)).lastrowid
    assert row_id is not None
    return row_id


def _queued(field: Field, row: Row) -> tuple[int, Path]:
    path = row.path.format(media=field.media)
    if path:
        row.make(Path(path))
    return _insert(field, row, path, Path(path).name if row.name is None else row.name), Path(path)


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_as_it_should_not_be(field: Field, kind: str) -> None:
    field.configure(sync_settings={"max_retry_attempts": 0})
    row = ROWS[kind]
    row_id, path = _queued(field, row)
    good = field.put("20250122_good.jpg")
    with field.daemon():
        field.becomes(good, COMPLETED)  # whatever stands beside it
        record = field.becomes(row_id, FAILED if row.reason else COMPLETED)
        found = [name for name in field.on_nas() if not name.endswith("_good.jpg")]
    if row.reason:
        shown_path = row.path.format(media=field.media)
        assert record.last_error_message == row.reason.format(path=shown_path, media=f"{field.media}")
        assert found == []
    else:
        assert [Path(name).name for name in found] == [path.name]
        assert Path(found[0]).read_bytes() == CONTENT
    if row.make is not _nothing:
        assert os.path.lexists(path)
        assert not path.is_file() or path.read_bytes() == CONTENT
    noted = re.findall(r"INFO sent .*; note: \[file_hash_differs\] .*; that may be a hash of another kind\n", field.log)
    assert len(noted) == (kind in ("hash that is MD5", "hash that is sampled"))


@pytest.mark.parametrize(("policy", "sent"), [("refuse", False), ("note", True)])
def test_what_a_wrong_hash_does_can_be_set(field: Field, policy: str, sent: bool) -> None:
    field.configure(sync_settings={"max_retry_attempts": 0, "wrong_file_hash": policy})
    row_id, _ = _queued(field, Row("{media}/20250122.jpg", hash=MD5))
    own, _ = _queued(field, Row("{media}/smoketest_20250122_101500_0123abcd-1.smoke-check.bin", hash=MD5))
    with field.daemon():
        for one in (row_id, own):
            field.becomes(one, COMPLETED if sent else FAILED)


@pytest.mark.parametrize("status", ["LOST", "", "done", "Pending?"])
def test_a_status_that_nobody_knows_is_left_alone(field: Field, status: str) -> None:
    row_id, path = _queued(field, Row("{media}/20250122.jpg", transfer=status))
    with field.daemon():
        field.becomes(field.put("20250122_good.jpg"), COMPLETED)
    assert field.row(row_id).transfer_status_text == status
    assert path.read_bytes() == CONTENT
