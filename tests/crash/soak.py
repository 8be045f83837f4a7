"""``./dev soak [kills|runs] [COUNT]``: goes on for as long as it takes, and says how it went."""

from __future__ import annotations

import argparse
import contextlib
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.crash.arena import Arena
from tests.crash.dock import Dock
from tests.crash.killing import campaign
from tests.crash.nursery import Nursery
from tests.crash.runs import Campaign
from tests.crash.slow_link import slow_link
from tests.nas_servers import openssh_server

COUNTS = {"kills": 2000, "runs": 1000}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./dev soak",
        description="kills: kill what carries files, again and again, and see that none is lost. runs: run the check "
        "under load, again and again, and see that it never cries wolf. Without a name both, one after the other.",
    )
    parser.add_argument("name", nargs="?", choices=list(COUNTS), help="which of the two")
    parser.add_argument("count", nargs="?", type=int, help="how many; by default 2000 kills, 1000 runs")
    parser.add_argument("--seed", type=int, default=0, help="of an earlier soak: does the same at the same places")
    options = parser.parse_args()
    # One that is interrupted or terminated ends what it started as well, also where a shell has it ignore this.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda got, _frame: sys.exit(128 + got))
    seed = options.seed or random.randrange(1, 1 << 32)
    good = True
    for name, usual in COUNTS.items():
        if options.name in (None, name):
            count = usual if options.count is None else options.count
            print(f"{count} {name}, --seed {seed}", flush=True)
            good = (_kills if name == "kills" else _runs)(count, seed) and good
    return 0 if good else 1


def _kills(count: int, seed: int) -> bool:
    begun = time.monotonic()
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="smoke-check-soak-")))
        nas = opened.enter_context(openssh_server(folder / "nas"))
        arena = Arena(folder, nas, opened.enter_context(Nursery()), random.Random(seed))
        opened.enter_context(contextlib.closing(arena.field.db))
        opened.callback(arena.kill)
        done = campaign(arena, count, tell_every=50)
        receipts = len(arena.field.db.newest_receipts(1 << 30))
    for what, often in sorted(done.items()):
        print(f"{often:6}  {what}")
    seconds = time.monotonic() - begun
    print(f"{count} kills in {seconds:.0f} s, {arena.files} files, {receipts} receipts: nothing was lost", flush=True)
    return True


def _runs(count: int, seed: int) -> bool:
    begun = time.monotonic()
    kept = Path(tempfile.gettempdir(), f"smoke-check-false-alarms-{seed}")
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="smoke-check-soak-")))
        nas = opened.enter_context(openssh_server(folder / "nas"))
        dock = Dock(folder, nas, opened.enter_context(slow_link(nas)))
        opened.callback(dock.end)
        dock.start()
        dock.load(seed)
        tally = Campaign(dock, random.Random(seed), kept).run(count, tell_every=50)
        for line in tally.lines():
            print(line)
        for alarm in tally.alarms:
            print(f"FALSE ALARM: {alarm}")
        if tally.alarms:
            print(f"their status files and words are kept in {kept}", flush=True)
        dock.drain()
    seconds, size = time.monotonic() - begun, dock.carried_bytes / 1e9
    print(
        f"{count} runs in {seconds:.0f} s, {dock.starts} starts of the daemon, {dock.carried} files ({size:.2f} GB) "
        f"carried beside them and right on the NAS: {len(tally.alarms)} false alarm(s)",
        flush=True,
    )
    return not tally.alarms


if __name__ == "__main__":
    sys.exit(main())
