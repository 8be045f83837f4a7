"""What the arguments of smoke-check may be."""

from __future__ import annotations

import sys

from celestial_nasops import command_line


class Parser(command_line.Parser):
    """Speaks the operator's language."""

    def choose_language(self) -> None:
        """By the configuration, else the locale."""
        from healthcheck.console import path_of_config

        path_of_config(command_line.config_named_in(sys.argv))


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
