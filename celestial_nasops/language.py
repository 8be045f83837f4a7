"""The one place through which every sentence for an operator goes, so that it can be said in another language.

English is what stands in the code. Another language is a :class:`Tongue`, handed to :func:`speak` once, before anything
is said; a program that never calls it, such as the daemon, speaks English and loads no other language.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import NamedTuple, Protocol


class Templates(Protocol):
    """The ``str.format`` templates of a cause: what happened, and what mends it, also without a shell on the NAS."""

    @property
    def summary(self) -> str:
        """What happened."""

    @property
    def remedy(self) -> str:
        """What mends it."""

    @property
    def remedy_by_sftp(self) -> str:
        """What takes its place for an account without a shell; empty where nothing does."""


class Tongue(NamedTuple):
    """A language other than English.

    Attributes:
        tag: its name, such as ``zh``.
        phrases: templates by the English ones that stand in the code.
        causes: the templates of each cause by its code.
    """

    tag: str
    phrases: Mapping[str, str]
    causes: Mapping[str, Templates]


_tongue: Tongue | None = None


def speak(tongue: Tongue | None) -> None:
    """From now on this process speaks that language; None is English."""
    global _tongue
    _tongue = tongue


def spoken() -> str:
    """The tag of the language that is spoken: ``en`` until told otherwise."""
    return "en" if _tongue is None else _tongue.tag


def say(template: str, **values: object) -> str:
    """An English sentence with its values, in the language that is spoken.

    Args:
        template: a literal, so that the tests can compare all that is said with what is translated.
        values: what its ``{name}`` stand for; made printable.
    """
    return phrase(template).format_map({name: shown(value) for name, value in values.items()})


def phrase(text: str) -> str:
    """A text in the language that is spoken; one that has no translation comes back as it is."""
    return text if _tongue is None else _tongue.phrases.get(text, text)


def templates(code: str, english: Templates) -> Templates:
    """The templates of a cause in the language that is spoken; the English ones where that lacks them."""
    return english if _tongue is None else _tongue.causes.get(code, english)


def shown(value: object) -> str:
    """Make a value safe to print: anything that is no printable character appears as its backslash escape."""
    if isinstance(value, float):
        return f"{value:g}"
    text = os.fsdecode(value) if isinstance(value, bytes | os.PathLike) else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
