"""What findings amount to: one root, everything else named behind it, and nothing green that was not measured."""

from __future__ import annotations

import pytest

from celestial_nasops.fault import Cause, Fault
from healthcheck.outcome import ExitCode, Finding, Outcome, ProbeResult, gravest
from healthcheck.verdict import verdict

BROKEN = Cause("broken", "the {thing} is broken", "mend the {thing}")
NAMES = ("daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete")


def results(**outcomes: Finding) -> list[ProbeResult]:
    return [ProbeResult(name, 0.0, 0.0, outcomes.get(name, Finding.good("fine"))) for name in NAMES]


def fail(thing: str) -> Finding:
    return Finding.of_cause(Cause(f"{thing}_broken", "the {thing} is broken", "mend it"), thing=thing)


def test_all_passed() -> None:
    found = verdict(results())
    assert (found.outcome, found.exit_code) == (Outcome.PASS, ExitCode.GOOD)
    assert found.summary == "every step from the daemon to the deletion is proven"


def test_a_failure_is_the_root_and_what_it_blocked_is_not_named() -> None:
    skipped = Finding.skipped("because of database")
    found = verdict(results(database=fail("database"), file_insert=skipped, remote_verify=skipped))
    assert (found.outcome, found.exit_code) == (Outcome.FAIL, ExitCode.FAILED)
    assert found.summary == "database: the database is broken"
    assert found.root is not None
    assert found.root.name == "database"


def test_two_unrelated_failures_are_both_named() -> None:
    found = verdict(results(ping=fail("link"), database=fail("disk")))
    assert found.summary == "ping: the link is broken; also database: the disk is broken"


def test_the_same_cause_twice_is_named_once() -> None:
    found = verdict(results(remote_verify=fail("link"), local_delete=fail("link")))
    assert found.summary == "remote_verify: the link is broken; as its consequence local_delete failed"


def test_a_failure_outweighs_what_could_not_be_measured() -> None:
    unknown = Finding.of_cause(BROKEN, Outcome.ERROR, thing="bus")
    found = verdict(results(daemon_status=unknown, ping=fail("link")))
    assert (found.outcome, found.exit_code) == (Outcome.FAIL, ExitCode.FAILED)
    assert found.summary == "ping: the link is broken; also daemon_status: the bus is broken"


def test_not_measured_is_never_good() -> None:
    found = verdict(results(daemon_status=Finding.of_cause(BROKEN, Outcome.ERROR, thing="bus")))
    assert (found.outcome, found.exit_code) == (Outcome.ERROR, ExitCode.NOT_MEASURED)


def test_a_warning_leads_the_summary_and_exits_with_0() -> None:
    found = verdict(results(database=Finding.of_cause(BROKEN, Outcome.WARN, thing="backlog")))
    assert (found.outcome, found.exit_code) == (Outcome.WARN, ExitCode.GOOD)
    assert found.summary == "database: the backlog is broken"


def test_a_deferred_deletion_is_told() -> None:
    found = verdict(results(local_delete=Finding(Outcome.DEFERRED, "falls due later")))
    assert (found.outcome, found.exit_code) == (Outcome.DEFERRED, ExitCode.GOOD)
    assert found.summary == "all good so far; local_delete: falls due later"


def test_what_was_left_out_is_told() -> None:
    left_out = Finding.skipped("--no-insert: no file is sent")
    found = verdict(results(file_insert=left_out, remote_verify=left_out, local_delete=left_out))
    assert found.summary == "all good up to database; not tried: file_insert, remote_verify, local_delete"


def test_no_probe_at_all_is_never_good() -> None:
    assert verdict([]).exit_code is ExitCode.NOT_MEASURED
    assert verdict([ProbeResult("ping", 0.0, 0.0, Finding.skipped("ended"))]).exit_code is ExitCode.NOT_MEASURED
    with pytest.raises(ValueError, match="no findings"):
        gravest([])


def test_a_fault_becomes_a_finding_with_its_values() -> None:
    finding = Finding.of_fault(Fault(BROKEN, thing="lens"), since=3)
    assert (finding.summary, finding.cause, finding.remedy) == ("the lens is broken", "broken", "mend the lens")
    assert finding.details == {"thing": "lens", "since": 3}
