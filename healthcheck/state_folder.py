"""What keeps the check, or the daemon, from writing in its own folder, and what mends that."""

from __future__ import annotations

import errno
import os
import stat
from typing import NamedTuple

from celestial_nasops import accounts
from celestial_nasops.durable import folder_fault, user_name
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from healthcheck import causes

_SETTING = "--state-dir"


def unwritable(error: OSError, path: str, folder: str) -> Fault:
    """The fault of a file of the state folder.

    Args:
        error: what the kernel said.
        path: the file.
        folder: the state folder.
    """
    if error.errno in (errno.EACCES, errno.EPERM):
        # Also a single file may be somebody else's, after a run as root.
        remedy = say(
            "give the folder and all in it to the user of the check: sudo chown -R {user} {folder}",
            user=user_name(),
            folder=folder,
        )
    else:
        remedy = folder_fault(error, folder, _SETTING).remedy
    reason = error.strerror or str(error)
    return Fault(causes.STATE_UNWRITABLE, path=path, reason=reason, remedy=remedy)


class Obstacle(NamedTuple):
    """Why a process can't write in a folder, and the command that mends it."""

    reason: str
    remedy: str


def obstacle(folder: str, pid: int) -> Obstacle | None:
    """What keeps another process from writing in a folder, as far as that can be seen from here.

    Args:
        folder: the folder, seen outside of that process's sandbox.
        pid: the process.
    """
    look = f"findmnt -T {folder}; df -h {folder}"
    try:
        disk, there = os.statvfs(folder), os.stat(folder)
    except OSError as error:
        return Obstacle(error.strerror or str(error), look)
    if not (disk.f_bavail and disk.f_favail):
        return Obstacle(os.strerror(errno.ENOSPC), look)
    try:
        process = os.stat(f"/proc/{pid}")
    except OSError:
        return None  # it is gone, which others tell
    if process.st_uid == 0 or there.st_mode & _write_bit(process, there):
        return None
    user, owner = accounts.name_of(process.st_uid), accounts.name_of(there.st_uid)
    reason = say("it belongs to {owner}, and the daemon runs as {user}", owner=owner, user=user)
    return Obstacle(reason, f"sudo chown -R {user}: {folder}")


def _write_bit(process: os.stat_result, folder: os.stat_result) -> int:
    if folder.st_uid == process.st_uid:
        return stat.S_IWUSR
    return stat.S_IWGRP if folder.st_gid == process.st_gid else stat.S_IWOTH
