"""The queue, looked at without a trace: no lock that outlasts the look, no -wal or -shm that was not there."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterator
from urllib.parse import quote

from celestial_nasops.database import schema
from celestial_nasops.database.faults import translated, why_unusable
from celestial_nasops.fault import DatabaseFault, Fault
from celestial_nasops.language import say
from healthcheck.doctor.case import Case
from healthcheck.doctor.finding import Finding
from healthcheck.doctor.folders import fault_of_owner, open_to_others

_SETTING = "database_settings.db_path"
_SIDE_FILES = ("-wal", "-shm", "-journal")
_READ_SECONDS = 3.0
_STEPS = 10_000  # of SQLite's machine, between two looks at the clock
_WAITING = (
    f"SELECT count(*), coalesce(sum(file_size), 0) FROM {schema.TABLE} "  # noqa: S608 - a constant
    "WHERE download_status = 'completed' AND transfer_status IN ('pending', 'transferring')"
)


def look_at_queue(case: Case) -> Iterator[Finding]:
    """Whether the file and those beside it are the programs' own, and whether it is a queue."""
    path = case.config.database_settings.db_path
    real = os.path.realpath(path)
    there = [each for each in (real, *(real + suffix for suffix in _SIDE_FILES)) if os.path.exists(each)]
    faults: list[Fault] = [fault for each in there if (fault := fault_of_owner(each, _SETTING)) is not None]
    if not faults and (fault := why_unusable(path)) is not None:
        faults.append(fault)
    bad = [Finding.of_fault("queue", fault) for fault in faults]
    bad += [found for each in there if (found := open_to_others("queue", each)) is not None]
    waiting: tuple[int, int] | None = None
    if not faults:
        try:
            waiting = what_waits(path)
        except DatabaseFault as fault:
            bad.append(Finding.of_fault("queue", fault))
    yield from bad
    if not bad:
        assert waiting is not None
        yield Finding.ok("queue", say("{path} is a queue; {count} file(s) wait", path=path, count=waiting[0]))


def what_waits(path: str) -> tuple[int, int]:
    """How many files wait to be carried, and how many bytes they are.

    Raises:
        DatabaseFault: the file can't be read, or is no queue.
    """
    with translated(path, _READ_SECONDS), contextlib.closing(_opened(os.path.realpath(path))) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
        schema.check(connection, path)
        until = time.monotonic() + _READ_SECONDS
        connection.set_progress_handler(lambda: time.monotonic() > until, _STEPS)
        count, size = connection.execute(_WAITING).fetchall()[0]
    return int(count), int(size)


def _opened(path: str) -> sqlite3.Connection:
    """A connection that writes nothing, in the shared index of the -wal either.

    Without that index SQLite would have to make one; then the file is read alone, which tells all but what is in the
    -wal.
    """
    how = "readonly_shm=1" if os.path.exists(f"{path}-wal") and os.path.exists(f"{path}-shm") else "immutable=1"
    uri = f"file:{quote(os.fsencode(path))}?mode=ro&{how}"
    return sqlite3.connect(uri, uri=True, timeout=_READ_SECONDS, isolation_level=None)
