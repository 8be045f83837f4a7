"""What lies on this edge server that somebody would miss: counted before an installation is removed.

The check's own marked files don't count, for the check removes them itself; nor does the daemon's mark of the folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
from urllib.parse import quote

from celestial_nasops import regular_file
from celestial_nasops.config import Config
from celestial_nasops.daemon_state import PENDING_DELETES_NAME
from celestial_nasops.paths import MARKER_NAME
from healthcheck.marked_file import carries_mark

UNKNOWN = "unknown"
"""Where something can't be counted. It is never to be taken for nothing."""

# A marker row is no file. Older daemons write upper case.
_UNDELIVERED = (
    "SELECT file_path FROM media_transfer_status"
    " WHERE lower(transfer_status) != 'completed' AND file_path != '__INIT_MARKER__'"
)


def count(config: Config) -> dict[str, str]:
    """How much there is, and where."""
    folder, database = config.local_settings.media_path, config.database_settings.db_path
    return {
        "pending_deletes": _pending_deletes(os.path.join(config.daemon_settings.state_path, PENDING_DELETES_NAME)),
        "undelivered": _undelivered(database),
        "media_files": _files(folder),
        "media_path": folder.rstrip("/") or "/",
        "db_path": database,
    }


def _pending_deletes(path: str) -> str:
    """Deletions whose file is still there; one whose file is gone waits for nothing."""
    try:
        paths = [entry["local_file_path"] for entry in json.loads(regular_file.read(path))]
        return str(sum(os.path.lexists(path) and not carries_mark(path) for path in paths))
    except FileNotFoundError:
        return "0"
    except (OSError, ValueError, TypeError, KeyError):
        return UNKNOWN


def _undelivered(path: str) -> str:
    if not os.path.exists(path):
        return "0"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{quote(path)}?mode=rw", uri=True)) as connection:
            return str(sum(not carries_mark(str(row[0])) for row in connection.execute(_UNDELIVERED)))
    except sqlite3.Error:
        return UNKNOWN


def _files(folder: str) -> str:
    if not os.path.isdir(folder):
        return "0"
    unreadable: list[OSError] = []
    walk = os.walk(folder, onerror=unreadable.append)
    number = sum(name != MARKER_NAME and not carries_mark(name) for _path, _folders, names in walk for name in names)
    return UNKNOWN if unreadable else str(number)
