"""A process that has loaded the daemon already and forks one at each order: hundreds of starts cost no hundred imports.

Each line of its input is an order in JSON; it answers with the pid. The daemons die with it.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.daemon_field import environment

_PR_SET_PDEATHSIG = 1


class Nursery:
    """The other end of it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.communicate()

    def start(self, config: Path, log: Path, die: tuple[str, str, int] | None = None) -> int:
        """Start a daemon, which may be one that dies at a step, and return its pid."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"config": str(config), "log": str(log), "die": die}) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())


def _be_a_daemon(order: dict[str, Any]) -> int:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(0, 1)
    if order["die"] is not None:
        from tests.crash.steps import STEPS, die_at

        name, when, nth = order["die"]
        die_at(STEPS[name], when, nth)
    from celestial_nasops.media_sync_daemon import main

    return main(["--config", order["config"]])


def _main() -> None:
    import celestial_nasops.media_sync_daemon
    import tests.crash.steps
    from celestial_nasops.nas import ssh_library

    del celestial_nasops, tests
    ssh_library.load()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # they are reaped by themselves
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                code = _be_a_daemon(json.loads(line))
            finally:
                os._exit(code)
        print(pid, flush=True)


if __name__ == "__main__":
    _main()
