"""An operator's language: that of the configuration, else the locale's; English where Chinese can't be shown."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Mapping
from typing import TextIO

from celestial_nasops import language

LANGUAGES = ("en", "zh")
_CHINESE = "中文，。"


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


def prepare_for_the_journal(stream: TextIO) -> None:
    """Let a stream that leads to the journal take Chinese: the journal is UTF-8 whatever the locale."""
    if "JOURNAL_STREAM" not in os.environ or shows_chinese(stream) or not isinstance(stream, io.TextIOWrapper):
        return
    from healthcheck.report import writes_to_journal

    if writes_to_journal(stream):
        stream.reconfigure(encoding="utf-8")


def configured(path: str) -> str:
    """``check_settings.language`` of a configuration, read before the rest is checked: its problems are told, too."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            found = json.load(file)["check_settings"]["language"]
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return "auto"
    return found if found in LANGUAGES else "auto"


def use(setting: str, environment: Mapping[str, str]) -> None:
    """Let this process speak the language that is asked for, or that the locale asks for."""
    shows = shows_chinese(sys.stdout) and shows_chinese(sys.stderr)
    if chosen(setting, environment, can_show_chinese=shows) == "en":
        language.speak(None)
        return
    from healthcheck.catalogue import BY_CODE
    from healthcheck.chinese import PHRASES, WORDS  # only where it is spoken

    causes = {code: entry.zh for code, entry in BY_CODE.items()}
    language.speak(language.Tongue("zh", {**PHRASES, **WORDS}, causes))
