"""What a login on the NAS can do: found out once per connection, recorded, and reported when it changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from celestial_nasops.nas.verification import VerificationLevel

_SHOWN_CHARACTERS = 80

# Run before a connection's first command, in the same round trip. Two or three child processes; all else is done by the
# shell. There are BusyBoxes without stat -c, and old ones without ln -T; the folder / is linked nowhere by that.
# GNU's stat answers with its version, BusyBox's with a complaint that names its own.
SHELL_FACTS = (
    "for tool in cat dd ln mkdir rm rmdir sha256sum sync truncate; do "
    'command -v "$tool" > /dev/null 2>&1 || echo "missing $tool"; done; '
    'case $(ln -T / / 2>&1) in *option*) echo "missing ln -T" ;; esac; said=$(stat --version 2>&1); echo "$said"; '
    'case $said in *"(GNU coreutils)"*) ;; *) stat -c %f / > /dev/null 2>&1 || echo "missing stat -c" ;; esac'
)
_INPUT = "input"
_EATEN = "what is sent to a command there does not all reach it, as where a profile asks something"
_MISSING = re.compile("missing ([a-z0-9]{1,20}(?: -[a-zA-Z])?)")
# Without them an upload that was cut off is begun anew, and empty folders stay.
_DISPENSABLE = frozenset({"dd", "rmdir", "truncate"})


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
        missing = tuple(match[1] for match in map(_MISSING.fullmatch, lines) if match is not None)
        for line in lines:
            if "(GNU coreutils)" in line:
                return cls(f"GNU coreutils {line.split()[-1]}"[:_SHOWN_CHARACTERS], missing)
            if line.startswith("BusyBox "):
                return cls(" ".join(line.split()[:2])[:_SHOWN_CHARACTERS], missing)
        return cls("other tools", missing)

    @property
    def can_carry(self) -> bool:
        """Whether files can be sent and proven with what there is, if not as well as with all of it."""
        return _DISPENSABLE.issuperset(self.missing)

    @property
    def lacks_input(self) -> bool:
        """Whether something at the login reads what is meant for a command."""
        return _INPUT in self.missing

    def in_words(self, lacks: str) -> str:
        """Why it won't do; ``lacks`` says that ``{tools}`` are missing."""
        return _EATEN if self.lacks_input else lacks.format(tools=", ".join(self.missing))


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
