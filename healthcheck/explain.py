"""``smoke-check explain``: what a code means, from the catalogue."""

from __future__ import annotations

import difflib

from celestial_nasops import remedies
from celestial_nasops.language import say, spoken
from healthcheck.catalogue import BY_CODE, THEMES


def all_titles() -> str:
    """Every code with its title, by theme."""
    tag = spoken()
    width = max(map(len, BY_CODE))
    return "\n".join(
        f"{theme[tag]}\n" + "".join(f"  {e.cause.code:<{width}}  {e.text(tag).title}\n" for e in entries)
        for theme, entries in THEMES
    )


def one(code: str) -> str:
    """All that the catalogue says of a code.

    Raises:
        KeyError: there is no such code; the message names those that are like it.
    """
    if code not in BY_CODE:
        near = difflib.get_close_matches(code, BY_CODE, n=3)
        hint = say("; did you mean {codes}?", codes=", ".join(near)) if near else ""
        raise KeyError(say("there is no cause '{code}'", code=code) + hint)
    entry = BY_CODE[code]
    text = entry.text(spoken())
    lines = [
        f"{code}: {text.title}",
        "",
        text.explanation,
        "",
        say("named by: {parts}", parts=", ".join(entry.where)),
        say("it says: {text}", text=text.summary),
        f"  -> {remedies.here(text.remedy)}",
    ]
    if text.remedy_by_sftp:
        lines.append(say("  -> without a shell on the NAS: {text}", text=text.remedy_by_sftp))
    return "\n".join(lines) + "\n"
