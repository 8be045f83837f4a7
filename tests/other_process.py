"""Real other processes, for what only another process can do: hold a lock, commit, be another user."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

_DEADLINE_SECONDS = 20
_CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class OtherProcess:
    """A Python program that runs beside the test. It says "ready" when it is, and then goes on at each ``proceed``.

    The program prints ``ready`` and blocks in ``input()``; what it prints last is what ``finish`` returns.
    """

    def __init__(self, program: str, *arguments: str, argv: list[str] | None = None) -> None:
        self._child = subprocess.Popen(
            [*(argv or [sys.executable, "-c", program]), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": _CHECKOUT, "PYTHONUNBUFFERED": "1"},
        )
        self.pid = self._child.pid
        assert self._child.stdout is not None
        said = self._child.stdout.readline()
        if said != "ready\n":
            self._child.kill()
            self._child.wait()
            raise AssertionError(f"the other process did not get ready: {said!r}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._child.kill()
        self._child.communicate()

    def proceed(self) -> None:
        """Let it go on from its ``input()``."""
        assert self._child.stdin is not None
        self._child.stdin.write("\n")
        self._child.stdin.flush()

    def line(self) -> str:
        """Wait for the next line that it says."""
        assert self._child.stdout is not None
        return self._child.stdout.readline().rstrip("\n")

    def finish(self) -> str:
        """Let it go on, wait for its end, and return what it said."""
        said, _ = self._child.communicate("\n", timeout=_DEADLINE_SECONDS)
        assert self._child.returncode == 0
        return said


def as_nobody(act: Callable[[], Any]) -> Any:
    """Run something as the user nobody, in a process of its own, and return what it returned, by way of JSON.

    Modes of files and folders mean nothing to root, so tests of permissions need somebody else.
    """
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.close(read_fd)
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            os.environ["LOGNAME"] = "nobody"
            os.write(write_fd, json.dumps(act()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as pipe:
        answer = pipe.read()
    _, status = os.waitpid(pid, 0)
    assert status == 0, "what ran as nobody failed"
    return json.loads(answer)
