"""How fast files are deleted that fall due at once: each copy is verified once more, and each deletion testified.

One sshd on loopback, without and with a round trip of 20 ms. All folders are on the disk, so that what is flushed costs
what it costs there.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from bench import figures
from celestial_nasops.config import Config
from celestial_nasops.daemon.verified_delete import Hooks
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from celestial_nasops.transfer import Sent
from tests.crash.slow_link import slow_link
from tests.daemon_field import sha256
from tests.nas_profiles import sftp_only_server
from tests.nas_servers import Server, openssh_server

FILES, FILE_BYTES = 1000, 100_000
ROUNDS = 3
_ROUND_TRIP_MS = 20
_LINK_BYTES_PER_SECOND = 100_000_000
_SERVERS: dict[str, Callable[[str], AbstractContextManager[Server]]] = {
    "hashed there": openssh_server,
    "read back": sftp_only_server,
}


def main() -> None:
    print(f"{FILES} files of {FILE_BYTES} bytes fall due at once:")
    for proof, server in _SERVERS.items():
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, server(f"{folder}/nas") as nas:
            _measure(f"  copies are {proof}, loopback", Path(folder), nas)
            with slow_link(nas) as link:
                link.order(_LINK_BYTES_PER_SECOND, _ROUND_TRIP_MS / 2)
                _measure(f"  copies are {proof}, {_ROUND_TRIP_MS} ms round trip", Path(folder), nas)


def _measure(name: str, folder: Path, nas: Server) -> None:
    rates = []
    for number in range(ROUNDS):
        with tempfile.TemporaryDirectory(dir=folder) as local:
            rates.append(_files_per_second(Path(local), nas, number))
    figures.row(name, rates, "1/s")


def _files_per_second(folder: Path, nas: Server, number: int) -> float:
    media = folder / "media"
    media.mkdir()
    settings = {"sync_settings": {"safe_delete_delay_minutes": 0}, "nas_settings": {"base_path": nas.files}}
    deletes = SafeDeleteManager(f"{folder}/pending_deletes.json", Config.model_validate(settings))
    deletes.schedule_all([_sent(media / f"{number}_{count}.jpg", Path(nas.files)) for count in range(FILES)])
    with (
        MediaStatusDB(f"{folder}/queue.db", timeout_seconds=10, create=True) as receipts,
        NasSession.open(nas.target(), timeout_seconds=10) as session,
    ):
        files = open_files(session, nas.config().nas_settings, timeout_seconds=10)
        begun = time.monotonic()
        deleted = deletes.run_due(lambda: files, Hooks(lambda _: None, lambda: False), receipts)
        seconds = time.monotonic() - begun
    assert deleted == FILES
    assert not os.listdir(media)
    return FILES / seconds


def _sent(path: Path, nas: Path) -> tuple[str, Sent]:
    """A new file with its copy, as it was sent."""
    content, copy = os.urandom(FILE_BYTES), nas / path.name
    path.write_bytes(content)
    copy.write_bytes(content)
    sent = Sent(str(copy), FILE_BYTES, sha256(content), path.stat().st_mtime_ns, VerificationLevel.HASH)
    return str(path), sent
