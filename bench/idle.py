"""What a daemon costs that has nothing to do: wake-ups of all its threads, CPU time, resident memory.

First one that has just started, then the same one after it has carried a file and closed its connections.
"""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

from bench import figures
from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field
from tests.nas_servers import openssh_server

SECONDS = 60
HEARTBEAT_SECONDS = 10
_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    settings = {"daemon_settings": {"heartbeat_seconds": HEARTBEAT_SECONDS}}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, openssh_server(f"{folder}/nas") as nas:
        field = Field(Path(folder), nas, **settings)
        with field.daemon() as daemon:
            time.sleep(2)
            _watch("idle since its start", daemon.process.pid)
            field.becomes(field.put(), TransferStatus.COMPLETED)
            time.sleep(25)
            _watch("idle, a connection to the NAS still open", daemon.process.pid)
        field.db.close()


def _watch(name: str, pid: int) -> None:
    before, begun = _counts(pid), time.monotonic()
    time.sleep(SECONDS)
    after, seconds = _counts(pid), time.monotonic() - begun
    wakeups = {
        thread: count - before[1].get(thread, 0)
        for thread, count in after[1].items()
        if count > before[1].get(thread, 0)
    }
    print(f"{name}:")
    beats = seconds / HEARTBEAT_SECONDS
    figures.row("  CPU time", [100 * (after[0] - before[0]) / seconds], "%", "goal: <= 0.10")
    figures.row("  threads that woke", [len(wakeups)], "", "goal: 1, the one with the heartbeat")
    figures.row(f"  wake-ups per heartbeat ({beats:.0f} of them)", [sum(wakeups.values()) / beats], "")
    print(f"    by thread: {', '.join(f'{thread} {count}' for thread, count in sorted(wakeups.items()))}")
    figures.row("  resident memory", [_resident(pid)], "MB", "goal: <= 60")


def _counts(pid: int) -> tuple[float, dict[str, int]]:
    """CPU seconds, and how often each thread has gone to sleep."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    threads = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        lines = Path(f"/proc/{pid}/task/{thread}/status").read_text().splitlines()
        values = dict(line.split(":", 1) for line in lines)
        threads[thread] = int(values["voluntary_ctxt_switches"])
    return sum(map(int, fields[11:13])) / _TICKS, threads


def _resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
