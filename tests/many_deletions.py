"""Many small files that fall due at once, for tests."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from celestial_nasops.daemon.verified_delete import Hooks
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from celestial_nasops.transfer import Sent
from tests.daemon_field import sha256
from tests.delete_bench import DeleteBench

COUNT = 12
BOTH = [Event.VERIFIED_AGAIN, Event.DELETED]
HOOKS = Hooks(lambda _: None, lambda: False)


def put(bench: DeleteBench, name: str, content: bytes) -> Path:
    (bench.copy.parent / name).write_bytes(content)
    local = bench.local.parent / name
    local.write_bytes(content)
    return local


def copy_of(bench: DeleteBench, local: Path) -> Path:
    return bench.copy.parent / local.name


def sent(bench: DeleteBench, local: Path) -> tuple[str, Sent]:
    return str(local), sent_to(str(copy_of(bench, local)), local)


def sent_to(copy: str, local: Path) -> Sent:
    """What was known when a file was sent as it is now."""
    content = local.read_bytes()
    return Sent(copy, len(content), sha256(content), local.stat().st_mtime_ns, VerificationLevel.HASH)


def scheduled(bench: DeleteBench, media: list[Path]) -> SafeDeleteManager:
    manager = bench.manager()
    manager.schedule_all(sent(bench, local) for local in media)
    return manager


def run(bench: DeleteBench, manager: SafeDeleteManager, receipts: MediaStatusDB, hooks: Hooks = HOOKS) -> int:
    return manager.run_due(lambda: bench.files, hooks, receipts)


def events(local: Path, receipts: MediaStatusDB) -> list[Event]:
    return [receipt.event for receipt in receipts.receipts_of(str(local))]


def listed(bench: DeleteBench) -> list[str]:
    return sorted(os.path.basename(entry["local_file_path"]) for entry in bench.on_disk())


def here(media: list[Path]) -> list[str]:
    return [local.name for local in media if local.exists()]


def calls_of(monkeypatch: pytest.MonkeyPatch, owner: object, name: str) -> list[tuple[Any, ...]]:
    """What a function was called with from now on."""
    calls: list[tuple[Any, ...]] = []
    act = getattr(owner, name)

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        return act(*args, **kwargs)

    monkeypatch.setattr(owner, name, counted)
    return calls


def nth(number: int, act: Callable[[], object]) -> Callable[[], None]:
    """Does something when it is called for the nth time."""
    left = number

    def called() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            act()

    return called
