"""What a probe can find, and what the findings of a run amount to. Pure values, no input or output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

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
    """The exit codes of smoke-check. Where sysexits.h has a name for the case, its number is used."""

    GOOD = 0
    FAILED = 1
    NOT_MEASURED = 2
    USAGE = 64
    INTERNAL = 70
    CANNOT_WRITE_STATUS = 73
    ALREADY_RUNNING = 75
    BAD_CONFIG = 78


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


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """A finding with its probe and its time. ``started_at`` is Unix seconds."""

    name: str
    started_at: float
    duration_seconds: float
    finding: Finding


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a run amounts to. ``root`` is the probe that its summary leads to."""

    outcome: Outcome
    exit_code: ExitCode
    summary: str
    root: ProbeResult | None = None


# From the gravest down. A skipped probe weighs nothing of its own: what it was skipped for does.
_GRAVITY = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN, Outcome.DEFERRED, Outcome.PASS)
_EXIT_CODES = {Outcome.FAIL: ExitCode.FAILED, Outcome.ERROR: ExitCode.NOT_MEASURED}


def gravest(findings: Sequence[Finding]) -> Finding:
    """The finding that speaks for several of one kind; the first of them where they weigh the same.

    Raises:
        ValueError: there are none, and nothing is never good.
    """
    if not findings:
        raise ValueError("no findings")
    return min(findings, key=lambda f: _GRAVITY.index(f.outcome) if f.outcome in _GRAVITY else len(_GRAVITY))


def verdict(results: Sequence[ProbeResult]) -> Verdict:
    """Sum up a run. The first probe with the gravest outcome is the root; what else is broken is named behind it."""
    for outcome in _GRAVITY[:3]:
        hit = [result for result in results if result.finding.outcome is outcome]
        if not hit:
            continue
        root = hit[0]
        others = [r for r in results if r is not root and _is_another_trouble(r.finding, root.finding)]
        summary = f"{root.name}: {root.finding.summary}"
        if others:
            summary += "; also " + "; also ".join(f"{r.name}: {r.finding.summary}" for r in others)
        return Verdict(outcome, _EXIT_CODES.get(outcome, ExitCode.GOOD), summary, root)

    tried = [result for result in results if result.finding.outcome is not Outcome.SKIPPED]
    if not tried:
        return Verdict(Outcome.ERROR, ExitCode.NOT_MEASURED, "no probe was tried")
    speaks = tried[-1]
    deferred = [r for r in tried if r.finding.outcome is Outcome.DEFERRED]
    left_out = [r.name for r in results if r.finding.outcome is Outcome.SKIPPED]
    if deferred:
        return Verdict(
            Outcome.DEFERRED, ExitCode.GOOD, f"all good so far; {deferred[0].name}: {deferred[0].finding.summary}", None
        )
    if left_out:
        return Verdict(Outcome.PASS, ExitCode.GOOD, f"all good up to {speaks.name}; not tried: {', '.join(left_out)}")
    return Verdict(Outcome.PASS, ExitCode.GOOD, "every step from the daemon to the deletion is proven")


def _is_another_trouble(finding: Finding, root: Finding) -> bool:
    """Whether a finding needs mending of its own, besides the root."""
    if finding.outcome not in (Outcome.FAIL, Outcome.ERROR, root.outcome):
        return False
    return finding.cause != root.cause
