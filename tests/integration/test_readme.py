"""Every promise of the README, executed; and both languages say the same."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pytest

from healthcheck.console import state_dir
from healthcheck.outcome import ExitCode, Outcome
from tests.readme import READMES, ROOT, doctor_report, red_report, report_of, run_demo, samples, shape

ENGLISH, CHINESE = (path.read_text(encoding="utf-8") for path in READMES)


def test_the_demo_prints_the_sample_and_the_status_file_and_leaves_nothing(tmp_path: Path) -> None:
    before = set(os.listdir(tempfile.gettempdir()))
    exit_code, printed = run_demo()
    assert exit_code == 0, printed
    assert shape(report_of(printed)) == shape(samples(ENGLISH)["pass"])
    status = json.loads(printed.split("The status file, status.json:\n\n")[1])
    assert (status["state"], status["outcome"], status["exit_code"]) == ("finished", "pass", 0)
    left = [name for name in set(os.listdir(tempfile.gettempdir())) - before if name.startswith("smoke-check")]
    assert left == []


def test_the_red_sample(tmp_path: Path) -> None:
    exit_code, report = red_report(tmp_path)
    assert shape(report) == shape(samples(ENGLISH)["red"])
    assert exit_code == 1


def test_the_doctor_s_sample(tmp_path: Path) -> None:
    exit_code, report = doctor_report(tmp_path)
    assert shape(report) == shape(samples(ENGLISH)["doctor"])
    assert exit_code == 1


def first_column(text: str, heading: str) -> list[str]:
    """The first cells of the table whose first heading is that."""
    rows = text.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [row.split("|")[1].strip().strip("`") for row in rows]


def test_the_tables_are_the_code_s() -> None:
    assert first_column(ENGLISH, "exit code") == [str(code.value) for code in ExitCode]
    assert first_column(ENGLISH, "outcome") == [outcome.value for outcome in Outcome]
    assert first_column(ENGLISH, "probe") == [
        "daemon_status",
        "ping",
        "database",
        "file_insert",
        "remote_verify",
        "local_delete",
    ]


def test_both_languages_say_the_same() -> None:
    block = re.compile(r"^(?:    [^\n]+\n)+|```\n.*?```", re.DOTALL | re.MULTILINE)
    blocks = [block.findall(text) for text in (ENGLISH, CHINESE)]
    assert blocks[0] == blocks[1]
    columns = [
        [first_column(ENGLISH, heading) for heading in ("probe", "outcome", "exit code")],
        [first_column(CHINESE, heading) for heading in ("探测", "结果", "退出码")],
    ]
    assert columns[0] == columns[1]
    assert re.findall(r"^#+", ENGLISH, re.MULTILINE) == re.findall(r"^#+", CHINESE, re.MULTILINE)
    links = [re.findall(r"\]\(((?:docs|CHANGELOG)[^)]*)\)", text) for text in (ENGLISH, CHINESE)]
    assert links[0] == [link.replace(".zh-CN", "") for link in links[1]]
    for link in links[0] + links[1]:
        assert (ROOT / link).is_file(), link


def test_the_first_two_commands_are_those_of_dev() -> None:
    first_block = re.search(r"^(?:    .+\n)+", ENGLISH, re.MULTILINE)
    assert first_block is not None
    assert first_block[0].split("\n")[:2] == ["    ./dev demo", "    ./dev test"]


@pytest.mark.parametrize(
    "line",
    [line.strip() for line in re.findall(r"^    (?:smoke-check|media-sync-daemon) .*$", ENGLISH, re.MULTILINE)],
)
def test_every_command_and_option_is_there(line: str) -> None:
    module = {"smoke-check": "healthcheck", "media-sync-daemon": "celestial_nasops.media_sync_daemon"}
    words = re.findall(r"^[a-z-]+|(?<= )[a-z]+(?= |$)", line)
    options = re.findall(r"--[a-z-]+", line)
    argv = [sys.executable, "-m", module[words[0]], *words[1:], "--help"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    assert told.returncode == 0, told.stderr
    for option in options:
        assert option in told.stdout


@pytest.mark.parametrize("module", ["healthcheck", "celestial_nasops.media_sync_daemon"])
def test_every_command_is_named(module: str) -> None:
    argv = [sys.executable, "-m", module, "--help"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True, cwd=ROOT).stdout
    program = told.split()[1]
    commands = set(re.findall(r"^    ([a-z]+)(?= |$)", told.split("COMMAND", 2)[2], re.MULTILINE))
    assert len(commands) >= 6
    named = {line.split()[1] for line in re.findall(rf"^    ({program} [a-z].*)$", ENGLISH, re.MULTILINE)}
    assert named == commands


@pytest.mark.parametrize(
    ("given", "environment", "folder"),
    [
        ("/a", "/b", "/a"),
        (None, "/b", "/b"),
        (None, "/b:/c", "/b"),
        (None, "", "/var/lib/smoke-check"),
    ],
)
def test_where_the_status_file_lies(
    given: str | None, environment: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):  # nobody's own units
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("STATE_DIRECTORY", environment)
    assert state_dir(argparse.Namespace(state_dir=given)) == folder


def test_pip_install_gives_both_commands_and_every_module(tmp_path: Path) -> None:
    copy = tmp_path / "source"  # so that the build leaves nothing in the checkout
    copy.mkdir()
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, copy)
    for package in ("celestial_nasops", "healthcheck"):
        shutil.copytree(ROOT / package, copy / package)
    argv = [sys.executable, "-m", "pip", "wheel", "-q", "--disable-pip-version-check", "--no-deps", "-w", str(tmp_path)]
    subprocess.run([*argv, str(copy)], check=True, timeout=300)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        inside = {name for name in archive.namelist() if name.endswith(".py")}
        [entry_points] = [name for name in archive.namelist() if name.endswith("entry_points.txt")]
        commands = archive.read(entry_points).decode()
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in ("celestial_nasops", "healthcheck")
        for path in (ROOT / package).rglob("*.py")
    }
    assert inside == wanted
    assert "smoke-check = healthcheck.cli:entry" in commands
    assert "media-sync-daemon = celestial_nasops.media_sync_daemon:main" in commands
    assert "zh = healthcheck.languages:chinese" in commands
