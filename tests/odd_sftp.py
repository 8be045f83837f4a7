"""An SFTP server that does something odd, in front of the real one; for ``Subsystem sftp``.

``python -m tests.odd_sftp HOW``, where HOW is one of the functions below.
"""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable

SERVER = "/usr/lib/openssh/sftp-server"
_OPEN, _READ, _FSTAT, _STATUS, _DATA, _ATTRS, _EXTENDED = 3, 5, 8, 101, 103, 105, 200
_PERMISSION_DENIED = 3
_HUGE = 1 << 62

Asked = Callable[[int, bytes], bytes | None]


def no_hard_links(kind: int, body: bytes) -> bytes | None:
    """A file system without hard links, such as exFAT on a USB disk."""
    if kind == _EXTENDED and body[8:].startswith(b"hardlink@openssh.com"):
        return _status(body, _PERMISSION_DENIED)
    return None


def endless(kind: int, body: bytes) -> bytes | None:
    """Says that each file is of 4 EiB, and has content for all of it."""
    if kind in (_FSTAT, 7, 17):
        return packet(_ATTRS, body[:4] + struct.pack(">IQI", 1 | 4, _HUGE, 0o100644))
    if kind == _READ:
        length = struct.unpack(">I", body[-4:])[0]
        return packet(_DATA, body[:4] + struct.pack(">I", length) + bytes(length))
    return None


def trickle(kind: int, body: bytes) -> bytes | None:
    """Gives a byte at a time, each just soon enough."""
    if kind != _READ:
        return None
    time.sleep(0.1)
    return packet(_DATA, body[:4] + struct.pack(">I", 1) + b"x")


def greedy(kind: int, body: bytes) -> bytes | None:
    """Gives more than was asked for."""
    length = struct.unpack(">I", body[-4:])[0] + 1 if kind == _READ else 0
    return packet(_DATA, body[:4] + struct.pack(">I", length) + bytes(length)) if length else None


def oversize(kind: int, body: bytes) -> bytes | None:
    """Begins a packet of 2 GiB."""
    return struct.pack(">I", 1 << 31) if kind == _OPEN else None


def cut_short(kind: int, body: bytes) -> bytes | None:
    """Ends an answer in the middle of a field."""
    return packet(_DATA, body[:4] + struct.pack(">I", 4) + b"x") if kind == _READ else None


def answers_others(kind: int, body: bytes) -> bytes | None:
    """Answers what nobody has asked."""
    return packet(_STATUS, b"\xff\xff\xff\xff" + body[4:]) if kind == _OPEN else None


def wrong_kind(kind: int, body: bytes) -> bytes | None:
    """Answers a request to open with a file's attributes."""
    return packet(_ATTRS, body[:4] + struct.pack(">I", 0)) if kind == _OPEN else None


def chatters(kind: int, body: bytes) -> bytes | None:
    """A profile that prints something before the server starts."""
    return None


def packet(kind: int, body: bytes) -> bytes:
    return struct.pack(">IB", len(body) + 1, kind) + body


def _status(body: bytes, status: int) -> bytes:
    text = b"Permission denied"
    return packet(_STATUS, body[:4] + struct.pack(">II", status, len(text)) + text + struct.pack(">I", 0))


def serve(asked: Asked) -> None:
    """Pass on to the real server what is not answered here."""
    with subprocess.Popen([SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        answers = server.stdout
        lock = threading.Lock()

        def say(what: bytes) -> None:
            with lock:
                os.write(1, what) if len(what) < 4096 else sys.stdout.buffer.write(what)
                sys.stdout.buffer.flush()

        def pass_back() -> None:
            while head := answers.read(4):
                say(head + answers.read(struct.unpack(">I", head)[0]))

        threading.Thread(target=pass_back, daemon=True).start()
        if asked is chatters:
            say(b"Welcome to the NAS!\n")
        while head := sys.stdin.buffer.read(4):
            content = sys.stdin.buffer.read(struct.unpack(">I", head)[0])
            answer = asked(content[0], content[1:])
            if answer is not None:
                say(answer)
            else:
                server.stdin.write(head + content)
                server.stdin.flush()
        server.stdin.close()


if __name__ == "__main__":
    serve(globals()[sys.argv[1]])
