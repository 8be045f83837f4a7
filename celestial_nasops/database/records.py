"""What the queue's rows say, read the same whichever program wrote them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

COLUMNS = (
    "id",
    "file_path",
    "file_name",
    "file_size",
    "file_hash",
    "download_status",
    "transfer_status",
    "transfer_start_time",
    "transfer_end_time",
    "transfer_retry_count",
    "last_error_message",
    "created_at",
    "updated_at",
)


_TOO_LARGE = 2**63  # for SQLite, which takes a file's id back as it gave it
_TOO_MANY_DIGITS = 19


class TransferStatus(StrEnum):
    """How far a file's way to the NAS has come."""

    PENDING = "pending"
    TRANSFERRING = "transferring"
    COMPLETED = "completed"
    FAILED = "failed"

    @classmethod
    def of(cls, text: str) -> TransferStatus | None:
        """Read a status as any daemon writes it: older ones use upper case, or ``downloading`` for transferring.

        Returns:
            None where the text is no status that anybody is known to write.
        """
        word = text.strip().lower()
        if word == "downloading":
            return cls.TRANSFERRING
        try:
            return cls(word)
        except ValueError:
            return None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One row of the queue. Sizes are bytes, times are UTC as ``YYYY-MM-DD HH:MM:SS``.

    Texts may hold any bytes, as file names do: what is not UTF-8 stands as ``surrogateescape`` characters, so a path
    can be handed to ``open`` as it is. ``transfer_status`` is None where ``transfer_status_text`` is no known status.
    """

    id: int
    file_path: str
    file_name: str
    file_size: int | None
    file_hash: str
    download_status: str
    transfer_status: TransferStatus | None
    transfer_status_text: str
    transfer_start_time: str | None
    transfer_end_time: str | None
    transfer_retry_count: int
    last_error_message: str | None
    created_at: str | None
    updated_at: str | None

    @classmethod
    def of_row(cls, row: tuple[object, ...]) -> FileRecord:
        """Read a row whose values stand in the order of ``COLUMNS``."""
        values = dict(zip(COLUMNS, row, strict=True))
        status = _text(values["transfer_status"]) or ""
        return cls(
            id=_whole(values["id"]) or 0,
            file_path=_text(values["file_path"]) or "",
            file_name=_text(values["file_name"]) or "",
            file_size=_whole(values["file_size"]),
            file_hash=_text(values["file_hash"]) or "",
            download_status=(_text(values["download_status"]) or "").lower(),
            transfer_status=TransferStatus.of(status),
            transfer_status_text=status,
            transfer_start_time=_text(values["transfer_start_time"]),
            transfer_end_time=_text(values["transfer_end_time"]),
            transfer_retry_count=_whole(values["transfer_retry_count"]) or 0,
            last_error_message=_text(values["last_error_message"]),
            created_at=_text(values["created_at"]),
            updated_at=_text(values["updated_at"]),
        )

    def seconds_untouched(self, now: float) -> float | None:
        """How long ago the row was written last; None where no moment tells. Not all programs keep ``updated_at``.

        Args:
            now: Unix seconds.
        """
        moments = (self.updated_at, self.transfer_start_time, self.transfer_end_time)
        return min((age for moment in moments if (age := age_seconds(moment, now)) is not None), default=None)


class Appetite(NamedTuple):
    """How much to take in hand at once.

    Attributes:
        small_bytes: a file up to this size is small.
        rows: at most so many small files.
        total_bytes: at most so much of them, but one in any case.
    """

    small_bytes: int
    rows: int
    total_bytes: int

    def is_small(self, size: int | None) -> bool:
        """Whether a file of that size (bytes) is small; one whose row does not tell its size may be huge."""
        return size is not None and size <= self.small_bytes

    def helping(self, ready: Iterable[tuple[object, object]]) -> list[int]:
        """What to take of rows that are ready: the first, and with it, if it is small, the small ones after it.

        Args:
            ready: the ``id`` and the ``file_size`` of each row, as they stand there.

        Returns:
            The ids of those to take.
        """
        taken: list[int] = []
        total = 0
        for row_id, size in ((_whole(row_id) or 0, _whole(size)) for row_id, size in ready):
            if not taken:
                if not self.is_small(size):
                    return [row_id]
            elif not self.is_small(size):
                continue
            total += size or 0
            if taken and (total > self.total_bytes or len(taken) == self.rows):
                break
            taken.append(row_id)
        return taken


class Backlog(NamedTuple):
    """What waits in the queue, is in hand, and has failed. Ages are seconds, None where a time can't be read."""

    ready: int
    transferring: int
    failed: int
    oldest_ready_path: str | None
    oldest_ready_age_seconds: float | None
    ready_bytes: int
    newest_failed_path: str | None
    newest_failed_age_seconds: float | None
    newest_failed_error: str | None


def bound(text: str) -> str | bytes:
    """A text as SQLite takes it: one with bytes that are no UTF-8 goes as bytes, which the statements cast to TEXT."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogateescape")
    return text


def age_seconds(moment: str | None, now: float) -> float | None:
    """How long ago a moment of the database was, never negative.

    Args:
        moment: UTC, in ISO 8601 with a space or a T; an offset in it is heeded.
        now: Unix seconds.

    Returns:
        None where the text is no moment: unknown must not pass for new.
    """
    try:
        then = datetime.fromisoformat((moment or "").strip())
    except ValueError:
        return None
    if then.tzinfo is None:
        then = then.replace(tzinfo=UTC)
    return max(0.0, now - then.timestamp())


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def _whole(value: object) -> int | None:
    """A whole number where the value is one. SQLite's columns hold what they were given, whatever they declare."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _TOO_LARGE:
        return int(value)
    if isinstance(value, str) and value.strip().isdecimal() and len(value.strip()) < _TOO_MANY_DIGITS:
        return int(value)
    return value if isinstance(value, int) else None


def bytes_in_all(total: float) -> int:
    """The sum of sizes as SQLite's TOTAL gives it."""
    return int(total)
