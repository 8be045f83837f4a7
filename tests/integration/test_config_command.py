"""``smoke-check config``: every problem and every warning at once, and a schema that fits what is shipped."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema

ROOT = Path(__file__).parents[2]


def config(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "healthcheck", "config", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)


def test_all_problems_and_warnings_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"testing": {"max_wait_minutes": 0}, "nas_setings": {}, "security": {"ssh_key_path": 3}}')
    told = config("check", str(path))
    assert told.returncode == 78
    assert told.stdout == (
        "warning: nobody reads the key nas_setings; did you mean nas_settings?\n"
        "problem: security.ssh_key_path: found 3, should be a text\n"
        "problem: testing.max_wait_minutes: found 0, should be more than 0\n"
    )
    assert told.stderr.startswith(f"smoke-check: the configuration {path} has 2 problem(s): security.ssh_key_path: ")


def test_the_shipped_file_is_good_and_fits_the_schema() -> None:
    shipped = ROOT / "unified_config.json"
    told = config("check", str(shipped))
    assert (told.returncode, told.stdout, told.stderr) == (0, f"{shipped} is good\n", "")
    schema = json.loads(config("schema").stdout)
    jsonschema.validate(json.loads(shipped.read_text()), schema)
