"""File systems that are small or read-only, for tests of full and read-only disks."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import NoReturn

import pytest

from celestial_nasops import process


def cannot(reason: str) -> NoReturn:
    """Skip, with the reason in the summary; where everything must run, fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason} (a skip is a failure with CI=true)")
    pytest.skip(reason)


class SmallTmpfs:
    """Mounts file systems that are small, or read-only, below the test's folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.mounted: list[str] = []

    def __call__(self, size_bytes: int, *, name: str = "small", inodes: int = 0) -> str:
        """Mount an empty file system of that size (bytes, at least a page) and return its folder.

        Args:
            size_bytes: its size.
            name: of the folder.
            inodes: how many it has, itself included; 0 for as many as fit.
        """
        folder = str(self._folder / name)
        os.mkdir(folder)
        try:
            process.run(
                ["mount", "-t", "tmpfs", "-o", f"size={size_bytes},nr_inodes={inodes},mode=0777", "tmpfs", folder],
                timeout_seconds=10,
            )
        except process.ProcessFault as fault:
            cannot(f"needs root that may mount: {fault}")
        self.mounted.append(folder)
        return folder

    def without_hard_links(self, *, name: str) -> str:
        """Mount an empty exFAT of 64 MiB, which anybody may write, and return its folder."""
        image, folder = str(self._folder / f".{name}.img"), str(self._folder / name)
        os.mkdir(folder)
        with open(image, "wb") as file:
            file.truncate(64 << 20)
        try:
            process.run(["mkfs.exfat", image], timeout_seconds=10)
            device = process.run(["losetup", "--find", "--show", image], timeout_seconds=10).stdout.strip()
            # Lazily given back: it goes with its last user, whatever becomes of this test.
            process.run(["mount.exfat-fuse", "-o", "allow_other,umask=0", device, folder], timeout_seconds=10)
            process.run(["losetup", "--detach", device], timeout_seconds=10)
        except process.ProcessFault as fault:
            cannot(f"needs root that may mount, exfat-fuse and exfatprogs: {fault}")
        finally:
            os.unlink(image)
        self.mounted.append(folder)
        return folder

    def bind(self, source: str, *, name: str) -> str:
        """Show a folder in a second place, and return that."""
        folder = str(self._folder / name)
        os.mkdir(folder)
        try:
            process.run(["mount", "--bind", source, folder], timeout_seconds=10)
        except process.ProcessFault as fault:
            cannot(f"needs root that may mount: {fault}")
        self.mounted.append(folder)
        return folder

    def make_read_only(self, folder: str) -> None:
        """From now on writing there gives EROFS."""
        process.run(["mount", "-o", "remount,ro", folder], timeout_seconds=10)

    def make_writable(self, folder: str) -> None:
        """The opposite of :meth:`make_read_only`."""
        process.run(["mount", "-o", "remount,rw", folder], timeout_seconds=10)

    def hide(self, folder: str) -> None:
        """As if it were not mounted any more: an empty folder is in its place."""
        process.run(["mount", "-t", "tmpfs", "-o", "size=65536,mode=0777", "tmpfs", folder], timeout_seconds=10)
        self.mounted.append(folder)

    def show(self, folder: str) -> None:
        """The opposite of :meth:`hide`."""
        process.run(["umount", "-l", folder], timeout_seconds=10)
        self.mounted.remove(folder)

    def unmount_all(self) -> None:
        """Take them down, in use or not, with their empty folders."""
        while self.mounted:
            folder = self.mounted.pop()
            with contextlib.suppress(process.ProcessFault, OSError):
                process.run(["umount", "-l", folder], timeout_seconds=10)
                os.rmdir(folder)
