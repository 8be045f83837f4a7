"""What systemd tells of units, systemctl(1)."""

from __future__ import annotations

from collections.abc import Sequence

from celestial_nasops import process


def ask(*words: str, timeout_seconds: float, users: bool = False) -> str:
    """What ``systemctl`` prints; with ``users`` the user's own manager answers.

    Raises:
        ProcessFault: systemd can't be asked, or does not answer in time.
    """
    argv = ["systemctl", *(["--user"] if users else []), *words]
    return process.run(argv, timeout_seconds=timeout_seconds).stdout


def show(
    units: Sequence[str], *properties: str, timeout_seconds: float, users: bool = False
) -> dict[str, dict[str, str]]:
    """The properties of each unit by its name, all of them where none is named; times as ``@1737540000``, Unix seconds.

    Raises:
        ProcessFault: systemd can't be asked, or does not answer in time.
    """
    wanted = [f"--property={name}" for name in properties]
    printed = ask("show", "--timestamp=unix", *wanted, "--", *units, timeout_seconds=timeout_seconds, users=users)
    # In the order in which they were asked for: an alias answers with the name of the unit behind it.
    return dict(zip(units, map(pairs, printed.split("\n\n")), strict=False))


def pairs(printed: str) -> dict[str, str]:
    """The lines ``NAME=value`` of what systemctl prints."""
    return dict(line.split("=", 1) for line in printed.splitlines() if "=" in line)
