"""The harness itself: what the other tests of this folder lean on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from tests.system import host
from tests.system.machines import Machine, machine
from tests.system.network import ADDRESSES
from tests.system.pair import Keys, know_the_nas, pair
from tests.system.product import CHECKOUT, wheelhouse
from tests.system.roots import Disk
from tests.waiting import eventually


def test_a_machine_has_a_systemd_and_names_of_its_own(bare_edge: Machine) -> None:
    assert bare_edge.run("hostname").stdout == "edge\n"
    assert bare_edge.failed_units() == []
    assert bare_edge.unit("dbus.service")["ActiveState"] == "active"
    assert bare_edge.read("/proc/1/comm") == "systemd\n"


def test_a_command_runs_as_in_a_unit_with_its_user_and_exit_code(bare_edge: Machine) -> None:
    ran = bare_edge.run_as_unit("sh", "-c", "id -un; exit 3", user="nobody", properties=["ProtectHome=yes"])
    assert (ran.exit_code, ran.stdout) == (3, "nobody\n")


def test_what_runs_inside_cannot_set_the_clock(bare_edge: Machine) -> None:
    for ran in (
        bare_edge.run("date", "--set=2001-01-01", check=False),
        bare_edge.run_as_unit("date", "--set=2001-01-01"),
    ):
        assert "Operation not permitted" in ran.stderr
    assert time.gmtime().tm_year > 2001


def test_its_disk_outlives_a_power_cut_and_a_shutdown(bare_edge: Machine) -> None:
    bare_edge.write("/var/lib/note", "kept")
    first_boot = bare_edge.read("/proc/sys/kernel/random/boot_id")
    bare_edge.cut_power()
    bare_edge.boot()
    assert bare_edge.read("/var/lib/note") == "kept"
    assert bare_edge.read("/proc/sys/kernel/random/boot_id") != first_boot
    bare_edge.stop()
    with machine("other", bare_edge.disk()) as other:
        assert other.read("/var/lib/note") == "kept"
        other.write("/var/lib/note", "its own")
    bare_edge.boot()
    assert bare_edge.read("/var/lib/note") == "kept"


def test_waiting_for_a_unit_ends_with_its_change_and_tells_its_journal_where_there_is_none(bare_edge: Machine) -> None:
    bare_edge.shell("mkfifo /run/go; systemd-run --quiet --unit=odd sh -c 'read go </run/go; echo too bad; exit 4'")
    with pytest.raises(AssertionError, match=r"odd.service is \{'ActiveState': '.*'\}\n"):
        bare_edge.wait_for_unit("odd.service", seconds=0.1, ActiveState="reloading")
    bare_edge.shell("echo >/run/go")
    shown = bare_edge.wait_for_unit("odd.service", ActiveState="failed")
    assert shown["ExecMainStatus"] == "4"
    assert "too bad" in bare_edge.journal("--unit=odd")
    assert bare_edge.failed_units() == ["odd.service"]


def test_the_pair_talks_by_the_alias_and_faults_come_and_go(bookworm: Disk, nas_disk: Disk, keys: Keys) -> None:
    with pair(bookworm, nas_disk) as both:
        edge, network = both.edge, both.network
        know_the_nas(edge, keys, user="root", home="/root")

        def answer(*options: str) -> str:
            ssh = ("ssh", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2", *options)
            ran = edge.run(*ssh, "nas-edge", "id -un", check=False)
            return (ran.stdout + ran.stderr).strip()

        assert answer() == "edge_sync"
        with network.filtered("nas", "tcp dport 22 drop"):
            assert "timed out" in answer()
        with network.filtered("nas", "tcp dport 22 reject with tcp reset"):
            assert "Connection refused" in answer()
        with network.cut("nas"):
            assert edge.run("ping", "-c1", "-W1", ADDRESSES["nas"], check=False).exit_code == 1
        assert answer("-o", "ConnectTimeout=10") == "edge_sync"
        with network.poor(delay_ms=100, loss=0.01):
            began = time.monotonic()
            assert answer("-o", "ConnectTimeout=60") == "edge_sync"
            assert time.monotonic() - began > 0.6  # several round trips of 0.2 s
        assert answer("-o", "ConnectTimeout=10") == "edge_sync"


def test_nothing_outlives_a_test_process_that_is_killed(bookworm: Disk, tmp_path: Path) -> None:
    script = tmp_path / "boots.py"
    script.write_text(
        textwrap.dedent(f"""
        import signal
        from pathlib import Path
        from tests.system.machines import machine
        from tests.system.network import Network
        from tests.system.roots import Disk
        network = Network()
        with machine("edge", Disk("", (Path({str(bookworm.layers[0])!r}),)), network=network.hosts["edge"]) as edge:
            print(edge.leader, network.switch.pid, network.hosts["edge"].pid, flush=True)
            signal.pause()
        """)
    )
    environment = {**os.environ, "PYTHONPATH": str(CHECKOUT), "TMPDIR": str(tmp_path)}
    child = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment)
    assert child.stdout is not None
    pids = child.stdout.readline().split()
    child.send_signal(signal.SIGKILL)
    child.communicate()
    assert len(pids) == 3
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))
    assert str(tmp_path) not in Path("/proc/mounts").read_text()
    host.sweep_cgroups()  # as the next machine does
    assert not list(Path("/sys/fs/cgroup").glob(f"**/celestial-tests-{child.pid}-*"))


@pytest.mark.parametrize("suite", ["bookworm", "trixie"])
def test_there_are_wheels_for_each_suites_python(suite: str) -> None:
    names = [path.name.lower() for path in wheelhouse(suite).iterdir()]
    for package in ("sdnotify", "paramiko", "pydantic_core"):
        assert any(name.startswith(f"{package}-") for name in names), names
