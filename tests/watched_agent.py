"""The agent, with all that it does to the world written down: ``python -m tests.watched_agent LOG ARGUMENTS``.

LOG gets one JSON array a line: what Python's audit hooks report of files opened for writing, renamed, removed and
made, of programs started and connections opened; and as the last line the most memory that it held (bytes).
"""

from __future__ import annotations

import json
import os
import sys

from healthcheck.cli import main

_DEEDS = (
    *("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown"),
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "sqlite3.connect", "socket.connect"),
)


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "open":
        flags = arguments[2]
        if not isinstance(flags, int) or not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            return
        arguments = arguments[:1]
    elif event not in _DEEDS:
        return
    os.write(log, json.dumps([event, *map(_plain, arguments)]).encode() + b"\n")


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return os.fsdecode(value) if isinstance(value, bytes) else value if isinstance(value, int) else str(value)


def _peak_bytes() -> int:
    with open("/proc/self/status", encoding="ascii") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))


if __name__ == "__main__":
    log = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    sys.addaudithook(_hook)
    code = main(sys.argv[2:])
    os.write(log, json.dumps(["peak", _peak_bytes()]).encode() + b"\n")
    sys.stdout.flush()
    os._exit(code)
