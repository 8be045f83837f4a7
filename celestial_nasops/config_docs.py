"""Keeps the tables of ``docs/configuration.md`` in step with the models: give that file as the argument."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

from celestial_nasops.config import PATTERNS_IN_WORDS, Config
from celestial_nasops.config_file import sections

_BEGIN = "<!-- begin: made by python -m celestial_nasops.config_docs -->\n"
_END = "<!-- end -->\n"


def tables() -> str:
    """One Markdown table a section: key, meaning, unit, default, limits."""
    schemas = Config.model_json_schema()["$defs"]
    return "\n".join(_table(name, schemas) for name in sections())


def _table(section: str, schemas: dict[str, Any]) -> str:
    model = sections()[section]
    lines = [
        f"### {section}\n",
        f"{model.__doc__}\n",
        "| key | meaning | unit | default | limits |",
        "|---|---|---|---|---|",
    ]
    for key, info in model.model_fields.items():
        meaning, unit = split_unit(info.description or "")
        limits = _limits(schemas[model.__name__]["properties"][key], schemas)
        lines.append(f"| `{key}` | {meaning} | {unit} | `{json.dumps(info.default)}` | {limits} |")
    return "\n".join(lines) + "\n"


def _limits(schema: dict[str, Any], schemas: dict[str, Any]) -> str:
    """What a value may be, in words, from its JSON Schema; what a schema can't tell is a part of the meaning."""
    match schema:
        case {"$ref": reference}:
            keys = schemas[reference.rpartition("/")[2]]["properties"].items()
            return ", ".join(f"`{key}`: {_limits(of_key, schemas)}" for key, of_key in keys)
        case {"type": "array"}:
            return f"a list; of each: {_limits(schema['items'], schemas)}"
        case {"type": "boolean"}:
            return "`true` or `false`"
        case {"enum": values}:
            return " or ".join(", ".join(f"`{value}`" for value in part) for part in (values[:-1], values[-1:]))
        case {"pattern": pattern}:
            return PATTERNS_IN_WORDS[pattern]
        case {"type": "integer" | "number" as kind}:
            numbers = {"exclusiveMinimum": "more than", "minimum": "at least", "maximum": "at most"}
            told = [f"{words} {schema[name]:,}" for name, words in numbers.items() if name in schema]
            return ", ".join([*(["whole"] if kind == "integer" else []), *told])
        case _:
            return ""


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
