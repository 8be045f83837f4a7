"""An operator's language: that of the configuration, else the locale's; English where Chinese can't be shown."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Mapping
from typing import TextIO

from celestial_nasops import language
from celestial_nasops.language import (
    LANGUAGES as LANGUAGES,
    chosen as chosen,
    configured as configured,
    shows_chinese as shows_chinese,
)


def prepare_for_the_journal(stream: TextIO) -> None:
    """Let a stream that leads to the journal take Chinese: the journal is UTF-8 whatever the locale."""
    if "JOURNAL_STREAM" not in os.environ or shows_chinese(stream) or not isinstance(stream, io.TextIOWrapper):
        return
    from healthcheck.report import writes_to_journal

    if writes_to_journal(stream):
        stream.reconfigure(encoding="utf-8")


def use(setting: str, environment: Mapping[str, str]) -> None:
    """Let this process speak the language that is asked for, or that the locale asks for."""
    shows = shows_chinese(sys.stdout) and shows_chinese(sys.stderr)
    if chosen(setting, environment, can_show_chinese=shows) == "en":
        language.speak(None)
        return
    language.speak(chinese())


def chinese() -> language.Tongue:
    """All that both programs say, in Simplified Chinese; loaded only where it is spoken."""
    from healthcheck.catalogue import BY_CODE
    from healthcheck.chinese import PHRASES, WORDS
    from healthcheck.chinese_commands import CONFIGURATION, STEERING, USAGE

    phrases = {**PHRASES, **WORDS, **USAGE, **STEERING, **CONFIGURATION}
    return language.Tongue("zh", phrases, {code: entry.zh for code, entry in BY_CODE.items()})
