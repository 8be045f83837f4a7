"""A dock at work: a queue, its writers, a slow link to a real sshd, a daemon to be restarted, and the real check."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from celestial_nasops import daemon_state
from celestial_nasops.media_status_db import TransferStatus
from healthcheck.ledger import FILE_NAME as LEDGER, Ledger
from healthcheck.marked_file import MARK, carries_mark
from healthcheck.status_file import FILE_NAME as STATUS, Status
from tests.crash.arena import sha256_of
from tests.crash.load import KINDS, Writer
from tests.crash.slow_link import SlowLink
from tests.daemon_field import Field, environment
from tests.nas_servers import Server
from tests.waiting import eventually

REAL_DAEMON = ("-m", "celestial_nasops.media_sync_daemon")
_START_SECONDS, _STOP_SECONDS = 30, 30
_RUN_SECONDS = 180
_MARKED_SECONDS = 20
_DRAIN_SECONDS = 180
SETTINGS: dict[str, dict[str, Any]] = {
    "sync_settings": {
        "safe_delete_delay_minutes": 0,
        "retry_delay_seconds": 0.05,
        "sync_timeout_seconds": 10,
        "unusual_deletions": 10_000_000,
    },
    "security": {"connection_timeout_seconds": 10, "max_concurrent_transfers": 3},
    "testing": {"max_wait_minutes": 1, "poll_interval_seconds": 5},
    "check_settings": {"delete_grace_minutes": 0.5},
}


class Dock:
    """One of each. What the writers made is looked at on the NAS, and counted, piece by piece."""

    def __init__(
        self,
        folder: Path,
        nas: Server,
        link: SlowLink,
        daemon: Sequence[str] = REAL_DAEMON,
        **settings: dict[str, Any],
    ) -> None:
        self._settings = SETTINGS | settings
        self.field = Field(folder, nas, **self._settings)
        self.link = link
        self.check_state = folder / "check-state"
        self.carried = self.carried_bytes = self.starts = 0
        self._folder = folder
        self._argv = [sys.executable, *daemon, "--config", str(self.field.config_path)]
        self._daemon: subprocess.Popen[bytes] | None = None
        self._writers: list[Writer] = []
        self._seen: set[str] = set()

    # --- the daemon ---

    def start(self) -> None:
        """Start it and wait until it is at work, as systemd does."""
        with open(self._folder / "daemon.log", "ab") as log:
            self._daemon = subprocess.Popen(
                self._argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment()
            )
        self.starts += 1
        eventually(self._is_at_work, _START_SECONDS)

    def _is_at_work(self) -> bool:
        assert self._daemon is not None
        assert self._daemon.poll() is None, self.field.log[-4000:]
        state = daemon_state.read(str(self.field.state_folder))
        return state is not None and state.pid == self._daemon.pid

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._daemon is not None
        self._daemon.send_signal(number)

    def restart(self, number: signal.Signals = signal.SIGTERM) -> None:
        """End it by a signal, and start it anew."""
        assert self._daemon is not None
        self.tell(number)
        assert self._daemon.wait(_STOP_SECONDS) == 0, self.field.log[-4000:]
        self.start()

    def reload(self, **settings: dict[str, Any]) -> None:
        """Change the configuration and tell the daemon, as an operator does."""
        usual = self._settings
        self.field.configure(**{name: values | settings.get(name, {}) for name, values in usual.items()})
        self.tell(signal.SIGHUP)

    def await_reload(self) -> None:
        """Until the daemon works with the present configuration; what it has in hand it finishes under the old one."""

        def is_used() -> bool:
            state = daemon_state.read(str(self.field.state_folder))
            return state is not None and state.config_fingerprint == self.field.config.fingerprint()

        eventually(is_used, _DRAIN_SECONDS)

    # --- the load ---

    def load(self, seed: int) -> None:
        """From now on the writers write."""
        for kind in KINDS:
            manifest = self._folder / f"{kind}.txt"
            self._writers.append(Writer(kind, self.field.db.path, self.field.media, manifest, seed))

    def look_at_load(self) -> None:
        """See that the writers go on, and that what has gone from here lies on the NAS, and make room there.

        Raises:
            AssertionError: a writer was refused, or a file is lost.
        """
        for writer in self._writers:
            if not writer.goes_on():
                writer.end()
            for name, sha256 in writer.made().items():
                if name in self._seen or (self.field.media / name).exists():
                    continue
                copy = self.field.remote(name)
                assert sha256_of(copy) == sha256, f"{name} is gone here, and {copy} is not what it was"
                self.carried += 1
                self.carried_bytes += copy.stat().st_size
                copy.unlink()
                self._seen.add(name)

    def drain(self) -> None:
        """End the writers, and wait until everything is carried, deleted and settled; then nothing may be left over.

        Raises:
            AssertionError: something is left, or a file is lost.
        """
        self.link.order(1 << 30, 0)
        for writer in self._writers:
            writer.end()
        eventually(lambda: self._unfinished() == [], _DRAIN_SECONDS)
        deadline = time.monotonic() + _DRAIN_SECONDS
        while unsettled := self._unsettled():
            assert time.monotonic() < deadline, unsettled
        self.look_at_load()
        assert len(self._seen) == sum(len(writer.made()) for writer in self._writers)
        assert self.litter() == []
        log = self.field.log
        assert "Traceback" not in log, log[log.index("Traceback") - 2000 :][:4000]

    def _unfinished(self) -> list[str]:
        """What the daemon has still to do."""
        names = [name for writer in self._writers for name in writer.made()]
        rows = [self.field.db.find(str(self.field.media / name)) for name in names if name not in self._seen]
        left = [str(row) for row in rows if row is None or row.transfer_status is not TransferStatus.COMPLETED]
        left += [name for name in names if (self.field.media / name).exists()]
        return left + [str(one) for one in (self.field.pending() if self.field.list_path.exists() else [])]

    def _unsettled(self) -> str:
        """What is still owed after one more run, and all that it said; empty where nothing is."""
        with self.start_check() as child:
            code, status, said = self.finish(child)
        done = code == 0 and status is not None and status.outcome == "pass" and not self.debts()
        return "" if done else f"{self.debts()}\n{said}"

    def litter(self) -> list[str]:
        """What nobody will ever want: marked files, unfinished ones, and rows of either."""
        left = [path for path in self.field.on_nas() if os.path.basename(path) not in self._seen]
        left += self.field.here()
        left += [record.file_path for record in self.field.db.records_named_like(MARK)]
        return left + [str(path) for path in self.field.state_folder.glob("*.new")]

    # --- the check ---

    def start_check(self, *options: str) -> subprocess.Popen[str]:
        """Start a run as its unit does: without a terminal, its state folder named by the environment."""
        return subprocess.Popen(
            [sys.executable, "-m", "healthcheck", "run", "--config", str(self.field.config_path), *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**environment(), "STATE_DIRECTORY": str(self.check_state)},
        )

    def finish(self, child: subprocess.Popen[str]) -> tuple[int, Status | None, str]:
        """Wait for a run's end: its exit code, its status file and its words."""
        try:
            said, _ = child.communicate(timeout=_RUN_SECONDS)
        finally:
            child.kill()
        path = self.check_state / STATUS
        status = Status.model_validate_json(path.read_bytes()) if path.exists() else None
        return child.returncode, status, said

    def debts(self, due: str = "") -> list[str]:
        """The names of marked files that are still owed something, or just that."""
        if not (self.check_state / LEDGER).exists():
            return []
        ledger = Ledger(str(self.check_state))
        ledger.load()
        return [debt.name for debt in ledger.debts if not due or debt.due == due]

    def marked_files(self) -> list[str]:
        """Those of all runs in the media folder."""
        return [name for name in os.listdir(self.field.media) if carries_mark(name)]

    def await_marked_file(self, child: subprocess.Popen[str], known: set[str]) -> None:
        """Until a run has put a file into the media folder that was not known, or ends, or is far too late."""
        deadline = time.monotonic() + _MARKED_SECONDS
        while child.poll() is None and time.monotonic() < deadline and known.issuperset(self.marked_files()):
            time.sleep(0.005)

    def end(self) -> None:
        """End all that was started; twice is fine."""
        for writer in self._writers:
            writer.kill()
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
        self.field.db.close()
