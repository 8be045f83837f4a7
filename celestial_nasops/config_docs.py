"""Keeps the tables of ``docs/configuration.md`` in step with the models: give that file as the argument."""

from __future__ import annotations

import json
import re
import sys

from celestial_nasops.config_file import sections

_BEGIN = "<!-- begin: made by python -m celestial_nasops.config_docs -->\n"
_END = "<!-- end -->\n"


def tables() -> str:
    """One Markdown table a section: key, meaning, unit, default."""
    return "\n".join(_table(name) for name in sections())


def _table(section: str) -> str:
    model = sections()[section]
    lines = [f"### {section}\n", f"{model.__doc__}\n", "| key | meaning | unit | default |", "|---|---|---|---|"]
    for key, info in model.model_fields.items():
        meaning, unit = split_unit(info.description or "")
        lines.append(f"| `{key}` | {meaning} | {unit} | `{json.dumps(info.default)}` |")
    return "\n".join(lines) + "\n"


def split_unit(description: str) -> tuple[str, str]:
    """Part a description from the unit in parentheses that it ends in."""
    match = re.fullmatch(r"(.*) \((\w+)\)", description)
    return (match[1], match[2]) if match else (description, "")


def updated(document: str) -> str:
    """The document with the tables of today between its two marks."""
    before, begin, rest = document.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"the document lacks the marks {_BEGIN.strip()} and {_END.strip()}")
    return f"{before}{begin}\n{tables()}\n{end}{after}"


if __name__ == "__main__":
    with open(sys.argv[1], encoding="utf-8") as file:
        text = updated(file.read())
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        file.write(text)
