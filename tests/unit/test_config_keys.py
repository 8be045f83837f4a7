"""The shipped file, the models, the document, and the code that uses the keys all speak of the same keys."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops import config_docs, config_file
from celestial_nasops.config import PATTERNS_IN_WORDS, Config
from celestial_nasops.fault import ConfigFault

ROOT = Path(__file__).parent.parent.parent
SHIPPED = ROOT / "unified_config.json"
DOCUMENT = ROOT / "docs" / "configuration.md"
MODELS = config_file.sections()
KEYS = [(section, key) for section, model in MODELS.items() for key in model.model_fields]

OTHER_PROGRAMS_KEYS = {("local_settings", "temp_path"), ("local_settings", "log_path")}
# They can't be switched off, so nobody asks for their value but the warning that says so.
ALWAYS_ON_KEYS = {("sync_settings", key) for key in config_file.ALWAYS_ON}

# It is read before the rest is checked, so that problems are told in it: healthcheck.languages.configured.
READ_BEFOREHAND = {("check_settings", "language")}

# Properties of a model that stand for one of its keys.
DERIVED = {("file_organization", "strftime_format"): ("file_organization", "date_format")}


# --- the shipped file ---


def test_the_shipped_file_states_every_key_in_order_and_no_other() -> None:
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    del shipped["description"]
    assert [(section, key) for section, content in shipped.items() for key in content] == KEYS


def test_the_shipped_values_are_the_defaults() -> None:
    loaded = config_file.load(str(SHIPPED))
    assert loaded.config == Config()
    assert loaded.warnings == []


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_every_key_of_the_shipped_file_is_read(section: str, key: str) -> None:
    tree = json.loads(SHIPPED.read_text(encoding="utf-8"))
    tree[section][key] = {}  # right for no key
    with pytest.raises(ConfigFault, match=rf"1 problem\(s\): {section}\.{key}: found {{}}, should be "):
        config_file.parse(json.dumps(tree), "test.json")


# --- the models ---


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_a_key_has_a_description_that_ends_in_its_unit(section: str, key: str) -> None:
    info = MODELS[section].model_fields[key]
    meaning, unit = config_docs.split_unit(info.description or "")
    assert meaning
    named = key.rpartition("_")[2]
    if named in ("seconds", "minutes", "hours", "bytes"):
        assert unit == named
    elif key == "connection_timeout":  # named before units were a part of names
        assert unit == "seconds"
    else:
        assert unit == ""


@pytest.mark.parametrize(("section", "key"), KEYS)
def test_each_end_has_one_limit(section: str, key: str) -> None:
    """Of two the last one counts, and the other one is a promise that nobody keeps."""
    kinds = [type(limit) for limit in MODELS[section].model_fields[key].metadata]
    assert len(kinds) == len(set(kinds))


def limits_in_the_document() -> Iterator[tuple[str, str, str, float]]:
    """Section, key, "more than", "at least" or "at most", and the number, as an operator reads them."""
    for chapter in DOCUMENT.read_text(encoding="utf-8").split("\n### ")[1:]:
        for key, limits in re.findall(r"^\| `(\w+)` \|.*\| ([^|]*) \|$", chapter, re.MULTILINE):
            if "a list" not in limits:
                for kind, number in re.findall(r"(more than|at least|at most) ([\d,]+)", limits):
                    yield chapter.split("\n")[0], key, kind, float(number.replace(",", ""))


@pytest.mark.parametrize(("section", "key", "kind", "number"), list(limits_in_the_document()))
def test_a_limit_of_the_document_is_kept(section: str, key: str, kind: str, number: float) -> None:
    whole = MODELS[section].model_fields[key].annotation is int

    def parsed(value: float) -> object:
        return config_file.parse(json.dumps({section: {key: int(value) if whole else value}}), "test.json")

    beyond = {"more than": number, "at least": number - 1, "at most": number + 1}[kind]
    with pytest.raises(ConfigFault, match=rf"{section}\.{key}: found .*, should be {kind} "):
        parsed(beyond)
    parsed(number + 0.1 if kind == "more than" else number)


def test_every_key_but_a_text_has_its_limits_in_the_document() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| `(.*)` \| ([^|]*) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    assert [key for key, _, _ in rows] == [key for _, key in KEYS]
    assert [key for key, _, limits in rows if not limits.strip()] == ["backup_path", "date_format"]


def test_every_pattern_has_words() -> None:
    schema = Config.model_json_schema()["$defs"].values()
    keys = [key for section in schema for key in section["properties"].values()]
    keys += [key["items"] for key in keys if "items" in key]
    used = {key["pattern"] for key in keys if "pattern" in key}
    assert used == set(PATTERNS_IN_WORDS)


# --- the document ---


def test_the_document_s_tables_are_those_of_the_models() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert config_docs.updated(text) == text, f"run: .venv/bin/python -m celestial_nasops.config_docs {DOCUMENT}"


def test_the_document_names_every_name_of_version_2_with_today_s() -> None:
    lines = DOCUMENT.read_text(encoding="utf-8").splitlines()
    for section, names in config_file.VERSION_2_NAMES.items():
        for key, target in names.items():
            start = f"| `{section}.{key}` | " + (f"`{'.'.join(target)}` |" if target else "accepted")
            assert any(line.startswith(start) for line in lines), start


def test_a_document_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks the marks"):
        config_docs.updated("# Configuration\n")


# --- the users ---


def keys_used_in(source: str) -> Iterator[tuple[str, str]]:
    """The keys that a module asks for: ``config.testing.max_wait_minutes``, or through a name given to a section."""
    tree = ast.parse(source)
    section_of_name: dict[str, set[str]] = {}
    section_of_class = {model.__name__: section for section, model in MODELS.items()}

    def remember(target: ast.expr, section: str | None) -> None:
        if section:
            section_of_name.setdefault(ast.unparse(target), set()).add(section)

    for node in ast.walk(tree):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr) and node.value:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                pairs = [(target, node.value)]
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs = list(zip(target.elts, node.value.elts, strict=True))
                for name, value in pairs:
                    if isinstance(value, ast.Attribute) and value.attr in MODELS:
                        remember(name, value.attr)
        elif isinstance(node, ast.arg) and node.annotation:
            remember(ast.Name(node.arg), section_of_class.get(ast.unparse(node.annotation)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            sections = {owner.attr} if isinstance(owner, ast.Attribute) and owner.attr in MODELS else set()
            yield from ((section, node.attr) for section in sections | section_of_name.get(ast.unparse(owner), set()))


def test_every_key_is_used() -> None:
    used = {
        DERIVED.get(key, key)
        for package in ("celestial_nasops", "healthcheck")
        for path in (ROOT / package).rglob("*.py")
        for key in keys_used_in(path.read_text(encoding="utf-8"))
    }
    assert sorted(set(KEYS) - used) == sorted(OTHER_PROGRAMS_KEYS | ALWAYS_ON_KEYS | READ_BEFOREHAND)


@pytest.mark.parametrize(
    "source",
    [
        "x = config.testing.max_wait_minutes",
        "settings = self.config.testing\nx = settings.max_wait_minutes * 60",
        "a, b = config.security, config.testing\nx = b.max_wait_minutes",
        "self._testing = config.testing\nx = self._testing.max_wait_minutes",
        "def f(testing: Testing) -> float:\n    return testing.max_wait_minutes",
        "if (t := c.testing).max_wait_minutes: pass\nt.max_wait_minutes",
    ],
)
def test_every_way_to_use_a_key_is_seen(source: str) -> None:
    assert ("testing", "max_wait_minutes") in set(keys_used_in(source))


@pytest.mark.parametrize("source", ["x = other.max_wait_minutes", "x = 'config.testing.max_wait_minutes'"])
def test_a_key_s_mere_name_is_no_use(source: str) -> None:
    assert set(keys_used_in(source)) == set()
