"""Ways to kill, each at a moment that nobody has chosen."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter

from tests.crash.arena import Arena
from tests.crash.steps import STEPS, WHENS

WAYS = ("daemon", "step", "carrier", "one of the NAS", "link", "NAS")
_LONGEST_WAIT_SECONDS = 0.4
_STEP_SECONDS = 2.0


def kill_once(arena: Arena, way: str) -> str:
    """Put new files, kill something while they are carried, restart what died, drain, and check all along.

    Returns:
        What was killed.
    """
    dice = arena.dice
    arena.put_round()
    if way == "step":
        arena.kill()
        name, when, nth = dice.choice(list(STEPS)), dice.choice(WHENS), dice.randrange(1, 5)
        arena.start((name, when, nth))
        with contextlib.suppress(AssertionError):  # it may have had nothing to do so often
            arena.await_death(_STEP_SECONDS)
        what = f"step {name}, {when}, {nth}" if not arena.runs() else f"daemon after {name}"
    else:
        if not arena.runs():
            arena.start()
        time.sleep(dice.uniform(0, _LONGEST_WAIT_SECONDS))  # the moment is what is tried here, not waited for
        what = way
    if way in ("daemon", "step"):
        arena.kill()
    elif way == "NAS":
        arena.nas.stop()
    else:
        pids = arena.carriers() if way == "carrier" else arena.nas.descendants()
        for pid in pids if way == "link" else dice.sample(pids, min(1, len(pids))):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    arena.check()
    if way == "NAS":
        arena.nas.start()
    if not arena.runs():
        arena.start()
    arena.drain()
    return what


def campaign(arena: Arena, count: int, *, tell_every: int = 0) -> Counter[str]:
    """Kill so many times, each way as often as the others.

    Returns:
        How often what was killed.
    """
    done: Counter[str] = Counter()
    begun = time.monotonic()
    for number in range(1, count + 1):
        what = kill_once(arena, WAYS[number % len(WAYS)])
        done[what.partition(",")[0] if what.startswith("step") else what] += 1
        if tell_every and number % tell_every == 0:
            print(f"{number} of {count} kills, {time.monotonic() - begun:.0f} s", flush=True)
    return done
