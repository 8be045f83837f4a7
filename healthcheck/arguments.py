"""What the arguments of smoke-check may be."""

from __future__ import annotations

import argparse
import sys
from typing import NoReturn

from healthcheck.outcome import ExitCode


class Parser(argparse.ArgumentParser):
    """Complains with the exit code of wrong usage."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        self.print_usage(sys.stderr)
        self.exit(ExitCode.USAGE, f"{self.prog}: {message}\n")


def positive(text: str) -> float:
    """A time in minutes."""
    value = float(text)
    if not 0 < value <= 24 * 60:
        raise ValueError(text)
    return value


def count(text: str) -> int:
    """How many files."""
    value = int(text)
    if not 1 <= value <= 1000:
        raise ValueError(text)
    return value


def size(text: str) -> int:
    """A size in bytes."""
    value = int(text)
    if not 256 <= value <= 1 << 40:
        raise ValueError(text)
    return value


positive.__name__, count.__name__, size.__name__ = (
    "number of minutes (more than 0, at most 1440)",
    "number of files (1 to 1000)",
    "number of bytes (256 to 2^40)",
)
