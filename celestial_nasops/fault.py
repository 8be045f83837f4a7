"""A fault that an operator can act on: a stable code, what happened with its values, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from celestial_nasops import language, remedies
from celestial_nasops.language import shown

__all__ = [
    "Cause",
    "ConfigFault",
    "DatabaseFault",
    "Fault",
    "LocalFault",
    "NasFault",
    "NasRefusal",
    "NasUnavailable",
    "shown",
]

# Values that are words of ours and no data: they are said in the operator's language, too.
_WORDS = frozenset({"action", "holder", "output", "reason", "stage", "what"})
_LONGEST_VALUE = 4096  # PATH_MAX


class Cause(NamedTuple):
    """One entry of the catalogue of causes. ``summary`` and ``remedy`` are ``str.format`` templates.

    ``remedy_by_sftp`` takes the place of ``remedy`` for an account that gets no shell to type in; it is used where the
    values say how to reach it: ``sftp``.
    """

    code: str
    summary: str
    remedy: str
    remedy_by_sftp: str = ""


def _bounded(text: str) -> str:
    """A value in a size for people: no name in the field is longer, but anything may have been written there."""
    if len(text) <= _LONGEST_VALUE:
        return text
    half = _LONGEST_VALUE // 2
    return f"{text[:half]} ... {text[-half:]}"


def in_words(values: Mapping[str, str]) -> dict[str, str]:
    """Values as the language that is spoken has them: those that are words of ours are said in it."""
    return {name: _word(text) if name in _WORDS else text for name, text in values.items()}


def _word(text: str) -> str:
    if text.startswith("[") and language.spoken() != "en":  # another fault, as the daemon records it
        from celestial_nasops import recorded

        return recorded.said(text)
    return language.in_words(text)


class Fault(Exception):  # noqa: N818 - the field speaks of faults
    """Raised for everything that can go wrong outside the program itself.

    The templates of the cause are filled in at once, so a value that is missing shows in the first test that raises it,
    and in the language that is spoken; the commands of the remedy are those of this installation. ``values`` stay as
    they were given.
    """

    def __init__(self, cause: Cause, **values: object) -> None:
        self.cause = cause
        self.values = {name: _bounded(shown(value)) for name, value in values.items()}
        said = in_words(self.values)
        templates = language.templates(cause.code, cause)
        self.summary = templates.summary.format_map(said)
        by_sftp = templates.remedy_by_sftp if "sftp" in values else ""
        self.remedy = remedies.here(remedies.filled(by_sftp or templates.remedy, said))
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
