"""The daemon's log: records with fields for the journal, one line each on standard error."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.daemon.log import JournalHandler
from celestial_nasops.daemon_events import FILE_FAILED, journalled
from celestial_nasops.fault import LocalFault

FAULT = LocalFault(causes.FILE_MISSING, path="/media/\udce4")


@pytest.fixture
def logger(tmp_path: Path) -> logging.Logger:
    own = logging.Logger("own")
    own.addHandler(JournalHandler(str(tmp_path / "socket")))
    return own


def test_a_line_with_its_fields(listener: socket.socket, logger: logging.Logger) -> None:
    told = journalled(FILE_FAILED, FAULT, FILE_PATH="/media/\udce4", ROW_ID=7, NOTHING=None)
    logger.error("given up: %s", "a file", extra=told)
    assert listener.recv(4096) == (
        b"MESSAGE=given up: a file\nPRIORITY=3\nSYSLOG_IDENTIFIER=media-sync-daemon\n"
        b"MESSAGE_ID=%s\nFILE_PATH=/media/\xe4\nROW_ID=7\nCAUSE=file_missing\nREMEDY=%s\n"
        % (FILE_FAILED.message_id.encode(), FAULT.remedy.encode("utf-8", "backslashreplace"))
    )


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6)],
)
def test_a_line_without_fields(listener: socket.socket, logger: logging.Logger, level: int, priority: int) -> None:
    logger.log(level, "100 %")
    assert listener.recv(4096) == b"MESSAGE=100 %%\nPRIORITY=%d\nSYSLOG_IDENTIFIER=media-sync-daemon\n" % priority


def test_what_the_journal_does_not_take_is_a_line_on_standard_error(
    logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    logger.warning("nobody listens", extra=journalled(ROW_ID=7))
    assert capsys.readouterr().err == "<4>nobody listens\n"
