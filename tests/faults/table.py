"""The table of faults: what is broken, and what the check has to say of it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tests.system.site import Told

Way = Callable[[], Told]
"""How the check is run, where a row needs it done otherwise than by ``check()``."""
Breaks = Callable[[Any], Iterator[Way | None]]
EXIT_CODES = {"fail": 1, "error": 2, "warn": 0, "pass": 0, "deferred": 0}
NO_VERDICT = "no verdict"
# From the start of the unit to its end: a probe's own deadline is 5 s at a site in a hurry, and 5 more are promised.
_SECONDS = 10.0
# Nothing is put into a way that won't carry it: what one of these finds keeps the others from being tried.
_BEFORE, _AFTER = ("daemon_status", "ping", "database"), ("file_insert", "remote_verify", "local_delete")


class On(StrEnum):
    """What a row is played on."""

    MACHINES = "a booted edge server and a booted NAS"
    LOOPBACK = "processes of this machine: a daemon, sshd on loopback, the check"


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    Attributes:
        group: the file it stands in.
        name: of its function.
        what: what is broken, in a few words.
        on: a ``Site`` or a ``Loopback``, which the function is given.
        breaks: breaks it while the block lasts, and mends it; may give a way to run the check.
        probe: the one that has to name it; empty where all must be well, or where there is no verdict.
        cause: the code it has to give.
        says: its whole sentence; ``{word}`` stands for a value of the place, or for one that differs from run to run.
        remedy: the whole remedy, likewise.
        outcome: of the probe, and of the run.
        exit_code: of the run.
        seconds: how long the run may take.
        fails: the units that systemd counts as failed besides the check's own.
    """

    group: str
    name: str
    what: str
    on: On
    breaks: Callable[[Any], contextlib.AbstractContextManager[Way | None]]
    probe: str
    cause: str | None
    says: str
    remedy: str
    outcome: str
    exit_code: int
    seconds: float
    fails: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The probes that must not be tried any more."""
        return _AFTER if self.probe in _BEFORE and self.outcome == "fail" else ()

    def __str__(self) -> str:
        return f"{self.group}-{self.name}"


FAULTS: list[Fault] = []


def fault(
    *,
    probe: str,
    cause: str,
    says: str,
    remedy: str,
    outcome: str = "fail",
    exit_code: int | None = None,
    seconds: float = _SECONDS,
    fails: tuple[str, ...] = (),
    on: On = On.MACHINES,
) -> Callable[[Breaks], Breaks]:
    """Put a fault into the table. The function breaks something, yields, and mends it; its docstring is its title."""
    code = EXIT_CODES[outcome] if exit_code is None else exit_code
    return _row(on, probe, cause, says, remedy, outcome, code, seconds, fails)


def no_verdict(
    *, cause: str | None, says: str, remedy: str, exit_code: int, seconds: float = _SECONDS, on: On = On.MACHINES
) -> Callable[[Breaks], Breaks]:
    """Put something into the table that keeps a run from its verdict, so that its complaint has to name it."""
    return _row(on, "", cause, says, remedy, NO_VERDICT, exit_code, seconds)


def no_alarm(*, outcome: str = "pass", seconds: float = _SECONDS, on: On = On.MACHINES) -> Callable[[Breaks], Breaks]:
    """Put something into the table that looks like a fault and must raise no alarm."""
    return _row(on, "", None, "", "", outcome, 0, seconds)


def _row(
    on: On,
    probe: str,
    cause: str | None,
    says: str,
    remedy: str,
    outcome: str,
    exit_code: int,
    seconds: float,
    fails: tuple[str, ...] = (),
) -> Callable[[Breaks], Breaks]:
    def register(function: Breaks) -> Breaks:
        # A group in several files is named by each: GROUP.
        group, name = function.__globals__.get("GROUP", function.__module__.rpartition(".")[2]), function.__name__
        what = (function.__doc__ or "").strip().rstrip(".")
        breaks = contextlib.contextmanager(function)
        FAULTS.append(
            Fault(group, name, what, on, breaks, probe, cause, says, remedy, outcome, exit_code, seconds, fails)
        )
        return function

    return register


def fits(template: str, text: str | None, known: Mapping[str, str]) -> bool:
    """Whether a text is what the table says; ``known`` holds what some of its words stand for."""
    parts = re.split(r"\{(\w+)\}", template)
    for number, part in enumerate(parts):
        is_word = number % 2
        parts[number] = "(.+?)" if is_word and part not in known else re.escape(known[part] if is_word else part)
    return re.fullmatch("".join(parts), text or "", re.DOTALL) is not None
