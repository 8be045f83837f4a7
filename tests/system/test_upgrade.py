"""install.sh --upgrade on booted machines: with a file in hand, with code that breaks, and failing at each step."""

from __future__ import annotations

import pytest

from tests.system.bundles import another_version, everything, run_installer
from tests.system.product import bundle
from tests.system.site import DAEMON, Site, unpack

OTHER = {"celestial_nasops/media_sync_daemon.py": "\n# another version\n"}
BROKEN = {"celestial_nasops/media_sync_daemon.py": '\ndef main() -> int:\n    raise SystemExit("broken by intent")\n'}


def test_a_file_in_hand_is_finished_before_the_daemon_is_restarted_with_the_new_code(site: Site) -> None:
    edge = site.edge
    unpack(edge, another_version(bundle("bookworm"), OTHER))
    old = site.daemon_pid()
    path = site.put("big.mp4", megabytes=300)
    edge.wait_for_journal(lambda: any(".tmp" in name or "big" in name for name in site.copies()), seconds=30)
    done = run_installer(edge, "--upgrade")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "waiting for media-sync-daemon.service to finish the files in hand" in done.stdout
    assert site.daemon_pid() != old
    said = edge.journal(f"_PID={old}", "--output=cat")
    assert "big.mp4" in said
    [state] = site.sql(f"SELECT transfer_status FROM media_transfer_status WHERE file_path = '{path}'")
    assert state == "completed"
    assert [size for name, size in site.copies().items() if name.endswith("big.mp4")] == [300 << 20]
    assert edge.find("/opt/celestial-nasops", "-name", "venv.*") == []


def test_a_new_version_that_does_not_start_is_rolled_back_to_the_old_one_at_work(site: Site) -> None:
    edge = site.edge
    before = everything(edge)
    unpack(edge, another_version(bundle("bookworm"), BROKEN))
    failed = run_installer(edge, "--upgrade")
    assert failed.exit_code == 1
    assert "install: media-sync-daemon.service does not start; it says:\n" in failed.stderr
    assert "broken by intent" in failed.stderr
    assert failed.stderr.endswith("install: rolled back: everything is as it was\n")
    assert sorted(everything(edge) ^ before) == []
    edge.wait_for_unit(DAEMON, ActiveState="active", SubState="running")
    assert site.check().exit_code == 0
    assert site.failed_units() == []


@pytest.mark.parametrize("step", ["code", "quiesce", "swap", "config", "units", "start", "end", "swap:TERM"])
def test_an_upgrade_that_fails_half_way_leaves_the_old_version_at_work(site: Site, step: str) -> None:
    edge = site.edge
    before = everything(edge)
    unpack(edge, another_version(bundle("bookworm"), OTHER))
    failed = run_installer(edge, "--upgrade", fail_at=step)
    assert failed.exit_code == (143 if ":" in step else 1)
    assert failed.stderr == (
        f"install: stopped while: {step.partition(':')[0]}; rolling back\n"
        "install: rolled back: everything is as it was\n"
    )
    assert sorted(everything(edge) ^ before) == []
    for unit in (DAEMON, "smoke-check.timer", "smoke-check-watch.timer"):
        assert edge.unit(unit)["ActiveState"] == "active"
