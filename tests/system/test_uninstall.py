"""Uninstall leaves no file, user or unit."""

from __future__ import annotations

from tests.system.bundles import everything
from tests.system.pair import Keys, pair
from tests.system.product import bundle
from tests.system.roots import Disk
from tests.system.site import Site, install


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
