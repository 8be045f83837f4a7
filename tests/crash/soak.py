"""``./dev soak [COUNT]``: kills for as long as it takes, and says how it went."""

from __future__ import annotations

import argparse
import contextlib
import random
import tempfile
import time
from pathlib import Path

from tests.crash.arena import Arena
from tests.crash.killing import campaign
from tests.crash.nursery import Nursery
from tests.nas_servers import openssh_server


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="./dev soak", description="Kill what carries files, again and again, and see that none is lost."
    )
    parser.add_argument("count", nargs="?", type=int, default=2000, help="how many kills; default 2000")
    parser.add_argument("--seed", type=int, default=0, help="of an earlier soak: kills at the same places")
    options = parser.parse_args()
    seed = options.seed or random.randrange(1, 1 << 32)
    print(f"{options.count} kills, --seed {seed}", flush=True)
    begun = time.monotonic()
    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="smoke-check-soak-")))
        nas = opened.enter_context(openssh_server(folder / "nas"))
        arena = Arena(folder, nas, opened.enter_context(Nursery()), random.Random(seed))
        opened.enter_context(contextlib.closing(arena.field.db))
        opened.callback(arena.kill)
        done = campaign(arena, options.count, tell_every=50)
        receipts = len(arena.field.db.newest_receipts(1 << 30))
    for what, count in sorted(done.items()):
        print(f"{count:6}  {what}")
    seconds = time.monotonic() - begun
    print(f"{options.count} kills in {seconds:.0f} s, {arena.files} files, {receipts} receipts: nothing was lost")


if __name__ == "__main__":
    main()
