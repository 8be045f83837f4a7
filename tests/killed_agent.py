"""The agent, killed just before its N-th step that touches the world: ``python -m tests.killed_agent N ARGUMENTS``.

Steps are what Python's audit hooks report: files opened for writing, renamed and removed, databases and sockets opened.
With N = 0 nothing is killed, and the steps are counted on standard error.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

from healthcheck.cli import main

_STEPS = ("os.rename", "os.remove", "os.truncate", "sqlite3.connect", "socket.connect", "subprocess.Popen")


def _is_step(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in _STEPS


class Killer:
    def __init__(self, at: int) -> None:
        self.at = at
        self.count = 0
        self.lock = threading.Lock()

    def hook(self, event: str, arguments: tuple[object, ...]) -> None:
        if not _is_step(event, arguments):
            return
        with self.lock:
            self.count += 1
            if self.count == self.at:
                os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    killer = Killer(int(sys.argv[1]))
    sys.addaudithook(killer.hook)
    code = main(sys.argv[2:])
    sys.stderr.write(f"steps {killer.count}\n")
    sys.exit(code)
