"""What docs/status-file.md says of ``status.json``, held against the schema, and against runs of every kind of end."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable, Iterator
from typing import Any

from healthcheck.status_file import json_schema
from tests.nas_servers import Server
from tests.readme import ROOT
from tests.scene import Outcome, Scene
from tests.waiting import eventually

TEXT = (ROOT / "docs" / "status-file.md").read_text(encoding="utf-8")
TABLE = TEXT.split("\n## ")[0]
TYPES: dict[str, str] = dict(re.findall(r"^\| `([\w.\[\]]+)` \| ([a-z ]+) \|", TABLE, re.MULTILINE))
MOMENT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
KINDS: dict[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "moment": lambda value: isinstance(value, str) and re.fullmatch(MOMENT, value) is not None,
    "integer": lambda value: type(value) is int,
    "number": lambda value: type(value) in (int, float),
    "object": lambda value: isinstance(value, dict),
    "objects": lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value),
    "null": lambda value: value is None,
}


def in_words(schema: dict[str, Any]) -> str:
    """A JSON Schema's type as the document has it; a moment is a string there."""
    if "anyOf" in schema:
        return " or ".join(in_words(one) for one in schema["anyOf"])
    if "$ref" in schema:
        return "object"
    return "objects" if schema.get("type") == "array" else str(schema.get("type", type(schema.get("const")).__name__))


def of_the_schema() -> Iterator[tuple[str, str]]:
    """Each key with its type, those of the parts behind a dot."""
    schema = json_schema()
    for key, value in schema["properties"].items():
        name = f"{key}[]" if value.get("type") == "array" else key
        yield name, in_words(value)
        for reference in re.findall(r"#/\$defs/(\w+)", json.dumps(value)):
            for part, of_part in schema["$defs"][reference]["properties"].items():
                yield f"{name}.{part}", in_words(of_part)


def test_the_table_has_each_key_with_its_type() -> None:
    types = {name: kind.replace("moment", "string") for name, kind in TYPES.items()}
    assert types == dict(of_the_schema())


def values_of(status: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Each value with the name that the document gives it."""
    for key, value in status.items():
        if isinstance(value, list):
            yield f"{key}[]", value
            for part in value:
                yield from ((f"{key}[].{name}", each) for name, each in part.items())
        else:
            yield key, value
            if isinstance(value, dict):
                yield from ((f"{key}.{name}", each) for name, each in value.items())


def read(scene: Scene) -> dict[str, Any]:
    """The file as it is now, each value of which is of the type that the document says."""
    status: dict[str, Any] = json.loads((scene.state_dir / "status.json").read_text())
    found = list(values_of(status))
    wrong = {name: value for name, value in found if not any(KINDS[kind](value) for kind in TYPES[name].split(" or "))}
    assert wrong == {}
    assert {name for name, _ in found} >= {name for name in TYPES if "." not in name}
    for probe in status["probes"]:
        assert (probe["cause"] is None) == (probe["outcome"] in ("pass", "skipped", "deferred"))
        assert (probe["remedy"] is None) == (probe["cause"] is None)
    return status


def stopped(scene: Scene, number: signal.Signals) -> Outcome:
    """A run that is ended by a signal while it waits for the daemon; what the file says meanwhile is checked."""
    with scene.daemon("idle"), scene.start_check() as child:
        eventually(lambda: [line for line in scene.litter() if line.startswith("row ")])
        under_way = read(scene)
        nothing = ("outcome", "exit_code", "finished_at", "duration_seconds", "root_probe")
        assert (under_way["state"], [under_way[key] for key in nothing]) == ("running", [None] * len(nothing))
        assert under_way["probes"] == []
        child.send_signal(number)
        return scene.finish(child)


def test_every_kind_of_end(scene: Scene, nas: Server) -> None:
    with scene.daemon():
        scene.check()
        passed = read(scene)
        looked = scene.check("--no-insert")
        assert (looked.exit_code, read(scene)["last_pass_at"]) == (0, passed["finished_at"])
    assert (passed["state"], passed["outcome"], passed["exit_code"], passed["root_probe"]) == (
        "finished",
        "pass",
        0,
        None,
    )
    assert (passed["previous"], passed["language"], passed["consecutive_failures"]) == (None, "en", 0)

    before = read(scene)
    assert stopped(scene, signal.SIGTERM).exit_code == 143
    at_rest = read(scene)
    assert (at_rest["state"], at_rest["outcome"], at_rest["exit_code"]) == ("finished", "error", 143)
    assert (at_rest["stale_after"], at_rest["consecutive_failures"]) == (before["stale_after"], 1)
    kept = ("run_id", "outcome", "exit_code", "summary", "finished_at", "stale_after")
    assert at_rest["previous"] == {key: before[key] for key in kept}

    stopped(scene, signal.SIGKILL)
    died = read(scene)
    assert (died["state"], died["previous"]["run_id"]) == ("running", at_rest["run_id"])
    before_usage = (scene.state_dir / "status.json").read_bytes()
    assert scene.check("--files", "0").exit_code == 64
    assert (scene.state_dir / "status.json").read_bytes() == before_usage

    nas.stop()
    with scene.daemon():
        assert scene.check().exit_code == 1
    failed = read(scene)
    assert (failed["outcome"], failed["root_probe"], failed["consecutive_failures"]) == ("fail", "ping", 2)
    assert failed["summary"].startswith("ping: ")
    assert failed["last_pass_at"] == passed["finished_at"]
    assert failed["previous"] == {key: at_rest[key] for key in kept}


def test_a_deletion_that_is_due_after_the_run(scene: Scene) -> None:
    scene.configure({"sync_settings": {"safe_delete_delay_minutes": 30}})
    with scene.daemon():
        assert scene.check().exit_code == 0
    told = read(scene)
    assert told["outcome"] == "deferred"
    [owed] = told["outstanding"]
    assert (owed["due"], KINDS["moment"](owed["due_at"])) == ("deletion", True)
