"""Each fault of the table, broken on a booted pair of machines, named by the real check, and mended."""

from __future__ import annotations

import time

import pytest

from tests.faults import groups
from tests.faults.findings import Findings
from tests.faults.table import FAULTS, Fault, fits
from tests.system.site import CHECK, Site, Told

assert groups, "the groups fill the table"


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_check_names_it_and_forgets_it(site: Site, findings: Findings, fault: Fault) -> None:
    with findings.about(fault) as found:
        with fault.breaks(site):
            begun = time.monotonic()
            told = site.check()
            found.seconds = time.monotonic() - begun
            root = _root(told)
            found.named = root["cause"] if root else told.status["outcome"]
            if fault.probe:
                _assert_named(told, fault)
                failed = {*fault.fails, CHECK} if fault.exit_code else set(fault.fails)
                assert set(site.failed_units()) == failed, told.status
            else:
                assert (told.exit_code, told.status["outcome"]) == (0, "pass"), told.status
            assert found.seconds < fault.seconds

        after = site.check()
        assert (after.result, after.exit_code, after.status["outcome"]) == ("success", 0, "pass"), after.status
        assert after.status["outstanding"] == [], after.status
        found.litter = site.litter()
        assert found.litter == []
        assert site.failed_units() == []


def _assert_named(told: Told, fault: Fault) -> None:
    probe = told.probe(fault.probe)
    assert (probe["outcome"], probe["cause"]) == (fault.outcome, fault.cause), told.status
    assert fits(fault.says, probe["summary"]), probe["summary"]
    assert fits(fault.remedy, probe["remedy"]), probe["remedy"]
    assert (told.status["outcome"], told.exit_code) == (fault.outcome, fault.exit_code), told.status
    assert {name: told.outcomes[name] for name in fault.left_out} == dict.fromkeys(fault.left_out, "skipped")
    # What an operator sees first leads to it, with what mends it.
    assert told.status["summary"].startswith(f"{fault.probe}: {probe['summary']}"), told.status
    assert told.status_text.startswith(f"{fault.outcome.upper()} {fault.probe}: "), told.status_text


def _root(told: Told) -> dict[str, str] | None:
    gravest = [probe for probe in told.status["probes"] if probe["outcome"] == told.status["outcome"]]
    return gravest[0] if gravest and gravest[0]["cause"] else None
