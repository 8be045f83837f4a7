from __future__ import annotations

from pathlib import Path

import pytest

from celestial_nasops.fault import Cause, Fault, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("无人机.mp4", "无人机.mp4"),
        ("two\nlines\tand a bell\a", "two\\nlines\\tand a bell\\x07"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("reversed\u202egpj.exe", "reversed\\u202egpj.exe"),
        ("not UTF-8: \udcff", "not UTF-8: \\udcff"),
        (b"caf\xc3\xa9 \xff", "café \\udcff"),
        (Path("/data/a\nb"), "/data/a\\nb"),
        (5.0, "5"),
        (0.25, "0.25"),
        (1 << 40, "1099511627776"),
        (None, "None"),
    ],
)
def test_shown_is_printable(value: object, text: str) -> None:
    assert shown(value) == text
    assert shown(value).isprintable()


def test_a_fault_fills_its_templates_with_printable_values() -> None:
    fault = Fault(Cause("full", "no space in {path}", "try: df {path}"), path="/a\nb", unused=1)
    assert (fault.code, fault.summary, fault.remedy) == ("full", "no space in /a\\nb", "try: df '/a\\nb'")
    assert str(fault) == fault.summary


def test_a_missing_value_shows_at_once() -> None:
    with pytest.raises(KeyError, match="path"):
        Fault(Cause("full", "no space", "try: df {path}"))


def test_braces_in_a_value_are_no_template() -> None:
    assert Fault(Cause("full", "in {path}", "-"), path="{x}").summary == "in {x}"
