"""How the commands of both programs print, whatever becomes of it: a pipe, a full disk, a locale without a letter."""

from __future__ import annotations

import io
import os
import signal
import sys

from celestial_nasops.language import phrase, say


class UnprintedError(Exception):
    """Standard output takes no more; the error of the system is its cause."""


def prepare() -> None:
    """Show a letter that the locale lacks as its backslash escape: it must not end what is being done."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def put(text: str, end: str = "\n") -> None:
    """Print a text at once, so that its reader hears of it and we of its failure.

    Raises:
        UnprintedError: it can't be printed. What is done is done; there is nobody to tell more to.
    """
    if sys.stdout is None:  # it is closed, and nobody wants to hear
        return
    try:
        sys.stdout.write(text + end)
        sys.stdout.flush()
    except OSError as error:
        raise UnprintedError from error


def why_unprinted(error: UnprintedError) -> str:
    """What is to be said of that; where the reader went away, this process ends as all programs do then, by SIGPIPE."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())  # for what is left in the buffer
    if isinstance(error.__cause__, BrokenPipeError):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.raise_signal(signal.SIGPIPE)
    why = getattr(error.__cause__, "strerror", None) or str(error.__cause__)
    return say("standard output can't be written: {reason}", reason=phrase(why))
