"""Folders and files of this server: there, of the right owner and mode, and with room."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from celestial_nasops import accounts, causes as shared, full_disk, words
from celestial_nasops.durable import folder_fault, user_name
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from healthcheck import causes, preflight
from healthcheck.doctor.case import Case
from healthcheck.doctor.finding import Finding, State
from healthcheck.doctor.units import settings_of

_LOW_SHARE = 0.05
_LARGE_FILE_BYTES = 30e9  # what docks make at most
_SPARE_BYTES = 1 << 20  # for the queue's own growth


def look_at_folders(case: Case) -> Iterator[Finding]:
    """Whether each folder of the configuration is there, and is the programs' own."""
    folders = settings_of(case.config)
    state = os.path.normpath(case.config.daemon_settings.state_path)
    if not case.has_our_daemon and not os.path.lexists(state):
        del folders[state]
    if os.path.lexists(case.state_dir):  # the first run makes it
        folders[case.state_dir] = "--state-dir"
    faults = [fault for path, setting in folders.items() if (fault := fault_of_folder(path, setting)) is not None]
    open_ones = [case.loaded.path, case.config.daemon_settings.state_path, case.state_dir]
    bad = [Finding.of_fault("folders", fault) for fault in faults]
    bad += [found for path in open_ones if (found := open_to_others("folders", path)) is not None]
    yield from bad
    if not bad:
        yield Finding.ok("folders", say("{user} can write in {folders}", user=case.user, folders=", ".join(folders)))


def fault_of_folder(path: str, setting: str) -> Fault | None:
    """What keeps this user from writing in a folder, outside of any sandbox; None where nothing does."""
    try:
        status = os.stat(path)
    except OSError as error:
        return folder_fault(error, path, setting)
    if not stat.S_ISDIR(status.st_mode):
        return Fault(shared.FOLDER_NOT_A_FOLDER, path=path, setting=setting)
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        return Fault(causes.FOLDER_ON_READ_ONLY_DISK, path=path, setting=setting)
    return fault_of_owner(path, setting)


def fault_of_owner(path: str, setting: str) -> Fault | None:
    """Why this user may not write what is there; None where it may."""
    if preflight.may_write(path):
        return None
    status = os.stat(path)
    if status.st_uid != os.geteuid():
        return preflight.not_ours(path, setting)
    right = "u+rwx" if stat.S_ISDIR(status.st_mode) else "u+rw"
    return Fault(causes.MODE_TOO_TIGHT, path=path, mode=mode_of(status), right=right, setting=setting)


def open_to_others(name: str, path: str) -> Finding | None:
    """A warning where every user of this server may change a file or folder."""
    try:
        status = os.stat(path)
    except OSError:  # told elsewhere
        return None
    if not status.st_mode & stat.S_IWOTH or status.st_mode & stat.S_ISVTX:
        return None
    return Finding.of_cause(name, causes.FILE_OPEN_TO_OTHERS, State.WARN, path=path, mode=mode_of(status))


def unreadable(name: str, path: str) -> Finding | None:
    """A failure where a file is there and this user may not read it."""
    try:
        status = os.stat(path)
    except OSError:  # not there, or in a folder that is not ours, which is told elsewhere
        return None
    if os.access(path, os.R_OK):
        return None
    owner = accounts.name_of(status.st_uid)
    return Finding.of_cause(
        name, causes.FILE_OF_ANOTHER, path=path, user=user_name(), owner=owner, mode=mode_of(status)
    )


def mode_of(status: os.stat_result) -> str:
    """Its permission bits as chmod takes them."""
    return f"{stat.S_IMODE(status.st_mode):03o}"


def look_at_space(case: Case) -> Iterator[Finding]:
    """Whether there is room on each disk of this server that the programs write on."""
    seen: set[int] = set()
    free: list[str] = []
    bad: list[Finding] = []
    for path, setting in settings_of(case.config).items():
        try:
            device, space = os.stat(path).st_dev, os.statvfs(path)
        except OSError:  # told by the look at the folders
            continue
        if device not in seen:
            seen.add(device)
            found = _of_space(path, setting, space, case.config.testing.test_file_size_bytes)
            bad += [found] if found else []
            free.append(f"{path} {words.size(space.f_bavail * space.f_frsize)}")
    yield from bad
    if not free:
        yield Finding.blind("space", say("none of the folders is there"))
    elif not bad:
        yield Finding.ok("space", say("free: {free}", free=", ".join(free)))


def _of_space(path: str, setting: str, space: os.statvfs_result, test_file: int) -> Finding | None:
    free, total = space.f_bavail * space.f_frsize, space.f_blocks * space.f_frsize
    if free < test_file + _SPARE_BYTES or full_disk.has_no_inode(path):
        needed = say("{needed} are needed", needed=words.size(test_file + _SPARE_BYTES))
        return Finding.of_fault("space", full_disk.fault_of(path, setting, needed))
    if free < _LOW_SHARE * total and free < _LARGE_FILE_BYTES:
        return Finding.of_cause(
            "space",
            causes.SPACE_LOW,
            State.WARN,
            path=path,
            setting=setting,
            free=words.size(free),
            total=words.size(total),
        )
    return None
