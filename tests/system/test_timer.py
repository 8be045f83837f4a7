"""The timer: first run after boot, the next one after the end of the last, never two at once; deletions in between."""

from __future__ import annotations

from typing import Any

from tests.system.site import CHECK, DAEMON, Site

TIMER = "smoke-check.timer"
ENDS = {"CODE_FUNCTION": "unit_log_success"}


def runs(site: Site) -> list[tuple[float, float]]:
    """Begin and end of each finished run of this boot, on the machine's clock (seconds), as systemd logs them."""
    found: list[tuple[float, float]] = []
    for run in by_invocation(site).values():
        times = [int(record["__MONOTONIC_TIMESTAMP"]) / 1e6 for record in run]
        if any("SMOKE_CHECK_PROBE" not in record and "verdict: " in str(record["MESSAGE"]) for record in run):
            found.append((min(times), max(times)))
    return sorted(found)


def by_invocation(site: Site) -> dict[str, list[dict[str, Any]]]:
    """The records of the check's runs, by the unit's invocation."""
    found: dict[str, list[dict[str, Any]]] = {}
    for record in site.edge.records("--boot", f"_SYSTEMD_UNIT={CHECK}"):
        found.setdefault(record["_SYSTEMD_INVOCATION_ID"], []).append(record)
    return found


def wait_for_runs(site: Site, count: int) -> list[tuple[float, float]]:
    site.edge.wait_for_journal(lambda: len(runs(site)) >= count, f"_SYSTEMD_UNIT={CHECK}", seconds=90)
    return runs(site)


def quick_timer(site: Site, *, seconds: float, **settings: dict[str, Any]) -> None:
    """Install with a timer that runs often, and boot anew."""
    pace = {"first_run_minutes": 0.05, "interval_minutes": seconds / 60, "random_delay_seconds": 0}
    site.apply({"check_settings": pace, **settings})
    site.edge.stop()
    site.edge.boot()


def test_it_runs_after_boot_and_then_after_the_end_of_each_run(site: Site) -> None:
    quick_timer(site, seconds=4)
    first, second, third = wait_for_runs(site, 3)[:3]
    started = float(site.edge.unit(TIMER)["ActiveEnterTimestampMonotonic"]) / 1e6
    assert first[0] - started < 10
    for earlier, later in ((first, second), (second, third)):
        assert later[0] - earlier[1] > 3.5  # from the end of one to the start of the next, not from start to start
    assert site.failed_units() == []


def test_a_start_by_hand_during_a_run_joins_it(site: Site) -> None:
    site.apply({"sync_settings": {"safe_delete_delay_minutes": 0.1}})
    site.begin_check()
    under_way = site.edge.unit(CHECK)["InvocationID"]
    before = len(by_invocation(site).keys() - {under_way})
    site.edge.run("systemctl", "start", CHECK)  # returns with the end of the run
    assert site.edge.unit(CHECK)["ActiveState"] == "inactive"
    assert site.told().invocation in (under_way, "")
    assert site.told().status["outcome"] == "pass"
    assert len(by_invocation(site)) == before + 1


def test_a_drop_in_sets_another_pace(site: Site) -> None:
    site.edge.write(
        f"/etc/systemd/system/{TIMER}.d/override.conf",
        "[Timer]\nOnBootSec=\nOnUnitInactiveSec=\nOnBootSec=1s\nOnUnitInactiveSec=3s\nRandomizedDelaySec=0\n",
    )
    site.edge.stop()
    site.edge.boot()
    first, second = wait_for_runs(site, 2)[:2]
    assert 2.5 < second[0] - first[1] < 20


def test_a_deletion_that_falls_due_between_two_runs_is_deferred_then_settled(site: Site) -> None:
    delay = {"safe_delete_delay_minutes": 0.25}
    quick_timer(site, seconds=25, sync_settings=delay, testing={"max_wait_minutes": 0.15})
    wait_for_runs(site, 1)
    site.edge.wait_for_unit(CHECK, ActiveState="inactive")
    told = site.told()
    assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "deferred"), told.status
    assert told.outcomes["local_delete"] == "deferred"
    this_run = told.status["run_id"].rpartition("-")[2]
    [owed] = [one for one in told.status["outstanding"] if this_run in one["name"]]  # an earlier run's may be there
    assert (owed["due"], owed["reason"]) == ("deletion", "the daemon deletes it after its delay")
    wait_for_runs(site, 2)
    site.edge.wait_for_unit(CHECK, ActiveState="inactive")
    told = site.told()
    local_delete = told.probe("local_delete")
    assert local_delete["details"]["settled"] >= 1, local_delete
    assert owed["name"] not in [one["name"] for one in told.status["outstanding"]]
    assert not [path for path in site.litter() if owed["name"] in path]
    assert site.failed_units() == []
    site.edge.run("systemctl", "stop", TIMER, DAEMON)
