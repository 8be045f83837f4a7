from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType

import pytest

from celestial_nasops import process
from tests.waiting import eventually


def sh(script: str, *args: str, timeout_seconds: float = 10, understood: tuple[int, ...] = (0,)) -> process.Completed:
    return process.run(
        ["sh", "-c", script, "sh", *args], timeout_seconds=timeout_seconds, understood_exit_codes=understood
    )


def is_gone(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"Z", b"X")
    except OSError:
        return True


def test_output_and_exit_code() -> None:
    assert sh("echo out; echo err >&2; exit 3", understood=(0, 3)) == process.Completed(3, "out\n", "err\n")


def test_arguments_are_passed_as_they_are() -> None:
    odd = "two  words; $(id) 'quoted' \udcff \n"
    assert os.fsencode(sh('printf %s "$1" | od -An -tx1 -v', odd).stdout.replace(" ", "").replace("\n", "")) == (
        os.fsencode(odd).hex().encode()
    )


def test_input_is_closed_and_the_language_is_plain() -> None:
    assert sh('cat; echo "$LC_ALL"').stdout == "C\n"


def test_output_that_is_not_utf8_is_marked() -> None:
    assert sh(r"printf 'a\377b'").stdout == "a\ufffdb"


def test_long_output_is_cut_and_does_not_block_the_child() -> None:
    completed = sh(f"head -c {3 * process.OUTPUT_LIMIT} /dev/zero; echo done >&2")
    assert len(completed.stdout) == process.OUTPUT_LIMIT
    assert completed.stderr == "done\n"


def test_endless_output_is_ended_by_the_timeout() -> None:
    with pytest.raises(process.ProcessFault) as caught:
        process.run(["yes"], timeout_seconds=0.3)
    assert caught.value.summary == "yes gave no answer within 0.3 s and was killed"


def test_a_program_that_is_missing() -> None:
    with pytest.raises(process.ProcessFault) as caught:
        process.run(["no-such-program", "-v"], timeout_seconds=10)
    assert caught.value.code == "program_missing"
    assert caught.value.summary == "the program no-such-program is not installed"


def test_the_package_of_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(process.ProcessFault) as caught:
        process.run(["ping", "-c", "1", "::1"], timeout_seconds=10)
    assert caught.value.remedy == "install it: sudo apt-get install iputils-ping"


def test_a_program_that_can_not_be_started(tmp_path: Path) -> None:
    program = tmp_path / "my program"
    program.write_text("no program at all")
    program.chmod(0o644)
    with pytest.raises(process.ProcessFault) as caught:
        process.run([str(program)], timeout_seconds=10)
    assert caught.value.code == "program_unusable"
    assert caught.value.summary == f"the program {program} can't be started: Permission denied"
    program.chmod(0o755)
    with pytest.raises(process.ProcessFault, match="can't be started: Exec format error"):
        process.run([str(program)], timeout_seconds=10)


def test_an_exit_code_that_the_caller_does_not_understand() -> None:
    with pytest.raises(process.ProcessFault) as caught:
        sh("echo one >&2; echo the reason >&2; exit 4", understood=(0, 1))
    assert caught.value.code == "program_failed"
    assert (
        caught.value.summary
        == "sh -c 'echo one >&2; echo the reason >&2; exit 4' sh ended with exit code 4: the reason"
    )


def test_the_end_by_a_signal() -> None:
    with pytest.raises(process.ProcessFault) as caught:
        sh("kill -9 $$")
    assert caught.value.summary == "sh -c 'kill -9 $$' sh ended with exit code -9 (SIGKILL): no output"


def test_a_timeout_kills_and_reaps_the_whole_group(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    with pytest.raises(process.ProcessFault) as caught:
        sh('trap "" TERM; (trap "" TERM; sleep 600) & echo $$ $! >"$1"; wait', str(pids), timeout_seconds=0.5)
    assert caught.value.code == "program_timed_out"
    child, grandchild = map(int, pids.read_text().split())
    assert not os.path.exists(f"/proc/{child}")  # reaped
    eventually(lambda: is_gone(grandchild))


def test_a_grandchild_that_keeps_the_output_open_is_ended_too(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(process.ProcessFault, match=r"gave no answer within 0\.5 s"):
        sh('sleep 600 & echo $! >"$1"', str(pid), timeout_seconds=0.5)
    eventually(lambda: is_gone(int(pid.read_text())))


def test_a_child_that_closes_its_output_and_hangs_is_ended(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    with pytest.raises(process.ProcessFault, match=r"gave no answer within 0\.5 s"):
        sh('echo $$ >"$1"; exec sleep 600 >&- 2>&-', str(pid), timeout_seconds=0.5)
    assert is_gone(int(pid.read_text()))


def test_an_interruption_ends_the_group_too(tmp_path: Path) -> None:
    """An exception that a signal handler raises while the child is waited for must not leave the child behind."""
    pid = tmp_path / "pid"

    class InterruptionError(Exception):
        pass

    def interrupt(number: int, frame: FrameType | None) -> None:
        while frame is not None:
            if frame.f_code is process._read_to_end.__code__:
                raise InterruptionError
            frame = frame.f_back

    before = signal.signal(signal.SIGUSR1, interrupt)
    try:
        with pytest.raises(InterruptionError):
            sh('echo $$ >"$1"; while kill -USR1 $PPID; do sleep 0.05; done', str(pid))
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert is_gone(int(pid.read_text()))


def test_no_file_descriptor_is_left_open() -> None:
    before = os.listdir("/proc/self/fd")
    sh("true")
    with pytest.raises(process.ProcessFault):
        sh("false")
    with pytest.raises(process.ProcessFault):
        sh("sleep 600", timeout_seconds=0.1)
    with pytest.raises(process.ProcessFault):
        process.Companion(["no-such-program"])
    process.Companion(["cat"]).end()
    assert os.listdir("/proc/self/fd") == before


# --- programs that run beside us ---


def test_a_companion_is_talked_to_through_its_socket() -> None:
    companion = process.Companion(["cat"])
    try:
        companion.socket.settimeout(10)
        companion.socket.sendall(b"there and back")
        assert companion.socket.recv(100) == b"there and back"
    finally:
        assert companion.end() == ""


def test_a_companion_s_end_is_seen_and_its_complaint_is_kept() -> None:
    companion = process.Companion([sys.executable, "-c", "import sys; sys.exit('no way there')"])
    try:
        companion.socket.settimeout(10)
        assert companion.socket.recv(100) == b""
    finally:
        assert companion.end() == "no way there"
        assert companion.end() == ""


def test_the_end_of_a_companion_ends_its_whole_group(tmp_path: Path) -> None:
    companion = process.Companion(["sh", "-c", "sleep 600 & echo $!; wait"])
    try:
        companion.socket.settimeout(10)
        grandchild = int(companion.socket.recv(100))
    finally:
        companion.end()
    eventually(lambda: is_gone(grandchild))
