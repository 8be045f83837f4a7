"""The one place through which every sentence for an operator goes, so that it can be said in another language.

English is what stands in the code. Another language is a :class:`Tongue`, handed to :func:`speak` once, before anything
is said. The daemon at work never calls it: its journal, its state and the queue are English, and it loads no other
language. Its commands for the operator speak that of the operator.
"""

from __future__ import annotations

import os
import string
import sys
from collections.abc import Mapping
from typing import NamedTuple, Protocol, TextIO

LANGUAGES = ("en", "zh")
_CHINESE = "中文，。"
# Reasons that hold values. They are made in English where a fault is met, and recorded so; each has a translation.
REASONS = (
    "its row's file_name is '{name}'",
    "it is not in the media folder {folder}",
    "its marker {name} is missing",
    "its marker {name} is another one",
    "it has {found} bytes by now and had {expected}",
    "its answer is longer than {limit} bytes",
    "its shell ended early with status {status}",
    "its SFTP server doesn't tell, for it lacks {extension}",
    "it ends with status {status} and says nothing",
    "the shell that it gets lacks {tools}",
    "the SFTP server says only '{text}' (status {status})",
    "the key is accepted, but {methods} is wanted too",
    "no answer within {seconds} s",
    "{token} is not supported",
    "it can't be created: {reason}",
)


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


def chosen(setting: str, environment: Mapping[str, str], *, can_show_chinese: bool) -> str:
    """``en`` or ``zh``.

    Args:
        setting: ``en``, ``zh``, or anything else for the locale's.
        environment: has the locale in LC_ALL, LC_MESSAGES or LANG, the first of them that is set.
        can_show_chinese: whether all that the program prints to can; what can't be read helps nobody.
    """
    if setting not in LANGUAGES:
        locale = next((v for name in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := environment.get(name))), "")
        setting = "zh" if locale.lower().startswith("zh") else "en"
    return setting if can_show_chinese else "en"


def shows_chinese(stream: TextIO | None) -> bool:
    """Whether Chinese can be written to a stream as it is; one that is closed holds nothing up."""
    if stream is None:
        return True
    try:
        _CHINESE.encode(getattr(stream, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def configured(path: str) -> str:
    """``check_settings.language`` of a configuration, read before the rest is checked: its problems are told, too."""
    import json

    from celestial_nasops import regular_file  # which speaks itself

    try:
        found = json.loads(regular_file.read(path).decode("utf-8-sig"))["check_settings"]["language"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return "auto"
    return found if found in LANGUAGES else "auto"


def speak_as_configured(path: str) -> None:
    """Speak the language of a configuration, else the locale's, as far as it is installed.

    English is in the code; another language is an entry point of the package that brings it, so that this one need not
    know that package.
    """
    shows = shows_chinese(sys.stdout) and shows_chinese(sys.stderr)
    tag = chosen(configured(path), os.environ, can_show_chinese=shows)
    if tag == "en":
        speak(None)
        return
    from importlib.metadata import entry_points  # only where it is needed: it takes its time

    brought = [point.load() for point in entry_points(group="celestial_nasops.languages", name=tag)]
    speak(brought[0]() if brought else None)


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


def in_words(text: str) -> str:
    """A reason in the language that is spoken: one of the phrases, or one of the REASONS with its values."""
    if _tongue is None or text in _tongue.phrases:
        return phrase(text)
    for template in REASONS:
        values = values_of(template, text)
        if values is not None:
            return phrase(template).format_map(values)
    action, found, path = text.partition(" /")
    return f"{phrase(action)} /{path}" if found else text  # what was under way, such as "look at /volume1/x"


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
        if name == "action" and f"{following}/" in rest:  # it may be several words; a path comes next
            value, found, rest = rest.partition(f"{following}/")
            rest = f"/{rest}"
        else:
            value, found, rest = rest.rpartition(following) if is_last and following else _part(rest, following)
        if not found and following:
            return None
        values[name] = value
    return values if template.format_map(values) == text else None


def _part(text: str, separator: str) -> tuple[str, str, str]:
    return text.partition(separator) if separator else (text, "", "")


def templates(code: str, english: Templates) -> Templates:
    """The templates of a cause in the language that is spoken; the English ones where that lacks them."""
    return english if _tongue is None else _tongue.causes.get(code, english)


def unshown(text: str) -> str:
    """What is shown so, where no name has such an escape in itself: for a path that was copied from a list."""
    import re

    escape = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|[nrt])")
    return escape.sub(lambda found: found[0].encode().decode("unicode_escape"), text)


def shown(value: object) -> str:
    """Make a value safe to print: anything that is no printable character appears as its backslash escape."""
    if isinstance(value, float):
        return f"{value:g}"
    text = os.fsdecode(value) if isinstance(value, bytes | os.PathLike) else str(value)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
