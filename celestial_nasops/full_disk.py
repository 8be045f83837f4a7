"""What is known of a disk that is full, or too full for what is to be written."""

from __future__ import annotations

import os

from celestial_nasops import causes, read_only, words
from celestial_nasops.fault import LocalFault


def room(folder: str) -> dict[str, str]:
    """What a full disk is told with: ``free``, ``total``, ``mount_point``, ``device``; ``?`` for what is unknown."""
    mount = read_only.mount_of_folder(folder)
    place = {"mount_point": mount.point if mount else folder, "device": mount.device if mount else "?"}
    try:
        space = os.statvfs(folder)
    except OSError:
        return {**place, "free": "?", "total": "?"}
    free, total = (words.size(blocks * space.f_frsize) for blocks in (space.f_bavail, space.f_blocks))
    return {**place, "free": free, "total": total}


def has_no_inode(folder: str) -> bool:
    """Whether no further file can be made there, however small; False where that can't be told."""
    try:
        space = os.statvfs(folder)
    except OSError:
        return False
    return bool(space.f_files) and not space.f_favail


def fault_of(folder: str, setting: str, reason: str) -> LocalFault:
    """The fault of a folder without room.

    Args:
        folder: where something is to be written.
        setting: the configuration key that names it.
        reason: what the kernel said, or what is needed.
    """
    why = "no inode free" if has_no_inode(folder) else reason
    return LocalFault(causes.FOLDER_FULL, path=folder, setting=setting, reason=why, **room(folder))
