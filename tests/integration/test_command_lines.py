"""Both command lines in the operator's language: help, usage, a configuration's problems, the daemon's orders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from celestial_nasops import command_line, language
from healthcheck import cli, languages
from tests.queue_files import make

ROOT = Path(__file__).parents[2]
CHECK, DAEMON = "healthcheck", "celestial_nasops.media_sync_daemon"
CHINESE = {"LC_ALL": "zh_CN.UTF-8", "PYTHONIOENCODING": "utf-8"}


def typed(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", program, *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=30,
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "COLUMNS": "120", **environment},
    )


@pytest.mark.parametrize(
    ("program", "arguments", "complaint"),
    [
        (CHECK, [], "smoke-check: 缺少以下参数：COMMAND"),
        (
            CHECK,
            ["config", "chekc"],
            "smoke-check config: 参数 KIND：无效的选择：'chekc'（可选：'check', 'schema', 'get'）",
        ),
        (CHECK, ["run", "--files", "0"], "smoke-check run: 参数 --files：无效的文件数（1 到 1000）：'0'"),
        (CHECK, ["run", "--size-bytes"], "smoke-check run: 参数 --size-bytes：需要一个值"),
        (CHECK, ["run", "--json=yes"], "smoke-check run: 参数 --json：不接受值 'yes'"),
        (CHECK, ["units", "--user", "a"], "smoke-check units: 缺少以下参数：--templates, --prefix, --into"),
        (CHECK, ["config", "get"], "smoke-check config get: 缺少以下参数：SECTION.KEY"),
        (CHECK, ["status", "--frequency=3"], "smoke-check: 无法识别的参数：--frequency=3"),
        (CHECK, ["units", "--u", "a"], "smoke-check units: 选项不明确：--u 可能是 --user, --user-units"),
        (DAEMON, ["requeue"], "media-sync-daemon requeue: 以下参数必须给出其中一个：PATH --failed"),
        (DAEMON, ["requeue", "/x", "--failed"], "media-sync-daemon requeue: 参数 --failed：不能与参数 PATH 同时使用"),
        (DAEMON, ["verify", "--sample", "0"], "media-sync-daemon verify: 参数 --sample：无效的数目（至少为 1）：'0'"),
        (DAEMON, ["--frequency=3"], "media-sync-daemon: 无法识别的参数：--frequency=3"),
    ],
)
def test_wrong_usage_is_told_in_chinese(program: str, arguments: list[str], complaint: str) -> None:
    told = typed(program, *arguments, **CHINESE)
    assert (told.returncode, told.stdout) == (64, "")
    usage, *_, last = told.stderr.splitlines()
    assert usage.startswith("用法：")
    assert last.startswith(complaint) if complaint.endswith("：") else last == complaint


def test_a_run_is_told_the_same_beside_the_other_commands_as_alone(capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for parser in (cli.parser(), cli.parser(for_a_run=True)):
        for arguments in (["run", "--help"], ["run", "--files=0"], ["run", "--frequency=3"]):
            with pytest.raises(SystemExit):
                parser.parse_args(arguments)
        told.append(capsys.readouterr())
        assert parser.parse_args(["run", "--files", "2", "--json"]).files == 2
    assert told[0] == told[1]
    assert "--max-wait-minutes" in told[0].out


def test_wrong_usage_is_told_in_english() -> None:
    told = typed(DAEMON, "verify", "--sample", "0")
    assert told.returncode == 64
    assert told.stderr == (
        "usage: media-sync-daemon verify [-h] [--config FILE] [--sample N]\n"
        "media-sync-daemon verify: argument --sample: invalid number (1 or more) value: '0'\n"
    )


HELP = {
    CHECK: [
        *("", "run", "status", "watch", "alert", "clean", "config", "config check", "config schema", "config get"),
        *("explain", "doctor", "preflight", "holdings", "units", "demo"),
    ],
    DAEMON: ["", "queue", "requeue", "receipts", "verify", "pause", "resume"],
}


@pytest.mark.parametrize("program", HELP)
def test_every_help_is_in_the_configuration_s_language(program: str, tmp_path: Path) -> None:
    """English words are left only where they are what is typed."""
    config = tmp_path / "config.json"
    config.write_text('{"check_settings": {"language": "zh"}}')
    for command in HELP[program]:
        told = typed(program, *command.split(), "--help", UNIFIED_CONFIG=str(config), PYTHONIOENCODING="utf-8")
        assert told.returncode == 0
        lines = told.stdout.splitlines()
        assert lines[0].startswith("用法：")
        assert "显示本帮助并退出" in lines[[line.startswith("  -h, --help") for line in lines].index(True)]
        assert not [line for line in lines if line and line.isascii() and not line.startswith((" ", "{"))]
        assert max(map(command_line.columns, lines)) <= 118


def test_the_configuration_wins_over_the_locale(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"check_settings": {"language": "en"}}')
    assert typed(CHECK, "run", "--config", str(config), "--files", **CHINESE).stderr.startswith("usage: ")
    assert typed(DAEMON, f"--config={config}", "nonsense", **CHINESE).stderr.startswith("usage: ")
    assert typed(CHECK, "--help", LC_ALL="zh_CN.UTF-8", PYTHONIOENCODING="ascii").stdout.startswith("usage: ")


def test_a_configuration_is_checked_in_its_language(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    content = {
        "check_settings": {"language": "zh"},
        "testing": {"max_wait_minutes": 0},
        "nas_setings": {},
        "security": {"ssh_key_path": 3, "max_concurrent_transfers": 1.5},
        "local_settings": {"media_path": "media"},
        "file_organization": {"date_format": "x"},
        "nas_settings": {"access": "ftp"},
    }
    path.write_text(json.dumps(content))
    told = typed(CHECK, "config", "check", str(path), PYTHONIOENCODING="utf-8")
    assert told.returncode == 78
    assert told.stdout == (
        "警告：没有程序读取键 nas_setings；是否指 nas_settings？\n"
        "问题：nas_settings.access：实际为 \"ftp\"，应为 'auto', 'shell' 或 'sftp'\n"
        '问题：local_settings.media_path：实际为 "media"，应为 绝对路径\n'
        '问题：file_organization.date_format：实际为 "x"，应为 由 YYYY、MM、DD（或 %Y、%m、%d）组成，例如 YYYY/MM/DD\n'
        "问题：security.ssh_key_path：实际为 3，应为 文本\n"
        "问题：security.max_concurrent_transfers：实际为 1.5，应为 整数\n"
        "问题：testing.max_wait_minutes：实际为 0，应为 大于 0 的值\n"
    )


def test_what_is_no_json_is_told_in_chinese(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"testing": }')
    told = typed(CHECK, "config", "check", str(path), **CHINESE)
    assert (
        told.stderr.splitlines()[0]
        == f"smoke-check: 配置文件 {path} 不是 JSON：第 1 行第 13 列：此处应有一个值 [config_not_json]"
    )


def test_the_daemon_s_orders_are_answered_in_chinese(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    (tmp_path / "state").mkdir()
    settings = {
        "daemon_settings": {"state_path": f"{tmp_path}/state"},
        "database_settings": {"db_path": f"{tmp_path}/queue.db"},
    }
    config.write_text(json.dumps(settings))
    missing = typed(DAEMON, "queue", "--config", str(config), **CHINESE)
    assert missing.returncode == 2
    assert missing.stderr.startswith(f"[database_missing] {tmp_path}/queue.db 没有数据库\n  -> ")
    make(f"{tmp_path}/queue.db")
    told = typed(DAEMON, "pause", "--config", str(config), **CHINESE)
    assert told.stdout == (
        "已暂停：在 'media-sync-daemon resume' 之前不传输也不删除\n守护进程没有运行；启动时会遵照执行\n"
    )
    told = typed(DAEMON, "queue", "--config", str(config), **CHINESE)
    assert [line.split()[0] for line in told.stdout.splitlines()] == [
        "已暂停",
        "守护进程",
        "等待",
        "处理中",
        "失败",
        "待删除",
    ]


def test_chinese_is_wrapped_by_its_width() -> None:
    languages.use("zh", {})
    try:
        text = "等待、处理中、失败和待删除的 files and folders；在终端上实时显示"
        lines = list(command_line._wrapped(text, 20))
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")
        assert max(map(command_line.columns, lines)) <= 20
        assert command_line.cut("等待ab", 5) == "等待a"
        assert command_line.cut("等待ab", 3) == "等"
        assert command_line.in_words("something new in argparse") == "something new in argparse"
    finally:
        language.speak(None)
