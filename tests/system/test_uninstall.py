"""Uninstall leaves no file, user or unit."""

from __future__ import annotations

from tests.system.machines import Machine
from tests.system.pair import Keys, pair
from tests.system.product import bundle
from tests.system.roots import Disk
from tests.system.site import Site, install

# What a machine writes by itself, and what is no file on its disk.
OWN = ("/dev", "/proc", "/run", "/sys", "/tmp", "/var/log/journal", "/var/tmp", "/root")


def everything(edge: Machine) -> list[str]:
    """All that lies on a machine's disk, with kind, mode and owner."""
    skip = [word for path in OWN for word in ("-path", path, "-o")][:-1]
    return edge.find("/", "-xdev", "(", *skip, ")", "-prune", "-o", "-printf", "%y %m %u:%g %p -> %l\\n")


def accounts(edge: Machine) -> list[str]:
    return [edge.read(f"/etc/{name}") for name in ("passwd", "group", "shadow", "gshadow")]


def test_install_run_and_uninstall_differ_in_nothing(bookworm: Disk, nas_disk: Disk, keys: Keys) -> None:
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        before, who = everything(edge), accounts(edge)
        install(edge, keys, bundle(bookworm.suite))
        site = Site(edge, both.nas, both.network)
        assert site.check().exit_code == 0
        assert everything(edge) != before
        edge.run("/root/nasops/install.sh", "--uninstall", "--purge")
        after = everything(edge)
        assert sorted(set(after) ^ set(before)) == []
        assert accounts(edge) == who
        assert "not-found" in edge.unit("smoke-check.service")["LoadState"]
        assert (
            edge.run("systemctl", "list-units", "--all", "smoke-check*", "media-sync*", "--plain", "--no-legend").stdout
            == ""
        )
        assert site.failed_units() == []
        assert [path for path in site.copies() if ".smoke-check." in path] == []
