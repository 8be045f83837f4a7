"""Memory that runs out, so that the kernel kills the daemon."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tests.faults.daemon import KILLED, KILLED_REMEDY, drop_in
from tests.faults.table import fault
from tests.mounts import cannot
from tests.nas_servers import descendants_of
from tests.system.machines import Machine
from tests.system.site import DAEMON, Site
from tests.waiting import eventually

GROUP = "daemon"
_LIMIT_BYTES = 256 << 10
# Of cgroup 1, where systemd does not hear of a kill and sees the signal only, as with every kill beyond one unit.
_MEMORY = Path("/sys/fs/cgroup/memory")


@contextlib.contextmanager
def short_memory(machine: Machine, pid: int) -> Iterator[Path]:
    """Let a process of a machine have little more memory than it has; the group that counts it."""
    if not (_MEMORY / "memory.oom_control").exists():
        cannot("memory is counted by cgroup 2 here, where systemd hears of the kill: see daemon_out_of_memory")
    group = _MEMORY / f"celestial-tests-{os.getpid()}"
    group.mkdir()
    try:
        (group / "memory.limit_in_bytes").write_text(str(_LIMIT_BYTES))
        (group / "cgroup.procs").write_text(str(_seen_from_here(machine, pid)))
        yield group
    finally:
        eventually(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()


def _seen_from_here(machine: Machine, pid: int) -> int:
    """The number that a process of a machine has here."""
    for here in descendants_of(machine.leader):
        with contextlib.suppress(OSError):
            numbers = Path(f"/proc/{here}/status").read_text().partition("\nNSpid:")[2].splitlines()[0].split()
            if int(numbers[-1]) == pid:
                return here
    raise AssertionError(f"{machine.name} has no process {pid}")


@fault(
    probe="daemon_status",
    cause="daemon_killed",
    says=KILLED,
    remedy=KILLED_REMEDY,
)
def out_of_memory_by_the_kernel(site: Site) -> Iterator[None]:
    """The kernel has killed it since memory ran out."""
    with drop_in(site, "RestartSec=60s"):
        with short_memory(site.edge, site.daemon_pid()) as group:
            site.put("20250122_101500_media.mp4", megabytes=8)
            eventually(lambda: "\noom_kill 0\n" not in (group / "memory.oom_control").read_text(), 30)
        site.edge.wait_for_unit(DAEMON, SubState="auto-restart")
        yield
    site.edge.run("systemctl", "restart", DAEMON)
