"""What else goes on at a dock: ``python -m tests.crash.load KIND DB MEDIA MANIFEST SEED``, until its input ends.

Each kind is a process of its own that writes the queue as dock-info-manager does: ``photos`` (many small files at
once), ``videos`` (now and then a large one), ``touches`` (no file, but a transaction that is held for a moment). A
writer that is refused ends with an error. What it made stands in the manifest, one ``name sha256`` a line.
"""

from __future__ import annotations

import hashlib
import os
import random
import select
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

KINDS = ("photos", "videos", "touches")
_PAUSES = {"photos": (0.1, 0.8), "videos": (1.0, 5.0), "touches": (0.1, 1.0)}  # seconds
_LONGEST_HOLD_SECONDS = 0.1
# So many files may lie here, to be carried or deleted: a queue that is busy and not one that grows for ever. Now and
# then a mission brings many at once.
_MOST_HERE = {"photos": 8, "videos": 2}
_A_MISSION, _ITS_PHOTOS = 0.004, 60
_PATIENCE_SECONDS = 5.0


class Writer:
    """The other end of one."""

    def __init__(self, kind: str, db: str, media: Path, manifest: Path, seed: int) -> None:
        self.kind = kind
        self._manifest = manifest
        argv = [sys.executable, "-m", "tests.crash.load", kind, db, str(media), str(manifest), str(seed)]
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent.parent,
        )

    def made(self) -> dict[str, str]:
        """The names of all its files, with their SHA-256."""
        text = self._manifest.read_text() if self._manifest.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        return dict(line.split(" ") for line in whole.splitlines())

    def goes_on(self) -> bool:
        """Whether it was not refused."""
        return self._process.poll() is None

    def end(self) -> None:
        """Let it finish what it writes, and end.

        Raises:
            AssertionError: it was refused.
        """
        _, said = self._process.communicate(timeout=30)
        assert self._process.returncode == 0, f"the writer of {self.kind} was refused: {said}"

    def kill(self) -> None:
        """End it at once; twice is fine."""
        self._process.kill()
        self._process.wait()


def _main(kind: str, path: str, media: str, manifest: str, seed: str) -> None:
    dice = random.Random(int(seed))
    db = sqlite3.connect(path, timeout=_PATIENCE_SECONDS, isolation_level=None)
    number = 0
    with open(manifest, "a", encoding="utf-8") as made:
        while not select.select([sys.stdin], [], [], dice.uniform(*_PAUSES[kind]))[0]:
            if kind == "touches":
                _touch(db, dice.uniform(0, _LONGEST_HOLD_SECONDS))
                continue
            mission = kind == "photos" and dice.random() < _A_MISSION
            count = _ITS_PHOTOS if mission else dice.randrange(1, 7) if kind == "photos" else 1
            room = _MOST_HERE[kind] - sum(f"_{kind}_" in name for name in os.listdir(media))
            for _ in range(count if mission else min(count, room)):
                number += 1
                suffix, least, most = ("jpg", 1, 150_000) if kind == "photos" else ("mp4", 4 << 20, 12_000_000)
                name = f"20250122_{kind}_{number}.{suffix}"
                made.write(f"{name} {_put(db, media, name, os.urandom(dice.randrange(least, most)))}\n")
                made.flush()


def _put(db: sqlite3.Connection, media: str, name: str, content: bytes) -> str:
    path = os.path.join(media, name)
    db.execute(
        "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status, download_start_time)"
        " VALUES (?, ?, ?, 'downloading', CURRENT_TIMESTAMP)",
        (path, name, len(content)),
    )
    with open(path, "wb") as file:
        file.write(content)
    db.execute(
        "UPDATE media_transfer_status SET download_status = 'completed', download_end_time = CURRENT_TIMESTAMP"
        " WHERE file_path = ?",
        (path,),
    )
    return hashlib.sha256(content).hexdigest()


def _touch(db: sqlite3.Connection, seconds: float) -> None:
    db.execute("BEGIN IMMEDIATE")
    db.execute(
        "INSERT INTO media_transfer_status (file_path, file_name) VALUES ('__INIT_MARKER__', '')"
        " ON CONFLICT (file_path) DO UPDATE SET updated_at = CURRENT_TIMESTAMP"
    )
    time.sleep(seconds)  # a transaction of some statements, as another program writes it
    db.execute("COMMIT")


if __name__ == "__main__":
    _main(*sys.argv[1:])
