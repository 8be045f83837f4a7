"""The daemon's side of the field, for tests: a queue, media, a NAS, and ``media-sync-daemon`` as a child process."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celestial_nasops import daemon_state, parts
from celestial_nasops.config import Config
from celestial_nasops.daemon.deletion_guard import MARKER_NAME
from celestial_nasops.daemon_state import DaemonState
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB, TransferStatus
from tests.nas_servers import Server
from tests.waiting import eventually

NAME = "20250122_101500_x.mp4"
_END_SECONDS = 20


@dataclass
class Daemon:
    """A running daemon."""

    process: subprocess.Popen[bytes]
    log_path: Path
    state_folder: str

    @property
    def log(self) -> str:
        """All that it has said."""
        return self.log_path.read_text(errors="replace")

    def state(self) -> DaemonState | None:
        """Its state file, if it is its own already."""
        state = daemon_state.read(self.state_folder)
        return state if state is not None and state.pid == self.process.pid else None

    def shows(self, fits: Callable[[DaemonState], bool], seconds: float = 20) -> DaemonState:
        """Wait until its state file shows something."""

        def look() -> DaemonState | None:
            state = self.state()
            return state if state is not None and fits(state) else None

        return eventually(look, seconds)

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(number)

    def says(self, pattern: str, seconds: float = 20) -> str:
        """Wait until its log holds something, and return that."""

        def look() -> str | None:
            assert self.process.poll() is None or re.search(pattern, self.log), self.log
            found = re.search(pattern, self.log)
            return found and found[0]

        return eventually(look, seconds)

    def exit_code(self, seconds: float = _END_SECONDS) -> int:
        """Wait for its end. Never a traceback."""
        code = self.process.wait(seconds)
        assert "Traceback" not in self.log, self.log
        return code


class Field:
    """Folders, a configuration and a queue."""

    def __init__(self, folder: Path, nas: Server, **settings: dict[str, Any]) -> None:
        self.folder = folder
        self.nas = nas
        self.media, self.state_folder = folder / "media", folder / "state"
        for place in (self.media, self.state_folder, folder / "queue"):
            place.mkdir()
        self.config_path = folder / "unified_config.json"
        self.configure(**settings)
        self.db = MediaStatusDB(self.config.database_settings.db_path, timeout_seconds=10, create=True)

    def configure(self, **settings: dict[str, Any]) -> None:
        """Write the configuration, quick where ``settings`` don't say otherwise."""
        tree: dict[str, dict[str, Any]] = {
            "nas_settings": {**self.nas.nas_settings(), "reserve_bytes": 0},
            "local_settings": {"media_path": str(self.media)},
            "sync_settings": {"retry_delay_seconds": 0.05, "safe_delete_delay_minutes": 30},
            "security": {"connection_timeout_seconds": 3, "max_concurrent_transfers": 2},
            "database_settings": {"db_path": str(self.folder / "queue" / "media_status.db")},
            "daemon_settings": {"state_path": str(self.state_folder), "heartbeat_seconds": 1, "supervisor": "none"},
        }
        for section, values in settings.items():
            tree.setdefault(section, {}).update(values)
        self.config_path.write_text(json.dumps(tree))
        self.config = Config.model_validate(tree)

    # --- files and rows ---

    def put(self, name: str = NAME, content: bytes = b"media", *, row: bool = True, size: int | None = None) -> int:
        """Make a file and its row, ready to be taken; the row's id."""
        path = self.media / name
        path.write_bytes(content)
        return self.queue(str(path), name, len(content) if size is None else size) if row else 0

    def put_long(self, name: str = NAME, megabytes: int = 4096) -> int:
        """A file that is not on the NAS for a while yet, takes no space here, and its row; the row's id."""
        path = self.media / name
        with open(path, "wb") as file:
            file.truncate(megabytes << 20)
        return self.queue(str(path), name, megabytes << 20)

    def is_in_mid_upload(self) -> bool:
        """Whether a part of a file lies on the NAS."""
        with contextlib.suppress(FileNotFoundError):  # it may get its name meanwhile
            return any(os.path.getsize(path) > 0 for path in self.unfinished_on_nas())
        return False

    def queue(self, path: str, name: str, size: int | None) -> int:
        """Insert a row that is ready."""
        return self.db.insert_file_record(path, name, size, download_status="completed")

    def row(self, row_id: int) -> FileRecord:
        """The row as it is now."""
        record = self.db.get(row_id)
        assert record is not None
        return record

    def becomes(self, row_id: int, status: TransferStatus, seconds: float = 20) -> FileRecord:
        """Wait until a row has a status."""

        def look() -> FileRecord | None:
            record = self.db.get(row_id)
            return record if record is not None and record.transfer_status is status else None

        try:
            return eventually(look, seconds)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.db.get(row_id)}\n{self.log}") from error

    def remote(self, name: str = NAME, day: str = "2025/01/22") -> Path:
        """Where its copy belongs."""
        return Path(self.config.nas_settings.base_path) / "EdgeBackup" / day / name

    def on_nas(self) -> list[str]:
        """All files on the NAS but the daemon's marker."""
        base = Path(self.config.nas_settings.base_path)
        return sorted(str(path) for path in base.rglob("*") if not path.is_dir() and path.name != MARKER_NAME)

    def here(self) -> list[str]:
        """All files in the media folder but the daemon's marker."""
        return sorted(path.name for path in self.media.iterdir() if path.name != MARKER_NAME)

    def unfinished_on_nas(self) -> list[str]:
        """Those under a temporary name."""
        return [path for path in self.on_nas() if os.path.basename(path).startswith(".tmp_")]

    def known_parts(self) -> list[str]:
        """Where on the NAS parts of large files lie, as the daemon remembers them."""
        path = self.state_folder / parts.FILE_NAME
        return sorted(part["remote_path"] for part in json.loads(path.read_text()).values()) if path.exists() else []

    @property
    def list_path(self) -> Path:
        """The list of pending deletions."""
        return self.state_folder / "pending_deletes.json"

    def pending(self) -> list[dict[str, Any]]:
        """Its content."""
        return list(json.loads(self.list_path.read_text()))

    # --- the daemon ---

    @property
    def log(self) -> str:
        """What all daemons of this field have said."""
        path = self.folder / "daemon.log"
        return path.read_text(errors="replace") if path.exists() else ""

    @contextlib.contextmanager
    def daemon(self, *options: str, ready: bool = True, program: str | None = None) -> Iterator[Daemon]:
        """A daemon while the block lasts.

        Args:
            options: for its command line.
            ready: wait until it is at work.
            program: a Python file to run in its place.
        """
        what = ["-m", "celestial_nasops.media_sync_daemon"] if program is None else [program]
        argv = [sys.executable, *what, "--config", str(self.config_path), *options]
        log_path = self.folder / "daemon.log"
        with open(log_path, "ab") as log:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment())
        daemon = Daemon(process, log_path, str(self.state_folder))
        try:
            if ready:
                eventually(lambda: daemon.state() or process.poll() is not None, 20)
                assert process.poll() is None, daemon.log
            yield daemon
        finally:
            if process.poll() is None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_END_SECONDS)
            process.kill()
            process.wait()

    def run(self, *options: str) -> tuple[int, str]:
        """Run a daemon to its end; its exit code and words."""
        with self.daemon(*options, ready=False) as daemon:
            code = daemon.exit_code(60)
        return code, daemon.log


def environment() -> dict[str, str]:
    """Ours, and one that finds the packages from wherever the program lies."""
    return {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parent.parent)}


def sha256(content: bytes) -> str:
    """In hex."""
    return hashlib.sha256(content).hexdigest()
