"""What the harness needs of the machine it runs on."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.mounts import cannot

PROGRAMS = {
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "ssh-keygen": "openssh-client",
    "systemd-nspawn": "systemd-container",
    "unshare": "util-linux",
}
_CGROUP = _SCRATCH = "celestial-tests"


def need_booted_machines() -> None:
    """Skip where machines can't be booted, naming what to install; fail where everything must run."""
    missing = sorted({package for program, package in PROGRAMS.items() if shutil.which(program) is None})
    if missing:
        cannot(f"machines can't be booted here: sudo apt-get install {' '.join(missing)}")
    if os.geteuid() != 0:
        cannot("machines can't be booted here: needs root: sudo ./dev test system")
    if not _hierarchies():
        cannot("machines can't be booted here: there is no cgroup 2 hierarchy below /sys/fs/cgroup")


def call(*argv: str | os.PathLike[str], timeout: float = 60, text: str | None = None) -> str:
    """Run a program of this machine and return what it prints.

    Raises:
        AssertionError: it failed; with everything that it said.
    """
    done = subprocess.run(argv, input=text or "", capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, f"{argv}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def children(pid: int) -> list[int]:
    """The processes that a process of one thread has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextlib.contextmanager
def scratch(name: str) -> Iterator[Path]:
    """A folder for a while. Those of test processes that were killed are removed, too."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SCRATCH}-*"):
        owner = re.match(rf"{_SCRATCH}-(\d+)-", left.name)
        if owner and not os.path.exists(f"/proc/{owner[1]}"):
            shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}-{os.getpid()}-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def cgroup(name: str) -> Iterator[list[Path]]:
    """A control group for one machine in each hierarchy that it needs, so that several can run side by side."""
    sweep_cgroups()
    folders = [root / f"{_CGROUP}-{os.getpid()}-{name}" for root in _hierarchies()]
    try:
        for folder in folders:
            folder.mkdir()
        yield [folder / "cgroup.procs" for folder in folders]
    finally:
        for folder in folders:
            _remove(folder)


def _hierarchies() -> Sequence[Path]:
    top = Path("/sys/fs/cgroup")
    if (top / "cgroup.controllers").exists():
        return [top]
    hybrid = [top / "systemd", top / "unified"]
    return hybrid if (top / "unified" / "cgroup.controllers").exists() else []


def sweep_cgroups() -> None:
    """Remove the groups of test processes that were killed; their machines died with them."""
    for root in _hierarchies():
        for folder in root.glob(f"{_CGROUP}-*"):
            owner = re.match(rf"{_CGROUP}-(\d+)-", folder.name)
            if owner and not os.path.exists(f"/proc/{owner[1]}"):
                _remove(folder)


def _remove(folder: Path) -> None:
    for path, _, _ in os.walk(folder, topdown=False):
        with contextlib.suppress(OSError):
            os.rmdir(path)
