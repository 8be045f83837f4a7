"""Runs and transfers that are stopped, or whose machine loses its power: everything settles by itself."""

from __future__ import annotations

import hashlib
import time

from healthcheck import events
from tests.system.site import CHECK, Site
from tests.system.words import alerts
from tests.waiting import eventually

SLOW = "tcp dport 22 limit rate over 4 mbytes/second drop"
MARKED = "SELECT file_path FROM media_transfer_status WHERE file_path LIKE '%.smoke-check.%'"


def begin_a_long_run(site: Site) -> None:
    """Until its file is in the queue, and on its way."""
    site.begin_check()
    eventually(lambda: site.sql(MARKED), 30)
    # The small one, whose hash is wrong, may lie there for a moment.
    eventually(lambda: any(".smoke-check." in path and size > 1 << 20 for path, size in site.copies().items()), 30)


def test_a_stop_in_mid_run_is_clean_and_quick(site: Site) -> None:
    site.apply({"testing": {"test_file_size_bytes": 40 << 20}})
    with site.network.filtered("nas", SLOW):
        begin_a_long_run(site)
        began = time.monotonic()
        site.edge.run("systemctl", "stop", CHECK)
        assert time.monotonic() - began < 5
        told = site.told()
        assert (told.result, told.status["state"], told.status["outcome"]) == ("success", "finished", "error")
        assert site.failed_units() == []
        assert (
            site.edge.records(f"MESSAGE_ID={events.ALERT.message_id}") == []
        )  # a person has stopped it, and needs nobody to say so
        assert told.probe("remote_verify")["cause"] == "interrupted", told.status
        assert told.status_text.startswith("ERROR remote_verify: the run was ended by SIGTERM"), told.status_text
        asked = site.edge.run("smoke-check", "status", check=False)
        assert (told.exit_code, told.status["exit_code"], asked.exit_code) == (143, 143, 2)
    eventually(lambda: site.litter() == [], 30)  # the daemon removes the part that it had sent
    site.apply({"testing": {"test_file_size_bytes": 1024}})
    told = site.check()
    assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
    assert site.failed_units() == []
    assert site.litter() == []


def test_a_run_that_takes_too_long_is_a_failure_though_sigterm_ends_it(site: Site) -> None:
    site.apply({"testing": {"test_file_size_bytes": 40 << 20}})
    # As --max-wait-minutes asks for more time than that, this is a limit of systemd's own.
    site.drop_in(CHECK, "NotifyAccess=none", "TimeoutStartSec=5s")
    with site.network.filtered("nas", SLOW):
        site.begin_check()
        site.edge.wait_for_unit(CHECK, ActiveState="failed")
    told = site.told()
    assert (told.result, told.exit_code) == ("timeout", 143)
    assert len(alerts(site.edge)) == 1


def test_a_power_cut_in_mid_run_is_settled_by_itself(site: Site) -> None:
    site.apply({"testing": {"test_file_size_bytes": 40 << 20}, "check_settings": {"first_run_minutes": 0.1}})
    with site.network.filtered("nas", SLOW):
        begin_a_long_run(site)
        site.edge.cut_power()
    left_behind = site.nas.find("/volume1", "-name", "*.smoke-check.*")
    assert left_behind
    site.edge.boot()
    asked = site.edge.run("smoke-check", "status", check=False)
    assert asked.exit_code == 2
    assert "ended without a verdict" in asked.stdout + asked.stderr
    cut = site.told().status["run_id"]

    def has_run() -> bool:  # by its timer
        status = site.told().status
        return bool(status["run_id"] != cut and status["state"] == "finished")

    site.edge.wait_for_journal(has_run, f"_SYSTEMD_UNIT={CHECK}", seconds=90)
    site.edge.wait_for_unit(CHECK, ActiveState="inactive")
    told = site.told()
    assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
    assert site.litter() == []
    assert site.failed_units() == []


def test_a_power_cut_in_mid_transfer_loses_nothing(site: Site) -> None:
    with site.network.filtered("nas", SLOW):
        path = site.put("20250122_101500_x.mp4", megabytes=30)
        sha256 = hashlib.sha256(site.edge.path(path).read_bytes()).hexdigest()
        eventually(lambda: any(size > 1 << 20 for size in site.copies().values()), 30)
        site.edge.cut_power()
    site.edge.boot()
    eventually(lambda: not site.edge.path(path).exists(), 60)  # deleted: sent, and verified again
    assert list(site.copies()) == ["EdgeBackup/2025/01/22/20250122_101500_x.mp4"]
    there = site.nas.path(f"/volume1/homes/edge_sync/drone_media/{next(iter(site.copies()))}").read_bytes()
    assert hashlib.sha256(there).hexdigest() == sha256
    assert site.sql("SELECT transfer_status FROM media_transfer_status") == ["completed"]
    told = site.check()
    assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
    assert site.failed_units() == []
