"""Where the daemon's log goes: to the journal where systemd gives it one, as records with fields; else to stderr."""

from __future__ import annotations

import logging
import os
import sys

from celestial_nasops.daemon_events import Told
from celestial_nasops.journal import SOCKET, Journal

# syslog(3) levels; the journal takes "<3>" at the start of a line as its priority, sd-daemon(3)
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class JournalHandler(logging.Handler):
    """Gives each line to the journal with its fields; one that it does not take goes to standard error without them."""

    def __init__(self, path: str = SOCKET) -> None:
        """Nothing is opened before the first line; ``path`` is the journal's socket."""
        super().__init__()
        self._journal = Journal("media-sync-daemon", path)

    def emit(self, record: logging.LogRecord) -> None:
        """Send it; several threads may log, ``handle`` lets them do so one after the other."""
        priority, line = _PRIORITIES.get(record.levelno, 6), record.getMessage()
        told = getattr(record, "told", None)
        event, fields = (told.event, told.fields) if isinstance(told, Told) else (None, {})
        if not self._journal.send(event, priority, line, fields):
            sys.stderr.write(f"<{priority}>{line}\n")
            sys.stderr.flush()

    def flush(self) -> None:
        """Called when the program ends: the journal finds the unit of a line only while its sender lives."""
        self._journal.settle()


def configure() -> None:
    """Let everything that this package logs go to the journal, or to standard error, one line each."""
    logger = logging.getLogger("celestial_nasops")
    logger.addHandler(JournalHandler() if _stderr_is_the_journal() else _plain())
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _plain() -> logging.Handler:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    return handler


def _stderr_is_the_journal() -> bool:
    """Whether it is the socket that systemd made, which it names by device and inode; it may be redirected since."""
    status = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
