"""How long a row waits for the daemon, and a completed row for the check's verdict, on the embedded default.

The moments of the row are seen by a third process' eyes, this one: it looks at the row without pause while it changes.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import figures
from celestial_nasops.config import Config
from celestial_nasops.media_status_db import TransferStatus
from celestial_nasops.wakeup import Wakeup, settle
from healthcheck.demo.scene import embedded_scene
from healthcheck.moments import from_iso

RUNS = 20


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, embedded_scene(folder) as (config_path, state_dir):
        config = Config.model_validate(json.loads(Path(config_path).read_text()))
        picked_up, verified = [], []
        for number in range(RUNS + 1):
            moments = _one_run(config, config_path, state_dir)
            if number:  # the first one warms up
                picked_up.append(moments["transferring"] - moments["inserted"])
                verified.append(moments["verified"] - moments["completed"])
    figures.row("row inserted -> transferring", [v * 1000 for v in picked_up], "ms", "goal: median <= 50 ms")
    figures.row("completed committed -> copy verified", [v * 1000 for v in verified], "ms", "goal: median <= 50 ms")


def _one_run(config: Config, config_path: str, state_dir: str) -> dict[str, float]:
    argv = [sys.executable, "-m", "healthcheck", "run", "--json", "--config", config_path, "--state-dir", state_dir]
    path = config.database_settings.db_path
    seen: dict[str, float] = {}
    queue = contextlib.closing(sqlite3.connect(path, timeout=5, isolation_level=None))
    with queue as database, Wakeup(os.path.dirname(path)) as wakeup:
        with subprocess.Popen(argv, stdout=subprocess.PIPE) as agent:

            def any_row() -> bool | None:
                return True if _status(database) is not None else None

            settle(any_row, wakeup, 30)
            while "completed" not in seen:
                status = _status(database)
                if status is not None and status not in seen:
                    seen[status] = time.time()
                time.sleep(0.0002)
            assert agent.stdout is not None
            output = agent.stdout.read()
        assert agent.returncode == 0, output
    events = {event["event"]: from_iso(event["at"]) for event in json.loads(output)["timeline"]}
    return {
        "inserted": events["row inserted"],
        "transferring": seen.get("transferring", seen["completed"]),
        "completed": seen["completed"],
        "verified": events["copy verified"],
    }


def _status(database: sqlite3.Connection) -> TransferStatus | None:
    rows = database.execute("SELECT transfer_status FROM media_transfer_status").fetchall()
    return TransferStatus(str(rows[0][0])) if rows else None
