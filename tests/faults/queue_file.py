"""The queue's file is not the one that it should be."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from tests.faults.loopback import IMPATIENT, Loopback, fault
from tests.faults.table import Way
from tests.queue_files import execute
from tests.system.site import Told

GROUP = "database"


@fault(
    probe="database",
    cause="database_missing",
    says="there is no database at {database}",
    remedy="check database_settings.db_path in unified_config.json; the daemon creates the file when it starts: "
    "sudo systemctl restart media-sync-daemon",
)
def missing(place: Loopback) -> Iterator[None]:
    """There is no file."""
    with place.daemon("idle"):
        os.unlink(place.scene.database)
        yield


@fault(
    probe="database",
    cause="database_no_table",
    says="the database {database} has no table media_transfer_status",
    remedy="check database_settings.db_path in unified_config.json; the daemon creates the table when it starts: "
    "sudo systemctl restart media-sync-daemon",
)
def empty(place: Loopback) -> Iterator[None]:
    """The file is empty."""
    with place.daemon("idle"):
        os.unlink(place.scene.database)  # a new one: the daemon, which has the old one open, goes on
        place.scene.database.touch()
        yield


@fault(
    probe="remote_verify",
    cause="database_replaced",
    says="the database {database} was deleted or replaced while it was open; what is written to the old one is lost",
    remedy="restart its users so that they open the new file: sudo systemctl restart media-sync-daemon",
)
def replaced(place: Loopback) -> Iterator[Way]:
    """Another file takes its place while the run waits."""
    place.configure(IMPATIENT)
    database = place.scene.database

    def check() -> Told:
        running = place.start()
        place.wait_for_row()
        with closing(sqlite3.connect(database)) as queue:
            queue.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(database, f"{database}.other")
        os.rename(f"{database}.other", database)
        return place.finish(running)

    with place.daemon("idle"):
        yield check


@fault(
    probe="database",
    cause="files_failed",
    says="1 file(s) have failed for good; the newest {age} min ago: {media}/20250122_101500_x.mp4: quota exceeded",
    remedy="mend what that says, then have it sent again: sudo media-sync-daemon --config {config} requeue "
    "{media}/20250122_101500_x.mp4; or all: sudo media-sync-daemon --config {config} requeue --failed",
    outcome="warn",
)
def a_failed_file(place: Loopback) -> Iterator[None]:
    """The daemon has given up a file of the dock's."""
    with place.daemon("right"):
        place.put("20250122_101500_x.mp4", b"film", transfer_status="failed")
        error = "UPDATE media_transfer_status SET last_error_message = 'quota exceeded'"
        execute(str(place.scene.database), error)
        yield
    execute(str(place.scene.database), "DELETE FROM media_transfer_status")
