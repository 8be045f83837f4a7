"""Fixtures for tests with a real daemon."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from tests.daemon_field import Field
from tests.delete_bench import CONTENT, DeleteBench
from tests.many_deletions import COUNT, put
from tests.nas_servers import Server, openssh_server
from tests.scene import Scene


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[Server]:
    """A real sshd for one test, which may do with it as it likes."""
    with openssh_server(tmp_path / "nas") as server:
        yield server


@pytest.fixture
def scene(tmp_path: Path, nas: Server) -> Scene:
    """The whole field around it, for runs of the real agent."""
    return Scene(tmp_path, nas)


@pytest.fixture
def field(tmp_path: Path, nas: Server) -> Iterator[Field]:
    """Folders, a configuration and a queue for a daemon."""
    field = Field(tmp_path, nas)
    yield field
    field.db.close()


@pytest.fixture(scope="session")
def steady_nas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real sshd for all tests that leave it as it is."""
    with openssh_server(tmp_path_factory.mktemp("nas")) as server:
        yield server


@pytest.fixture(scope="module")
def files(steady_nas: Server) -> Iterator[NasFiles]:
    """Files on it."""
    with NasSession.open(steady_nas.target(), timeout_seconds=10) as session:
        yield open_files(session, steady_nas.config().nas_settings, timeout_seconds=10)


@pytest.fixture
def bench(files: NasFiles, tmp_path: Path) -> DeleteBench:
    """One file with a right copy, and a manager's settings with which everything is due at once."""
    for name in ("media", "base", "state"):
        (tmp_path / name).mkdir()
    local, copy = tmp_path / "media" / "x.mp4", tmp_path / "base" / "x.mp4"
    local.write_bytes(CONTENT)
    copy.write_bytes(CONTENT)
    settings = {"safe_delete_delay_minutes": 0, "retry_delay_seconds": 0, "max_retry_attempts": 2}
    return DeleteBench(files, tmp_path, local, copy, settings, tmp_path / "state")


@pytest.fixture
def receipts(tmp_path: Path) -> Iterator[MediaStatusDB]:
    """A queue that holds nothing but receipts."""
    with MediaStatusDB(str(tmp_path / "queue.db"), timeout_seconds=0.2, create=True) as database:
        yield database


@pytest.fixture
def media(bench: DeleteBench) -> list[Path]:
    """Many files with right copies, which are not scheduled yet."""
    bench.local.unlink()
    return [put(bench, f"{number:02}.jpg", f"photo {number:02}".encode()) for number in range(COUNT)]
