"""[Errno 30] has three forms, and each is mended by another line: the disk, the unit's sandbox, a folder replaced.

A service that is confined to some folders (ProtectSystem=strict with ReadWritePaths=) holds on to the folders that
stood there when it started. One that was replaced since then is read-only for it, until it is restarted.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import NamedTuple

from celestial_nasops import causes, own_unit
from celestial_nasops.fault import Cause, LocalFault

_ESCAPE = re.compile(rb"\\([0-7]{3})")
_proven: set[str] = set()


class Mount(NamedTuple):
    """A line of ``/proc/self/mountinfo``, proc(5).

    Attributes:
        point: where it is.
        read_only: whether nothing can be written through it.
        disk_read_only: whether nothing can be written on its file system at all.
        device: what is mounted, such as ``/dev/sda1`` or ``tmpfs``.
    """

    point: str
    read_only: bool
    disk_read_only: bool
    device: str = ""


def proven(folder: str) -> None:
    """Remember that this process could write in a folder; when it can't any more, that is news."""
    _proven.add(folder)


def parse(mountinfo: bytes) -> list[Mount]:
    """The mounts in a file like ``/proc/self/mountinfo``, in its order."""
    mounts = []
    for line in mountinfo.splitlines():
        before, separator, after = line.partition(b" - ")
        if separator:
            fields, disk = before.split(b" "), after.split(b" ")
            disk_read_only = b"ro" in disk[-1].split(b",")
            device = _unescaped(disk[1]) if len(disk) > 2 else ""
            mounts.append(Mount(_unescaped(fields[4]), b"ro" in fields[5].split(b","), disk_read_only, device))
    return mounts


def _unescaped(field: bytes) -> str:
    return os.fsdecode(_ESCAPE.sub(lambda match: bytes([int(match[1], 8)]), field))


def mount_of(path: str, mounts: Sequence[Mount]) -> Mount | None:
    """The mount through which an absolute path without symbolic links is reached: the deepest, of several the last."""
    above = [mount for mount in mounts if os.path.join(path, "").startswith(os.path.join(mount.point, ""))]
    return max(reversed(above), key=lambda mount: len(mount.point), default=None)


def judge(mount: Mount | None, unit: str | None, *, was_writable: bool) -> Cause:
    """Which form it is.

    Args:
        mount: through which the folder is reached.
        unit: the unit that this process belongs to; without one there is no sandbox.
        was_writable: whether this process could write there once.
    """
    if mount is None or mount.disk_read_only or not mount.read_only or unit is None:
        return causes.FOLDER_READ_ONLY
    return causes.FOLDER_REPLACED if was_writable else causes.FOLDER_SANDBOXED


def fault_of(folder: str, setting: str) -> LocalFault:
    """The fault that [Errno 30] on a folder means to an operator.

    Args:
        folder: where this process can't write.
        setting: the configuration key that names it.
    """
    mount, unit = mount_of_folder(folder), own_unit.name()
    was_writable = any(os.path.join(folder, "").startswith(os.path.join(one, "")) for one in _proven)
    cause = judge(mount, unit, was_writable=was_writable)
    return fault_with(cause, folder, setting, unit or "", mount.point if mount else folder)


def disk_fault(folder: str, setting: str) -> LocalFault | None:
    """The fault where the file system itself is read-only, and so for every process; None where it is not."""
    mount = mount_of_folder(folder)
    if mount is None or not mount.disk_read_only:
        return None
    return fault_with(causes.FOLDER_READ_ONLY, folder, setting, "", mount.point)


def fault_with(cause: Cause, folder: str, setting: str, unit: str, mount_point: str) -> LocalFault:
    """The same, where another process has found out which form it is."""
    return LocalFault(cause, path=folder, setting=setting, unit=unit, mount_point=mount_point)


def mount_point(folder: str) -> str:
    """Where the file system of a folder is mounted, for this process."""
    mount = mount_of_folder(folder)
    return mount.point if mount else folder


def is_read_only(folder: str) -> bool:
    """Whether this process would get [Errno 30] there; False where the folder can't be asked."""
    try:
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def mount_of_folder(folder: str) -> Mount | None:
    """The mount through which this process reaches a folder; None where that can't be told."""
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            return mount_of(os.path.realpath(folder), parse(file.read()))
    except OSError:
        return None
