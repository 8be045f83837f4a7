"""What an uninstallation would leave behind is counted; what can't be counted is never taken for nothing."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from celestial_nasops.config import Config
from healthcheck import holdings

MARKED = "smoketest_20261124_110645_f75d709e-1.smoke-check.bin"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "media").mkdir()
    (tmp_path / "state").mkdir()
    return Config.model_validate(
        {
            "local_settings": {"media_path": f"{tmp_path}/media/"},
            "database_settings": {"db_path": f"{tmp_path}/100%?queue.db"},
            "daemon_settings": {"state_path": f"{tmp_path}/state"},
        }
    )


def counted(config: Config) -> tuple[str, str, str]:
    found = holdings.count(config)
    return found["pending_deletes"], found["undelivered"], found["media_files"]


def queue(config: Config, *rows: tuple[str, str]) -> None:
    connection = sqlite3.connect(config.database_settings.db_path)
    connection.execute("CREATE TABLE media_transfer_status (file_path TEXT, transfer_status TEXT)")
    connection.executemany("INSERT INTO media_transfer_status VALUES (?, ?)", rows)
    connection.commit()
    connection.close()


def test_nothing(config: Config, tmp_path: Path) -> None:
    assert holdings.count(config) == {
        "pending_deletes": "0",
        "undelivered": "0",
        "media_files": "0",
        "media_path": f"{tmp_path}/media",
        "db_path": f"{tmp_path}/100%?queue.db",
    }


def test_what_somebody_would_miss_and_not_what_is_the_check_s_or_gone(config: Config, tmp_path: Path) -> None:
    waits, gone = f"{tmp_path}/media/a.mp4", f"{tmp_path}/media/gone.mp4"
    marked = f"{tmp_path}/media/{MARKED}"
    for path in (waits, marked):
        Path(path).touch()
    entries = [{"local_file_path": path} for path in (waits, gone, marked)]
    (tmp_path / "state" / "pending_deletes.json").write_text(json.dumps(entries))
    queue(config, (waits, "COMPLETED"), ("/x", "pending"), ("__INIT_MARKER__", "pending"), (marked, "pending"))
    assert counted(config) == ("1", "1", "1")


@pytest.mark.parametrize("text", ["{", "{}x", "[1]", '[{"a": 1}]', "7"])
def test_a_list_that_cannot_be_understood_is_unknown(config: Config, tmp_path: Path, text: str) -> None:
    (tmp_path / "state" / "pending_deletes.json").write_text(text)
    assert counted(config)[0] == holdings.UNKNOWN


def test_a_queue_that_cannot_be_read_is_unknown(config: Config) -> None:
    Path(config.database_settings.db_path).write_text("no database at all, but long enough to be looked at" * 30)
    assert counted(config)[1] == holdings.UNKNOWN
