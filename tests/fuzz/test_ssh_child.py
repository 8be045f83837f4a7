"""What a child that should be ssh may send back: each ends in time, in bounded memory, and with a named cause.

A shell script takes the place of ssh. It hears the command as ssh would, and answers with a scene that is laid for it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, strategies as st

from celestial_nasops.fault import NasFault
from celestial_nasops.nas.shell import Reply
from celestial_nasops.nas.ssh_child import NoSshChild, SshChild
from celestial_nasops.nas.target import SshTarget
from celestial_nasops.process import Piped
from tests.waiting import eventually

TIMEOUT = 0.2
# Three steps of a login, then the answer; each is waited for once.
LONGEST = 3 * TIMEOUT + TIMEOUT + 3.0
NAMED = {"nas_silent", "nas_connection_lost", "nas_command_failed"}
STAND_IN = """\
#!/bin/sh
LC_ALL=C; export LC_ALL
read -r size
command=$(dd bs="$size" count=1 iflag=fullblock 2>/dev/null)
nonce=${command#*begin-}
nonce=${nonce%%;*}
cat "$SCENE/stderr" >&2
sed "s/NONCE/$nonce/g" "$SCENE/answer"
. "$SCENE/end"
"""
TARGET = SshTarget(
    alias="nas", host="127.0.0.1", port=22, username="x", identity_files=(), known_hosts_files=(), config_alias=""
)

BEGIN, END = b"begin-NONCE\n", b"\nend-NONCE 0\n"
pieces = st.sampled_from(
    [
        *(BEGIN, END, b"aside-NONCE\n", b"\nend-NONCE ", b"end-NONCE 0\n", b"\nend-NONCE 7\n", b"\nend-NONCE 99999\n"),
        *(b"\nend-NONCE -1\n", b"\nend-NONCE \xd9\xa3\n", b"\nend-NONCE 0", b"begin-0123456789abcdef\n", b"\n", b"\0"),
        *(b"Welcome to DSM\n", b"This account is currently not available.\n", b"x" * 70_000, b"\xff\xfe"),
    ]
)
answers = st.lists(pieces | st.binary(max_size=20), max_size=8).map(b"".join)
# What it does when it has said that: it ends somehow, hangs, listens on, or speaks without end.
ends = st.sampled_from(
    [
        *("exit 0", "exit 3", "exit 255", "kill -9 $$", "cat >/dev/null", "exec 1>&-; cat >/dev/null"),
        *("exec sleep 60", "exec 1>&- 2>&-; exec sleep 60", "exec yes", "exec yes >&2", "(sleep 60) & exit 0"),
    ]
)


class Scene:
    """A folder with the stand-in, first on the PATH."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = folder / "ssh"
        program.write_text(STAND_IN)
        program.chmod(0o755)

    def lay(self, answer: bytes, stderr: bytes, end: str) -> None:
        (self.folder / "answer").write_bytes(answer)
        (self.folder / "stderr").write_bytes(stderr)
        (self.folder / "end").write_text(f"{end}\n")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("stand-in")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        patch.setenv("SCENE", str(folder))
        yield Scene(folder)


def children() -> list[str]:
    """The processes that are ours."""
    me = str(os.getpid())
    found = []
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        try:
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue
        if fields[1].decode() == me:
            found.append(pid)
    return found


@given(answer=answers, stderr=st.binary(max_size=40), end=ends, size=st.sampled_from([0, 100, 1 << 20]))
@example(answer=BEGIN + b"right" + END, stderr=b"", end="exit 0", size=100)
@example(answer=b"", stderr=b"Permission denied (publickey).\n", end="exit 255", size=100)
def test_whatever_it_says_is_understood_or_named(
    scene: Scene, answer: bytes, stderr: bytes, end: str, size: int
) -> None:
    scene.lay(answer, stderr, end)
    before = children()
    child = SshChild(TARGET, timeout_seconds=TIMEOUT)
    begun = time.monotonic()
    told: Reply | NasFault | NoSshChild
    try:
        told = child.exec(":", timeout_seconds=TIMEOUT, stdin=[bytes(size)], action="try", path="/x")
    except (NasFault, NoSshChild) as error:
        told = error
    finally:
        child.close()
    assert time.monotonic() - begun < LONGEST
    if isinstance(told, Reply):
        assert BEGIN in answer
        assert 0 <= told.status <= 999
    else:
        assert str(told).isprintable()
        assert len(str(told)) < 1000
        assert told.code in NAMED if isinstance(told, NasFault) else not child.is_usable
    assert sorted(children()) == sorted(before)


def test_a_right_answer_in_the_midst_of_noise(scene: Scene) -> None:
    scene.lay(b"Welcome\n\x1b[31m" + BEGIN + b"right" + END + b"logout\n", b"a warning\n", "exit 0")
    child = SshChild(TARGET, timeout_seconds=5)
    assert child.exec(":", timeout_seconds=5) == Reply(0, b"right")
    child.close()


DRIP = "while printf .; do sleep 0.02; done"


@pytest.mark.parametrize("size", [0, 64 << 20])
def test_an_answer_that_comes_drop_by_drop_is_silence(scene: Scene, size: int) -> None:
    """Neither while it is sent to nor afterwards does a drop now and then keep it alive."""
    scene.lay(BEGIN, b"", DRIP)
    child = SshChild(TARGET, timeout_seconds=5)
    with pytest.raises(NasFault) as caught:
        child.exec(":", timeout_seconds=0.5, stdin=[bytes(size)])
    assert caught.value.code == "nas_silent"


def test_complaints_without_end_do_not_fill_the_memory() -> None:
    piped = Piped(["sh", "-c", "echo sorry >&2; yes >&2; echo $?"])
    told = eventually(lambda: _read(piped.stdout))
    assert told == b"1\n"  # there was no room for more
    exit_code, said = piped.end(5)
    assert (exit_code, len(said)) == (0, (1 << 20) - 1)  # without the last newline
    assert said.startswith("sorry\ny\ny\n")


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 100)
    except BlockingIOError:
        return b""
