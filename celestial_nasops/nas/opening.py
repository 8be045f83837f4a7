"""Which way to the files a login on the NAS gives."""

from __future__ import annotations

from celestial_nasops.config import NasSettings
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell_files import ShellFiles


def open_files(session: NasSession, nas: NasSettings, *, timeout_seconds: float) -> NasFiles:
    """The NAS's files by the best way that this login has.

    Args:
        session: the login.
        nas: how the NAS is set up.
        timeout_seconds: bounds each step that moves no data.
    """
    del nas
    return ShellFiles(session, timeout_seconds=timeout_seconds)
