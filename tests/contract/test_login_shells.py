"""A command comes through whatever login shell the account has, with every argument byte by byte."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest

from celestial_nasops.nas.shell import Framed
from tests.mounts import cannot

ARGUMENTS = (
    *(b"plain", b"", b" ", b"it's", b'"', b"$HOME `id` *", b"-n", b"\xff\xfe", b"\t\r\x01\x7f", b"%s", b"\xe4\xb8\xad"),
    *(b"!", b"a!b!!", b"\n", b"a\nb\n\n", b"\\", b"\\'", b"ends\\", b"\\\\n\\0041", b"\\0", b"'\\''\n!"),
)
SHELLS = ("sh", "bash", "busybox sh", "tcsh", "fish")


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("count", [1, len(ARGUMENTS)])
def test_each_argument_arrives_as_it_is(shell: str, count: int) -> None:
    program = shell.split()[0]
    if shutil.which(program) is None:
        cannot(f"needs the shell {program}: sudo apt-get install {program}")
    for start in range(0, len(ARGUMENTS), count):
        arguments = ARGUMENTS[start : start + count]
        framed = Framed('for word; do printf "%s\\0" "$word"; done', arguments)
        answer = subprocess.run([*shlex.split(shell), "-c", framed.command], capture_output=True, timeout=30)
        reply = framed.reply(answer.stdout)
        assert reply is not None, answer
        assert reply.output.split(b"\0")[:-1] == list(arguments)


def test_nothing_in_a_command_means_more_to_csh_or_fish_between_quotes() -> None:
    """Said here as well, for not every machine that runs this has these two shells."""
    for argument in ARGUMENTS:
        command = Framed(":", [argument]).command
        assert b"\n" not in command
        assert b"!" not in command
        assert b"\\'" not in command
        assert b"\\\\" not in command
