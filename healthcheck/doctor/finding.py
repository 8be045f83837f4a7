"""What a look of the doctor can find. Pure values, no input or output."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from celestial_nasops.fault import Cause, Fault
from celestial_nasops.language import say
from healthcheck.outcome import ExitCode


class State(StrEnum):
    """What a look came to. Only ``ok`` is green."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    UNKNOWN = "unknown"  # could not be looked at, which is neither good nor bad
    SKIPPED = "skipped"  # there is nothing to look at here, or it waits for what the summary names


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor.

    Attributes:
        name: of the look, stable. A look that finds several things has several findings of its name.
        state: what it came to.
        summary: one sentence.
        remedy: what mends it; what is fine has none, or good advice.
        cause: the code of the catalogue, where something is wrong.
    """

    name: str
    state: State
    summary: str
    remedy: str | None = None
    cause: str | None = None

    @classmethod
    def ok(cls, name: str, summary: str, remedy: str | None = None) -> Finding:
        """All is well."""
        return cls(name, State.OK, summary, remedy)

    @classmethod
    def of_fault(cls, name: str, fault: Fault, state: State = State.FAIL) -> Finding:
        """A fault that was met."""
        return cls(name, state, fault.summary, fault.remedy, fault.code)

    @classmethod
    def of_cause(cls, name: str, cause: Cause, state: State = State.FAIL, **values: object) -> Finding:
        """A cause of the catalogue with the values of the case at hand."""
        return cls.of_fault(name, Fault(cause, **values), state)

    @classmethod
    def left_out(cls, name: str, summary: str) -> Finding:
        """Not looked at, for a reason that is told elsewhere or is none to worry about."""
        return cls(name, State.SKIPPED, summary)

    @classmethod
    def blind(cls, name: str, reason: str, remedy: str | None = None, cause: str | None = None) -> Finding:
        """The look was not possible."""
        return cls(name, State.UNKNOWN, say("could not look: {reason}", reason=reason), remedy, cause)


def exit_code(findings: Iterable[Finding]) -> ExitCode:
    """As for a run: a failure weighs more than what could not be looked at, and a warning is good."""
    states = {finding.state for finding in findings}
    if not states or State.FAIL in states:
        return ExitCode.FAILED
    return ExitCode.NOT_MEASURED if State.UNKNOWN in states else ExitCode.GOOD
