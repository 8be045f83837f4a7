"""How many files are deleted together."""

from __future__ import annotations

import pytest

from celestial_nasops.daemon.deletion_batch import BatchSize
from celestial_nasops.daemon.pending_deletes import PendingDelete

SHA256, MD5 = "a" * 64, "a" * 32
MB = 1 << 20


def entry(name: str, size: int | None = 1000, checksum: str = SHA256) -> PendingDelete:
    return PendingDelete(f"/media/{name}", f"/nas/{name}", checksum, 0.0, 0.0, 0, 3, size)


def many(count: int, size: int = 1000) -> list[PendingDelete]:
    return [entry(str(number), size) for number in range(count)]


def names(entries: list[PendingDelete]) -> list[str]:
    return [one.local_file_path.removeprefix("/media/") for one in entries]


def test_small_ones_overtake_what_goes_alone() -> None:
    due = [entry("1"), entry("large", 4 * MB), entry("2"), entry("old", checksum=MD5), entry("unknown", None)]
    size = BatchSize()
    assert names(size.take_from(due)) == ["1", "2"]
    assert [names(size.take_from(due)) for _ in range(3)] == [["large"], ["old"], ["unknown"]]
    assert due == []


def test_the_first_one_is_never_overtaken() -> None:
    due = [entry("large", 4 * MB), *many(2)]
    assert names(BatchSize().take_from(due)) == ["large"]
    assert names(due) == ["0", "1"]


@pytest.mark.parametrize(("size", "files"), [(1000, 128), (MB, 16), (4 * MB - 1, 5)])
def test_they_are_bounded_by_count_and_by_bytes(size: int, files: int) -> None:
    due = many(1000, size)
    assert names(BatchSize().take_from(due)) == [str(number) for number in range(files)]
    assert names(due) == [str(number) for number in range(files, 1000)]


def test_the_next_is_as_large_as_the_last_was_fast() -> None:
    size = BatchSize()

    def next_after(seconds: float) -> int:
        batch = size.take_from(many(1000))
        size.took(batch, seconds)
        return len(size.take_from(many(1000)))

    assert next_after(4) == 64
    assert next_after(2) == 64
    assert next_after(1) == 128
    assert next_after(0.001) == 512  # the most
    assert next_after(1000) == 8  # the least


def test_a_few_that_are_done_at_once_make_it_no_smaller() -> None:
    size = BatchSize()
    size.took(many(2), 0.1)
    assert len(size.take_from(many(1000))) == 128
