"""Both languages of the operations page say the same, and leave no command untested."""

from __future__ import annotations

import re

from tests.readme import OPERATIONS, commands

ENGLISH, CHINESE = (path.read_text(encoding="utf-8") for path in OPERATIONS)


def test_both_languages_say_the_same() -> None:
    assert commands(ENGLISH) == commands(CHINESE)
    for pattern in (r"^#+", r"^\|(?=.*`)", r"`--[a-z-]+", r"^[0-9]\. "):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (ENGLISH, CHINESE)]
        assert found[0] == found[1], pattern


def test_every_block_of_commands_has_a_name_by_which_it_is_run() -> None:
    blocks = re.findall(r"^(?:    [^\n]+\n)+", ENGLISH, re.MULTILINE)
    assert len(blocks) == len(commands(ENGLISH))
