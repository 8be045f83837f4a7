"""Keeps ``docs/causes.md`` and ``docs/causes.zh-CN.md`` in step with the catalogue: give one of them as argument."""

from __future__ import annotations

import sys

from healthcheck.catalogue import THEMES
from healthcheck.catalogue.entry import Entry

_HEADS = {
    "en": """# Causes

[中文](causes.zh-CN.md)

Every cause that `smoke-check` and `media-sync-daemon` can name. The codes are stable. `{name}` stands for a value of
the case at hand. `smoke-check explain CODE` prints the same. Made by `python -m healthcheck.catalogue.docs`.
""",
    "zh": """# 原因

[English](causes.md)

`smoke-check` 和 `media-sync-daemon` 能指出的所有原因。代码是稳定的。`{name}` 代表当时的具体值。
`smoke-check explain CODE` 打印同样的内容。由 `python -m healthcheck.catalogue.docs` 生成。
""",
}
_LABELS = {
    "en": ("Named by", "It says", "Remedy", "Remedy without a shell on the NAS"),
    "zh": ("来自", "显示", "处理", "NAS 上没有 shell 时的处理"),
}


def document(tag: str) -> str:
    """The whole document in a language, ``en`` or ``zh``."""
    parts = [_HEADS[tag]]
    for theme, entries in THEMES:
        parts.append(f"\n## {theme[tag]}\n")
        parts += [_section(entry, tag) for entry in entries]
    return "".join(parts)


def _section(entry: Entry, tag: str) -> str:
    text, (where, says, remedy, by_sftp) = entry.text(tag), _LABELS[tag]
    colon = "：" if tag == "zh" else ": "
    names = ", ".join(entry.where)
    lines = [f"- {where}{colon}{names}", f"- {says}{colon}`{text.summary}`", f"- {remedy}{colon}`{text.remedy}`"]
    if text.remedy_by_sftp:
        lines.append(f"- {by_sftp}{colon}`{text.remedy_by_sftp}`")
    return f"\n### {entry.cause.code}\n\n**{text.title}**\n\n{text.explanation}\n\n" + "\n".join(lines) + "\n"


if __name__ == "__main__":
    with open(sys.argv[1], "w", encoding="utf-8") as made:
        made.write(document("zh" if sys.argv[1].endswith(".zh-CN.md") else "en"))
