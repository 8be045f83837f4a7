"""install.sh on booted machines: from nothing to a watched server, and back to nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.bundles import HOME, USER, bring, everything, install
from tests.system.machines import machine
from tests.system.pair import Keys, Pair, know_the_nas, pair
from tests.system.product import bundle
from tests.system.roots import Disk

NOTHING_TO_CHANGE = "install: nothing to change: all of it is installed and runs; the last verdict:\n"
UNITS = ("media-sync-daemon.service", "smoke-check.timer", "smoke-check-watch.timer")


@pytest.fixture(scope="session")
def archive() -> Path:
    return bundle("bookworm")


@pytest.fixture(scope="session")
def installed_disk(bookworm: Disk, keys: Keys, archive: Path) -> Iterator[Disk]:
    """An edge server with all of it installed, not started, and its way to the NAS made by the operator."""
    with machine("edge", bookworm) as edge:
        bring(edge, archive)
        ran = install(edge, "--no-start")
        assert ran.exit_code == 0, ran
        know_the_nas(edge, keys, user=USER, home=HOME)
        edge.stop()
        yield edge.disk()


@pytest.fixture
def site(installed_disk: Disk, nas_disk: Disk) -> Iterator[Pair]:
    """That server at work, beside its NAS."""
    with pair(installed_disk, nas_disk) as both:
        ran = install(both.edge)
        assert ran.exit_code == 0, ran
        yield both


def test_from_nothing_to_a_verdict_and_back_to_nothing(
    bookworm: Disk, nas_disk: Disk, keys: Keys, archive: Path
) -> None:
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        before = everything(edge)
        bring(edge, archive)

        refused = install(edge)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert refused.stderr == (
            "install: nothing was changed, because of 1 problem(s):\n"
            "there is no user media-sync yet, so it has no way to log in to the NAS\n"
            "  -> sudo ./install.sh --no-start makes the user and tells what else is needed\n"
        )
        foretold = install(edge, "--no-start", "--dry-run")
        assert foretold.exit_code == 0
        assert everything(edge) == before

        prepared = install(edge, "--no-start")
        assert (prepared.exit_code, prepared.stderr) == (0, "")
        done = [line.removeprefix("install: ") for line in prepared.stdout.splitlines() if line.startswith("install: ")]
        told = [line.removeprefix("install: would ") for line in foretold.stdout.splitlines()]
        assert [line for line in done[:-3] if "/systemd/" not in line] == told[:-1]
        assert told[-1] == "write the units into /etc/systemd/system"
        assert done[-3:] == [
            "installed, not started",
            "before it can start, 3 thing(s) remain to be done:",
            "then start it: sudo ./install.sh",
        ]
        assert (
            "user media-sync has no ssh alias 'nas-edge' in /var/lib/celestial-nasops/.ssh/config\n" in prepared.stdout
        )
        for unit in UNITS:
            assert edge.run("systemctl", "is-active", unit, check=False).stdout == "inactive\n"
            assert edge.run("systemctl", "is-enabled", unit, check=False).stdout == "disabled\n"

        know_the_nas(edge, keys, user=USER, home=HOME)
        started = install(edge)
        assert (started.exit_code, started.stderr) == (0, "")
        assert "install: running the check once; " in started.stdout
        assert "\nDEFERRED in " in started.stdout
        for unit in UNITS:
            assert edge.run("systemctl", "is-active", unit).stdout == "active\n"
            assert edge.run("systemctl", "is-enabled", unit).stdout == "enabled\n"
        assert edge.failed_units() == []

        now = everything(edge)
        for argv in ([], ["--dry-run"], ["--upgrade"]):
            again = install(edge, *argv)
            assert (again.exit_code, again.stderr) == (0, "")
            assert again.stdout.startswith("install: nothing to change" if "--dry-run" in argv else NOTHING_TO_CHANGE)
        assert everything(edge) == now

        foretold = install(edge, "--uninstall", "--purge", "--dry-run")
        assert everything(edge) == now
        removed = install(edge, "--uninstall", "--purge")
        assert (removed.exit_code, removed.stderr) == (0, "")
        assert removed.stdout == foretold.stdout.replace("would ", "") + "install: removed\n"
        assert everything(edge) == before
        assert edge.failed_units() == []
        for unit in UNITS:
            assert edge.unit(unit)["LoadState"] == "not-found"
        assert both.nas.find("/volume1", "-name", "*smoke-check*") == []
