"""What lies on this edge server that somebody would miss: counted before an installation is removed."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3

from celestial_nasops.config import Config
from celestial_nasops.daemon_state import PENDING_DELETES_NAME

# The marker row is no file. Older daemons write upper case.
_UNDELIVERED = "SELECT count(*) FROM media_transfer_status WHERE lower(transfer_status) != 'completed' AND file_path != '__INIT_MARKER__'"


def count(config: Config) -> dict[str, str]:
    """How much there is, and where; ``unknown`` where it can't be counted, which is never to be taken for nothing."""
    folder, database = config.local_settings.media_path, config.database_settings.db_path
    return {
        "pending_deletes": _pending_deletes(os.path.join(config.daemon_settings.state_path, PENDING_DELETES_NAME)),
        "undelivered": _undelivered(database),
        "media_files": _files(folder),
        "media_path": folder.rstrip("/") or "/",
        "db_path": database,
    }


def _pending_deletes(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            entries = json.load(file)
    except FileNotFoundError:
        return "0"
    except (OSError, ValueError):
        return "unknown"
    # One whose file is gone, such as one of the check's own that was cleaned up, waits for nothing.
    try:
        return str(sum(os.path.lexists(entry["local_file_path"]) for entry in entries))
    except (TypeError, KeyError):
        return "unknown"


def _undelivered(path: str) -> str:
    if not os.path.exists(path):
        return "0"
    try:
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as connection:
            return str(connection.execute(_UNDELIVERED).fetchone()[0])
    except sqlite3.Error:
        return "unknown"


def _files(folder: str) -> str:
    if not os.path.isdir(folder):
        return "0"
    unreadable: list[OSError] = []
    number = sum(len(files) for _path, _folders, files in os.walk(folder, onerror=unreadable.append))
    return "unknown" if unreadable else str(number)
