"""From nothing to a watched server, without network, and what an operator sees of it then."""

from __future__ import annotations

import json

import pytest

from tests.system import roots
from tests.system.pair import Keys, pair
from tests.system.product import bundle
from tests.system.roots import Disk
from tests.system.site import CHECK, DAEMON, Site, install

PROBES = ("daemon_status", "ping", "database", "file_insert", "remote_verify", "local_delete")
PROVEN = "every step from the daemon to the deletion is proven"


@pytest.mark.parametrize("suite", [roots.BOOKWORM, roots.TRIXIE])
def test_a_bundle_turns_a_bare_server_into_a_watched_one_without_network(
    suite: str, nas_disk: Disk, keys: Keys
) -> None:
    with pair(roots.root(suite), nas_disk) as both:
        printed = install(both.edge, keys, bundle(suite))
        site = Site(both.edge, both.nas, both.network)
        assert "\nPASS in " in printed
        assert PROVEN in printed
        told = site.told()
        assert (told.result, told.exit_code, told.status_text) == ("success", 0, f"PASS {PROVEN}")
        assert told.outcomes == dict.fromkeys(PROBES, "pass")
        assert (told.status["outcome"], told.status["exit_code"], told.status["host"]) == ("pass", 0, "edge")
        assert site.failed_units() == []
        assert site.litter() == []
        for unit in (DAEMON, "smoke-check.timer", "smoke-check-watch.timer"):
            shown = both.edge.unit(unit)
            assert (shown["ActiveState"], shown["UnitFileState"]) == ("active", "enabled"), unit


def test_status_journal_and_exit_code_tell_the_whole_story(site: Site) -> None:
    edge = site.edge
    edge.run("systemctl", "stop", DAEMON)
    told = site.check()
    assert (told.result, told.exit_code) == ("exit-code", 1)
    assert told.status_text.startswith("FAIL daemon_status: media-sync-daemon.service is not running (inactive, dead)")
    assert "sudo systemctl start media-sync-daemon.service" in told.status_text
    shown = edge.run("systemctl", "status", CHECK, check=False)
    assert shown.exit_code == 3
    for probe in PROBES:
        assert f" {probe}: " in shown.stdout
    assert " verdict: FAIL daemon_status: " in shown.stdout
    asked = edge.run("smoke-check", "status", check=False)
    assert asked.exit_code == 1
    assert "[daemon_inactive]" in asked.stdout
    told_json = json.loads(edge.run("smoke-check", "status", "--json", check=False).stdout)
    assert told_json == told.status
    lines = edge.journal(f"_SYSTEMD_INVOCATION_ID={told.invocation}", "--output=cat")
    assert (
        "daemon_status: FAIL [daemon_inactive] media-sync-daemon.service is not running (inactive, dead) -- " in lines
    )
    assert site.failed_units() == [CHECK]


def test_a_run_by_hand_leaves_nothing_that_the_units_may_not_use(site: Site) -> None:
    edge = site.edge
    for command in ("run", "clean"):
        typed = edge.run("smoke-check", command, check=False)
        assert typed.exit_code == 0, typed.stdout + typed.stderr
    of_root = edge.shell("find /var/lib/smoke-check /var/lib/media-sync-daemon /data/temp/dji -mindepth 1 -user root")
    assert of_root == ""
    told = site.check()
    assert (told.result, told.exit_code) == ("success", 0)
