"""Disks of their own for folders of a machine, and what else the groups about disks share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.system.machines import Machine


@contextlib.contextmanager
def disk(machine: Machine, folder: str, options: str) -> Iterator[None]:
    """Lay a disk in memory over a folder, with what is in it; ``options`` of tmpfs, such as ``size=1m``."""
    kept = f"/root/kept{folder.replace('/', '-')}"
    machine.shell(
        f"rm -rf {kept}; cp -a {folder} {kept}; mount -t tmpfs -o {options} tmpfs {folder};"
        f"cp -a {kept}/. {folder}/; chown --reference={kept} {folder}; chmod --reference={kept} {folder}"
    )
    try:
        yield
    finally:
        machine.run("umount", "--lazy", folder)


def fill(machine: Machine, folder: str) -> str:
    """Fill a disk to its last byte; the file that does it."""
    filler = f"{folder}/filler"
    machine.run("dd", "if=/dev/zero", f"of={filler}", "bs=4k", check=False)
    machine.run("dd", "if=/dev/zero", f"of={filler}", "bs=1", "conv=notrunc", "oflag=append", check=False)
    return filler
