"""One connection to the queue's file: opened without side effects, locked in bounded time, watched for replacement."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

from celestial_nasops import causes
from celestial_nasops.database import schema
from celestial_nasops.database.faults import translated
from celestial_nasops.database.statements import Parameters, Statements
from celestial_nasops.fault import DatabaseFault


class DbConnection:
    """An open database whose table fits, for one thread at a time.

    Writes begin with the write lock, because a read that turns into a write is refused at once however long one is
    ready to wait. Rows are fetched to the last one, because an unfinished SELECT keeps its lock. Every operation first
    looks whether the file was replaced under the connection, which SQLite itself does not.

    Attributes:
        path: the file as it was named.
        folder: where the file and its -wal lie, symbolic links resolved: the folder for a ``Wakeup`` to watch.
        file: the device and the inode of what was opened; None where nothing was there.
    """

    def __init__(self, path: str, *, timeout_seconds: float, create: bool = False) -> None:
        """Open the database and check that its table fits.

        Args:
            path: the file.
            timeout_seconds: how long an operation waits for a lock at most.
            create: make the file and the table where they are missing, and the indexes that a table of another
                program lacks. A table that exists is never altered.

        Raises:
            DatabaseFault: it can't be opened, or does not fit.
        """
        self.path = path
        self.folder = os.path.dirname(os.path.realpath(path))
        self._timeout_seconds = timeout_seconds
        if create and not os.path.exists(path):
            _create(path, timeout_seconds)
        # Taken before opening: if the file is replaced in between, that is noticed, not missed.
        self.file = _file(path)
        with translated(path, timeout_seconds):
            self._connection = sqlite3.connect(
                # Without the mode a missing file would be created.
                f"file:{quote(os.fsencode(os.path.abspath(path)))}?mode=rw",
                uri=True,
                timeout=timeout_seconds,
                isolation_level=None,
                check_same_thread=False,
            )
        try:
            self._connection.text_factory = _decoded
            with translated(path, timeout_seconds):
                if create:
                    schema.create_where_missing(self._connection)
                schema.check(self._connection, path)
                if create:
                    schema.index_where_missing(self._connection)
                self._statements = Statements.fitting(*schema.status_indexes(self._connection))
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection. Closing twice is fine."""
        self._connection.close()

    def check_same_file(self) -> None:
        """Check that the path still leads to the file that this connection has open.

        Raises:
            DatabaseFault: DATABASE_REPLACED where it does not.
        """
        if _file(self.path) != self.file:
            raise DatabaseFault(causes.DATABASE_REPLACED, path=self.path)

    def data_version(self) -> int:
        """A number that changes when another connection commits. It costs next to nothing.

        Raises:
            DatabaseFault: the database can't be read.
        """
        version: int = self._rows("PRAGMA data_version")[0][0]
        return version

    def identity(self) -> str:
        """What tells this queue from one that was made in its place; empty where our daemon has not opened it yet.

        Raises:
            DatabaseFault: the database can't be read.
        """
        with self._guarded() as connection:
            return schema.identity(connection)

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[sqlite3.Connection]:
        with translated(self.path, self._timeout_seconds):
            self.check_same_file()
            yield self._connection

    @contextlib.contextmanager
    def _transaction(self, *, writes: bool = True) -> Iterator[sqlite3.Connection]:
        """What is written inside is written as a whole or not at all; what is read inside is of one moment."""
        with self._guarded() as connection:
            connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # some errors have rolled back by themselves
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")

    def _rows(self, statement: str, parameters: Parameters = ()) -> list[Any]:
        with self._guarded() as connection:
            return connection.execute(statement, parameters).fetchall()


def _create(path: str, timeout_seconds: float) -> None:
    try:
        with translated(path, timeout_seconds):
            schema.create_file(path)
    except OSError as error:
        reason = f"it can't be created: {error.strerror}"
        raise DatabaseFault(causes.DATABASE_FAILED, path=path, reason=reason) from error


def _file(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
