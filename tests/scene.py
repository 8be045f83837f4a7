"""The field in a temporary folder, for tests: a NAS, a queue, a daemon, and the real agent as a child process."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celestial_nasops import daemon_state, process
from celestial_nasops.config import Config
from celestial_nasops.daemon.deletion_guard import MARKER_NAME
from celestial_nasops.media_status_db import MediaStatusDB
from healthcheck.demo.scene import write_config
from healthcheck.status_file import Status
from tests.nas_servers import Server
from tests.waiting import eventually

RUN_LIMIT_SECONDS = 60
NAME = r"smoketest_\d{8}_\d{6}_[0-9a-f]{8}-1\.smoke-check\.bin"
"""What matches the name of a run's first marked file."""


@dataclass(frozen=True)
class Outcome:
    """What a run of the agent left: its exit code, its words, and its status file."""

    exit_code: int
    stdout: str
    stderr: str
    status: Status | None

    def probe(self, name: str) -> tuple[str, str | None, str]:
        """Outcome, cause and summary of one probe."""
        assert self.status is not None, self.stdout + self.stderr
        [found] = [probe for probe in self.status.probes if probe.name == name]
        return found.outcome, found.cause, found.summary

    def remedy(self, name: str) -> str | None:
        """What one probe advises."""
        assert self.status is not None, self.stdout + self.stderr
        [found] = [probe.remedy for probe in self.status.probes if probe.name == name]
        return found

    def outcomes(self) -> dict[str, str]:
        """The outcome of each probe."""
        assert self.status is not None, self.stdout + self.stderr
        return {probe.name: probe.outcome for probe in self.status.probes}


class Scene:
    """A folder with everything in it. Settings are merged over the scene's own."""

    def __init__(self, folder: Path, nas: Server, settings: dict[str, dict[str, Any]] | None = None) -> None:
        self.folder = folder
        self.nas = nas
        self.media = folder / "media"
        self.state_dir = folder / "check-state"
        self.daemon_state_dir = folder / "daemon-state"
        self.database = folder / "database" / "media_status.db"
        self.configure(settings or {})

    def configure(self, settings: dict[str, dict[str, Any]]) -> None:
        """Write the configuration, with quick deadlines where the settings don't say otherwise."""
        tree: dict[str, dict[str, Any]] = {
            "nas_settings": {"ssh_config_path": str(self.nas.ssh_config), "ssh_alias": "nas-edge"},
            "sync_settings": {"safe_delete_delay_minutes": 0.01, "retry_delay_seconds": 0.05},
            "security": {"connection_timeout_seconds": 3},
            "testing": {"max_wait_minutes": 0.1, "poll_interval_seconds": 5},
            "check_settings": {"delete_grace_minutes": 0.05},
            "daemon_settings": {"heartbeat_seconds": 1},
        }
        for section, values in settings.items():
            tree.setdefault(section, {}).update(values)
        self.config_path = write_config(str(self.folder), str(self.folder / "nas"), tree)
        self.config = Config.model_validate(json.loads(Path(self.config_path).read_text()))
        self.base = Path(self.config.nas_settings.base_path)

    def create_database(self) -> None:
        """Make an empty queue, as the daemon would."""
        MediaStatusDB(str(self.database), timeout_seconds=5, create=True).close()

    @contextlib.contextmanager
    def daemon(self, how: str | None = None) -> Iterator[process.Service]:
        """The real daemon while the block lasts, or one that does something wrong."""
        argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", "--config", self.config_path]
        if how is not None:
            self.create_database()
            argv = [sys.executable, "-m", "tests.odd_daemon", "--config", self.config_path, "--how", how]
        log = str(self.folder / "daemon.log")
        with process.Service(argv, log_path=log) as service:
            self.wait_for_daemon(service, log)
            yield service

    def wait_for_daemon(self, service: process.Service, log: str) -> None:
        """Until its state file names it."""

        def look() -> bool:
            assert service.exit_code() is None, Path(log).read_text()
            state = daemon_state.read(str(self.daemon_state_dir))
            return state is not None and state.pid == service.pid

        eventually(look, 20)

    def start_check(
        self, *options: str, command: str = "run", prefix: Sequence[str] = (), **environment: str
    ) -> subprocess.Popen[str]:
        """Start the agent, by the program that ``prefix`` names, if any."""
        argv = [*prefix, sys.executable, "-m", "healthcheck", command, "--state-dir", str(self.state_dir), *options]
        if command in ("run", "clean"):
            argv += ["--config", self.config_path]
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )

    def check(self, *options: str, command: str = "run", prefix: Sequence[str] = (), **environment: str) -> Outcome:
        """Run the agent to its end. Never a traceback."""
        with self.start_check(*options, command=command, prefix=prefix, **environment) as child:
            return self.finish(child)

    def finish(self, child: subprocess.Popen[str]) -> Outcome:
        """Wait for an agent that was started."""
        try:
            out, err = child.communicate(timeout=RUN_LIMIT_SECONDS)
        except BaseException:
            child.kill()
            child.wait()
            raise
        assert "Traceback" not in out + err, out + err
        return Outcome(child.returncode, out, err, self.status())

    def status(self) -> Status | None:
        """The status file as it is now."""
        path = self.state_dir / "status.json"
        return Status.model_validate_json(path.read_bytes()) if path.exists() else None

    def litter(self) -> list[str]:
        """Every file that is left on either side, and every row, but for the daemon's markers."""
        left = [str(p) for root in (self.media, self.base) for p in root.rglob("*")] if self.base.exists() else []
        left = [path for path in left if os.path.basename(path) != MARKER_NAME]
        if self.database.exists():
            with contextlib.closing(MediaStatusDB(str(self.database), timeout_seconds=5)) as database:
                rows = database._connection.execute("SELECT file_path FROM media_transfer_status").fetchall()
            left += [f"row {path}" for (path,) in rows]
        return left

    def let_debts_fall_due(self, seconds_ago: float) -> None:
        """Move the moments of what is owed into the past, as if the time had passed."""
        path = self.state_dir / "ledger.json"
        ledger = json.loads(path.read_text())
        now = time.time()
        for debt in ledger["debts"]:
            debt["completed_at"] = now - seconds_ago - 1800
            debt["delete_due_at"] = now - seconds_ago
        path.write_text(json.dumps(ledger))

    def debts(self) -> list[dict[str, Any]]:
        """What the ledger holds."""
        path = self.state_dir / "ledger.json"
        return list(json.loads(path.read_text())["debts"]) if path.exists() else []
