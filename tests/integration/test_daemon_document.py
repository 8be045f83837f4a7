"""What docs/daemon.md promises and a table can be checked against."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from celestial_nasops import causes
from celestial_nasops.daemon.deletion_guard import MARKER_NAME
from celestial_nasops.database.schema import IDENTITY_TABLE, RECEIPTS_TABLE
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event
from tests.integration.test_readme import first_column
from tests.readme import ROOT

TEXT = (ROOT / "docs" / "daemon.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    (media-sync-daemon .*)$", TEXT, re.MULTILINE)


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_and_option_is_there(line: str) -> None:
    argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", line.split()[1], "--help"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    assert told.returncode == 0, told.stderr
    for option in re.findall(r"--[a-z]+", line):
        assert option in told.stdout


def test_every_command_is_told() -> None:
    argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", "--help"]
    told = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True, cwd=ROOT).stdout
    commands = re.findall(r"^    ([a-z]+) ", told, re.MULTILINE)
    assert first_column(TEXT, "command") == commands
    assert {line.split()[1] for line in COMMANDS} == set(commands)


def test_the_tables_are_the_code_s() -> None:
    assert first_column(TEXT, "level") == list(VerificationLevel)
    codes = [cause.code for cause in (causes.MEDIA_MARKER_MISSING, causes.NAS_MARKER_MISSING)]
    assert first_column(TEXT.split("## What stops all")[1], "cause") == [
        *codes,
        causes.QUEUE_REPLACED.code,
        causes.UNUSUAL_DELETIONS.code,
        causes.GUARD_CORRUPT.code,
    ]
    assert f"`{MARKER_NAME}`" in TEXT
    assert f"`{RECEIPTS_TABLE}`" in TEXT
    assert f"`{IDENTITY_TABLE}`" in TEXT
    assert {event.value for event in Event} <= set(re.findall(r"`([a-z_]+)`", TEXT))
