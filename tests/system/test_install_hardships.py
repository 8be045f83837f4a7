"""install.sh on booted machines when it is interrupted, killed, or meets a disk that does not take what it writes."""

from __future__ import annotations

import pytest

from tests.system.bundles import everything, run_installer
from tests.system.machines import Machine, machine
from tests.system.pair import Keys, know_the_nas
from tests.system.product import OFFLINE, bundle, source, wheelhouse
from tests.system.roots import Disk
from tests.system.site import HOME, USER, unpack

ROLLED_BACK = "install: rolled back: everything is as it was\n"


@pytest.fixture
def edge(bare_edge: Machine, keys: Keys) -> Machine:
    """An edge server that can be installed at once: its account is there and knows the NAS, which is away."""
    unpack(bare_edge, bundle("bookworm"))
    bare_edge.shell(f"useradd --system --user-group --home-dir {HOME} {USER}")
    know_the_nas(bare_edge, keys, user=USER, home=HOME)
    return bare_edge


def test_one_that_fails_or_is_interrupted_with_all_of_it_started(edge: Machine) -> None:
    before = everything(edge)
    for step, code in (("prefix", 1), ("start:INT", 130), ("units:HUP", 143), ("end", 1)):
        stopped = run_installer(edge, fail_at=step)
        name = step.partition(":")[0]
        assert (stopped.exit_code, stopped.stderr) == (
            code,
            f"install: stopped while: {name}; rolling back\n{ROLLED_BACK}",
        )
        assert sorted(everything(edge) ^ before) == [], step
        assert edge.failed_units() == [], step


def test_one_that_is_killed_can_be_removed_and_can_be_gone_on_with(edge: Machine) -> None:
    before = everything(edge)
    for step in ("user", "folders", "swap", "config", "start"):
        killed = run_installer(edge, fail_at=f"{step}:KILL")
        assert killed.exit_code == -9
        if step in ("user", "swap", "start"):
            removed = run_installer(edge, "--uninstall")
            assert removed.exit_code == 0, (step, removed)
            assert sorted(everything(edge) ^ before) == [], step
    assert run_installer(edge, fail_at="units:KILL").exit_code == -9
    gone_on = run_installer(edge, "--no-start")
    assert (gone_on.exit_code, gone_on.stderr) == (0, "")
    assert run_installer(edge, "--uninstall").exit_code == 0
    assert sorted(everything(edge) ^ before) == []


def test_a_bad_configuration_is_told_in_full_in_either_language(edge: Machine) -> None:
    edge.write("/root/bad.json", '{"testing": {"max_wait_minutes": 0}, "nas_settings": {"port": "22"}}')
    argv = ("/root/nasops/install.sh", "--config", "/root/bad.json")
    told = {
        "C.UTF-8": (
            "install: nothing was changed, because of 2 problem(s):\n"
            '/root/bad.json: nas_settings.port: found "22", should be a whole number\n'
            "  -> correct it there: sudo nano /root/bad.json\n"
            "/root/bad.json: testing.max_wait_minutes: found 0, should be more than 0\n"
            "  -> correct it there: sudo nano /root/bad.json\n"
        ),
        "zh_CN.UTF-8": (
            "install: 由于 2 个问题，没有改动任何东西：\n"
            '/root/bad.json：nas_settings.port：实际为 "22"，应为 整数\n'
            "  -> 在那里改正：sudo nano /root/bad.json\n"
            "/root/bad.json：testing.max_wait_minutes：实际为 0，应为 大于 0 的值\n"
            "  -> 在那里改正：sudo nano /root/bad.json\n"
        ),
    }
    for locale, words in told.items():
        refused = edge.run("env", f"LANG={locale}", *argv, check=False)
        assert (refused.exit_code, refused.stdout, refused.stderr) == (1, "", words)


def test_units_that_cannot_be_written(edge: Machine) -> None:
    before = everything(edge)
    edge.shell("mount --bind /etc/systemd/system /etc/systemd/system; mount -o remount,ro,bind /etc/systemd/system")
    failed = run_installer(edge)
    assert failed.exit_code == 1
    assert "/etc/systemd/system/media-sync-daemon.service.part~': Read-only file system\n" in failed.stderr
    assert failed.stderr.endswith(f"install: stopped while: units; rolling back\n{ROLLED_BACK}")
    edge.shell("umount /etc/systemd/system")
    assert sorted(everything(edge) ^ before) == []


def test_a_disk_that_is_too_small_and_one_that_fills_up(edge: Machine) -> None:
    before = everything(edge)
    edge.shell("mkdir /small; mount -t tmpfs -o size=50m tmpfs /small")
    refused = run_installer(edge, "--prefix", "/small/nasops")
    assert refused.exit_code == 1
    assert "200 MB are needed in /small, 50 MB are free\n  -> free space there: df -h /small\n" in refused.stderr
    # Enough space, and too few files.
    edge.shell("umount /small; mount -t tmpfs -o size=500m,nr_inodes=50 tmpfs /small")
    failed = run_installer(edge, "--prefix", "/small/nasops")
    assert failed.exit_code == 1
    assert "No space left on device" in failed.stderr
    assert failed.stderr.endswith(f"install: stopped while: code; rolling back\n{ROLLED_BACK}")
    assert edge.find("/small") == ["/small"]
    edge.shell("umount /small; rmdir /small")
    assert sorted(everything(edge) ^ before) == []


def test_a_bundle_for_another_python_than_that_of_the_machine_that_makes_it(bookworm: Disk, trixie: Disk) -> None:
    with source() as checkout:
        read_only = {"/checkout": checkout, "/w11": wheelhouse(bookworm.suite), "/w13": wheelhouse(trixie.suite)}
        with machine("office", bookworm, read_only=read_only) as office:
            office.shell("cp -R /checkout /root/checkout")
            values = [f"{key}={value}" for key, value in {**OFFLINE, "PIP_FIND_LINKS": "/w11 /w13"}.items()]
            argv = ("/root/checkout/install.sh", "--bundle", "/root/made.tar.gz", "--python", "3.13")
            told = office.run("env", *values, *argv).stdout
            assert told.startswith("install: made /root/made.tar.gz for Python 3.13 x86_64; on the edge server: tar ")
            made = office.path("/root/made.tar.gz").read_bytes()
            unpack(office, made)
            refused = run_installer(office, "--no-start")
            assert refused.exit_code == 1
            assert (
                "this bundle is for Python 3.13 x86_64, and this machine has 3.11 x86_64\n"
                "  -> make one for it where there is a network: ./install.sh --bundle FILE --python 3.11\n"
            ) in refused.stderr
    with machine("edge", trixie) as edge:
        unpack(edge, made)
        assert run_installer(edge, "--no-start").exit_code == 0
        assert edge.run("smoke-check", "--version").stdout.startswith("smoke-check ")
