"""What keeps the check, or the daemon, from writing in its own folder, and what mends that."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
import sys
from typing import NamedTuple

from celestial_nasops import accounts
from celestial_nasops.durable import folder_fault, user_name
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from healthcheck import causes

_SETTING = "--state-dir"


def become_its_owner(folder: str) -> None:
    """Go on as the user that the state folder belongs to, where root types a command.

    That is the user of the units. What root leaves in the folder, or beside the queue, that user may not write.

    Args:
        folder: the state folder; one that is missing is made by whoever comes first.
    """
    if os.geteuid() == 0:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            owner = os.stat(folder)
            if owner.st_uid != 0:
                accounts.become(owner.st_uid, owner.st_gid)


def unwritable(error: OSError, path: str, folder: str) -> Fault:
    """The fault of a file of the state folder.

    Args:
        error: what the kernel said.
        path: the file.
        folder: the state folder.
    """
    reason = error.strerror or str(error)
    return Fault(causes.STATE_UNWRITABLE, path=path, reason=reason, remedy=_remedy(error, folder))


def _remedy(error: OSError, folder: str) -> str:
    word = shlex.quote(folder)
    match error.errno:
        case errno.EACCES | errno.EPERM:
            owner = _other_owner(folder)
            if owner:
                command = shlex.join(["smoke-check", *sys.argv[1:]])
                return say("the folder belongs to {owner}: sudo {command}", owner=owner, command=command)
            # Also a single file may be somebody else's, after a run as another user.
            return say(
                "give the folder and all in it to the user of the check: sudo chown -R {user} {folder}",
                user=user_name(),
                folder=word,
            )
        case errno.ENOENT:
            return say(
                "create it, or name another folder by {setting}: sudo install -d -o {user} {folder}",
                setting=_SETTING,
                user=user_name(),
                folder=word,
            )
        case errno.ENOTDIR | errno.EEXIST:
            return say(
                "that is no folder; name one by {setting}, or look at what is there: ls -ld {folder}",
                setting=_SETTING,
                folder=word,
            )
        case _:
            return folder_fault(error, folder, _SETTING).remedy


def _other_owner(folder: str) -> str:
    """The user of the units, where this process is somebody else's; root's folder is one that is still to be given."""
    try:
        uid = os.stat(folder).st_uid
    except OSError:
        return ""
    return "" if uid in (0, os.geteuid()) else accounts.name_of(uid)


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
    word = shlex.quote(folder)
    look = f"findmnt -T {word}; df -h {word}"
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
    return Obstacle(reason, f"sudo chown -R {user}: {word}")


def _write_bit(process: os.stat_result, folder: os.stat_result) -> int:
    if folder.st_uid == process.st_uid:
        return stat.S_IWUSR
    return stat.S_IWGRP if folder.st_gid == process.st_gid else stat.S_IWOTH
