"""How a run speaks to the journal, to systemd and to a terminal: the real streams, with the real agent behind them."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import socket
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from unicodedata import east_asian_width

import pytest

from healthcheck import events, pipeline
from tests.nas_servers import Server
from tests.scene import Scene


def test_the_journal_gets_records_and_standard_output_gets_nothing(scene: Scene, nas: Server, tmp_path: Path) -> None:
    address = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal, scene.daemon("right"):
        journal.bind(address)
        nas.stop()
        records: list[dict[str, str]] = []
        reader = threading.Thread(target=_read_records, args=(journal, records), daemon=True)
        reader.start()
        exit_code, lines = _run_under_journal(scene, address)
        reader.join(10)
    assert exit_code == 1
    assert lines == []
    run_id = records[0]["SMOKE_CHECK_RUN_ID"]
    assert [r["SMOKE_CHECK_RUN_ID"] for r in records] == [run_id] * 8
    assert [r["SYSLOG_IDENTIFIER"] for r in records] == ["smoke-check"] * 8
    assert [r["PRIORITY"] for r in records] == ["5", "5", "3", "5", "5", "5", "5", "3"]
    done, refused_by_nas = events.PROBE_FINISHED, events.of_cause("nas_refused")
    ids = [events.RUN_STARTED, done, refused_by_nas, *[done] * 4, events.RUN_ENDED]
    assert [r["MESSAGE_ID"] for r in records] == [event.message_id for event in ids]
    assert [r["SMOKE_CHECK_PROBE"] for r in records[1:7]] == pipeline.probe_names()
    assert [r["SMOKE_CHECK_OUTCOME"] for r in records[1:]] == ["pass", "fail", "pass", *["skipped"] * 3, "fail"]
    assert all(float(r["SMOKE_CHECK_DURATION_SECONDS"]) >= 0 for r in records[1:])
    refused = r"127\.0\.0\.1 refuses connections on port \d+.* -- see that SSH is on .*"
    assert re.fullmatch(rf"ping: FAIL \[nas_refused\] {refused}", records[2]["MESSAGE"])
    # The last line leads straight to the problem.
    last = records[-1]
    assert re.fullmatch(rf"verdict: FAIL ping: {refused}", last["MESSAGE"])
    assert (last["SMOKE_CHECK_ROOT"], last["SMOKE_CHECK_CAUSE"]) == ("ping", "nas_refused")
    assert (last["SMOKE_CHECK_EXIT_CODE"], last["SMOKE_CHECK_OWED"]) == ("1", "0")
    assert last["SMOKE_CHECK_REMEDY"].startswith("see that SSH is on")


def test_a_complaint_is_a_record_with_the_cause_s_code_and_id(scene: Scene, tmp_path: Path) -> None:
    Path(scene.config_path).write_text("{")
    address = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal:
        journal.bind(address)
        journal.settimeout(10)
        records: list[dict[str, str]] = []
        reader = threading.Thread(target=_read_records, args=(journal, records), daemon=True)
        reader.start()
        exit_code, lines = _run_under_journal(scene, address)
        reader.join(10)
    assert (exit_code, lines) == (78, [])
    [record] = records
    sentence = f"the configuration {scene.config_path} is not JSON: line 1, column 2: "
    assert record["MESSAGE"].startswith(f"[config_not_json] {sentence}")
    assert record["MESSAGE"] == (f"[config_not_json] {record['SMOKE_CHECK_SUMMARY']} -- {record['SMOKE_CHECK_REMEDY']}")
    assert (record["SMOKE_CHECK_CAUSE"], record["PRIORITY"]) == ("config_not_json", "3")
    assert record["MESSAGE_ID"] == events.of_cause("config_not_json").message_id
    # Where nobody takes it in, the line has it all.
    exit_code, lines = _run_under_journal(scene, str(tmp_path / "nobody"))
    assert (exit_code, lines) == (78, [f"<3>smoke-check: {record['MESSAGE']}"])


def test_without_the_journal_s_socket_its_lines_carry_their_priority(scene: Scene, nas: Server, tmp_path: Path) -> None:
    with scene.daemon("right"):
        nas.stop()
        exit_code, lines = _run_under_journal(scene, str(tmp_path / "nobody"))
    assert exit_code == 1
    assert [re.match(r"<(\d)>", line) is not None for line in lines] == [True] * 8
    assert [line[1] for line in lines] == ["5", "5", "3", "5", "5", "5", "5", "3"]
    assert lines[-1].startswith("<3>verdict: FAIL ping: ")


def test_a_journal_that_takes_nothing_in_costs_half_a_second_and_the_verdict_is_said_twice(
    scene: Scene, tmp_path: Path
) -> None:
    address = str(tmp_path / "journal")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journal, scene.daemon("right"):
        journal.bind(address)
        exit_code, lines = _run_under_journal(scene, address, "--no-insert")
    assert exit_code == 0
    assert [line.partition(" ")[0] for line in lines] == ["<5>verdict:"]


def _run_under_journal(scene: Scene, socket_path: str, *options: str) -> tuple[int, list[str]]:
    """Run the agent as in a unit: its standard output and standard error are what systemd calls the journal."""
    read, write = os.pipe()
    there = os.fstat(write)
    environment = {**os.environ, "JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}
    environment["SMOKE_CHECK_JOURNAL_SOCKET"] = socket_path
    argv = [sys.executable, "-m", "healthcheck", "run", "--config", scene.config_path]
    argv += ["--state-dir", str(scene.state_dir), *options]
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=write, stderr=write, env=environment) as agent:
        os.close(write)
        with os.fdopen(read, encoding="utf-8") as lines:
            said = lines.read().splitlines()
    return agent.returncode, said


def _read_records(journal: socket.socket, records: list[dict[str, str]]) -> None:
    """Take in records of one line a field, until the empty datagram behind the last one."""
    while datagram := journal.recv(1 << 20):
        records.append(dict(line.split("=", 1) for line in datagram.decode().splitlines()))


def test_systemd_is_told_what_is_waited_for_and_at_last_the_verdict(scene: Scene, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, scene.daemon("idle"):
        address = str(tmp_path / "notify")
        systemd.bind(address)
        systemd.settimeout(10)
        told: list[str] = []
        with scene.start_check("--max-wait-minutes", "0.03", NOTIFY_SOCKET=address) as child:
            while not told or not told[-1].startswith("STATUS=FAIL"):
                told.append(systemd.recv(65536).decode())
            outcome = scene.finish(child)
    assert outcome.exit_code == 1
    assert "STATUS=daemon_status: measuring" in told
    # Once a probe, and always to the same moment: a run that was asked for more time gets it, one that hangs does not.
    extended = [int(line.partition("=")[2]) / 1e6 for line in told if line.startswith("EXTEND_TIMEOUT_USEC=")]
    assert len(extended) == 6
    assert extended == sorted(extended, reverse=True)
    assert 60 < extended[-1] < extended[0] <= 0.03 * 60 + 60
    assert any(re.fullmatch(r"STATUS=remote_verify: waiting for the daemon \(pending\)", line) for line in told)
    assert re.fullmatch(
        r"STATUS=FAIL remote_verify: the daemon did not touch .* -- see what it does: systemctl .*", told[-1]
    )


def test_a_terminal_shows_what_is_waited_for_in_a_line_that_goes(scene: Scene) -> None:
    with scene.daemon("right"):
        text = _on_a_terminal(scene, 80)
    assert "waiting for the daemon" in text
    assert "\r\x1b[K" in text
    final = [re.sub(r".*\r\x1b\[K|\x1b\[\d*m", "", line.rstrip("\r")) for line in text.split("\n")]
    assert [line.split()[0] for line in final if line] == ["PASS"] * 7


@pytest.mark.parametrize(("columns", "widest"), [(0, 79), (50, 49), (80, 79)])  # a serial console says 0
@pytest.mark.parametrize(("locale", "measuring"), [("C.UTF-8", "measuring"), ("zh_CN.UTF-8", "正在测量")])
def test_that_line_fits_and_says_all_that_it_can(
    scene: Scene, columns: int, widest: int, locale: str, measuring: str
) -> None:
    with scene.daemon("right"):
        text = _on_a_terminal(scene, columns, LC_ALL=locale)
    lines = [line.rstrip("\r") for line in re.findall(r"\r\x1b\[K( {9}[^\r\n]*)", text)]
    widths = [sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line) for line in lines]
    assert max(widths) <= widest
    assert any(line.endswith(measuring) for line in lines)


def _on_a_terminal(scene: Scene, columns: int, **environment: str) -> str:
    """All that a run writes to a terminal of so many columns."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
    argv = [sys.executable, "-m", "healthcheck", "run", "--config", scene.config_path]
    argv += ["--state-dir", str(scene.state_dir)]
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, env={**os.environ, **environment}) as agent:
        os.close(theirs)
        shown = b""
        while piece := _read(ours):
            shown += piece
    os.close(ours)
    assert agent.returncode == 0
    return shown.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # EIO: nobody holds the other side any more
        return b""
