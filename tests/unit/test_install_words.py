"""install.sh speaks English and Chinese: every sentence stands in both, side by side, with the same values."""

from __future__ import annotations

import re
from pathlib import Path
from unicodedata import east_asian_width

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = [ROOT / "install.sh", *sorted((ROOT / "installer").glob("*.sh"))]
SPEAKS = r"(?:say|complain|die|usage|change|problem|choose)"
STRING = r'"(?:[^"\\]|\\.)*"'
CALLS = re.compile(rf"(?<![\w.#-])({SPEAKS})((?: (?:\\\n *)?{STRING})+)")
# What a function hands on that was given to it: both sentences, or both with something added.
HANDED_ON = ("$@", "$1", "$3", "$1; try: ./install.sh --help", "${dry:+would }$1")
VALUES = re.compile(r"\$\{#?(\w+)|\$(\w+|[#@*?])|\$(\([^()]*\))")
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def calls() -> list[tuple[str, str, list[str]]]:
    """Where and by what something is said, and the sentences; without the functions that say it."""
    found = []
    for path in SCRIPTS:
        text = re.sub(r"^ *#.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        for said in CALLS.finditer(text):
            sentences = [sentence[1:-1] for sentence in re.findall(STRING, said[2])]
            if sentences[0] not in HANDED_ON:
                found.append((path.name, said[1], sentences))
    return found


def values(sentence: str) -> list[str]:
    return sorted("".join(groups) for groups in VALUES.findall(sentence))


def test_whatever_is_said_goes_by_these_functions() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    assert len(calls()) >= 80
    assert re.findall(r"install: .*", text) == ['install: %s\\n\' "$text"', 'install: %s\\n\' "$text" >&2']


@pytest.mark.parametrize(("script", "function", "sentences"), calls())
def test_every_sentence_has_its_chinese_with_the_same_values(script: str, function: str, sentences: list[str]) -> None:
    english, chinese, *remedies = sentences
    pairs = [(english, chinese)]
    if function == "problem":
        assert len(remedies) in (1, 2), (script, sentences)
        # One that is the same in both is nothing but a command.
        pairs += [(remedies[0], remedies[1])] if len(remedies) == 2 else []
        assert len(remedies) == 2 or re.match(r"sudo |\$again$", remedies[0]), remedies
    else:
        assert remedies == []
    for one, other in pairs:
        assert not CHINESE.search(one), one
        assert CHINESE.search(other) or not re.search("[A-Za-z]", VALUES.sub("", one)), other
        assert values(one) == values(other)


def test_the_help_has_the_same_options_in_both() -> None:
    text = SCRIPTS[0].read_text(encoding="utf-8")
    english, chinese = re.findall(r"help_(?:en|zh)\(\) \{\n    cat <<'TEXT'\n(.*?)\nTEXT\n", text, re.DOTALL)
    for pattern in (r"--[a-z-]+", r"\b[A-Z]{3,}\b", r"\.sh", r"[\w-]+,[\w,-]+", r"/opt/\S+[^\s）)]"):
        found = [sorted(set(re.findall(pattern, part, re.ASCII))) for part in (english, chinese)]
        assert found[0] == found[1]
    assert CHINESE.search(chinese)
    assert not CHINESE.search(english)
    assert max(map(columns, chinese.splitlines())) <= max(map(columns, english.splitlines()))


def columns(line: str) -> int:
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line)
