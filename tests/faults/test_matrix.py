"""Each fault of the table, broken for the real check, named by it, mended, and forgotten."""

from __future__ import annotations

import contextlib
import re
import time

import pytest

from tests.faults import groups
from tests.faults.findings import Findings
from tests.faults.loopback import Loopback
from tests.faults.table import FAULTS, NO_VERDICT, Fault, On, fits
from tests.system.site import CHECK, Site, Told

assert groups, "the groups fill the table"


@pytest.fixture
def place(request: pytest.FixtureRequest, fault: Fault) -> Site | Loopback:
    """What a fault is played on."""
    found = request.getfixturevalue("booted_site" if fault.on is On.MACHINES else "loopback")
    assert isinstance(found, Site | Loopback)
    return found


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_the_check_names_it_and_forgets_it(place: Site | Loopback, findings: Findings, fault: Fault) -> None:
    with findings.about(fault) as found:
        with fault.breaks(place) as way:
            begun = time.monotonic()
            told = (way or place.check)()
            found.seconds = time.monotonic() - begun
            found.named = _named(told, fault)
            if fault.outcome == NO_VERDICT:
                _assert_complained(told, fault, place)
            elif fault.probe:
                _assert_named(told, fault, place)
            else:
                assert (told.exit_code, told.status["outcome"]) == (0, fault.outcome), told.status
            assert found.seconds < fault.seconds

        with _mended(place):
            after = place.check()
            assert (after.result, after.exit_code, after.status["outcome"]) == ("success", 0, "pass"), after
            assert after.status["outstanding"] == [], after.status
            found.litter = place.litter()
            assert found.litter == []
            assert _failed_units(place) == []


def _mended(place: Site | Loopback) -> contextlib.AbstractContextManager[None]:
    return place.mended() if isinstance(place, Loopback) else contextlib.nullcontext()


def _known(place: Site | Loopback) -> dict[str, str]:
    return place.known if isinstance(place, Loopback) else {}


def _failed_units(place: Site | Loopback) -> list[str]:
    return place.failed_units() if isinstance(place, Site) else []


def _assert_named(told: Told, fault: Fault, place: Site | Loopback) -> None:
    probe = told.probe(fault.probe)
    assert (probe["outcome"], probe["cause"]) == (fault.outcome, fault.cause), told.status
    assert fits(fault.says, probe["summary"], _known(place)), probe["summary"]
    assert fits(fault.remedy, probe["remedy"], _known(place)), probe["remedy"]
    assert (told.status["outcome"], told.exit_code) == (fault.outcome, fault.exit_code), told.status
    assert {name: told.outcomes[name] for name in fault.left_out} == dict.fromkeys(fault.left_out, "skipped")
    # What an operator sees first leads to it, with what mends it.
    assert told.status["summary"].startswith(f"{fault.probe}: {probe['summary']}"), told.status
    assert told.status_text.startswith(f"{fault.outcome.upper()} {fault.probe}: "), told.status_text
    if isinstance(place, Site):
        assert set(place.failed_units()) == {*fault.fails, *([CHECK] if fault.exit_code else [])}, told.status


def _assert_complained(told: Told, fault: Fault, place: Site | Loopback) -> None:
    assert told.exit_code == fault.exit_code, told
    code = f"[{fault.cause}] " if fault.cause else ""
    assert fits(f"{code}{fault.says} -- {fault.remedy}", told.status_text, _known(place)), told.status_text


def _named(told: Told, fault: Fault) -> str:
    """The cause that a run gave, in its verdict or in its complaint."""
    if fault.outcome == NO_VERDICT:
        complaint = re.match(r"\[(\w+)\] ", told.status_text)
        return complaint[1] if complaint else NO_VERDICT
    root = next((p for p in told.status["probes"] if p["outcome"] == told.status["outcome"] and p["cause"]), None)
    return str(root["cause"] if root else told.status["outcome"])
