"""What happens between two looks: at the queue by two probes, at the row and then at the local file by one."""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.config import Config
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import FileRecord, MediaStatusDB
from healthcheck.context import Followed, Run, TargetOnce
from healthcheck.ledger import Debt, Ledger
from healthcheck.marked_file import MarkedFile
from healthcheck.moments import RunClock
from healthcheck.nas_link import NasLink
from healthcheck.probes import remote_verify
from healthcheck.stop import Nudge

NAME = "smoketest_20250122_101500_0a1b2c3d-1.smoke-check.bin"


class Interleaved(MediaStatusDB):
    """The queue, with something that happens right after a row was read for the first time."""

    then: Callable[[], None] | None = None

    def get(self, row_id: int) -> FileRecord | None:
        record = super().get(row_id)
        happens, self.then = self.then, None
        if happens is not None:
            happens()
        return record


@pytest.fixture
def run(tmp_path: Path) -> Run:
    config, nudge = Config(), Nudge()
    target = TargetOnce(config)
    return Run(
        config=config,
        config_path="",
        run_id="20250122T101500Z-0a1b2c3d",
        started_at=time.time(),
        clock=RunClock(60),
        nudge=nudge,
        ledger=Ledger(str(tmp_path)),
        target=target,
        nas=NasLink(config, target, nudge),
        tell=lambda _: None,
        tick=lambda: None,
    )


def test_a_queue_that_was_replaced_since_the_rows_were_inserted_is_told_as_that(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "media_status.db"
    MediaStatusDB(str(path), timeout_seconds=5, create=True).close()
    config = Config.model_validate(
        {"database_settings": {"db_path": str(path)}, "local_settings": {"media_path": str(tmp_path)}}
    )
    run = dataclasses.replace(run, config=config)
    with run.open_database() as before:
        run.queue_file = before.file
    other = tmp_path / "other.db"
    other.write_bytes(path.read_bytes())
    other.rename(path)
    with pytest.raises(DatabaseFault) as raised:
        remote_verify.probe(run)
    assert raised.value.cause is causes.DATABASE_REPLACED


@pytest.mark.parametrize(
    ("completed", "events"),
    [
        (True, ["transferring", "completed", "local file gone"]),
        (False, ["transferring", "local file gone"]),
    ],
)
def test_a_file_that_goes_between_the_two_looks(tmp_path: Path, run: Run, completed: bool, events: list[str]) -> None:
    path = tmp_path / NAME
    path.write_bytes(b"x" * 1024)
    with Interleaved(str(tmp_path / "media_status.db"), timeout_seconds=5, create=True) as database:
        row_id = database.insert_file_record(str(path), NAME, 1024, download_status="completed")
        record = database.claim_oldest_ready()
        assert record is not None

        def happens() -> None:
            if completed:
                database.mark_completed(row_id)
            path.unlink()

        database.then = happens
        debt = Debt(
            run_id=run.run_id,
            name=NAME,
            local_path=str(path),
            size=1024,
            created_at=time.time(),
            base_path="/volume1",
            media_device=os.stat(tmp_path).st_dev,
            remote_paths=[],
            row_id=row_id,
        )
        one = Followed(MarkedFile(NAME, str(path), 1024, b""), debt)

        assert remote_verify._observe(run, database, one)

    assert [event.event for event in run.timeline] == events
    # Without the second look a file that was deleted right after its row said completed would look like a loss.
    assert (one.completed_at is not None, one.gone_at is not None) == (completed, True)
