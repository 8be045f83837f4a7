"""What faults of the second kind are played on: a daemon, sshd on loopback and the real check, as processes."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from celestial_nasops import process
from celestial_nasops.durable import user_name
from celestial_nasops.media_status_db import MediaStatusDB
from tests.faults import table
from tests.nas_servers import Server
from tests.scene import Outcome, Scene
from tests.system.site import Told
from tests.waiting import eventually

fault = functools.partial(table.fault, on=table.On.LOOPBACK)
no_verdict = functools.partial(table.no_verdict, on=table.On.LOOPBACK)
no_alarm = functools.partial(table.no_alarm, on=table.On.LOOPBACK)

Settings = Mapping[str, dict[str, Any]]
# A run waits no longer than needed for what can't come.
IMPATIENT: Settings = {"testing": {"max_wait_minutes": 0.05}}


class Loopback:
    """A scene, and what a row does in it. No daemon runs but what the row starts."""

    def __init__(self, folder: Path, nas: Server) -> None:
        self.nas = nas
        self.scene = Scene(folder, nas)

    @property
    def known(self) -> dict[str, str]:
        """What words of the table stand for here."""
        scene = self.scene
        return {
            "base": str(scene.base),
            "config": scene.config_path,
            "daemon_state": str(scene.daemon_state_dir),
            "database": str(scene.database),
            "media": str(scene.media),
            "state": str(scene.state_dir),
            "unit": scene.config.daemon_settings.unit,
            "user": user_name(),
        }

    def configure(self, settings: Settings) -> None:
        """Write the configuration anew: a quick site's, with these values. For before the daemon starts."""
        self.scene.configure({section: dict(values) for section, values in settings.items()})

    @contextlib.contextmanager
    def daemon(self, how: str | None = None) -> Iterator[process.Service]:
        """Our daemon while the block lasts, or one that does something wrong."""
        with self.scene.daemon(how) as service:
            yield service

    @contextlib.contextmanager
    def mended(self) -> Iterator[None]:
        """All is as it should be, and what an earlier daemon held it publishes no more."""
        held = 1
        self.configure({"sync_settings": {"sync_timeout_seconds": held, "safe_delete_delay_minutes": 0.001}})
        # The check looks once more for a copy of what was withdrawn in mid-transfer, as long as that may take.
        eventually(lambda: all(time.time() - (debt[_WITHDRAWN] or 0.0) > held for debt in self._debts()))
        with self.daemon():
            yield

    def check(self, *options: str, command: str = "run", bound: bool = False) -> Told:
        """Run the check, and tell; ``bound``: also where we are root, by what modes and owners of files allow."""
        return told(self.scene.check(*options, command=command, prefix=_BOUND if bound else ()))

    def told(self) -> Told:
        """What the last run has told in the status file."""
        return told(Outcome(0, "", "", self.scene.status()))

    def start(self, *options: str) -> subprocess.Popen[str]:
        """Start the check."""
        return self.scene.start_check(*options)

    def finish(self, check: subprocess.Popen[str]) -> Told:
        """Wait for a check that was started, and tell."""
        return told(self.scene.finish(check))

    def wait_for_row(self) -> None:
        """Until the running check has put its file into the queue."""
        eventually(lambda: [line for line in self.scene.litter() if line.startswith("row ") and _MARK in line])

    def wait_for_verified_copy(self) -> None:
        """Until the running check has verified its copy, and awaits the deletion."""
        eventually(lambda: [debt for debt in self._debts() if debt["due"] == "deletion"])

    def put(self, name: str, content: bytes = b"", *, size: int = 0, **row: str) -> Path:
        """Put a file into the media folder and the queue, as another program does; ``size`` makes one of zeros."""
        path = self.scene.media / name
        path.write_bytes(content)
        os.truncate(path, max(size, len(content)))
        with contextlib.closing(MediaStatusDB(str(self.scene.database), timeout_seconds=5, create=True)) as queue:
            row = {"download_status": "completed", **row}
            queue.insert_file_record(str(path), name, path.stat().st_size, **row)
        return path

    def litter(self) -> list[str]:
        """What runs of the check have left: local files, rows, and copies."""
        return [line for line in self.scene.litter() if _MARK in line] + [debt["name"] for debt in self._debts()]

    def _debts(self) -> list[dict[str, Any]]:
        return self.scene.debts()


_MARK = ".smoke-check."
_WITHDRAWN = "withdrawn_in_mid_transfer_at"
_BOUND = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")


def told(outcome: Outcome) -> Told:
    """What a run told, as a unit would have: what it complained of, else its verdict, stands for the unit's line."""
    complaint = re.search(r"^smoke-check: (.*?)( \[\w+\])?\n  -> (.*)\n", outcome.stderr, re.MULTILINE)
    verdict = re.findall(r"^(PASS|WARN|FAIL|ERROR|DEFERRED)(?: in [0-9.]+ s)?: (.*)$", outcome.stdout, re.MULTILINE)
    line = " ".join(verdict[-1]) if verdict else ""
    if complaint:
        summary, code, remedy = complaint.groups()
        line = f"{code or ''} {summary} -- {remedy}".lstrip()
    status = outcome.status.model_dump(mode="json") if outcome.status else {}
    return Told("exit-code" if outcome.exit_code else "success", outcome.exit_code, line, status, "")
