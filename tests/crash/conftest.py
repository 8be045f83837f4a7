"""One arena for all crashes of a module: what an earlier one has spoilt, a later one must not mend."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator

import pytest

from tests.crash.arena import Arena
from tests.crash.nursery import Nursery
from tests.nas_servers import openssh_server


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    folder = tmp_path_factory.mktemp("crash")
    seed = int(os.environ.get("CRASH_SEED", "0")) or random.randrange(1, 1 << 32)
    print(f"CRASH_SEED={seed} kills at the same places, though not at the same instants")
    with openssh_server(folder / "nas") as nas, Nursery() as nursery:
        arena = Arena(folder, nas, nursery, random.Random(seed))
        with contextlib.closing(arena.field.db):
            yield arena
            arena.kill()
