"""The syntax of unit files: quoting, specifiers, time spans, and the templates' own marks."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from celestial_nasops.fault import ConfigFault
from healthcheck import causes

_TOKEN = re.compile(r"@([A-Z_]+)@")
_SYSTEM, _USER, _END = "@SYSTEM@", "@USER_MANAGER@", "@END@"


def quoted(value: str, *, prefix: str = "") -> str:
    """A path or name as one word of a setting. In ``ExecStart=``, behind the first word, ``$`` has to be doubled, too.

    Args:
        value: taken literally.
        prefix: one of systemd's own, such as ``-`` for "may be missing", or ``%h/``; it stands inside the quotes.

    Raises:
        ConfigFault: it holds a character that no unit file can hold.
    """
    if any(ord(c) < 32 or ord(c) == 127 or 0xD800 <= ord(c) < 0xE000 for c in value):
        raise ConfigFault(causes.NOT_FOR_UNITS, value=value)
    # systemd.unit(5): specifiers begin with %; systemd.syntax(7): in quotes a backslash takes the next one literally.
    text = prefix + value.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    # A colon parts source and destination in BindPaths=, but not within quotes.
    return f'"{text}"' if re.search(r"[^A-Za-z0-9/._@%+=,-]", text) else text


def span(seconds: float) -> str:
    """A time span, rounded up to milliseconds; systemd.time(7)."""
    milliseconds = math.ceil(round(seconds * 1000, 6))
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def fill_in(template: str, values: Mapping[str, str | Sequence[str]], *, user_manager: bool) -> str:
    """A template with its tokens filled in.

    Lines between ``@SYSTEM@`` and ``@END@`` are for units of the system, those between ``@USER_MANAGER@`` and ``@END@``
    for units of one user. A token whose value is a list stands alone in its line, and becomes the lines of the list.

    Raises:
        KeyError: a token has no value.
    """
    lines: list[str] = []
    kept = True
    for line in template.splitlines():
        match = _TOKEN.fullmatch(line)
        if line in (_SYSTEM, _USER):
            kept = (line == _USER) == user_manager
        elif line == _END:
            kept = True
        elif not kept:
            continue
        elif match and not isinstance(values[match[1]], str):
            lines += values[match[1]]
        else:
            lines.append(_TOKEN.sub(lambda found: str(values[found[1]]), line))
    return "\n".join(lines).rstrip("\n") + "\n"
