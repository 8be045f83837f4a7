"""A field in which things are killed, and the invariant that must hold at every instant all the same."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from celestial_nasops import paths
from celestial_nasops.daemon.deletion_guard import MARKER_NAME
from celestial_nasops.daemon_state import process_start_ticks
from celestial_nasops.media_status_db import TransferStatus
from celestial_nasops.receipts import Event
from tests.crash.nursery import Nursery
from tests.daemon_field import Field
from tests.nas_servers import Server, descendants_of
from tests.waiting import eventually

SMALL_FILES = 10
LARGE_BYTES = 5 << 20  # large enough to be gone on with
_DRAIN_SECONDS = 90
SETTINGS: dict[str, dict[str, Any]] = {
    "sync_settings": {"safe_delete_delay_minutes": 0, "retry_delay_seconds": 0.02, "unusual_deletions": 10_000_000},
    "security": {"connection_timeout_seconds": 5, "max_concurrent_transfers": 2},
    "daemon_settings": {"heartbeat_seconds": 0.2},
}


@dataclass(frozen=True, slots=True)
class Media:
    """A file that must not be lost: where it was put, its content's hash, and its row."""

    path: Path
    sha256: str
    row_id: int


@dataclass
class Arena:
    """One queue, one NAS, one daemon at a time."""

    folder: Path
    nas: Server
    nursery: Nursery
    dice: random.Random
    settings: dict[str, dict[str, Any]] = field(default_factory=lambda: SETTINGS)
    media: list[Media] = field(default_factory=list)
    others: dict[Path, str] = field(default_factory=dict)
    rounds: int = 0
    files: int = 0
    pid: int = 0
    ticks: int = 0

    def __post_init__(self) -> None:
        self.field = Field(self.folder, self.nas, **self.settings)
        self.log = self.folder / "daemon.log"

    # --- the daemon ---

    def start(self, die: tuple[str, str, int] | None = None) -> None:
        """Start a daemon; the one before must have ended."""
        assert not self.runs()
        self.pid = self.nursery.start(self.field.config_path, self.log, die)
        self.ticks = process_start_ticks(self.pid) or 0

    def runs(self) -> bool:
        """Whether it has not died."""
        return bool(self.pid) and self.ticks != 0 and process_start_ticks(self.pid) == self.ticks

    def kill(self) -> None:
        """Kill the daemon, in whatever it does."""
        if self.runs():
            os.kill(self.pid, signal.SIGKILL)
        self.await_death()

    def await_death(self, seconds: float = 30) -> None:
        """Until the daemon has died, with all its threads: until then it holds its lock."""
        eventually(lambda: not self.runs() and not os.path.exists(f"/proc/{self.pid}"), seconds)

    def carriers(self) -> list[int]:
        """The processes that carry bytes for the daemon."""
        return descendants_of(self.pid)

    # --- files ---

    def put_round(self) -> None:
        """New files: many small ones, one large one, and one whose name is taken on the NAS."""
        self.rounds += 1
        names = [f"20250122_{self.rounds}_{number}.jpg" for number in range(SMALL_FILES)]
        taken = self.field.remote(names[0])
        taken.parent.mkdir(parents=True, exist_ok=True)
        taken.write_bytes(self.dice.randbytes(100))
        self.others[taken] = hashlib.sha256(taken.read_bytes()).hexdigest()
        for name in names:
            self._put(name, self.dice.randbytes(self.dice.randrange(1, 50_000)))
        self._put(f"20250122_{self.rounds}.mp4", self.dice.randbytes(LARGE_BYTES))

    def put_small(self, count: int) -> None:
        """New small files, and nothing else."""
        self.rounds += 1
        for number in range(count):
            self._put(f"20250122_{self.rounds}_{number}.jpg", self.dice.randbytes(1000))

    def _put(self, name: str, content: bytes) -> None:
        self.files += 1
        row_id = self.field.put(name, content)
        self.media.append(Media(self.field.media / name, hashlib.sha256(content).hexdigest(), row_id))

    # --- what must hold ---

    def check(self) -> None:
        """The invariant, at any instant; the daemon may go on meanwhile.

        What happens first is looked at last: a row is completed, and a file deleted, after its copy was published.
        """
        rows = {one: self.field.db.get(one.row_id) for one in self.media}
        local = {one: sha256_of(one.path) for one in self.media}
        published = self.published()
        for one in self.media:
            copies = [path for path in self._names(one) if published.get(path) == one.sha256]
            here = local[one] == one.sha256
            assert here or copies, f"{one.path} is lost\n{self.story(one)}"
            record = rows[one]
            assert record is not None
            if record.transfer_status is TransferStatus.COMPLETED:
                assert copies, f"{one.path} says completed and has no copy\n{self.story(one)}"
            if not here:
                events = [receipt.event for receipt in self.field.db.receipts_of(str(one.path))]
                assert Event.VERIFIED_AGAIN in events, f"{one.path} went without a receipt\n{self.story(one)}"
        for path, sha256 in self.others.items():
            assert published.get(path) == sha256, f"{path} was overwritten"
        known = {one.sha256 for one in self.media} | set(self.others.values())
        halves = [path for path, sha256 in published.items() if sha256 not in known]
        assert halves == [], "visible under its final name, and not whole"

    def drain(self) -> None:
        """Wait until all is done; then nothing may be left over and no row be stuck."""

        def is_done() -> bool:
            rows = [self.field.db.get(one.row_id) for one in self.media]
            sent = all(row is not None and row.transfer_status is TransferStatus.COMPLETED for row in rows)
            return sent and not any(one.path.exists() for one in self.media) and self.field.pending() == []

        try:
            eventually(is_done, _DRAIN_SECONDS)
            eventually(lambda: self.litter() == [], 20)
        except AssertionError as error:
            rows = [self.field.db.get(one.row_id) for one in self.media]
            stuck = [row for row in rows if row is None or row.transfer_status is not TransferStatus.COMPLETED]
            said = self.log.read_text()[-4000:]
            raise AssertionError(f"{stuck}\n{self.litter()}\n{self.field.pending()}\n{said}") from error
        self.check()
        for one in self.media:
            events = [receipt.event for receipt in self.field.db.receipts_of(str(one.path))]
            assert events[0] is Event.SENT, self.story(one)
            assert events[-1] in (Event.DELETED, Event.GONE), self.story(one)
        assert "Traceback" not in self.log.read_text()
        self._forget()

    def litter(self) -> list[str]:
        """What nobody will ever want."""
        base = Path(self.field.config.nas_settings.base_path)
        left = [str(path) for path in _below(base) if path.name.startswith(".") and path.name != MARKER_NAME]
        left += [str(path) for path in self.field.media.iterdir() if path.name != MARKER_NAME]
        return left + [str(path) for path in self.field.state_folder.glob("*.new")]

    def story(self, one: Media) -> str:
        """All that is known of a file, for a test that fails."""
        receipts = "\n".join(map(str, self.field.db.receipts_of(str(one.path))))
        log = self.log.read_text() if self.log.exists() else ""
        said = "\n".join(line for line in log.splitlines() if one.path.name in line)
        pending = self.field.list_path.read_text() if self.field.list_path.exists() else "no list"
        return f"{self.field.db.get(one.row_id)}\n{receipts}\n{pending}\n{said}"

    def _names(self, one: Media) -> list[Path]:
        final = self.field.remote(one.path.name)
        return [final, final.with_name(paths.beside_name(final.name, one.sha256))]

    def copies(self, one: Media) -> list[Path]:
        """Where complete copies of a file lie."""
        names = {path.name for path in self._names(one)}  # in whatever folder: a name may hold no date
        return [path for path, sha256 in self.published().items() if sha256 == one.sha256 and path.name in names]

    def published(self) -> dict[Path, str]:
        """The hash of everything that can be seen on the NAS."""
        base = Path(self.field.config.nas_settings.base_path)
        found = {}
        for path in _below(base):
            hidden = any(part.startswith(".") for part in path.relative_to(base).parts)
            if not hidden and path.is_file():
                found[path] = sha256_of(path)
        return found

    def _forget(self) -> None:
        """Begin anew, so that a thousand rounds take no more space and time than one."""
        for one in self.media:
            self.field.db.remove_record(one.row_id, str(one.path))
            for path in self._names(one):
                if path not in self.others:
                    path.unlink(missing_ok=True)
        for path in self.others:
            path.unlink()
        self.media.clear()
        self.others.clear()


def _below(folder: Path) -> list[Path]:
    """All files and folders; unlike rglob, it does not mind that some vanish meanwhile."""
    return [Path(root, name) for root, folders, files in os.walk(folder) for name in (*folders, *files)]


def sha256_of(path: Path) -> str:
    """In hex; empty where there is no such file."""
    with contextlib.suppress(FileNotFoundError), open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
    return ""
