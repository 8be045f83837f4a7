"""The errors that our daemon records, ``[code] what happened``: in rows, in its state, in its log."""

from __future__ import annotations

import re
import string
from functools import cache

from celestial_nasops import causes as shared, language
from celestial_nasops.fault import Cause
from healthcheck import causes

_RECORDED = re.compile(r"\[([a-z_]+)\] (.*)", re.DOTALL)
_NAMED = re.compile(r"(?:^|: )\[([a-z_]+)\] ")


@cache
def catalogue() -> dict[str, Cause]:
    """Every cause by its code."""
    return {c.code: c for module in (shared, causes) for c in vars(module).values() if isinstance(c, Cause)}


def told(error: str) -> tuple[Cause | None, str]:
    """The cause that a recorded error names, None where it names none that is known, and what happened.

    The daemon records in English. Where another language is spoken, the sentence is taken apart by its own template and
    said anew; one that does not fit its template exactly, as after an upgrade, stays in the daemon's words.
    """
    recorded = _RECORDED.fullmatch(error)
    cause = catalogue().get(recorded[1]) if recorded else None
    if recorded is None or cause is None:
        return None, error
    text = recorded[2]
    said = language.templates(cause.code, cause)
    values = None if said is cause else values_of(cause.summary, text)
    return cause, text if values is None else said.summary.format_map(values)


def code_in(line: str) -> str | None:
    """The code that a line of the daemon names, as ``[code] what happened``, with or without a text before it."""
    named = _NAMED.search(line)
    return named[1] if named and named[1] in catalogue() else None


def values_of(template: str, text: str) -> dict[str, str] | None:
    """The values with which a template gives a text, None where none do. Takes time in proportion to the text."""
    pieces = list(string.Formatter().parse(template))
    literals = [literal for literal, _, _, _ in pieces]
    names = [name for _, name, _, _ in pieces if name is not None]
    literals += [""] * (len(names) + 1 - len(literals))
    if not text.startswith(literals[0]):
        return None
    rest, values = text[len(literals[0]) :], dict[str, str]()
    for name, following in zip(names, literals[1:], strict=True):
        is_last = name is names[-1] and following == literals[-1]
        value, found, rest = rest.rpartition(following) if is_last and following else _part(rest, following)
        if not found and following:
            return None
        values[name] = value
    return values if template.format_map(values) == text else None


def _part(text: str, separator: str) -> tuple[str, str, str]:
    return text.partition(separator) if separator else (text, "", "")
