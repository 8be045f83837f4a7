"""The operator's commands and a queue whose rows hold what no program of ours would write."""

from __future__ import annotations

import pytest

from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import NAME, Field
from tests.integration.test_steering import steer
from tests.queue_files import execute


def put_odd(field: Field, name: str, **values: str) -> str:
    """A file whose row has odd values, as SQL writes them; its path."""
    row_id = field.put(name)
    sets = ", ".join(f"{column} = {value}" for column, value in values.items())
    execute(field.db.path, f"UPDATE media_transfer_status SET {sets} WHERE id = {row_id}")
    return str(field.media / name)


@pytest.mark.parametrize(
    ("column", "value", "shown"),
    [
        ("transfer_status", "'Pending'", "Pending"),
        ("transfer_status", "' pending'", " pending"),
        ("transfer_status", "'Failed'", "Failed"),
        ("transfer_status", "'Transferring'", "Transferring"),
        ("transfer_status", "X'70656E64696E67'", "X'70656E64696E67'"),
        ("transfer_status", "'pending' || CHAR(0) || 'x'", "pending\\x00x"),
        ("transfer_status", "''", ""),
        ("download_status", "'Completed'", "Completed"),
        ("download_status", "'done'", "done"),
        ("download_status", "X'FF'", "X'FF'"),
    ],
)
def test_a_row_that_nobody_takes_up_is_named(field: Field, column: str, value: str, shown: str) -> None:
    path = put_odd(field, NAME, **{column: value})
    well = field.put("20250122_well.jpg")
    told = steer(field, "queue")[1].splitlines()
    at = told.index("not taken up 1 file in a status that nobody knows")
    assert told[at + 1] == f"  {path}: {column} '{shown}'"
    assert "well" not in "\n".join(told)
    code, words = steer(field, "requeue", path)
    with field.daemon():
        field.becomes(well, TransferStatus.COMPLETED)
        if column == "transfer_status":
            assert code == 0, words
            field.becomes(well - 1, TransferStatus.COMPLETED)
            assert "not taken up" not in steer(field, "queue")[1]
        else:
            assert code == 1
            assert f"(download_status '{shown}', transfer_status 'pending')" in words


def test_the_check_s_refused_file_is_none_of_the_operator_s(field: Field) -> None:
    path = put_odd(field, "smoketest_20261127_224500_0badcafe-2.smoke-check.bin", transfer_status="'failed'")
    assert path not in steer(field, "queue")[1]
    assert steer(field, "requeue", "--failed") == (0, "0 file(s) that failed wait to be sent again\n")


@pytest.mark.parametrize("size", ["1e300", "9223372036854775807", "-5", "'many'", "X'35'", "NULL"])
def test_an_odd_size_does_not_hide_the_others(field: Field, size: str) -> None:
    put_odd(field, NAME, file_size=size)
    field.put("20250122_well.jpg", bytes(2000))
    told = steer(field, "queue")[1]
    assert "waiting      2 files, 2.0 kB" in told
