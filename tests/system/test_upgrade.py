"""install.sh --upgrade on booted machines: with a file in hand, with code that breaks, and failing on its way."""

from __future__ import annotations

from tests.system.bundles import another_version, everything, run_installer
from tests.system.product import bundle
from tests.system.site import DAEMON, Site, unpack

INSTALLED = "/opt/celestial-nasops/venv/lib/python3*/site-packages"
MODULE = "celestial_nasops/media_sync_daemon.py"
OTHER = {MODULE: '\nprint("another version is at work", flush=True)\n'}
SLOW = {"begins": "00:00", "ends": "24:00", "megabytes_per_second": 10}
BROKEN = {MODULE: '\n\ndef main() -> int:\n    raise SystemExit("broken by intent")\n'}
TIMERS = ("smoke-check.timer", "smoke-check-watch.timer")


def test_a_file_in_hand_is_finished_before_the_daemon_is_restarted_with_the_new_code(site: Site) -> None:
    edge = site.edge
    site.configure({"sync_settings": {"bandwidth_limits": [SLOW]}})
    edge.run("systemctl", "restart", DAEMON)
    edge.shell(f"echo '# by another hand' >>$(ls {INSTALLED}/{MODULE})")
    warned = site.check().probe("daemon_status")
    assert (warned["outcome"], warned["cause"]) == ("warn", "daemon_stale_code")
    unpack(edge, another_version(bundle("bookworm"), OTHER))
    old = site.daemon_pid()
    path = site.put("big.mp4", megabytes=200)
    edge.wait_for_journal(lambda: any("big" in name for name in site.copies()), seconds=30)
    done = run_installer(edge, "--upgrade")
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"install: waiting for {DAEMON} to finish the files in hand (at most 30 minutes)\n" in done.stdout
    assert site.daemon_pid() != old
    said = edge.journal(f"_PID={old}", "--output=cat")
    told_to, sent = said.index("the end comes after those in hand\n"), said.index(f"sent {path} to ")
    assert told_to < sent < said.index("stopped\n", sent)
    assert "another version is at work\n" not in said
    assert "another version is at work\n" in edge.journal(f"_PID={site.daemon_pid()}", "--output=cat")
    [state] = site.sql(f"SELECT transfer_status FROM media_transfer_status WHERE file_path = '{path}'")
    assert state == "completed"
    assert [size for name, size in site.copies().items() if name.endswith("big.mp4")] == [200 << 20]
    told = site.told()
    assert (told.exit_code, told.status["outcome"]) == (0, "pass")
    assert told.probe("daemon_status")["cause"] is None
    assert edge.find("/opt/celestial-nasops", "-name", "venv.*") == []


def test_an_upgrade_that_fails_leaves_the_old_version_at_work(site: Site) -> None:
    edge = site.edge
    site.check()
    before = everything(edge)

    def as_it_was(step: str) -> None:
        assert sorted(everything(edge) ^ before) == [], step
        edge.wait_for_unit(DAEMON, ActiveState="active", SubState="running")
        assert {edge.unit(timer)["ActiveState"] for timer in TIMERS} == {"active"}, step
        assert site.failed_units() == []

    unpack(edge, another_version(bundle("bookworm"), OTHER))
    for step, code in (("units", 1), ("swap:TERM", 143)):
        failed = run_installer(edge, "--upgrade", fail_at=step)
        assert (failed.exit_code, failed.stderr) == (
            code,
            f"install: stopped while: {step.partition(':')[0]}; rolling back\n"
            "install: rolled back: everything is as it was\n",
        ), step
        as_it_was(step)

    unpack(edge, another_version(bundle("bookworm"), BROKEN))
    failed = run_installer(edge, "--upgrade")
    assert failed.exit_code == 1
    _, told, says = failed.stderr.partition(f"\ninstall: {DAEMON} does not start; it says:\n")
    assert told, failed.stderr
    assert "broken by intent\n" in says
    assert failed.stderr.endswith(
        "install: stopped while: start; rolling back\ninstall: rolled back: everything is as it was\n"
    )
    as_it_was("broken")
    assert site.check().exit_code == 0
