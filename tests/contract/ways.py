"""Logins for the tests of what a login gives."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from tests.nas_servers import Server, openssh_server

SFTP_SERVER = "/usr/lib/openssh/sftp-server"
_CHECKOUT = Path(__file__).resolve().parent.parent.parent


@contextlib.contextmanager
def opened(server: Server, **settings: object) -> Iterator[tuple[NasFiles, list[Capabilities]]]:
    """A fresh login's files, and what was reported of it."""
    found: list[Capabilities] = []
    nas = server.config().nas_settings.model_copy(update=settings)
    with NasSession.open(server.target(), timeout_seconds=10) as session:
        yield open_files(session, nas, timeout_seconds=10, found=found.append), found


@contextlib.contextmanager
def odd_server(folder: Path, how: str) -> Iterator[Server]:
    """A server without a shell whose SFTP does something odd."""
    script = folder / "sftp"
    script.write_text(f"#!/bin/sh\ncd '{_CHECKOUT}' && exec '{sys.executable}' -m tests.odd_sftp {how}\n")
    script.chmod(0o755)
    settings = [f"Subsystem sftp {script}", f"ForceCommand {only_sftp(folder, str(script))}"]
    with openssh_server(folder / "nas", settings=settings) as server:
        yield server


def only_sftp(folder: Path, sftp: str) -> str:
    """A shell that is none, as sshd calls it for commands and for SFTP."""
    script = folder / "shell"
    script.write_text(
        f'#!/bin/sh\n[ "$SSH_ORIGINAL_COMMAND" = "{sftp}" ] && exec {sftp}\nexec /usr/sbin/nologin\n',
    )
    script.chmod(0o755)
    return str(script)
