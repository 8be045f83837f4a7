"""Whatever is killed and whenever: no file is lost, nothing half is seen, and all goes on by itself.

With the 52 named steps these are more than 200 kills; ``./dev soak kills`` does 2,000.
"""

from __future__ import annotations

import pytest

from tests.crash.arena import Arena
from tests.crash.killing import WAYS, kill_once
from tests.crash.steps import STEPS, WHENS

KILLS_A_WAY = 28


@pytest.mark.parametrize("when", WHENS)
@pytest.mark.parametrize("step", STEPS)
def test_the_daemon_killed_at_every_named_step(arena: Arena, step: str, when: str) -> None:
    arena.kill()
    arena.put_round()
    arena.start((step, when, 1))
    arena.await_death()  # every step is reached
    arena.check()
    arena.start()
    arena.drain()


def test_what_lies_half_sent_is_known_after_a_second_death(arena: Arena) -> None:
    arena.kill()
    arena.put_small(2)  # too few to go together
    arena.start(("write one small file", "after", 1))
    arena.await_death()
    assert arena.litter()
    arena.start(("take back", "after", 1))
    arena.await_death()
    arena.put_small(2)  # now they are enough, and what goes together needs no temporary names
    arena.start()
    arena.drain()


@pytest.mark.parametrize("way", WAYS)
def test_killed_at_random(arena: Arena, way: str) -> None:
    for _ in range(KILLS_A_WAY):
        kill_once(arena, way)
