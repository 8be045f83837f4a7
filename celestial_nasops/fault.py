"""A fault that an operator can act on: a stable code, what happened with its values, and what mends it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

_LONGEST_VALUE = 4096  # PATH_MAX


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of the catalogue of causes. ``summary`` and ``remedy`` are ``str.format`` templates.

    ``remedy_by_sftp`` takes the place of ``remedy`` for an account that gets no shell to type in; it is used where the
    values say how to reach it: ``sftp``.
    """

    code: str
    summary: str
    remedy: str
    remedy_by_sftp: str = ""


def shown(value: object) -> str:
    """Make a value safe to print: anything that is no printable character appears as its backslash escape."""
    if isinstance(value, float):
        return f"{value:g}"
    text = os.fsdecode(value) if isinstance(value, bytes | os.PathLike) else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def _bounded(text: str) -> str:
    """A value in a size for people: no name in the field is longer, but anything may have been written there."""
    if len(text) <= _LONGEST_VALUE:
        return text
    half = _LONGEST_VALUE // 2
    return f"{text[:half]} ... {text[-half:]}"


class Fault(Exception):  # noqa: N818 - the field speaks of faults
    """Raised for everything that can go wrong outside the program itself.

    The templates of the cause are filled in at once, so a value that is missing shows in the first test that raises it.
    """

    def __init__(self, cause: Cause, **values: object) -> None:
        self.cause = cause
        self.values = {name: _bounded(shown(value)) for name, value in values.items()}
        self.summary = cause.summary.format_map(self.values)
        by_sftp = cause.remedy_by_sftp if "sftp" in values else ""
        self.remedy = (by_sftp or cause.remedy).format_map(self.values)
        super().__init__(self.summary)

    @property
    def code(self) -> str:
        """The stable code of the cause, for the status file and for scripts."""
        return self.cause.code


class ConfigFault(Fault):
    """The configuration can't be used.

    Attributes:
        problems: each of them, where there may be several.
        warnings: what else its author should know.
    """

    problems: Sequence[str] = ()
    warnings: Sequence[str] = ()


class DatabaseFault(Fault):
    """The queue's database can't be used."""


class LocalFault(Fault):
    """A file or folder of the edge server can't be used."""


class NasFault(Fault):
    """The NAS was reached and a request of ours could not be carried out there."""


class NasUnavailable(NasFault):
    """The NAS can't be reached or used at all; no file is to blame for it."""


class NasRefusal(NasUnavailable):
    """Trying again at once can't help, and may get this address blocked: keys, host keys, names."""
