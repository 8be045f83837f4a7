"""A list of pending deletions with a file on either side, for tests."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celestial_nasops.config import Config
from celestial_nasops.daemon.verified_delete import Hooks
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from tests.daemon_field import sha256

CONTENT = b"a minute of video" * 1000
OTHER = CONTENT[::-1]  # of the same size


@dataclass
class DeleteBench:
    """A list, a file on either side, and settings with which everything is due at once."""

    files: NasFiles
    folder: Path
    local: Path
    copy: Path
    settings: dict[str, Any]
    state: Path
    expect: list[Callable[[], object]] = field(default_factory=list)

    @property
    def list_path(self) -> Path:
        return self.state / "pending_deletes.json"

    def config(self, **settings: object) -> Config:
        return Config.model_validate(
            {
                "nas_settings": {"base_path": str(self.folder / "base")},
                "sync_settings": {**self.settings, **settings},
            }
        )

    def manager(self, **settings: object) -> SafeDeleteManager:
        return SafeDeleteManager(str(self.list_path), self.config(**settings))

    def scheduled(self, **settings: object) -> SafeDeleteManager:
        """A manager that was told of the file when it was sent."""
        manager = self.manager(**settings)
        mtime = self.local.stat().st_mtime_ns
        manager.schedule(str(self.local), str(self.copy), sha256(CONTENT), len(CONTENT), mtime)
        return manager

    def listed(self, **changed: object) -> SafeDeleteManager:
        """A manager that found the file in a list of another daemon's."""
        entry = {
            "local_file_path": str(self.local),
            "remote_file_path": str(self.copy),
            "local_checksum": sha256(CONTENT),
            "scheduled_time": time.time() - 1,
            "created_time": time.time() - 1801,
            "retry_count": 0,
            "max_retries": 3,
        }
        self.list_path.write_text(json.dumps([{**entry, **changed}]))
        return self.manager()

    def run(self, manager: SafeDeleteManager) -> int:
        todo = list(self.expect)

        def expect(seconds: float) -> None:
            if seconds > 0 and todo:  # told right before the copy is looked at
                todo.pop(0)()

        return manager.run_due(lambda: self.files, Hooks(expect, lambda: False))

    def on_disk(self) -> list[dict[str, Any]]:
        return list(json.loads(self.list_path.read_text()))
