"""Servers for the contract tests: started once, used by many."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from tests.mounts import SmallTmpfs
from tests.nas_profiles import PROFILES
from tests.nas_servers import Server, embedded_server, openssh_server
from tests.waiting import eventually

_KINDS: dict[str, Callable[[str], AbstractContextManager[Server]]] = {**PROFILES, "embedded": embedded_server}


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One real sshd for tests that leave it as it is."""
    with openssh_server(str(tmp_path_factory.mktemp("sshd"))) as server:
        yield server


@pytest.fixture(scope="session", params=list(_KINDS))
def nas_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Each kind of NAS in turn."""
    with _KINDS[request.param](str(tmp_path_factory.mktemp(request.param))) as server:
        yield server


@pytest.fixture
def nas_session(nas_server: Server) -> Iterator[NasSession]:
    """A fresh session on each kind of NAS; its threads are gone afterwards."""
    with NasSession.open(nas_server.target(), timeout_seconds=10) as session:
        yield session
    watchdogs = [thread for thread in threading.enumerate() if thread.name == "nas-watchdog"]
    assert not watchdogs


@pytest.fixture
def nas_files(nas_server: Server, nas_session: NasSession) -> NasFiles:
    """The files of each kind of NAS."""
    return open_files(nas_session, nas_server.config().nas_settings, timeout_seconds=10)


@pytest.fixture
def nas_mounts(need_root: None, nas_server: Server) -> Iterator[SmallTmpfs]:
    """``nas_mounts(64 * 1024)`` mounts a small file system on the NAS and returns its folder there."""
    mounts = SmallTmpfs(Path(nas_server.files))
    try:
        yield mounts
    finally:
        mounts.unmount_all()


@pytest.fixture
def nothing_stays_open(sshd: Server) -> Iterator[None]:
    """The test leaves no thread and no descriptor open; ``sshd`` is there so that its own are not counted."""
    threads, descriptors = set(threading.enumerate()), set(os.listdir("/proc/self/fd"))
    yield

    def left() -> str:
        paths = [f"/proc/self/fd/{fd}" for fd in set(os.listdir("/proc/self/fd")) - descriptors]
        open_files = [os.readlink(path) for path in paths if os.path.exists(path)]
        return f"{open_files} {set(threading.enumerate()) - threads}"

    eventually(lambda: left() == "[] set()", 3)
