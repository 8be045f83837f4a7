"""install.sh on booted machines: what it tells before, what it spares, and that a second time changes nothing."""

from __future__ import annotations

from pathlib import Path

from tests.system.bundles import another_version, everything, run_installer
from tests.system.machines import Machine
from tests.system.pair import Keys, know_the_nas, pair
from tests.system.product import bundle
from tests.system.roots import Disk
from tests.system.site import CONFIG, DAEMON, Site, unpack

CELESTIAL = "/home/celestial"
V2 = Path(__file__).parent.parent / "data" / "config_v2.json"


def test_what_a_first_installation_tells_it_does_and_can_be_taken_back(bare_edge: Machine) -> None:
    edge = bare_edge
    before = everything(edge)
    unpack(edge, bundle("bookworm"))
    refused = run_installer(edge)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "install: nothing was changed, because of 1 problem(s):\n"
        "there is no user media-sync yet, so it has no way to log in to the NAS\n"
        "  -> sudo ./install.sh --no-start makes the user and tells what else is needed\n"
    )
    foretold = run_installer(edge, "--no-start", "--dry-run")
    assert (foretold.exit_code, foretold.stderr) == (0, "")
    assert everything(edge) == before
    prepared = run_installer(edge, "--no-start")
    assert (prepared.exit_code, prepared.stderr) == (0, "")
    told = foretold.stdout.replace("would ", "").splitlines()
    done = prepared.stdout.splitlines()
    assert told.pop() == "install: write the units into /etc/systemd/system"
    assert [line for line in done[: len(done)] if "/systemd" not in line][: len(told)] == told
    assert "install: installed, not started\n" in prepared.stdout
    assert "user media-sync has no ssh alias 'nas-edge' in /var/lib/celestial-nasops/.ssh/config\n" in prepared.stdout
    assert done[-1] == "install: then start it: sudo ./install.sh"
    assert edge.run("systemctl", "is-enabled", DAEMON, check=False).stdout == "disabled\n"
    foretold = run_installer(edge, "--uninstall", "--purge", "--dry-run")
    removed = run_installer(edge, "--uninstall", "--purge")
    assert (removed.exit_code, removed.stderr) == (0, "")
    assert removed.stdout == foretold.stdout.replace("would ", "") + "install: removed\n"
    assert sorted(everything(edge) ^ before) == []


def test_a_second_time_changes_nothing_and_says_so(site: Site) -> None:
    site.check()
    now = everything(site.edge)
    for argv in ((), ("--dry-run",), ("--upgrade",)):
        again = run_installer(site.edge, *argv)
        assert (again.exit_code, again.stderr) == (0, "")
        if "--dry-run" in argv:
            assert again.stdout == "install: nothing to change\n"
        else:
            first, second = again.stdout.splitlines()[:2]
            assert first == "install: nothing to change: all of it is installed and runs; the last verdict:"
            assert second.startswith("PASS ")
        assert sorted(everything(site.edge) ^ now) == []


def test_all_that_is_wrong_is_told_in_one_go(bare_edge: Machine) -> None:
    edge = bare_edge
    unpack(edge, bundle("bookworm"))
    edge.write("/root/bad.json", '{"testing": {"max_wait_minutes": 0}, "nas_settings": {"port": "x"}}')
    edge.shell("ln -s /bin/true /usr/local/bin/smoke-check; mkdir /opt/celestial-nasops; touch /opt/celestial-nasops/x")
    before = everything(edge)
    refused = run_installer(edge, "--config", "/root/bad.json", "--user", "root")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr.startswith(
        "install: nothing was changed, because of 5 problem(s):\n"
        "/opt/celestial-nasops is not empty, and not of this program\n"
        "  -> name another folder: sudo ./install.sh --config /root/bad.json --user root --prefix DIR\n"
        "the programs don't run as root\n"
        "  -> name another account: sudo ./install.sh --config /root/bad.json --user root --user NAME\n"
        "/usr/local/bin/smoke-check is there already, and leads to /usr/bin/true\n"
        "  -> see what it is: ls -l /usr/local/bin/smoke-check\n"
        '/root/bad.json: nas_settings.port: found "x", should be a whole number'
    )
    assert refused.stderr.count("\n  -> ") == 5
    assert everything(edge) == before


def test_a_configuration_is_never_overwritten_and_a_new_default_lands_beside_it(site: Site) -> None:
    edge = site.edge
    mine = edge.read(CONFIG)
    edge.write("/root/other.json", mine + "\n")
    refused = run_installer(edge, "--config", "/root/other.json")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        "install: nothing was changed, because of 1 problem(s):\n"
        f"{CONFIG} exists, differs from /root/other.json, and is never overwritten\n"
        f"  -> compare them: diff {CONFIG} /root/other.json; if yours is right: sudo cp /root/other.json {CONFIG}\n"
    )
    unpack(edge, another_version(bundle("bookworm"), {"unified_config.json": "\n\n"}))
    upgraded = run_installer(edge, "--upgrade")
    assert (upgraded.exit_code, upgraded.stderr) == (0, "")
    assert f"install: write {CONFIG}.new\n" in upgraded.stdout
    assert edge.read(CONFIG) == mine
    assert edge.read(f"{CONFIG}.new") == edge.read("/root/nasops/unified_config.json")


def test_beside_another_daemon_the_check_alone_is_installed_and_nothing_of_the_other_is_touched(
    bookworm: Disk, nas_disk: Disk, keys: Keys
) -> None:
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        edge.shell(
            "useradd --create-home celestial; mkdir -p /data/edge /data/temp/dji/media; chown -R celestial: /data"
        )
        know_the_nas(edge, keys, user="celestial", home=CELESTIAL)
        edge.write(f"{CELESTIAL}/unified_config.json", V2.read_bytes(), owner="celestial:")
        edge.write(f"/etc/systemd/system/{DAEMON}", "[Service]\nUser=celestial\nExecStart=/bin/sleep infinity\n")
        edge.run("systemctl", "start", DAEMON)
        pid = edge.unit(DAEMON)["MainPID"]
        edge.shell(f"touch -d '+1 minute' {CELESTIAL}/unified_config.json")  # changed since the daemon read it
        before = everything(edge)
        unpack(edge, bundle("bookworm"))
        options = ("--agent-only", "--user", "celestial", "--config", f"{CELESTIAL}/unified_config.json")
        installed = run_installer(edge, *options, "--no-start")
        assert (installed.exit_code, installed.stderr) == (0, "")
        assert before - everything(edge) == set()
        told = Site(edge, both.nas, both.network).check()
        assert (told.exit_code, told.status["outcome"]) == (1, "fail")
        assert told.probe("daemon_status")["summary"] == (
            f"the daemon (pid {pid}) does not use the present configuration {CELESTIAL}/unified_config.json"
        )
        assert (told.outcomes["ping"], told.outcomes["database"]) == ("pass", "fail")
        assert told.probe("database")["summary"].endswith(" /data/edge/media_status.db")
        removed = run_installer(edge, "--uninstall")
        assert (removed.exit_code, removed.stderr) == (0, "")
        assert edge.unit(DAEMON)["MainPID"] == pid
        assert sorted(everything(edge) ^ before) == []


def test_a_first_installation_that_fails_half_way_leaves_what_was_there(bare_edge: Machine) -> None:
    edge = bare_edge
    before = everything(edge)
    unpack(edge, bundle("bookworm"))
    for step, code in (("code", 1), ("units", 1), ("end", 1), ("end:TERM", 143)):
        failed = run_installer(edge, "--no-start", fail_at=step)
        assert (failed.exit_code, failed.stderr) == (
            code,
            f"install: stopped while: {step.partition(':')[0]}; rolling back\n"
            "install: rolled back: everything is as it was\n",
        ), step
        assert sorted(everything(edge) ^ before) == [], step
