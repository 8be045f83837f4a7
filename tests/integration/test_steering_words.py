"""What the operator's commands show and take: recorded reasons in Chinese, and names that can't be printed."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from celestial_nasops import command_line
from celestial_nasops.daemon.supervisor import INTERNAL
from celestial_nasops.media_sync_daemon import CONFIG, main
from celestial_nasops.steering import commands
from tests.daemon_field import NAME, Field
from tests.integration.test_readme import first_column
from tests.integration.test_steering import COMPLETED, DUE, FAILED, steer
from tests.readme import ROOT


def test_what_the_daemon_recorded_is_read_in_chinese(field: Field, monkeypatch: pytest.MonkeyPatch) -> None:
    field.configure(sync_settings={"max_retry_attempts": 0})
    with field.daemon():
        field.becomes(field.put(size=99), FAILED)
        field.becomes(field.queue("/elsewhere/x.jpg", "x.jpg", 1), FAILED)
        field.becomes(field.put("20250122_sent.jpg"), COMPLETED)
    recorded = json.loads(steer(field, "queue", "--json")[1])["failed"]["newest"]
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    monkeypatch.setenv("PYTHONIOENCODING", "utf-8")
    path = field.media / NAME
    lines = steer(field, "queue")[1].splitlines()
    assert f"  {path}: [file_size_differs] {path} 有 5 字节，记录中是 99" in lines
    assert f"  /elsewhere/x.jpg: [file_refused] 不发送 /elsewhere/x.jpg：它不在媒体目录 {field.media} 中" in lines
    assert re.fullmatch(rf"  {DUE} \(\d+ 分钟 后\)  {field.media}/20250122_sent.jpg", lines[-1])
    assert json.loads(steer(field, "queue", "--json")[1])["failed"]["newest"] == recorded


@pytest.mark.parametrize("name", [b"20250122_\xff\x1b[31m.jpg", b"20250122_\n.jpg", "20250122_\u2028中.jpg".encode()])
def test_a_name_that_can_not_be_printed_is_typed_as_it_is_shown(field: Field, name: bytes) -> None:
    path = os.fsencode(field.media) + b"/" + name
    with field.daemon():
        row_id = field.queue(os.fsdecode(path), os.fsdecode(name), 5)
        field.becomes(row_id, FAILED)
        Path(os.fsdecode(path)).write_bytes(b"media")
        shown = json.loads(steer(field, "queue", "--json")[1])["failed"]["newest"][0]["path"]
        assert shown.isprintable()
        code, told = steer(field, "requeue", shown)
        assert (code, told) == (0, f"{shown} waits to be sent again; it was failed\n")
        field.becomes(row_id, COMPLETED)
    [receipt] = json.loads(steer(field, "receipts", shown, "--json")[1])
    assert receipt["local_path"] == shown


def test_an_error_of_its_own_is_one_line(field: Field, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["queue", "--config", f"{field.config_path}\0"]) == 70
    told = capsys.readouterr().err
    assert re.fullmatch(r"media-sync-daemon: internal error: ValueError: embedded null byte \(\S+:\d+\)\n", told)


def test_the_exit_codes_of_the_document_are_the_code_s() -> None:
    text = (ROOT / "docs" / "daemon.md").read_text("utf-8")
    codes = [commands.OK, commands.FAILED, commands.UNMEASURED, command_line.USAGE, INTERNAL, CONFIG]
    assert first_column(text, "exit code") == [str(code) for code in codes]
