"""install.sh on booted machines: from nothing to a watched server, and back to nothing."""

from __future__ import annotations

from pathlib import Path

from tests.system.bundles import HOME, USER, bring, everything, install
from tests.system.machines import Machine
from tests.system.pair import Keys, know_the_nas, pair
from tests.system.roots import Disk

NOTHING_TO_CHANGE = "install: nothing to change: all of it is installed and runs; the last verdict:\n"
UNITS = ("media-sync-daemon.service", "smoke-check.timer", "smoke-check-watch.timer")


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


def test_what_is_wrong_is_told_in_one_go(bare_edge: Machine, archive: Path) -> None:
    bring(bare_edge, archive)
    bare_edge.write("/root/bad.json", '{"testing": {"max_wait_minutes": 0}, "nas_settings": {"port": "22"}}')
    bare_edge.write("/etc/systemd/system/media-sync-daemon.service", "[Service]\nUser=celestial\nExecStart=/bin/true\n")
    bare_edge.shell(
        "ln -s /bin/true /usr/local/bin/smoke-check; mkdir /opt/celestial-nasops; touch /opt/celestial-nasops/x"
    )
    before = everything(bare_edge)
    refused = install(bare_edge, "--config", "/root/bad.json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "install: nothing was changed, because of 6 problem(s):\n"
        "/opt/celestial-nasops is not empty, and not of this program\n"
        "  -> name another folder: sudo ./install.sh --config /root/bad.json --prefix DIR\n"
        "there is no user media-sync yet, so it has no way to log in to the NAS\n"
        "  -> sudo ./install.sh --config /root/bad.json --no-start makes the user and tells what else is needed\n"
        "/usr/local/bin/smoke-check is there already, and leads to /usr/bin/true\n"
        "  -> see what it is: ls -l /usr/local/bin/smoke-check\n"
        '/root/bad.json: nas_settings.port: found "22", should be a whole number\n'
        "  -> correct it there: sudo nano /root/bad.json\n"
        "/root/bad.json: testing.max_wait_minutes: found 0, should be more than 0\n"
        "  -> correct it there: sudo nano /root/bad.json\n"
        "another media-sync-daemon.service is installed: /etc/systemd/system/media-sync-daemon.service\n"
        "  -> install the check alone, for its user and its configuration: "
        "sudo ./install.sh --config /root/bad.json --agent-only --user celestial --config FILE\n"
    )
    assert everything(bare_edge) == before
