"""Command lines that speak the operator's language: argparse's own words, the help texts, and what it complains of.

Nothing here costs a plain start anything: the language is chosen when there is something to say.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NoReturn

from celestial_nasops import printing
from celestial_nasops.language import phrase

USAGE = 64
# argparse's headings and texts of its own, for which it knows only gettext, and that only by the environment.
OWN_WORDS = (
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "show program's version number and exit",
)
# It hands its complaints over as finished English; the outer one first.
COMPLAINTS = (
    "argument {argument}: {complaint}",
    "the following arguments are required: {names}",
    "one of the arguments {names} is required",
    "unrecognized arguments: {arguments}",
    "ambiguous option: {option} could match {options}",
    "invalid choice: {value} (choose from {choices})",
    "invalid {kind} value: {value}",
    "expected one argument",
    "expected at least one argument",
    "expected at most one argument",
    "not allowed with argument {argument}",
    "ignored explicit argument {value}",
)
# In these values there is English, too.
_IN_WORDS = ("complaint", "kind")


class Parser(argparse.ArgumentParser):
    """Complains with the exit code of wrong usage, 64."""

    def __init__(self, **settings: Any) -> None:
        """Take what argparse takes."""
        super().__init__(**{"formatter_class": _Formatter, **settings})

    def choose_language(self) -> None:
        """Called before anything is said."""

    def format_help(self) -> str:
        """The help, in the operator's language."""
        self.choose_language()
        return super().format_help()

    def _print_message(self, message: str, file: Any = None) -> None:
        """Where argparse prints all that it has to say."""
        if message and file is sys.stdout and file is not None:
            printing.put(message, end="")
        else:
            super()._print_message(message, file)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and end."""
        self.choose_language()
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {in_words(message)}\n")


def config_named_in(arguments: Sequence[str]) -> str | None:
    """The value of ``--config`` in a command line that may be wrong elsewhere."""
    for number, argument in enumerate(arguments):
        if argument.startswith("--config="):
            return argument.partition("=")[2]
        if argument == "--config":
            return next(iter(arguments[number + 1 :]), None)
    return None


def in_words(message: str) -> str:
    """One of argparse's complaints in the language that is spoken; one that is not known comes back as it is."""
    import re

    for template in COMPLAINTS:
        pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>.+?)", re.escape(template))
        if found := re.fullmatch(pattern, message, re.DOTALL):
            values = {k: in_words(v) if k in _IN_WORDS else v for k, v in found.groupdict().items()}
            return phrase(template).format_map(values)
    return phrase(message)


class _Formatter(argparse.HelpFormatter):
    """Has each text said in the operator's language as it is put in its place."""

    def add_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None = None,
    ) -> None:
        super().add_usage(usage, actions, groups, phrase("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and phrase(heading))

    def add_text(self, text: str | None) -> None:
        super().add_text(text and phrase(text))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help and phrase(action.help)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return super()._split_lines(text, width) if text.isascii() else list(_wrapped(text, width))

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.isascii():
            return super()._fill_text(text, width, indent)
        return "\n".join(indent + line for line in _wrapped(text, width - len(indent)))


def columns(text: str) -> int:
    """How wide a terminal shows a text: a Chinese sign takes two columns."""
    from unicodedata import east_asian_width

    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def cut(text: str, width: int) -> str:
    """The beginning of a text that fits in so many columns."""
    if text.isascii():
        return text[:width]
    return next(part for end in range(min(width, len(text)), -1, -1) if columns(part := text[:end]) <= width)


def _wrapped(text: str, width: int) -> Iterator[str]:
    """Lines of at most ``width`` columns, broken at spaces or between Chinese signs."""
    import re

    line = ""
    for piece in re.findall(r"[!-~]+|\s+|[^!-~\s]", text):
        if line and columns(line + piece.rstrip()) > width:
            yield line.rstrip()
            line = ""
        line += piece if line or not piece.isspace() else ""
    if line:
        yield line
