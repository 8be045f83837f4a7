"""``media-sync-daemon receipts`` and ``verify`` against a real daemon, a real queue and a real NAS."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3

from tests.daemon_field import Field, sha256
from tests.integration.test_steering import COMPLETED, steer
from tests.nas_servers import Server
from tests.readme import ROOT


def test_receipts_of_one_file_and_of_the_last(field: Field) -> None:
    assert steer(field, "receipts") == (1, "there are no receipts\n")
    with field.daemon():
        for number in range(3):
            field.becomes(field.put(f"20250122_{number}.jpg"), COMPLETED)
    code, told = steer(field, "receipts", str(field.media / "20250122_1.jpg"))
    assert code == 0
    assert re.fullmatch(
        rf"\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\dZ  sent            {field.media}/20250122_1.jpg  "
        rf"\(copy {field.remote('20250122_1.jpg')}, 5 B, SHA-256 {sha256(b'media')[:12]}, proven by hash\)\n",
        told,
    )
    assert [line.split()[3][-5] for line in steer(field, "receipts", "--limit", "2")[1].splitlines()] == ["1", "2"]
    [*_, last] = json.loads(steer(field, "receipts", "--json")[1])
    assert (last["event"], last["size"], last["sha256"]) == ("sent", 5, sha256(b"media"))
    columns = (ROOT / "docs" / "daemon.md").read_text("utf-8").split("## Receipts")[1]
    assert {key for key in last if f"`{key}`" not in columns} == set()
    assert steer(field, "receipts", "/nowhere") == (1, "there are no receipts of /nowhere\n")


def test_copies_that_rotted_or_vanished_are_found(field: Field, nas: Server) -> None:
    assert steer(field, "verify") == (2, "there are no receipts yet, so there is nothing to verify\n")
    with field.daemon():
        for number in range(5):
            field.becomes(field.put(f"20250122_{number}.jpg"), COMPLETED)
    assert steer(field, "verify", "--sample", "3") == (0, "3 of 3 copies are right, by hash; 0 are not\n")
    assert [receipt.event for receipt in field.db.newest_receipts(3)] == ["checked"] * 3
    field.remote("20250122_0.jpg").write_bytes(b"medio")
    field.remote("20250122_1.jpg").write_bytes(b"med")
    field.remote("20250122_2.jpg").unlink()
    code, told = steer(field, "verify", "--sample", "100")
    assert code == 1
    lines = told.splitlines()
    found = {re.sub(r", \d{4}-[0-9: -]*Z$", "", line) for line in lines[:-1]}
    rotted, changed, gone = (str(field.remote(f"20250122_{number}.jpg")) for number in range(3))
    assert found == {
        f"rotted         {rotted} has SHA-256 {sha256(b'medio')}, had {sha256(b'media')}; it is the copy of "
        f"{field.media}/20250122_0.jpg",
        f"rotted         {changed} has 3 bytes, had 5; it is the copy of {field.media}/20250122_1.jpg",
        f"vanished       {gone}; it is the copy of {field.media}/20250122_2.jpg",
    }
    assert lines[-1] == "2 of 5 copies are right, by hash; 3 are not"
    nas.stop()
    code, told = steer(field, "verify")
    assert code == 2
    assert told.startswith("[nas_refused] ")


def test_a_receipt_of_a_newer_version_hides_no_other(field: Field) -> None:
    with field.daemon():
        field.becomes(field.put("20250122_0.jpg"), COMPLETED)
    with contextlib.closing(sqlite3.connect(field.db.path)) as queue, queue:
        queue.execute(
            "INSERT INTO media_transfer_receipts (event, local_path, remote_path, size, sha256, level)"
            " VALUES ('melted', '/a', '/b', 5, '', 'hash')"
        )
    told_of_it = (
        f"[receipt_unreadable] the receipt 2 in {field.db.path} can't be understood: its event is none that this "
        f"version writes\n  -> see what it is, and who wrote it: sqlite3 {field.db.path} "
        "'SELECT * FROM media_transfer_receipts WHERE id = 2'\n"
    )
    code, told = steer(field, "receipts")
    assert (code, len(told.splitlines())) == (2, 3), told
    assert f"{field.media}/20250122_0.jpg" in told.splitlines()[0]
    assert told.endswith(told_of_it)
    assert steer(field, "receipts", "/a") == (2, told_of_it)
    code, told = steer(field, "receipts", "--json")
    plain, end = json.JSONDecoder().raw_decode(told)
    assert (code, [receipt["event"] for receipt in plain], told[end:]) == (2, ["sent"], "\n" + told_of_it)
    assert steer(field, "verify") == (
        2,
        "1 of 2 copies are right, by hash; 0 are not, 1 could not be looked at\n" + told_of_it,
    )
    field.remote("20250122_0.jpg").unlink()
    assert steer(field, "verify")[0] == 1
