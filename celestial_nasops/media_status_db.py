"""The queue: one connection to the SQLite file that the dock's program, the daemon and the check share."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Collection, Iterable, Mapping, Sequence

from celestial_nasops import causes
from celestial_nasops.database import statements as sql
from celestial_nasops.database.faults import why_unusable
from celestial_nasops.database.records import (
    Appetite,
    Backlog,
    FileRecord,
    TransferStatus,
    age_seconds,
    bound as _bound,
    bytes_in_all,
)
from celestial_nasops.database.schema import INIT_MARKER, TABLE
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.receipts import Receipt, ReceiptsDb

__all__ = ["INIT_MARKER", "TABLE", "Appetite", "Backlog", "FileRecord", "MediaStatusDB", "TransferStatus"]


class MediaStatusDB(ReceiptsDb):
    """The queue, for one thread at a time. Every operation is one short transaction of its own.

    ``MediaStatusDB(path, timeout_seconds=5)`` opens what exists, ``create=True`` makes what is missing. All operations
    raise ``DatabaseFault``.
    """

    # --- taking files in and along ---

    def insert_file_record(
        self,
        file_path: str,
        file_name: str,
        file_size: int | None,
        file_hash: str = "",
        download_status: str = "pending",
        transfer_status: str = "pending",
    ) -> int:
        """Put a file into the queue.

        Args:
            file_path: absolute path on the edge server.
            file_name: its name, and its name on the NAS.
            file_size: bytes.
            file_hash: SHA-256 in hex, or empty.
            download_status: ``completed`` once the file is whole.
            transfer_status: ``pending`` for the daemon to take it.

        Returns:
            The id of the row.

        Raises:
            DatabaseFault: ROW_EXISTS where the queue has that path; and what else keeps it from being written.
        """
        texts = [_bound(text) for text in (file_path, file_name, file_hash, download_status, transfer_status)]
        with self._transaction() as connection:
            # Asked for, not left to the constraint: tables in the field may lack it.
            if connection.execute(sql.PATH_KNOWN, (texts[0],)).fetchall():
                raise DatabaseFault(causes.ROW_EXISTS, path=self.path, file_path=file_path)
            row_id = connection.execute(sql.INSERT, (*texts[:2], file_size, *texts[2:])).lastrowid
        assert row_id is not None
        return row_id

    def claim_oldest_ready(self, *, excluding: Collection[int] = ()) -> FileRecord | None:
        """Take the oldest ready row in hand; no two claims ever take the same.

        Args:
            excluding: ids of rows to leave alone, such as those in back-off.

        Returns:
            The row as it is now, transferring, or None where nothing is ready.

        Raises:
            DatabaseFault: the database can't be read or written.
        """
        parameters = {"excluding": json.dumps(sorted(excluding))}
        # Looked for without the write lock first: whoever is woken for nothing must not stand in a writer's way.
        if not self._rows(self._statements.oldest_ready, parameters):
            return None
        with self._transaction() as connection:
            found = connection.execute(self._statements.oldest_ready, parameters).fetchall()
            if not found:  # somebody was faster
                return None
            row_id = found[0][:1]
            connection.execute(sql.CLAIM, row_id)
            rows = connection.execute(sql.GET, row_id).fetchall()
        return FileRecord.of_row(rows[0])

    def claim_ready(
        self,
        appetite: Appetite,
        *,
        small_only: bool = False,
        excluding: Collection[int] = (),
        fitting_bytes: int | None = None,
    ) -> list[FileRecord]:
        """Take the oldest ready row in hand, and with it, if it is small, the small ones that come next.

        Args:
            appetite: what is small, and how much of that to take.
            small_only: leave other rows to other claims, so that a small file never waits behind a large one.
            excluding: ids of rows to leave alone, such as those in back-off.
            fitting_bytes: leave larger files alone, too, and those of unknown size; None for no such limit.

        Returns:
            The rows as they are now, transferring, the oldest first; none where nothing is ready.

        Raises:
            DatabaseFault: the database can't be read or written.
        """
        limits = [*([appetite.small_bytes] if small_only else []), *([] if fitting_bytes is None else [fitting_bytes])]
        statement = self._statements.first_small_ready if limits else self._statements.first_ready
        parameters: dict[str, str | int] = {
            "excluding": json.dumps(sorted(excluding)),
            "small_bytes": min(limits, default=0),
            "limit": appetite.rows,
        }
        if not self._rows(statement, {**parameters, "limit": 1}):
            return []
        with self._transaction() as connection:
            found = connection.execute(statement, parameters).fetchall()
            ids = appetite.helping(found)
            connection.executemany(sql.CLAIM, [(row_id,) for row_id in ids])
            rows = connection.execute(sql.GET_ALL, (json.dumps(ids),)).fetchall()
        return [FileRecord.of_row(row) for row in rows]

    def mark_all_completed(self, receipts: Mapping[int, Receipt]) -> set[int]:
        """Transferring -> completed, for many rows at once.

        Args:
            receipts: of the copies, by the ids of the rows; added with the change as a whole or not at all.

        Returns:
            Those that are completed now; the others were not transferring any more.

        Raises:
            DatabaseFault: the database can't be written; then none is.
        """
        with self._transaction() as connection:
            completed = {
                row_id for row_id in receipts if connection.execute(sql.MARK_COMPLETED, {"id": row_id}).rowcount == 1
            }
            self._add_receipts(connection, (receipt for row_id, receipt in receipts.items() if row_id in completed))
        return completed

    def return_all_to_queue(self, row_ids: Sequence[int], error: str | None = None) -> None:
        """Transferring -> pending for many rows at once, no file being to blame; rows that are not are left alone.

        Raises:
            DatabaseFault: the database can't be written; then none is.
        """
        values = {"error": None if error is None else _bound(error), "retries": 0}
        with self._transaction() as connection:
            connection.executemany(sql.RETURN_TO_QUEUE, [{"id": row_id, **values} for row_id in row_ids])

    def mark_completed(self, row_id: int) -> None:
        """Transferring -> completed.

        Raises:
            DatabaseFault: ROW_CHANGED where the row is not transferring any more; and what else prevents it.
        """
        self._move_on(sql.MARK_COMPLETED, row_id, {})

    def mark_failed(self, row_id: int, error: str) -> None:
        """Transferring -> failed, for good.

        Raises:
            DatabaseFault: ROW_CHANGED where the row is not transferring any more; and what else prevents it.
        """
        self._move_on(sql.MARK_FAILED, row_id, {"error": _bound(error)})

    def return_to_queue(self, row_id: int, error: str | None = None, *, counts_as_retry: bool) -> None:
        """Transferring -> pending, keeping its place.

        Args:
            row_id: the row.
            error: why; None leaves the last error as it is.
            counts_as_retry: whether the file is to blame.

        Raises:
            DatabaseFault: ROW_CHANGED where the row is not transferring any more; and what else prevents it.
        """
        values = {"error": None if error is None else _bound(error), "retries": int(counts_as_retry)}
        self._move_on(sql.RETURN_TO_QUEUE, row_id, values)

    def take_back_transferring(self) -> list[FileRecord]:
        """Put back what a dead daemon had in hand, and return it. For the one daemon, when it starts.

        Raises:
            DatabaseFault: the database can't be read or written.
        """
        if not self._rows(self._statements.transferring):
            return []
        with self._transaction() as connection:
            rows = connection.execute(self._statements.transferring).fetchall()
            connection.executemany(sql.TAKE_BACK, [row[:1] for row in rows])
        return [FileRecord.of_row(row) for row in rows]

    def remove_record(self, row_id: int, file_path: str, *, only_if: Collection[TransferStatus] | None = None) -> bool:
        """Remove the record of a file, by who put it in.

        Args:
            row_id: the row; ids can be reused where a table lacks AUTOINCREMENT, so the path must fit too.
            file_path: the row's path.
            only_if: remove it in one of these states only.

        Returns:
            Whether there was such a row, which is gone now.

        Raises:
            DatabaseFault: the database can't be written.
        """
        with self._transaction() as connection:
            rows = connection.execute(sql.GET, (row_id,)).fetchall()
            record = FileRecord.of_row(rows[0]) if rows else None
            if record is None or record.file_path != file_path:
                return False
            if only_if is not None and record.transfer_status not in only_if:
                return False
            connection.execute(sql.REMOVE, (row_id,))
        return True

    # --- looking ---

    def is_transferring(self, row_id: int) -> bool:
        """Whether the row is still there and in hand.

        Raises:
            DatabaseFault: the database can't be read.
        """
        record = self.get(row_id)
        return record is not None and record.transfer_status is TransferStatus.TRANSFERRING

    def still_transferring(self, row_ids: Sequence[int]) -> set[int]:
        """Which of these rows are still there and in hand.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return {row_id for (row_id,) in self._rows(sql.STILL_IN_HAND, {"ids": json.dumps(list(row_ids))})}

    def find(self, file_path: str) -> FileRecord | None:
        """The row of a file, or None.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return self._record(sql.FIND, (_bound(file_path),))

    def is_to_be_sent(self, file_path: str) -> bool:
        """Whether a file waits to be sent, or is in hand.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return bool(self.to_be_sent([file_path]))

    def to_be_sent(self, file_paths: Iterable[str]) -> set[str]:
        """Which of some files wait to be sent, or are in hand.

        Raises:
            DatabaseFault: the database can't be read.
        """
        with self._transaction(writes=False) as connection:
            return {path for path in file_paths if connection.execute(sql.TO_BE_SENT, (_bound(path),)).fetchall()}

    def get(self, row_id: int) -> FileRecord | None:
        """The row with that id, or None.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return self._record(sql.GET, (row_id,))

    def completed_records(self, after_id: int = 0, limit: int = 1000) -> list[FileRecord]:
        """One page of the completed rows, by id.

        Args:
            after_id: the last id of the page before.
            limit: how many at most.

        Raises:
            DatabaseFault: the database can't be read.
        """
        rows = self._rows(sql.COMPLETED, {"after_id": after_id, "limit": limit})
        return [FileRecord.of_row(row) for row in rows]

    def in_hand(self) -> list[FileRecord]:
        """All rows that are transferring.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return [FileRecord.of_row(row) for row in self._rows(self._statements.transferring)]

    def begun_before(self) -> list[FileRecord]:
        """The rows that are ready and were in hand once: a part of their file may lie on the NAS.

        It reads all rows that are ready, so it is for the start.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return [FileRecord.of_row(row) for row in self._rows(self._statements.begun_before)]

    def records_named_like(self, part: str) -> list[FileRecord]:
        """The rows whose file's name holds a text. It reads the whole table, so it is not for every run.

        Raises:
            DatabaseFault: the database can't be read.
        """
        return [FileRecord.of_row(row) for row in self._rows(sql.NAMED_LIKE, (part,))]

    def backlog(self) -> Backlog:
        """Count what waits, is in hand, and has failed, and name the oldest and the newest of them.

        Raises:
            DatabaseFault: the database can't be read.
        """
        with self._transaction(writes=False) as connection:
            [(ready, ready_bytes)] = connection.execute(self._statements.count_ready).fetchall()
            [(transferring,)] = connection.execute(self._statements.count_transferring).fetchall()
            [(failed,)] = connection.execute(self._statements.count_failed).fetchall()
            oldest_rows = connection.execute(self._statements.oldest_ready, {"excluding": "[]"}).fetchall()
            failed_rows = connection.execute(self._statements.newest_failed).fetchall()
        now = time.time()
        oldest = FileRecord.of_row(oldest_rows[0]) if oldest_rows else None
        newest_failed = FileRecord.of_row(failed_rows[0]) if failed_rows else None
        return Backlog(
            ready=ready,
            transferring=transferring,
            failed=failed,
            oldest_ready_path=oldest.file_path if oldest else None,
            oldest_ready_age_seconds=age_seconds(oldest.created_at, now) if oldest else None,
            ready_bytes=bytes_in_all(ready_bytes),
            newest_failed_path=newest_failed.file_path if newest_failed else None,
            newest_failed_age_seconds=newest_failed.seconds_untouched(now) if newest_failed else None,
            newest_failed_error=newest_failed.last_error_message if newest_failed else None,
        )

    def ready_ahead_of(self, row_id: int) -> int:
        """How many ready rows are older than this one.

        Raises:
            DatabaseFault: the database can't be read.
        """
        count: int = self._rows(self._statements.count_ready_ahead, {"id": row_id})[0][0]
        return count

    def prove_writable(self) -> None:
        """Take the write lock, insert a row, and roll it back.

        A write that is rolled back touches the disk little or not at all, so the file system is asked as well.

        Raises:
            DatabaseFault: the queue takes no writes within the time given to lock it.
        """
        with self._guarded() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                connection.execute(sql.INSERT, (f"__WRITE_PROOF__{os.getpid()}", "proof", 0, "", "pending", "pending"))
            finally:
                self._roll_back()
        obstacle = why_unusable(self.path)
        if obstacle is not None:
            raise obstacle

    def _record(self, statement: str, parameters: sql.Parameters) -> FileRecord | None:
        rows = self._rows(statement, parameters)
        return FileRecord.of_row(rows[0]) if rows else None

    def _move_on(self, statement: str, row_id: int, values: dict[str, str | bytes | int | None]) -> None:
        with self._transaction() as connection:
            if connection.execute(statement, {"id": row_id, **values}).rowcount != 1:
                raise DatabaseFault(
                    causes.ROW_CHANGED, row_id=row_id, expected=TransferStatus.TRANSFERRING, path=self.path
                )
