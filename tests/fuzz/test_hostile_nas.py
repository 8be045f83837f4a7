"""The real agent and the real daemon against a NAS that means them ill."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasFault
from celestial_nasops.media_status_db import MediaStatusDB
from healthcheck.marked_file import carries_mark
from healthcheck.probes import ping
from tests import hostile_nas as hostile
from tests.hostile_nas import GREETING, Answer, HostileNas, Raw, Request, answer_with, greets_with, hostile_nas
from tests.nas_servers import Server
from tests.scene import Outcome, Scene

WAIT_SECONDS = 3.0
BEYOND_SECONDS = 5.0
MEMORY_BYTES = 160 << 20
COPY = b"1\n81a4 1024 1737547200\n" + b"a" * 64 + b"  -\n"


def scene_of(folder: Path, nas: HostileNas) -> Scene:
    settings: dict[str, dict[str, Any]] = {
        "security": {"connection_timeout_seconds": 1},
        "testing": {"max_wait_minutes": WAIT_SECONDS / 60, "poll_interval_seconds": 5},
    }
    return Scene(folder, cast("Server", nas), settings)


class Watched:
    """A run of the agent, and what it did."""

    def __init__(self, scene: Scene) -> None:
        log = scene.folder / "deeds"
        argv = [sys.executable, "-m", "tests.watched_agent", str(log), "run", "--state-dir", str(scene.state_dir)]
        begun = time.monotonic()
        with subprocess.Popen(
            [*argv, "--config", scene.config_path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as child:
            self.outcome: Outcome = scene.finish(child)
        self.seconds = time.monotonic() - begun
        self.deeds: list[list[Any]] = [json.loads(line) for line in log.read_text().splitlines()]
        self.peak_bytes = int(self.deeds.pop()[1])


def assert_kept_to_its_own(run: Watched, scene: Scene, nas: HostileNas) -> None:
    """Nothing was written, removed or run but what is the check's own, on either machine."""
    for event, *arguments in run.deeds:
        match event:
            case "subprocess.Popen":
                argv = arguments[1]
                assert argv[:3] == ["ssh", "-F", nas.ssh_config] or argv[0] == "ping", argv
            case "socket.connect":
                assert arguments[1] == ["127.0.0.1", nas.port], arguments
            case "sqlite3.connect":
                assert str(scene.database) in arguments[0]
            case _:
                for path in [argument for argument in arguments if isinstance(argument, str)]:
                    own_state = os.path.dirname(path) == str(scene.state_dir)
                    assert own_state or carries_mark(path) or path in ("/dev/null", str(scene.state_dir)), (event, path)
    for command in nas.commands:
        words = shlex.split(os.fsdecode(command))
        script, paths = words[3], words[5:]
        assert re.match(r"LC_ALL=C; export LC_ALL; exec 2>&1; echo (aside|begin)-[0-9a-f]{16}; ", script)
        if "rmdir" in script:
            assert all(path == str(scene.base) or path.startswith(f"{scene.base}/") for path in paths)
        else:
            assert paths
            assert all(map(carries_mark, paths)), paths
        assert "cat >" not in script


@pytest.mark.parametrize(
    ("answer", "cause", "summary"),
    [
        (hostile.silent, "nas_login_hangs", r".* gave no answer within 1 s \(look at /.*"),
        (hostile.drip, "nas_silent", r".* gave no answer within 1 s \(look at /.*"),
        (hostile.flood, "nas_command_failed", "the NAS could not look at .*: its answer is longer than 1048576 bytes"),
        (hostile.flood_errors, "nas_ssh_failed", ".*: more than the 2097152 bytes came that it was allowed to send"),
        (hostile.gives_orders, "copy_missing", "the row of .* says completed, but there is no copy at .*"),
        (
            answer_with(b"1\n81a4 " + b"9" * 19 + b" 5\n" + b"a" * 64 + b"  -\n"),
            "copy_wrong_size",
            r".* 9{19} bytes .*",
        ),
        (answer_with(COPY, before=b"hi", after=b"\x1b[2J"), "copy_wrong_content", ".*SHA-256 aaaaaaaaaaaa, sent .*"),
        (answer_with(COPY.replace(b"1\n", b"4\n", 1)), "copy_wrong_path", "the copy of .* lies at .* instead of .*"),
        (answer_with(b"../etc/passwd\n" + COPY[2:]), "nas_command_failed", ".* was not understood: '../etc/passwd.*"),
        (answer_with(b"999\n" + COPY[2:]), "nas_command_failed", ".* was not understood: '999.*"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_run_keeps_to_its_own_its_time_and_its_memory(
    tmp_path: Path, answer: Answer, cause: str, summary: str
) -> None:
    with hostile_nas(str(tmp_path / "nas"), answer) as nas:
        scene = scene_of(tmp_path, nas)
        with scene.daemon("right"):
            run = Watched(scene)
        assert_kept_to_its_own(run, scene, nas)
    what, named, said = run.outcome.probe("remote_verify")
    assert (what, run.outcome.exit_code) == ("fail", 1), run.outcome.stdout
    assert re.fullmatch(cause, str(named)), said
    assert re.fullmatch(summary, said), said
    assert said.isprintable()
    assert run.seconds < WAIT_SECONDS + BEYOND_SECONDS
    assert run.peak_bytes < MEMORY_BYTES
    assert [line for line in scene.litter() if not line.startswith(str(scene.base))] == []


def test_a_login_that_floods_ends_the_run_in_time(tmp_path: Path) -> None:
    with hostile_nas(str(tmp_path / "nas"), raw=hostile.huge_packet) as nas:
        scene = scene_of(tmp_path, nas)
        with scene.daemon("right"):
            run = Watched(scene)
        assert_kept_to_its_own(run, scene, nas)
    what, named, said = run.outcome.probe("remote_verify")
    assert (what, named) == ("fail", "nas_ssh_failed")
    assert re.fullmatch(
        r"the SSH connection to 127\.0\.0\.1 failed \(key exchange\): a packet of 42949\d{5} bytes was announced", said
    )
    assert run.seconds < WAIT_SECONDS + BEYOND_SECONDS
    assert run.peak_bytes < MEMORY_BYTES


@pytest.mark.parametrize(
    ("raw", "banner"),
    [
        (greets_with(b"Welcome to DSM\r\n\xff\xfe\r\n" + GREETING), "SSH-2.0-hostile"),
        (greets_with(b"HTTP/1.1 400 Bad Request\r\n\r\n"), "HTTP/1.1 400 Bad Request"),
        (greets_with(b"A" * 65536, repeated=True), "A" * 255),
        (greets_with(b"hello\r\n", repeated=True), "hello"),
    ],
)
def test_greetings(tmp_path: Path, raw: Raw, banner: str) -> None:
    with hostile_nas(str(tmp_path), raw=raw) as nas:
        assert ping.greet("127.0.0.1", nas.port, 1, "nas", "").banner == banner


@pytest.mark.parametrize("said", [b"", b"SSH-2.0-no-line-end"])
def test_a_greeting_that_does_not_come(tmp_path: Path, said: bytes) -> None:
    with hostile_nas(str(tmp_path), raw=greets_with(said)) as nas, pytest.raises(NasFault) as caught:
        ping.greet("127.0.0.1", nas.port, 1, "nas", "")
    assert caught.value.summary == (
        f"127.0.0.1 port {nas.port} gave no answer within 1 s (waiting for its SSH greeting)"
    )


def test_a_greeting_that_breaks_off(tmp_path: Path) -> None:
    def act(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"SSH-2.0-half")
        connection.close()

    with hostile_nas(str(tmp_path), raw=act) as nas, pytest.raises(NasFault) as caught:
        ping.greet("127.0.0.1", nas.port, 1, "nas", "")
    assert caught.value.cause is causes.NAS_HUNG_UP


@pytest.mark.parametrize("host", ["a..b", "x" * 64 + ".example"])
def test_a_name_that_is_none(host: str) -> None:
    with pytest.raises(NasFault) as caught:
        ping.greet(host, 22, 1, "nas", "")
    assert caught.value.summary == f"the name {host} can't be resolved: not a valid name"


# --- the daemon ---

CONTENT = b"the only copy there is"


def says_stored(request: Request) -> None:
    """Takes everything, claims all went well, and that whatever is asked for lies there in the right size."""
    with contextlib.suppress(OSError, EOFError):
        while request.channel.recv(1 << 16):
            pass
    size = str(len(CONTENT)).encode()
    if b"cat >" in request.command:
        request.answer(size + b"\n")
    elif b"sha256sum" in request.command:
        request.answer(b"1\n81a4 " + size + b" 1737547200\n" + b"0" * 64 + b"  -\n")
    elif b"stat -f" in request.command:
        request.answer(b"1000000 4096\n")
    else:
        request.answer(b"")


@pytest.mark.parametrize(
    "answer",
    [says_stored, answer_with(b""), answer_with(COPY), answer_with(b"9" * 19), hostile.flood, hostile.flood_errors],
    ids=lambda answer: answer.__name__,
)
def test_the_daemon_deletes_nothing_for_a_nas_that_lies_badly(tmp_path: Path, answer: Answer) -> None:
    with hostile_nas(str(tmp_path / "nas"), answer) as nas:
        scene = scene_of(tmp_path, nas)
        scene.configure({"sync_settings": {"safe_delete_delay_minutes": 0, "max_retry_attempts": 0}})
        scene.create_database()
        media = scene.media / "20250122_101500_x.mp4"
        media.write_bytes(CONTENT)
        with MediaStatusDB(str(scene.database), timeout_seconds=5) as queue:
            row = queue.insert_file_record(str(media), media.name, len(CONTENT), "", "completed")
            argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", "--config", scene.config_path, "--once"]
            done = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
            record = queue.get(row)
    assert "Traceback" not in done.stdout + done.stderr
    assert media.read_bytes() == CONTENT
    assert record is not None
    assert record.transfer_status_text in ("pending", "failed")
    said = (record.last_error_message or "") + done.stderr
    assert re.search(r"\[nas_[a-z_]+\] ", said), said
