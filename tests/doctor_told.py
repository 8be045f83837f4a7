"""The doctor as a command, and what it told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass

from celestial_nasops.durable import user_name
from tests.scene import Scene

USER = user_name()


@dataclass(frozen=True)
class Told:
    """What the command left."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def lines(self) -> list[str]:
        """Each line with its remedy, spaces of the table left out."""
        lines = re.split(r"\n(?! )", self.stdout.rstrip("\n"))[:-1]
        return [re.sub(r"\n? {2,}", " ", line) for line in lines]

    def of(self, *names: str) -> list[str]:
        """The lines of some looks."""
        return [line for line in self.lines if line.split()[1] in names]

    @property
    def bad(self) -> list[str]:
        """What is neither ok nor skipped."""
        return [line for line in self.lines if not line.startswith(("ok ", "skipped "))]


def doctor(scene: Scene, *options: str, **environment: str) -> Told:
    argv = [sys.executable, "-m", "healthcheck", "doctor", "--config", scene.config_path]
    done = subprocess.run(
        [*argv, "--state-dir", str(scene.state_dir), *options],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, **environment},
    )
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return Told(done.returncode, done.stdout, done.stderr)


def typed(line: str) -> None:
    """Type the command behind a remedy's last colon."""
    command = line.partition(" -> ")[2].rpartition(": ")[2].replace(f"sudo -u {USER} ", "").replace("sudo ", "")
    subprocess.run(["sh", "-euc", command], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
