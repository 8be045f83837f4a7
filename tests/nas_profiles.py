"""The kinds of NAS that are met: real OpenSSH servers, which differ in what a login gets and sees."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from tests.mounts import cannot
from tests.nas_servers import Server, busybox_server, openssh_server

_SFTP_ONLY = "internal-sftp"
_SFTP_SERVER = "/usr/lib/openssh/sftp-server"
# What a program needs to run at all. The rest of the machine is not there for it.
_SYNOLOGY_SFTP = f"""#!/bin/sh
exec unshare --mount --propagation private sh -e -c '
    mount -t tmpfs tmpfs "$1"
    for name in bin dev etc lib lib64 usr; do
        if [ -L "/$name" ]; then cp -P "/$name" "$1/$name"
        elif [ -d "/$name" ]; then mkdir "$1/$name"; mount --rbind "/$name" "$1/$name"; fi
    done
    mkdir "$1/homes"
    mount --rbind "$2" "$1/homes"
    exec chroot "$1" {_SFTP_SERVER}
' sh "VIEW" "HOMES"
"""


@contextlib.contextmanager
def sftp_only_server(folder: str | os.PathLike[str], *, sftp: str = _SFTP_ONLY) -> Iterator[Server]:
    """An account in a chroot that gets SFTP and no shell.

    Args:
        folder: as for ``openssh_server``; what lies in its ``files`` is seen in the chroot under the same path.
        sftp: the command for SFTP, with its options.
    """
    folder = os.path.abspath(folder)
    with root_s_own_folder() as jail:
        os.makedirs(f"{jail}{folder}/files")
        os.makedirs(folder, exist_ok=True)
        os.symlink(f"{jail}{folder}/files", f"{folder}/files")
        with openssh_server(folder, settings=_jailed_in(jail, sftp)) as server:
            server.is_jailed = True
            yield server


@contextlib.contextmanager
def synology_server(folder: str | os.PathLike[str], *, access: str = "auto") -> Iterator[Server]:
    """A shell sees ``.../volume1/homes/edge_sync``, SFTP sees ``/homes/edge_sync``."""
    with root_s_own_folder() as root:
        view = Path(root, "view")
        view.mkdir()
        sftp = Path(root, "sftp")
        sftp.write_text(_SYNOLOGY_SFTP.replace("VIEW", str(view)).replace("HOMES", f"{root}/volume1/homes"))
        sftp.chmod(0o755)
        base = _synology_base(root)
        with openssh_server(folder, settings=[f"Subsystem sftp {sftp}"], base_path=base) as server:
            server.access = access
            server.is_jailed = access == "sftp"
            yield server


@contextlib.contextmanager
def synology_by_sftp_server(folder: str | os.PathLike[str]) -> Iterator[Server]:
    """The same, told to use SFTP though there is a shell."""
    with synology_server(folder, access="sftp") as server:
        yield server


@contextlib.contextmanager
def synology_sftp_only_server(folder: str | os.PathLike[str]) -> Iterator[Server]:
    """The same for an account that is no administrator, and so gets no shell."""
    with root_s_own_folder() as root:
        base = _synology_base(root)
        with openssh_server(folder, settings=_jailed_in(f"{root}/volume1"), base_path=base) as server:
            server.is_jailed = True
            yield server


PROFILES: dict[str, Callable[[str | os.PathLike[str]], AbstractContextManager[Server]]] = {
    "openssh": openssh_server,
    "busybox": busybox_server,
    "sftp_only": sftp_only_server,
    "synology": synology_server,
    "synology_by_sftp": synology_by_sftp_server,
    "synology_sftp_only": synology_sftp_only_server,
}


def _jailed_in(folder: str, sftp: str = _SFTP_ONLY) -> list[str]:
    return ["Subsystem sftp internal-sftp", f"ChrootDirectory {folder}", f"ForceCommand {sftp}"]


def _synology_base(root: str) -> str:
    base = f"{root}/volume1/homes/edge_sync/drone_media"
    os.makedirs(base)
    return base


@contextlib.contextmanager
def root_s_own_folder() -> Iterator[str]:
    """sshd takes for a chroot only what nobody but root may write to, all the way down, as no test's own folder is."""
    if os.geteuid() != 0:
        cannot("needs root: sudo ./dev test")
    folder = tempfile.mkdtemp(prefix="celestial-nas-", dir="/var/lib")
    os.chmod(folder, 0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
