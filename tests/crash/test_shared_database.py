"""The queue under load, shared by the daemon, other writers and checks: nobody is refused, and nobody starves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import MediaStatusDB
from tests.daemon_field import Field
from tests.nas_servers import Server, openssh_server
from tests.other_process import OtherProcess
from tests.waiting import eventually

FILES, WRITES, CHECKS = 400, 120, 120
# Database operations answer within a second: what the mission asks for.
LONGEST_SECONDS = 1.0

# As dock-info-manager does it: a transaction of its own every few moments, and no patience beyond a second.
_WRITER = """
import sqlite3, sys, time
path, media, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
db = sqlite3.connect(path, timeout=1.0, isolation_level=None)
print("ready", flush=True)
input()
took = []
for number in range(count):
    begun = time.monotonic()
    db.execute("BEGIN IMMEDIATE")
    db.execute("INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status)"
               " VALUES (?, ?, 5, 'downloading')", (f"{media}/w{number}.jpg", f"w{number}.jpg"))
    db.execute("COMMIT")
    with open(f"{media}/w{number}.jpg", "wb") as file:
        file.write(b"media")
    db.execute("UPDATE media_transfer_status SET download_status = 'completed' WHERE file_path = ?",
               (f"{media}/w{number}.jpg",))
    took.append(time.monotonic() - begun)
    time.sleep(0.02)
print(max(took), flush=True)
"""

# As the check does it: it opens the queue anew, proves that it takes writes, and looks at the backlog.
_CHECK = """
import sys, time
from celestial_nasops.media_status_db import MediaStatusDB
path, count = sys.argv[1], int(sys.argv[2])
print("ready", flush=True)
input()
took = []
for _ in range(count):
    begun = time.monotonic()
    with MediaStatusDB(path, timeout_seconds=1.0) as db:
        db.prove_writable()
        db.backlog()
    took.append(time.monotonic() - begun)
    time.sleep(0.02)
print(max(took), flush=True)
"""


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[tuple[Field, Server]]:
    with openssh_server(tmp_path / "nas") as nas:
        field = Field(tmp_path, nas, sync_settings={"safe_delete_delay_minutes": 0, "retry_delay_seconds": 0.05})
        yield field, nas
        field.db.close()


def test_nobody_is_refused_and_nobody_starves(shared: tuple[Field, Server]) -> None:
    field, _ = shared
    for number in range(FILES):
        field.put(f"20250122_{number}.jpg", b"media")
    path, media = field.db.path, str(field.media)
    with (
        OtherProcess(_WRITER, path, media, str(WRITES)) as writer,
        OtherProcess(_WRITER, path, f"{media}/other", str(WRITES)) as second,
        OtherProcess(_CHECK, path, str(CHECKS)) as check,
    ):
        (field.media / "other").mkdir()
        with field.daemon() as daemon:
            for other in (writer, second, check):
                other.proceed()
            slowest = [float(other.line()) for other in (writer, second, check)]  # an error would end them without one
            eventually(lambda: _is_done(field.db), 90)
            assert daemon.process.poll() is None
    assert max(slowest) < LONGEST_SECONDS
    assert "locked" not in field.log
    assert "ERROR" not in field.log
    assert len(field.on_nas()) == FILES + WRITES  # the writers give the same names to the same content


def _is_done(db: MediaStatusDB) -> bool:
    backlog = db.backlog()
    return (backlog.ready, backlog.transferring) == (0, 0)
