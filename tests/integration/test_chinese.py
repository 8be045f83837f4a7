"""The check in Chinese: real runs, by configuration and locale, on streams that can show it and one that can't."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from tests.nas_servers import Server
from tests.scene import NAME, Scene

CHINESE = re.compile(r"[\u4e00-\u9fff]")
IN_CHINESE = {"check_settings": {"language": "zh"}}


def test_a_passing_run_and_its_status(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, IN_CHINESE)
    with scene.daemon("right"):
        outcome = scene.check()
    assert outcome.exit_code == 0, outcome.stdout
    assert outcome.status is not None
    assert (outcome.status.language, outcome.status.root_probe) == ("zh", None)
    assert outcome.status.summary == "从守护进程到删除的每一步都已证明"
    assert [line for line in outcome.stdout.splitlines() if not CHINESE.search(line)] == []
    assert re.search(rf"PASS +file_insert +[0-9.]+ s  {NAME}（1024 字节）已就位并进入队列\n", outcome.stdout)
    later = scene.check(command="status")  # it reads no configuration, and speaks the verdict's language all the same
    assert f"上的运行 {outcome.status.run_id}，结束于 " in later.stdout
    assert later.exit_code == 0


def test_a_failure_by_the_locale_names_root_and_consequence(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, {"sync_settings": {"safe_delete_delay_minutes": 0.05}})
    scene.configure({"sync_settings": {"safe_delete_delay_minutes": 30}})
    with scene.daemon("right"):
        assert scene.check().outcomes()["local_delete"] == "deferred"
        Path(scene.debts()[0]["local_path"]).unlink()  # gone, so its copy has to be looked at
        nas.stop()
        outcome = scene.check(LC_ALL="zh_CN.UTF-8", PYTHONIOENCODING="utf-8")
    assert outcome.exit_code == 1
    assert outcome.status is not None
    assert outcome.status.root_probe == "ping"
    assert re.fullmatch(
        rf"ping：127\.0\.0\.1 拒绝端口 {nas.port} 上的连接(，但 ping 在 [0-9.]+ 毫秒内有应答)?"
        "；由此导致 local_delete 无法测量",
        outcome.status.summary,
    )
    assert outcome.probe("local_delete")[:2] == ("error", "nas_refused")
    assert (
        f"-> 确认 SSH 已打开（DSM：控制面板 > 终端机和 SNMP）且端口正确：ssh -v -p {nas.port} 127.0.0.1"
        in outcome.stdout
    )


def test_a_stream_that_can_t_show_it_gets_english(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, IN_CHINESE)
    scene.create_database()
    outcome = scene.check("--no-insert", PYTHONIOENCODING="ascii")
    assert outcome.status is not None
    assert outcome.status.language == "en"
    assert "media-sync-daemon does not run: there is no state file in" in outcome.stdout
    assert "\\u" not in outcome.stdout


def test_systemd_is_told_in_chinese(tmp_path: Path, nas: Server) -> None:
    scene = Scene(tmp_path, nas, IN_CHINESE)
    scene.create_database()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        address = str(tmp_path / "notify")
        systemd.bind(address)
        systemd.settimeout(10)
        with scene.start_check("--no-insert", NOTIFY_SOCKET=address) as agent:
            told = [""]
            while not told[-1].startswith("STATUS=FAIL"):  # read at once: a full queue of datagrams drops the last one
                told.append(systemd.recv(65536).decode())
            scene.finish(agent)
    assert told[-1].startswith("STATUS=FAIL daemon_status：media-sync-daemon 没有运行：")


@pytest.mark.parametrize("command", ["run", "clean"])
def test_complaints_of_a_configuration_are_in_its_language(scene: Scene, command: str) -> None:
    Path(scene.config_path).write_text('{"check_settings": {"language": "zh"}, "testing": {"max_wait_minutes": 0}}')
    outcome = scene.check(command=command)
    assert outcome.exit_code == 78
    assert outcome.stderr == (
        f"smoke-check: 配置文件 {scene.config_path} 有 1 处问题："
        "testing.max_wait_minutes：实际为 0，应为 大于 0 的值 [config_invalid]\n"
        f"  -> 改正它们，然后试一试：smoke-check config check {scene.config_path}\n"
    )
