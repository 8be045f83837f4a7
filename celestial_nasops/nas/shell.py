"""How a command is put to whatever shell the account has, and how its answer is told from a profile's chatter."""

from __future__ import annotations

import os
import secrets
import shlex
from collections.abc import Sequence
from typing import NamedTuple

_STATUS_DIGITS = 3
_STATUS_LIMIT = 8  # an exit status and its newline are shorter
# What csh and fish take for more than itself between single quotes stands there as printf's %b reads it.
_ODD = str.maketrans({"\\": "\\0134", "!": "\\0041", "\n": "\\0012"})
_READ_ODD = (
    'n=$#; while [ "$n" -gt 0 ]; do word=$(printf "%b." "$1"); shift; set -- "$@" "${word%.}"; n=$((n - 1)); done; '
)
_READ_INPUT = 'read -r word; [ "$word" = input-{nonce} ] || echo "missing input"; '


class Reply(NamedTuple):
    """What a script answered: its exit status, and its standard output and error as they came."""

    status: int
    output: bytes


class Framed:
    """One POSIX sh script with its arguments, wrapped so that its answer stands between two lines of our own.

    The script is run by ``sh`` whatever the login shell is. Arguments are never part of its text: it sees them as
    ``$1`` and so on. Everything outside the frame is noise and is ignored.
    """

    def __init__(self, script: str, args: Sequence[str | bytes] = (), *, aside: str = "") -> None:
        """Wrap a script; ``aside`` is another one that is run before it, for what :meth:`said_aside` gives.

        Where there is one, ``input_first`` is a line that has to be sent before all else that the script reads. If it
        does not come as it was sent, ``missing input`` is said aside: something at the login, which asks a question,
        would eat of each file as well.
        """
        nonce = secrets.token_hex(8)
        self.input_first = f"input-{nonce}\n".encode() if aside else b""
        self._aside = f"aside-{nonce}\n".encode()
        self._begin = f"begin-{nonce}\n".encode()
        self._end = f"\nend-{nonce} ".encode()
        # A shell that merely echoes the command answers nothing: the markers are not lines of their own there.
        has_odd = any(ord(char) in _ODD for arg in args for char in os.fsdecode(arg))
        text = (
            "LC_ALL=C; export LC_ALL; exec 2>&1; "
            + (_READ_ODD if has_odd else "")
            + (f"echo aside-{nonce}; {_READ_INPUT.format(nonce=nonce)}( {aside} ) < /dev/null; " if aside else "")
            + f"echo begin-{nonce}; ( {script} ); status=$?; "
            f'echo; echo end-{nonce} "$status"'
        )
        words = [b"exec sh -c", _quoted(text), b"sh", *map(quoted_argument, args)]
        self.command = b" ".join(words)

    def answer(self, output: bytes | bytearray) -> bytes | None:
        """The script's own output so far, or None while the frame has not begun."""
        start = output.find(self._begin)
        if start < 0:
            return None
        start += len(self._begin)
        end = output.find(self._end, start)
        return bytes(output[start:] if end < 0 else output[start:end])

    def said_aside(self, output: bytes | bytearray) -> bytes | None:
        """What the script aside said, or None where it was not run to its end."""
        start, end = output.find(self._aside), output.find(self._begin)
        return bytes(output[start + len(self._aside) : end]) if 0 <= start < end else None

    def is_complete(self, output: bytes | bytearray, looked_at: int = 0) -> bool:
        """Whether the frame's last line has come; the first ``looked_at`` bytes are known not to hold all of it."""
        end = output.find(self._end, max(0, looked_at - len(self._end) - _STATUS_LIMIT))
        return end >= 0 and output.find(b"\n", end + len(self._end)) >= 0

    def reply(self, output: bytes | bytearray) -> Reply | None:
        """Cut the answer out of all that came, or None where the frame is not complete."""
        answer = self.answer(output)
        end = output.rfind(self._end)
        if answer is None or end < 0:
            return None
        status, newline, _ = bytes(output[end + len(self._end) :]).partition(b"\n")
        is_status = newline and status.isdigit() and len(status) <= _STATUS_DIGITS
        return Reply(int(status), answer) if is_status else None


def quoted_argument(word: str | bytes) -> bytes:
    """An argument as it stands in a command."""
    return _quoted(os.fsdecode(word).translate(_ODD))


def _quoted(word: str | bytes) -> bytes:
    return os.fsencode(shlex.quote(os.fsdecode(word)))
