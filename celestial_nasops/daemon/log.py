"""Where the daemon's log goes: to standard error, with priorities where the journal reads it."""

from __future__ import annotations

import logging
import os
import sys

# syslog(3) levels; the journal takes "<3>" at the start of a line as its priority, sd-daemon(3)
_PRIORITIES = {logging.CRITICAL: 2, logging.ERROR: 3, logging.WARNING: 4, logging.INFO: 6, logging.DEBUG: 7}


class _JournalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"<{_PRIORITIES.get(record.levelno, 6)}>{super().format(record)}"


def configure() -> None:
    """Let everything that this package logs go to standard error, one line each."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        _JournalFormatter("%(message)s")
        if _stderr_is_the_journal()
        else logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    )
    logger = logging.getLogger("celestial_nasops")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def _stderr_is_the_journal() -> bool:
    """Whether it is the socket that systemd made, which it names by device and inode; it may be redirected since."""
    status = os.fstat(2)
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"
