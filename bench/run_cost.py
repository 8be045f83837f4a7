"""What a run costs in CPU time and memory, beside a shell script that does the same looks with the usual tools.

Both are timed as whole processes with all that they start, in turn, by the kernel's own accounting. The script sends
one file, so the run is compared without its second one, the negative proof, and what that costs is told apart. The
figures hold for the Python that is named: one that was built without optimisation needs a third more than that of a
distribution. In a fresh checkout ``PATH=/usr/bin:/bin ./dev bench cost`` takes the system's own.
"""

from __future__ import annotations

import contextlib
import os
import platform
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import figures
from healthcheck.demo.scene import demo_settings
from tests.nas_servers import embedded_server, openssh_server
from tests.scene import Scene

PAIRS = 15
SCRIPT = Path(__file__).with_name("same_looks.sh")


def main() -> None:
    print(f"Python {platform.python_version()}, {os.path.realpath(sys.executable)}")
    # The embedded NAS lacks the key exchange that a real one makes both sides pay for, so it only tells what the rest
    # costs; the goal is about a real server.
    cheap = "the embedded NAS, whose key exchange is a cheap one"
    for name, server, proof, goal in (
        ("OpenSSH", openssh_server, "off", "goal: <= 1.5"),
        ("OpenSSH, negative proof included", openssh_server, "on", "no goal"),
        (cheap, embedded_server, "off", "no goal"),
    ):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, server(f"{folder}/nas") as nas:
            settings = demo_settings() | {"check_settings": {"negative_proof": proof}}
            scene = Scene(Path(folder), nas, settings)
            with scene.daemon():
                _measure(scene, name, goal)


def _measure(scene: Scene, name: str, goal: str) -> None:
    argv = [sys.executable, "-m", "healthcheck", "run", "--config", scene.config_path]
    argv += ["--state-dir", str(scene.state_dir)]
    backup = scene.base / scene.config.nas_settings.backup_path
    shell = ["sh", str(SCRIPT), scene.nas.ssh_config, str(scene.database), str(scene.media), str(backup)]
    ours, theirs, memory = [], [], []
    for number in range(PAIRS + 1):
        cpu_a, peak = _cost(argv)
        cpu_b, _ = _cost(shell)
        _tidy(scene)
        if number:  # the first pair warms up
            ours.append(cpu_a)
            theirs.append(cpu_b)
            memory.append(peak)
    print(f"a whole run against {name}, waiting aside:")
    figures.row("  CPU time of smoke-check run", [v * 1000 for v in ours], "ms")
    figures.row("  CPU time of the shell script", [v * 1000 for v in theirs], "ms")
    figures.row("  ratio, pair by pair", [a / b for a, b in zip(ours, theirs, strict=True)], "", goal)
    figures.row("  peak resident memory of smoke-check run", memory, "MB", "goal: <= 60 MB")


def _tidy(scene: Scene) -> None:
    """Remove what the shell script leaves."""
    with contextlib.closing(sqlite3.connect(scene.database)) as connection, connection:
        connection.execute("DELETE FROM media_transfer_status")
    for path in scene.base.rglob("*.smoke-check.*"):
        path.unlink()


def _cost(argv: list[str]) -> tuple[float, float]:
    """CPU seconds of a command with its children, and the peak resident memory (MB) of the largest process."""
    # As installed: with the byte code that pip has written.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
    )
    assert child.stderr is not None
    errors = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    assert child.returncode == 0, errors.decode()
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
