"""What a login on the NAS can do: found out once per connection, recorded, and reported when it changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from celestial_nasops.nas.verification import VerificationLevel

_SHOWN_CHARACTERS = 80

# Run before a connection's first command, in the same round trip. One child process; all else is done by the shell.
# GNU's stat answers with its version, BusyBox's with a complaint that names its own.
SHELL_FACTS = (
    "for tool in cat dd ln mkdir rm rmdir sha256sum stat sync truncate; do "
    'command -v "$tool" > /dev/null 2>&1 || echo "missing $tool"; done; stat --version 2>&1'
)


class Way(StrEnum):
    """How files on the NAS are handled."""

    SHELL = "shell"
    SFTP = "sftp"


class ShellFacts(NamedTuple):
    """What a shell has: the kind of its tools, and which of those that are needed it lacks."""

    tools: str
    missing: tuple[str, ...]

    @classmethod
    def read(cls, said: bytes) -> ShellFacts:
        """Understand what ``SHELL_FACTS`` said; what can't be understood is of a kind of its own."""
        lines = said.decode("utf-8", "replace").splitlines()
        missing = tuple(line.removeprefix("missing ") for line in lines if re.fullmatch("missing [a-z0-9]{1,20}", line))
        for line in lines:
            if "(GNU coreutils)" in line:
                return cls(f"GNU coreutils {line.split()[-1]}"[:_SHOWN_CHARACTERS], missing)
            if line.startswith("BusyBox "):
                return cls(" ".join(line.split()[:2])[:_SHOWN_CHARACTERS], missing)
        return cls("other tools", missing)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a login can do, and what follows from it.

    Attributes:
        way: how files are handled.
        tools: what does it there: the kind of the shell's tools, or the SSH server's own name.
        verification: what a verification proves.
        hard_links: whether files are published by a hard link; otherwise by a rename that refuses a name that is taken.
        flush: whether the NAS can be told to write a file to its disk.
        free_space: whether it tells how much space is left.
        hidden_prefix: what of the configured paths this login doesn't see: ``/volume1`` where a shell sees
            ``/volume1/homes/x`` and SFTP sees ``/homes/x``. Empty where both see the same.
        no_shell: what the login said instead of giving a shell; empty where it gives one, or where none was asked for.
            It says why, and doesn't make two logins differ.
    """

    way: Way
    tools: str
    verification: VerificationLevel
    hard_links: bool
    flush: bool
    free_space: bool
    hidden_prefix: str = ""
    no_shell: str = field(default="", compare=False)

    def __str__(self) -> str:
        what = "a shell" if self.way is Way.SHELL else "SFTP"
        proof = {
            VerificationLevel.HASH: "copies are hashed there",
            VerificationLevel.READ_BACK: "copies are read back",
            VerificationLevel.SIZE: "copies are compared by size only",
        }[self.verification]
        # Which of its folders lie on a file system without links shows only as files come there.
        links = "hard link, by rename where there are none"
        parts = [proof, f"published by {links if self.hard_links else 'rename'}"]
        if not self.flush:
            parts.append("it can't be told to flush a file to its disk")
        if not self.free_space:
            parts.append("it doesn't tell its free space")
        if self.hidden_prefix:
            parts.append(f"paths are seen without {self.hidden_prefix}")
        if self.no_shell:
            parts.append(f"no shell: {self.no_shell}")
        return f"{what} ({self.tools}); {', '.join(parts)}"


def of_shell(facts: ShellFacts) -> Capabilities:
    """What a shell with these tools can do."""
    return Capabilities(
        way=Way.SHELL,
        tools=facts.tools,
        verification=VerificationLevel.HASH,
        hard_links=True,
        flush="sync" not in facts.missing,
        free_space=True,
    )
