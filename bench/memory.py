"""The daemon's peak resident memory after files from 1 kB to 30 GB.

The large ones are sparse here and need no disk. On the NAS they do, so the largest is cut off after some gigabytes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

from bench import figures
from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Daemon, Field
from tests.nas_servers import openssh_server

SIZES = {"1 kB": 1000, "1 MB": 10**6, "100 MB": 10**8, "1 GB": 10**9}
HUGE, CUT_AT = 30 * 10**9, 3 * 10**9
PLACE = "/dev/shm"


def main() -> None:
    if shutil.disk_usage(PLACE).free < HUGE * 1.1:  # the daemon begins no file that the NAS has no room for
        raise SystemExit(
            f"{PLACE} must have 33 GB free, of which 3 GB are used: sudo mount -o remount,size=40g {PLACE}"
        )
    with tempfile.TemporaryDirectory(prefix="bench-", dir=PLACE) as folder, openssh_server(f"{folder}/nas") as nas:
        field = Field(Path(folder), nas, daemon_settings={"heartbeat_seconds": 5})
        with field.daemon() as daemon:
            for name, size in SIZES.items():
                row_id = _queue(field, size)
                field.becomes(row_id, TransferStatus.COMPLETED, 600)
                field.remote(f"20250122_{size}.mp4").unlink()
                _row(daemon, f"after a file of {name}")
            rows = [field.put(f"20250122_small_{number}.jpg", os.urandom(100_000)) for number in range(1000)]
            for row_id in rows:
                field.becomes(row_id, TransferStatus.COMPLETED, 600)
            _row(daemon, "after 1,000 files of 100 kB")
            _queue(field, HUGE)
            while sum(os.path.getsize(path) for path in field.unfinished_on_nas()) < CUT_AT:
                time.sleep(0.05)
            _row(daemon, "in a file of 30 GB")
            daemon.process.terminate()
            daemon.process.wait()
        field.db.close()


def _queue(field: Field, size: int) -> int:
    path = field.media / f"20250122_{size}.mp4"
    with open(path, "wb") as file:
        file.truncate(size)
    return field.queue(str(path), path.name, size)


def _row(daemon: Daemon, name: str) -> None:
    lines = Path(f"/proc/{daemon.process.pid}/status").read_text().splitlines()
    peak = int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024
    figures.row(f"peak resident memory {name}", [peak], "MB", "goal: <= 60")
