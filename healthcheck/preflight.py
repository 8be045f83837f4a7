"""What must hold before a first run can pass, as far as it can be told without a run: for install.sh.

It looks with the eyes of the user who will run the check, changes nothing, sends nothing, and tells all at once.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import stat
from collections.abc import Iterator

from celestial_nasops import accounts, causes as shared
from celestial_nasops.config import Config
from celestial_nasops.durable import user_name
from celestial_nasops.fault import Fault
from celestial_nasops.nas.known_hosts import KnownHosts
from celestial_nasops.nas.target import SshTarget, resolve
from healthcheck import causes


def problems(config: Config, *, user: str | None = None) -> list[Fault]:
    """All that stands in the way of a first run, each with the command that mends it.

    Args:
        config: a good one.
        user: who will run the check, where that user does not exist yet; by default it is the user of this process.
    """
    found = list(_of_folders(config, user))
    if user is None:
        found += of_link(config)
    return found


def _of_folders(config: Config, new_user: str | None) -> Iterator[Fault]:
    database = config.database_settings.db_path
    folders = {
        "local_settings.media_path": config.local_settings.media_path,
        "database_settings.db_path": os.path.dirname(database),
    }
    for setting, folder in folders.items():
        fault = _of_folder(folder, setting, new_user)
        if fault is not None:
            yield fault
        elif setting == "database_settings.db_path" and os.path.exists(database) and not may_write(database, new_user):
            yield not_ours(database, setting, new_user)


def _of_folder(folder: str, setting: str, new_user: str | None) -> Fault | None:
    """A folder that is missing is made by the installation, so only what is above it can be in the way."""
    there = folder.rstrip("/") or "/"
    while not os.path.lexists(there):
        there = os.path.dirname(there)
    if not os.path.isdir(there):
        return Fault(shared.FOLDER_NOT_A_FOLDER, path=there, setting=setting)
    if os.statvfs(there).f_flag & os.ST_RDONLY:
        return Fault(causes.FOLDER_ON_READ_ONLY_DISK, path=folder, setting=setting)
    if there == (folder.rstrip("/") or "/") and not may_write(there, new_user):
        return not_ours(there, setting, new_user)
    return None


def not_ours(path: str, setting: str, new_user: str | None = None) -> Fault:
    """The fault of a path that a user may not write; by default the user of this process."""
    owner, user = accounts.name_of(os.stat(path).st_uid), new_user or user_name()
    if owner == "root" or owner.isdigit():  # the programs don't run as root, nor as an account that is gone
        return Fault(causes.OF_NO_ACCOUNT, path=path, owner=owner, user=user, setting=setting)
    return Fault(causes.OF_ANOTHER, path=path, owner=owner, user=user, setting=setting)


def may_write(path: str, new_user: str | None = None) -> bool:
    """Whether a user may write there; by default the user of this process."""
    folder = os.path.isdir(path)
    if new_user is None:
        return os.access(path, os.W_OK | (os.X_OK if folder else 0))
    needed = stat.S_IWOTH | (stat.S_IXOTH if folder else 0)  # who does not exist yet owns nothing, and is in no group
    return os.stat(path).st_mode & needed == needed


def of_link(config: Config) -> Iterator[Fault]:
    """All that a login on the NAS lacks on this side: alias, key, pinned host key."""
    try:
        target = resolve(config)
    except Fault as fault:
        yield fault
        return
    if target.config_alias and _means_nothing(target):
        target = _as_configured(config, target)
        yield _no_alias(target)
    key = next((path for path in target.identity_files if os.path.lexists(path)), None)
    if key is None:
        yield _no_key(target)
    else:
        from celestial_nasops.nas import identity  # imports the SSH library, which takes its time

        try:
            identity.load(target)
        except Fault as fault:
            yield fault
    if target.proxy_command is None and not _is_pinned(target):
        yield _not_pinned(target)


def _means_nothing(target: SshTarget) -> bool:
    """Whether ssh took the alias itself for the host's name, and nobody knows such a host."""
    if target.host != target.config_alias:
        return False
    with contextlib.suppress(OSError):
        socket.getaddrinfo(target.host, target.port)
        return False
    return True


def _as_configured(config: Config, target: SshTarget) -> SshTarget:
    """Where the alias should lead, by the configuration's own host, port and username."""
    nas = config.nas_settings
    return SshTarget(
        alias=target.alias,
        host=nas.host,
        port=nas.port,
        username=nas.username,
        identity_files=(config.security.ssh_key_path or os.path.expanduser("~/.ssh/id_ed25519"),),
        known_hosts_files=target.known_hosts_files,
        config_alias=target.config_alias,
        ssh_config=target.ssh_config,
    )


def _is_pinned(target: SshTarget) -> bool:
    names = {target.known_hosts_name, target.host.lower()}
    known = KnownHosts.read(target.known_hosts_files)
    return any(known.pinned(name) for name in names)


def _no_alias(target: SshTarget) -> Fault:
    path = os.path.expanduser(target.ssh_config)
    lines = (
        f"Host {target.config_alias}",
        f"    HostName {target.host}",
        *((f"    Port {target.port}",) if target.port != 22 else ()),
        f"    User {target.username}",
        f"    IdentityFile {target.identity_files[0]}",
        "    IdentitiesOnly yes",
    )
    block = shlex.join(["printf", "%s\\n", *lines])
    command = f"{block} | {_as_user()} tee -a {shlex.quote(path)}"
    return Fault(
        causes.NO_SSH_ALIAS, user=user_name(), alias=target.config_alias, path=path, command=_with_folder(path, command)
    )


def _no_key(target: SshTarget) -> Fault:
    path = os.path.expanduser((target.identity_files or ("~/.ssh/id_ed25519",))[0])
    command = _with_folder(path, f"{_as_user()} ssh-keygen -q -t ed25519 -N '' -f {shlex.quote(path)}")
    account = f"{target.username} on {target.host}"
    return Fault(causes.NO_SSH_KEY, user=user_name(), path=path, account=account, command=command)


def _not_pinned(target: SshTarget) -> Fault:
    path = (target.known_hosts_files or (os.path.expanduser("~/.ssh/known_hosts"),))[0]
    port = "" if target.port == 22 else f" -p {target.port}"
    rename = "" if target.host_key_alias is None else f" | sed 's/^[^ ]*/{target.known_hosts_name}/'"
    scan = f"ssh-keyscan -t ed25519{port} {shlex.quote(target.host)} 2>/dev/null{rename}"
    command = _with_folder(path, f"{scan} | {_as_user()} tee -a {shlex.quote(path)}")
    return Fault(causes.HOST_KEY_NOT_PINNED, name=target.known_hosts_name, path=path, command=command)


def _as_user() -> str:
    return f"sudo -u {shlex.quote(user_name())}"


def _with_folder(path: str, command: str) -> str:
    folder = os.path.dirname(path)
    return command if os.path.isdir(folder) else f"{_as_user()} mkdir -p -m 700 {shlex.quote(folder)} && {command}"
