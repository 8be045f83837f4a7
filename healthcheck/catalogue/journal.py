"""The journal's message catalogues, https://systemd.io/CATALOG/: ``journalctl -x`` explains records with these words.

One entry a kind of event, and one a cause. ``python -m healthcheck.catalogue.journal FILE`` writes one of them: the
Chinese one where the file's name ends in ``.zh.catalog``, which is how journalctl knows its language.
"""

from __future__ import annotations

import sys
import textwrap

from celestial_nasops.journal import Event
from healthcheck import events
from healthcheck.catalogue import BY_CODE
from healthcheck.catalogue.entry import Entry
from healthcheck.catalogue.journal_zh import EVENTS

NAMES = {"en": "celestial-nasops.catalog", "zh": "celestial-nasops.zh.catalog"}
"""The files in ``systemd/`` by their languages."""
_WIDTH = 100
_HEAD = """# Explains records of smoke-check and media-sync-daemon in journalctl -x.
# Made by python -m healthcheck.catalogue.journal; don't edit it.
"""
_LABELS = {
    "en": (
        "Remedy; the line above has it with the values of the case:",
        "Without a shell on the NAS:",
        "The same at any time:",
    ),
    "zh": ("处理方法（上面那一行已填入当时的具体值）：", "NAS 上没有 shell 时：", "随时可以再次查看："),
}


def document(tag: str) -> str:
    """A whole catalogue in a language, ``en`` or ``zh``."""
    told = [_of_event(name, event, tag) for name, event in events.all_events().items()]
    return "\n".join([_HEAD, *told, *(_of_cause(entry, tag) for entry in causes_of_their_own())])


def causes_of_their_own() -> list[Entry]:
    """The causes that have an entry; an older kind of event stands for the others."""
    older = {event.message_id for event in events.all_events().values()}
    return [entry for code, entry in BY_CODE.items() if events.of_cause(code).message_id not in older]


def _of_event(name: str, event: Event, tag: str) -> str:
    title, meaning = EVENTS[name] if tag == "zh" else (event.title, event.meaning)
    return _entry(event.message_id, title, meaning)


def _of_cause(entry: Entry, tag: str) -> str:
    text, (remedy, by_sftp, explain) = entry.text(tag), _LABELS[tag]
    code = entry.cause.code
    explanation = textwrap.fill(text.explanation, _WIDTH) if tag == "en" else text.explanation
    parts = [explanation, f"{remedy}\n\n    {text.remedy}"]
    if text.remedy_by_sftp:
        parts.append(f"{by_sftp}\n\n    {text.remedy_by_sftp}")
    parts.append(f"{explain}\n\n    smoke-check explain {code}")
    return _entry(events.of_cause(code).message_id, f"{text.title} [{code}]", "\n\n".join(parts))


def _entry(message_id: str, title: str, body: str) -> str:
    return f"-- {message_id}\nSubject: {title}\nDefined-By: celestial-nasops\n\n{body}\n"


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="utf-8") as made:
        made.write(document("zh" if sys.argv[1].endswith(".zh.catalog") else "en"))
