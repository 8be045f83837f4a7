"""install.sh without root: what it refuses, and what it tells."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from celestial_nasops import language

SCRIPT = Path(__file__).resolve().parent.parent.parent / "install.sh"


CHINESE = {"LANG": "zh_CN.UTF-8"}  # bash complains of an LC_ALL that is not installed


def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LANG", "LC_"))}
    return subprocess.run(
        [SCRIPT, *argv], capture_output=True, encoding="utf-8", check=False, timeout=60, env={**plain, **environment}
    )


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--frobnicate"], "there is no option '--frobnicate'"),
        (["--user"], "--user needs a value"),
        (["--purge"], "--purge belongs to --uninstall"),
        (["--python", "3.13"], "--python belongs to --bundle"),
        (["--upgrade", "--wait-minutes", "soon"], "--wait-minutes needs a whole number, found 'soon'"),
        (["--uninstall", "--purge=media,home"], "--purge can't remove 'home'"),
    ],
)
def test_what_it_does_not_understand_is_named_and_nothing_is_done(argv: list[str], message: str) -> None:
    ran = run(*argv)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == f"install: {message}; try: ./install.sh --help\n"


def test_help_names_every_option() -> None:
    ran = run("--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    for option in ("--user", "--config", "--prefix", "--wheelhouse", "--no-start", "--dry-run", "--upgrade"):
        assert option in ran.stdout
    for option in ("--uninstall", "--purge", "--bundle", "--agent-only", "--user-units", "--wait-minutes", "--python"):
        assert option in ran.stdout


def test_where_nothing_is_installed_nothing_is_removed(tmp_path: Path) -> None:
    ran = run("--uninstall", "--prefix", str(tmp_path))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"install: nothing is installed in {tmp_path}\n"


# --- in Chinese ---


@pytest.mark.parametrize(
    ("environment", "is_chinese"),
    [
        ({}, False),
        (CHINESE, True),
        ({"LC_ALL": "zh_CN.UTF-8"}, True),
        ({"LC_MESSAGES": "zh_TW.utf8"}, True),
        ({"LC_ALL": "C.UTF-8", **CHINESE}, False),
        ({"LC_ALL": "", "LC_MESSAGES": "en_GB.UTF-8", **CHINESE}, False),
        ({"LC_ALL": "", "LC_MESSAGES": "", **CHINESE}, True),
    ],
)
def test_the_locale_chooses_the_language_as_it_does_for_the_programs(
    environment: dict[str, str], *, is_chinese: bool
) -> None:
    assert (language.chosen("auto", environment, can_show_chinese=True) == "zh") is is_chinese
    refused, helped = run("--frobnicate", **environment), run("--help", **environment)
    message = "没有选项 '--frobnicate'；请看：" if is_chinese else "there is no option '--frobnicate'; try: "
    assert (refused.returncode, refused.stdout) == (64, "")
    assert refused.stderr.splitlines()[-1] == f"install: {message}./install.sh --help"
    assert helped.returncode == 0
    assert ("安装；再次运行不会改动任何东西" in helped.stdout) is is_chinese
    assert ("install; run again it changes nothing" in helped.stdout) is not is_chinese


@pytest.mark.parametrize(
    ("setting", "environment", "told"),
    [
        ("zh", {}, "中没有安装任何东西"),
        ("en", CHINESE, "nothing is installed in"),
        ("auto", CHINESE, "中没有安装任何东西"),
    ],
)
def test_a_configuration_goes_before_the_locale(
    tmp_path: Path, setting: str, environment: dict[str, str], told: str
) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"check_settings": {"language": setting}}, indent=2))
    ran = run("--uninstall", "--prefix", str(tmp_path), "--config", str(config), **environment)
    assert ran.returncode == 1
    assert told in ran.stderr
    helped = run(f"--config={config}", "--help", **environment)
    assert ("安装；再次运行不会改动任何东西" in helped.stdout) is (told == "中没有安装任何东西")


@pytest.mark.parametrize(
    ("environment", "lines"),
    [
        ({}, ["install: getting the packages ready", "install: nothing was changed, because of ", "can't be had: "]),
        (CHINESE, ["install: 准备软件包", "个问题，没有改动任何东西：", "无法取得软件包："]),
    ],
)
def test_from_a_checkout_all_problems_are_told_at_once(
    tmp_path: Path, environment: dict[str, str], lines: list[str]
) -> None:
    ran = run("--dry-run", "--prefix", str(tmp_path / "none"), PIP_NO_INDEX="1", **environment)
    assert (ran.returncode, ran.stdout) == (1, f"{lines[0]}\n")
    assert all(line in ran.stderr for line in lines[1:])
    assert f"{lines[-1]}Could not find a version that satisfies the requirement setuptools" in ran.stderr
    assert re.search(r"^    pip: note: ", ran.stderr, re.MULTILINE)  # its last words, which tell nothing
    assert list(tmp_path.iterdir()) == []
