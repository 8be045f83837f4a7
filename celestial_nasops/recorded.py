"""The errors that the daemon records in English, ``[code] what happened``: in rows, in its state, in its log.

The sentence is taken apart by its cause's own template, and said anew in the language that is spoken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache

from celestial_nasops import causes, language
from celestial_nasops.fault import Cause, in_words

_RECORDED = re.compile(r"\[([a-z_]+)\] (.*)", re.DOTALL)


@cache
def catalogue() -> dict[str, Cause]:
    """Every cause of this package by its code."""
    return {cause.code: cause for cause in vars(causes).values() if isinstance(cause, Cause)}


def parted(error: str, known: Mapping[str, Cause]) -> tuple[Cause | None, str]:
    """The cause that a recorded error names, None where it is not known, and what happened."""
    found = _RECORDED.fullmatch(error)
    cause = known.get(found[1]) if found else None
    return (cause, found[2]) if found and cause else (None, error)


def summary_of(cause: Cause, values: Mapping[str, str]) -> str:
    """What happened, in the language that is spoken."""
    return language.templates(cause.code, cause).summary.format_map(in_words(values))


def said(error: str) -> str:
    """A recorded error in the language that is spoken; one that does not fit its template stays as it is."""
    cause, text = parted(error, catalogue())
    values = language.values_of(cause.summary, text) if cause else None
    return f"[{cause.code}] {summary_of(cause, values)}" if cause and values is not None else error
