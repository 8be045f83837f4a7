"""What a probe can find, and what a run can come to. Pure values, no input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from celestial_nasops.fault import Cause, Fault, shown


class Outcome(StrEnum):
    """What a probe, and a run, can come to. Only ``pass`` is green without a remark."""

    PASS = "pass"  # noqa: S105 - no password
    WARN = "warn"
    FAIL = "fail"
    ERROR = "error"  # could not be measured, which is neither good nor bad
    SKIPPED = "skipped"  # was not tried, because of something that the summary names
    DEFERRED = "deferred"  # can be judged by a later run only, and is owed until then


class ExitCode(IntEnum):
    """The exit codes of smoke-check. Where sysexits.h has a name for the case, its number is used.

    To be stopped is an answer of its own, which the unit counts as no failure: who stops a run needs no alert.
    """

    GOOD = 0
    FAILED = 1
    NOT_MEASURED = 2
    USAGE = 64
    INTERNAL = 70
    CANNOT_WRITE_STATUS = 73
    ALREADY_RUNNING = 75
    BAD_CONFIG = 78
    STOPPED = 143  # 128 + SIGTERM, as a shell counts it


@dataclass(frozen=True, slots=True)
class Finding:
    """What a probe found: an outcome, a sentence, and where something is wrong its cause and what mends it."""

    outcome: Outcome
    summary: str
    cause: str | None = None
    remedy: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def good(cls, summary: str, **details: Any) -> Finding:
        """A pass."""
        return cls(Outcome.PASS, shown(summary), details=details)

    @classmethod
    def skipped(cls, summary: str, **details: Any) -> Finding:
        """Not tried; the summary says because of what."""
        return cls(Outcome.SKIPPED, summary, details=details)

    @classmethod
    def of_fault(cls, fault: Fault, outcome: Outcome = Outcome.FAIL, **details: Any) -> Finding:
        """A fault that was met, with its values among the details."""
        return cls(outcome, fault.summary, fault.code, fault.remedy, {**fault.values, **details})

    @classmethod
    def of_cause(cls, cause: Cause, outcome: Outcome = Outcome.FAIL, **values: Any) -> Finding:
        """A cause of the catalogue with the values of the case at hand."""
        return cls.of_fault(Fault(cause, **values), outcome)


class ProbeResult(NamedTuple):
    """A finding with its probe and its time. ``started_at`` is Unix seconds."""

    name: str
    started_at: float
    duration_seconds: float
    finding: Finding


class Verdict(NamedTuple):
    """What a run amounts to. ``root`` is the probe that its summary leads to."""

    outcome: Outcome
    exit_code: ExitCode
    summary: str
    root: ProbeResult | None = None


# From the gravest down. A skipped probe weighs nothing of its own: what it was skipped for does.
_GRAVITY = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.DEFERRED, Outcome.PASS)


def gravest(findings: Sequence[Finding]) -> Finding:
    """The finding that speaks for several of one kind; the first of them where they weigh the same.

    Raises:
        ValueError: there are none, and nothing is never good.
    """
    if not findings:
        raise ValueError("no findings")
    return min(findings, key=lambda f: _GRAVITY.index(f.outcome) if f.outcome in _GRAVITY else len(_GRAVITY))
