"""Uninstall leaves no file, user or unit, but what it spares."""

from __future__ import annotations

import json
import time

from tests.system.bundles import everything
from tests.system.pair import Keys, pair
from tests.system.product import bundle
from tests.system.roots import Disk
from tests.system.site import MEDIA, QUICK, Site, install, merged
from tests.waiting import eventually

PENDING = "/var/lib/media-sync-daemon/pending_deletes.json"


def test_install_run_and_uninstall_differ_in_nothing(bookworm: Disk, nas_disk: Disk, keys: Keys) -> None:
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        before = everything(edge)
        install(edge, keys, bundle(bookworm.suite))
        site = Site(edge, both.nas, both.network)
        assert site.check().exit_code == 0
        assert everything(edge) != before
        edge.run("/root/nasops/install.sh", "--uninstall", "--purge")
        after = everything(edge)
        assert sorted(after ^ before) == []
        assert "not-found" in edge.unit("smoke-check.service")["LoadState"]
        assert (
            edge.run("systemctl", "list-units", "--all", "smoke-check*", "media-sync*", "--plain", "--no-legend").stdout
            == ""
        )
        assert site.failed_units() == []
        assert [path for path in site.copies() if ".smoke-check." in path] == []


def test_what_was_to_be_deleted_still_is_after_the_queue_was_purged(bookworm: Disk, nas_disk: Disk, keys: Keys) -> None:
    """A person has ordered the queue away, so the new one is no replaced one; and no file is deleted unverified."""
    path, copy = f"{MEDIA}/20250122_101500_a.mp4", "EdgeBackup/2025/01/22/20250122_101500_a.mp4"
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        slow = {"sync_settings": {**QUICK["sync_settings"], "safe_delete_delay_minutes": 60}}
        install(edge, keys, bundle(bookworm.suite), merged({**QUICK}, slow))
        site = Site(edge, both.nas, both.network)
        site.put("20250122_101500_a.mp4")
        pending = edge.path(PENDING)
        eventually(lambda: path in pending.read_text())
        edge.run("/root/nasops/install.sh", "--uninstall", "--purge=database")
        # An hour later.
        kept = json.loads(edge.read(PENDING))
        assert path in [entry["local_file_path"] for entry in kept]
        edge.write(PENDING, json.dumps([{**entry, "scheduled_time": time.time()} for entry in kept]))
        install(edge, keys, bundle(bookworm.suite))
        eventually(lambda: json.loads(edge.read(PENDING)) == [])
        assert edge.find(MEDIA, "-name", "*.mp4") == []
        assert copy in site.copies()
        receipts = site.sql("SELECT event FROM media_transfer_receipts WHERE local_path LIKE '%.mp4' ORDER BY id")
        assert receipts == ["verified_again", "deleted"]
        assert site.check().status["outcome"] == "pass"
