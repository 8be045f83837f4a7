"""What the findings of a run amount to. Pure values, no input or output."""

from __future__ import annotations

from collections.abc import Sequence

from celestial_nasops.language import say
from healthcheck.outcome import ExitCode, Outcome, ProbeResult, Verdict
from healthcheck.root_cause import Consequence, Trouble, troubles

_EXIT_CODES = {Outcome.FAIL: ExitCode.FAILED, Outcome.ERROR: ExitCode.NOT_MEASURED}


def verdict(results: Sequence[ProbeResult]) -> Verdict:
    """Sum up a run: the gravest trouble with its consequences first, and behind it what else needs mending."""
    found = troubles(results)
    if found:
        lead = found[0]
        named = [lead, *(t for t in found[1:] if t.outcome in (Outcome.FAIL, Outcome.ERROR, lead.outcome))]
        summary = say("; also ").join(map(_told, named))
        return Verdict(lead.outcome, _EXIT_CODES.get(lead.outcome, ExitCode.GOOD), summary, lead.root)

    tried = [result for result in results if result.finding.outcome is not Outcome.SKIPPED]
    if not tried:
        return Verdict(Outcome.ERROR, ExitCode.NOT_MEASURED, say("no probe was tried"))
    speaks = tried[-1]
    deferred = [r for r in tried if r.finding.outcome is Outcome.DEFERRED]
    left_out = [r.name for r in results if r.finding.outcome is Outcome.SKIPPED]
    if deferred:
        first = deferred[0]
        summary = say("all good so far; {probe}: {summary}", probe=first.name, summary=first.finding.summary)
        return Verdict(Outcome.DEFERRED, ExitCode.GOOD, summary, None)
    if left_out:
        names = ", ".join(left_out)
        summary = say("all good up to {probe}; not tried: {probes}", probe=speaks.name, probes=names)
        return Verdict(Outcome.PASS, ExitCode.GOOD, summary)
    return Verdict(Outcome.PASS, ExitCode.GOOD, say("every step from the daemon to the deletion is proven"))


def _told(trouble: Trouble) -> str:
    root = trouble.root
    text = say("{probe}: {summary}", probe=root.name, summary=root.finding.summary)
    return text + "".join(map(_consequence, trouble.consequences))


def _consequence(one: Consequence) -> str:
    name, finding = one.result.name, one.result.finding
    if not one.is_the_same:
        return say("; as its consequence {probe}: {summary}", probe=name, summary=finding.summary)
    match finding.outcome:
        case Outcome.FAIL:
            return say("; as its consequence {probe} failed", probe=name)
        case Outcome.ERROR:
            return say("; as its consequence {probe} could not be measured", probe=name)
        case _:
            return say("; as its consequence {probe} warns", probe=name)
