"""Where a file goes on the NAS. Pure functions of the configuration, the name and the day."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re

from celestial_nasops.config import Config

TEST_FILE_MARK = ".smoke-check."  # in the names of the check's files, which are no media
_EXTENSION_LIMIT_BYTES = 16  # what is longer is a part of the name
MARKER_NAME = ".celestial-nasops-marker"
"""The daemon's mark in the media folder and in the NAS's, by which it knows them again. It is no media."""
# What every file system that a NAS offers takes: NAME_MAX of eCryptfs, which is an encrypted shared folder of DSM's.
_NAME_LIMIT_BYTES = 143


def is_test_file(path: str) -> bool:
    """Whether a path's last part is the name of a test file of the check's, which leaves nothing behind it."""
    return TEST_FILE_MARK in os.path.basename(path)


def date_in_name(file_name: str) -> dt.date | None:
    """The date that the first eight digits in a row of a file's name form, or None where they form no valid one."""
    digits = re.search(r"[0-9]{8}", file_name)
    if digits is None:
        return None
    try:
        return dt.date(int(digits[0][:4]), int(digits[0][4:6]), int(digits[0][6:]))
    except ValueError:
        return None


def remote_folder(config: Config, file_name: str, day_of_transfer: dt.date, *, with_backup_path: bool = True) -> str:
    """The folder on the NAS that a file belongs in.

    Args:
        config: gives base_path, backup_path and the date structure.
        file_name: its date counts where it holds a valid one.
        day_of_transfer: counts otherwise; the edge server's local day.
        with_backup_path: False gives the place where some older daemons put it.
    """
    nas, organization = config.nas_settings, config.file_organization
    parts = [nas.base_path.rstrip("/") or "/"]
    if with_backup_path and nas.backup_path.strip("/"):
        parts.append(nas.backup_path.strip("/"))
    if organization.enable_date_structure:
        day = date_in_name(file_name) or day_of_transfer
        parts.append(day.strftime(organization.strftime_format))
    return "/".join(parts).replace("//", "/")


def remote_path(config: Config, file_name: str, day_of_transfer: dt.date) -> str:
    """The path on the NAS that a file belongs at."""
    return f"{remote_folder(config, file_name, day_of_transfer)}/{file_name}"


def beside_name(file_name: str, sha256: str) -> str:
    """The name for a file whose own name is taken on the NAS by another: ``x.1a2b3c-4d5e6f.mp4`` for ``x.mp4``.

    The first twelve digits of its SHA-256 tell it from the other. They stand in two groups, so that they never form the
    eight digits in a row that a date in a name is, and behind the name, so that a date in its front stays.
    """
    stem, extension = os.path.splitext(file_name)
    if len(os.fsencode(extension)) > _EXTENSION_LIMIT_BYTES:
        stem, extension = file_name, ""
    ending = f".{sha256[:6]}-{sha256[6:12]}{extension}"
    # Where the file's own name is longer, names of that length are taken there.
    room = max(_NAME_LIMIT_BYTES, len(os.fsencode(file_name))) - len(os.fsencode(ending))
    return _cut(stem, room) + ending


def temporary_name(config: Config, local_path: str) -> str:
    """The name of an unfinished upload, in the folder where the file belongs.

    It is the same for every try at the same file of this machine, so a new try and a clean-up find what a dead one
    left; it differs between machines, so two that share a NAS never write the same one.
    """
    owner = hashlib.sha256(machine_id().encode() + b"\0" + os.fsencode(local_path)).hexdigest()[:12]
    prefix, suffix = config.sync_settings.temp_file_prefix, f".{owner}"
    room = _NAME_LIMIT_BYTES - len(os.fsencode(prefix + suffix))
    return prefix + _cut(os.path.basename(local_path), room) + suffix


def _cut(name: str, room: int) -> str:
    """A name shortened to so many bytes, by characters, since half a one is refused by some file systems."""
    while len(os.fsencode(name)) > room:
        name = name[:-1]
    return name


def machine_id() -> str:
    """What tells this edge server from others: /etc/machine-id, or its host name where that is missing."""
    try:
        with open("/etc/machine-id", encoding="ascii") as file:
            return file.read().strip() or os.uname().nodename
    except (OSError, UnicodeDecodeError):
        return os.uname().nodename
