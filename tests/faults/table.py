"""The table of faults: what is broken, and what the check has to say of it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.system.site import Site

Breaks = Callable[[Site], Iterator[None]]
EXIT_CODES = {"fail": 1, "error": 2, "warn": 0, "pass": 0, "deferred": 0}
# From the start of the unit to its end: a probe's own deadline is 5 s at a site in a hurry, and 5 more are promised.
_SECONDS = 10.0
# Nothing is put into a way that won't carry it: what one of these finds keeps the others from being tried.
_BEFORE, _AFTER = ("daemon_status", "ping", "database"), ("file_insert", "remote_verify", "local_delete")


@dataclass(frozen=True, slots=True)
class Fault:
    """One row.

    Attributes:
        group: the file it stands in.
        name: of its function.
        what: what is broken, in a few words.
        breaks: breaks it while the block lasts, and mends it.
        probe: the one that has to name it; empty where all must be well.
        cause: the code it has to give.
        says: its whole sentence; ``{word}`` stands for a value that differs from run to run.
        remedy: the whole remedy, likewise.
        outcome: of the probe, and of the run.
        seconds: how long the run may take.
        fails: the units that systemd counts as failed besides the check's own.
    """

    group: str
    name: str
    what: str
    breaks: Callable[[Site], contextlib.AbstractContextManager[None]]
    probe: str
    cause: str | None
    says: str
    remedy: str
    outcome: str
    seconds: float
    fails: tuple[str, ...] = ()

    @property
    def left_out(self) -> tuple[str, ...]:
        """The probes that must not be tried any more."""
        return _AFTER if self.probe in _BEFORE and self.outcome == "fail" else ()

    @property
    def exit_code(self) -> int:
        """Of the run."""
        return EXIT_CODES[self.outcome]

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
    seconds: float = _SECONDS,
    fails: tuple[str, ...] = (),
) -> Callable[[Breaks], Breaks]:
    """Put a fault into the table. The function breaks something, yields, and mends it; its docstring is its title."""
    return _row(probe, cause, says, remedy, outcome, seconds, fails)


def no_alarm(*, seconds: float = _SECONDS) -> Callable[[Breaks], Breaks]:
    """Put something into the table that looks like a fault and must raise no alarm."""
    return _row("", None, "", "", "pass", seconds)


def _row(
    probe: str,
    cause: str | None,
    says: str,
    remedy: str,
    outcome: str,
    seconds: float,
    fails: tuple[str, ...] = (),
) -> Callable[[Breaks], Breaks]:
    def register(function: Breaks) -> Breaks:
        # A group in several files is named by each: GROUP.
        group, name = function.__globals__.get("GROUP", function.__module__.rpartition(".")[2]), function.__name__
        what = (function.__doc__ or "").strip().rstrip(".")
        breaks = contextlib.contextmanager(function)
        FAULTS.append(Fault(group, name, what, breaks, probe, cause, says, remedy, outcome, seconds, fails))
        return function

    return register


def fits(template: str, text: str | None) -> bool:
    """Whether a text is what the table says."""
    parts = re.split(r"\{\w+\}", template)
    return re.fullmatch("(.+?)".join(map(re.escape, parts)), text or "", re.DOTALL) is not None
