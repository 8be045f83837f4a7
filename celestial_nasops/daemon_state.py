"""The daemon's small state file: signs of life, which the check reads where there are any."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from celestial_nasops import causes, regular_file
from celestial_nasops.durable import write_atomically
from celestial_nasops.fault import LocalFault
from celestial_nasops.nas.capabilities import Capabilities

FILE_NAME = "daemon_state.json"
PENDING_DELETES_NAME = "pending_deletes.json"
LOCK_NAME = "daemon.lock"

_SILENT_HEARTBEATS, _SILENT_MARGIN_SECONDS = 3, 5.0

# Bounded, so that whoever reads them can reckon with them.
_Seconds = Annotated[float, Field(ge=-1e11, le=1e11, allow_inf_nan=False)]


@dataclass(frozen=True, slots=True)
class InHand:
    """A file that is being carried. Times are Unix seconds; the rate is that of the last few seconds."""

    file_path: str
    bytes_done: int
    bytes_total: int
    started_at: _Seconds
    bytes_per_second: float = 0.0

    @property
    def name(self) -> str:
        """Its name without the folder."""
        return os.path.basename(self.file_path)


@dataclass(frozen=True, slots=True)
class ReadOnlyFolder:
    """A folder in which the daemon can't write: [Errno 30], and what it found out about that.

    ``code`` is the cause's, ``mount_point`` the mount through which the daemon reaches the folder.
    """

    path: str
    setting: str
    code: str
    unit: str
    mount_point: str


@dataclass(frozen=True, slots=True)
class DaemonState:
    """What the daemon says of itself. Times are Unix seconds; ``heartbeat_boottime`` is on CLOCK_BOOTTIME,
    which nobody sets.

    ``media_path`` and ``db_path`` are those of the configuration in use; empty where an older daemon wrote the file.
    ``nas`` is what the NAS can do, as the last connection found it out; None where there was none yet.
    ``process_start_ticks`` tells a process from a later one with the same pid: field 22 of ``/proc/PID/stat``, proc(5).
    """

    pid: int
    process_start_ticks: int
    started_at: _Seconds
    version: str
    code_path: str
    code_fingerprint: str
    config_path: str
    config_fingerprint: str
    heartbeat_at: _Seconds
    heartbeat_boottime: _Seconds
    heartbeat_seconds: _Seconds
    doing: str = ""
    # No lists: pydantic takes the signature of what makes a default apart, at half the cost of reading the state.
    in_hand: tuple[InHand, ...] = ()
    last_error: str = ""
    nas_away_since: _Seconds | None = None
    nas_away: str = ""
    read_only: tuple[ReadOnlyFolder, ...] = ()
    deletions_stopped: str = ""
    deletions_unsaved: str = ""
    no_room: str = ""
    paused_by: str = ""
    paused_at: _Seconds | None = None
    paused_reason: str = ""
    nas: Capabilities | None = None
    media_path: str = ""
    db_path: str = ""

    @property
    def longest_silence(self) -> float:
        """How old its heartbeat may be (seconds) while it is well."""
        return _SILENT_HEARTBEATS * self.heartbeat_seconds + _SILENT_MARGIN_SECONDS


def write(folder: str, state: DaemonState) -> None:
    """Replace the state file. It need not survive a power cut.

    Raises:
        OSError: it can't be written.
    """
    content = json.dumps(asdict(state), indent=1, ensure_ascii=True).encode()
    write_atomically(os.path.join(folder, FILE_NAME), content, durable=False)


def read(folder: str) -> DaemonState | None:
    """Read the state file; None where there is none, as with daemons that are not ours.

    Raises:
        LocalFault: it is there and can't be understood.
    """
    path = os.path.join(folder, FILE_NAME)
    try:
        return TypeAdapter(DaemonState).validate_json(regular_file.read(path))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LocalFault(causes.STATE_CORRUPT, path=path, reason=error.strerror or str(error)) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".lstrip(": ")
        raise LocalFault(causes.STATE_CORRUPT, path=path, reason=reason) from error


def code_fingerprint(code_path: str) -> str:
    """SHA-256 over a package's source files as they lie on the disk now.

    Raises:
        OSError: they can't be read.
    """
    digest = hashlib.sha256()
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(code_path) for name in names)
    for path in sorted(path for path in paths if path.endswith(".py")):
        with open(path, "rb") as file:
            name = path.removeprefix(code_path)
            digest.update(os.fsencode(name) + b"\0" + hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


def process_start_ticks(pid: int) -> int | None:
    """When a process started (clock ticks since boot), or None where it does not run; a zombie does not."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
    except OSError:
        return None
    return None if fields[0] in (b"Z", b"X") else int(fields[19])


def process_is_stopped(pid: int) -> bool:
    """Whether a process is stopped by a signal (SIGSTOP) or a debugger."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return file.read().rpartition(b")")[2].split()[0] in (b"T", b"t")
    except OSError:
        return False
