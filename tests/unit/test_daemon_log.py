"""The daemon's log: records with fields for the journal, one line each on standard error."""

from __future__ import annotations

import ast
import logging
import re
import socket
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.daemon.log import JournalHandler
from celestial_nasops.daemon_events import FILE_FAILED, journalled
from celestial_nasops.fault import LocalFault
from healthcheck.catalogue.journal_zh import EVENTS
from healthcheck.events import all_events, of_cause

ROOT = Path(__file__).parents[2]

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


def test_a_fault_without_a_kind_of_its_own_is_explained_by_its_cause(
    listener: socket.socket, logger: logging.Logger
) -> None:
    logger.error("%s", FAULT, extra=journalled(fault=FAULT))
    assert b"\nMESSAGE_ID=%s\n" % of_cause("file_missing").message_id.encode() in listener.recv(4096)


def test_every_line_tells_its_kind_or_its_cause() -> None:
    """But for those that tell of nothing that happened to a file, the NAS or the daemon."""
    silent = [
        f"{path.stem}: {ast.literal_eval(call.args[0])}"
        for path in sorted((ROOT / "celestial_nasops").rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call)
        and re.fullmatch(r"log\.(info|warning|error|critical|exception)", ast.unparse(call.func))
        and not any(keyword.arg == "extra" for keyword in call.keywords)
    ]
    assert silent == [
        "lane: refused: %s",  # the check's second file, as it has to be
        "shell_files: %s is reached without the program ssh, which is slower: %s",
        "parts: %s can't be read, uploads that were cut off begin anew: %s",
        "parts: %s can't be written: %s",
    ]


def test_the_document_and_the_chinese_texts_have_every_kind() -> None:
    text = (ROOT / "docs" / "journal.md").read_text(encoding="utf-8")
    kinds = all_events()
    assert re.findall(r"`([0-9a-f]{32})` \|", text) == [event.message_id for event in kinds.values()]
    assert list(EVENTS) == list(kinds)
    assert len({event.message_id for event in kinds.values()}) == len(kinds)


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
