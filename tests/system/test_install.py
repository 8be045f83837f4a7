"""install.sh on booted machines: from nothing to a watched server, and back to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.machines import Machine
from tests.system.pair import Keys, know_the_nas, pair
from tests.system.product import bundle
from tests.system.roots import Disk

HOME = "/var/lib/celestial-nasops"


@pytest.fixture(scope="session")
def archive() -> Path:
    return bundle("bookworm")


def unpack(edge: Machine, archive: Path) -> str:
    """Bring the bundle to a machine, as an operator would with a stick, and return the folder of install.sh."""
    edge.write("/root/bundle.tar.gz", archive.read_bytes())
    edge.shell(
        "tar -xzf /root/bundle.tar.gz -C /root; rm /root/bundle.tar.gz; mv /root/celestial-nasops-* /root/nasops"
    )
    return "/root/nasops"


def test_a_first_installation(bookworm: Disk, nas_disk: Disk, keys: Keys, archive: Path) -> None:
    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        folder = unpack(edge, archive)
        before = everything(edge)
        for argv in (["--dry-run"], ["--no-start", "--dry-run"], [], ["--no-start"], ["--no-start"]):
            ran = edge.run(f"{folder}/install.sh", *argv, check=False)
            print(argv, ran.exit_code, "\n" + ran.stdout, "\n" + ran.stderr)
        know_the_nas(edge, keys, user="media-sync", home=HOME)
        for argv in (
            [],
            [],
            ["--upgrade"],
            ["--upgrade", "--dry-run"],
            ["--uninstall", "--dry-run"],
            ["--uninstall", "--purge"],
        ):
            ran = edge.run(f"{folder}/install.sh", *argv, check=False)
            print(argv, ran.exit_code, "\n" + ran.stdout, "\n" + ran.stderr)
        after = everything(edge)
        print("\n".join(sorted(before ^ after)[:20]))
    assert 0


def everything(edge: Machine) -> set[str]:
    """All files of a machine with their owners and modes, apart from what it writes by itself."""
    skip = [
        "-path",
        "/proc",
        "-o",
        "-path",
        "/sys",
        "-o",
        "-path",
        "/run",
        "-o",
        "-path",
        "/dev",
        "-o",
        "-path",
        "/tmp",
    ]
    return set(
        edge.find(
            "/", "(", *skip, "-o", "-path", "/var/log/journal", ")", "-prune", "-o", "-printf", "%M %u %g %y %p %l\\n"
        )
    )
