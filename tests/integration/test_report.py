"""How a run speaks to the journal, to systemd and to a terminal: the real streams, with the real agent behind them."""

from __future__ import annotations

import os
import pty
import re
import socket
import subprocess
import sys
from pathlib import Path

from tests.nas_servers import Server
from tests.scene import Scene


def test_lines_of_the_journal_carry_their_priority(scene: Scene, nas: Server) -> None:
    with scene.daemon("right"):
        nas.stop()
        read, write = os.pipe()
        there = os.fstat(write)
        environment = {**os.environ, "JOURNAL_STREAM": f"{there.st_dev}:{there.st_ino}"}
        argv = [sys.executable, "-m", "healthcheck", "run", "--config", scene.config_path]
        argv += ["--state-dir", str(scene.state_dir)]
        with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=write, env=environment) as agent:
            os.close(write)
            with os.fdopen(read, encoding="utf-8") as lines:
                said = lines.read().splitlines()
        assert agent.returncode == 1
    assert [re.match(r"<(\d)>(\w+):", line) is not None for line in said] == [True] * 7
    assert [line[1] for line in said] == ["6", "3", "6", "6", "6", "6", "3"]
    refused = r"127\.0\.0\.1 refuses connections on port \d+.* -- see that SSH is on .*"
    assert re.fullmatch(rf"<3>ping: FAIL \[nas_refused\] {refused}", said[1])
    # The last line leads straight to the problem.
    assert re.fullmatch(rf"<3>verdict: FAIL ping: {refused} \(run \S+\)", said[-1])


def test_systemd_is_told_what_is_waited_for_and_at_last_the_verdict(scene: Scene, tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd, scene.daemon("idle"):
        address = str(tmp_path / "notify")
        systemd.bind(address)
        systemd.settimeout(10)
        outcome = scene.check("--max-wait-minutes", "0.03", NOTIFY_SOCKET=address)
        told: list[str] = []
        while not told or not told[-1].startswith("STATUS=FAIL"):
            told.append(systemd.recv(65536).decode())
    assert outcome.exit_code == 1
    assert "STATUS=daemon_status: measuring" in told
    assert any(re.fullmatch(r"EXTEND_TIMEOUT_USEC=\d+", line) for line in told)
    assert any(re.fullmatch(r"STATUS=remote_verify: waiting for the daemon \(pending\)", line) for line in told)
    assert re.fullmatch(
        r"STATUS=FAIL remote_verify: the daemon did not touch .* -- see what it does: systemctl .*", told[-1]
    )


def test_a_terminal_shows_what_is_waited_for_in_a_line_that_goes(scene: Scene) -> None:
    with scene.daemon("right"):
        ours, theirs = pty.openpty()
        argv = [sys.executable, "-m", "healthcheck", "run", "--config", scene.config_path]
        argv += ["--state-dir", str(scene.state_dir)]
        with subprocess.Popen(argv, stdin=theirs, stdout=theirs) as agent:
            os.close(theirs)
            shown = b""
            while piece := _read(ours):
                shown += piece
        os.close(ours)
    assert agent.returncode == 0
    text = shown.decode()
    assert "waiting for the daemon" in text
    assert "\r\x1b[K" in text
    final = [re.sub(r".*\r\x1b\[K|\x1b\[\d*m", "", line.rstrip("\r")) for line in text.split("\n")]
    assert [line.split()[0] for line in final if line] == ["PASS"] * 7


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # EIO: nobody holds the other side any more
        return b""
