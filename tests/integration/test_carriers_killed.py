"""Whoever carries is killed in the middle: the daemon, its ssh, the NAS's side. Nothing is lost, and it goes on."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import NAME, Daemon, Field
from tests.nas_servers import Server
from tests.waiting import eventually

COMPLETED, PENDING = TransferStatus.COMPLETED, TransferStatus.PENDING
MEGABYTES = 64
# So that there is a middle: all day, and all that is sent together.
SLOW = {
    "bandwidth_limits": [{"begins": "00:00", "ends": "24:00", "megabytes_per_second": 24}],
    "retry_delay_seconds": 0.05,
}


@pytest.fixture
def content() -> bytes:
    return os.urandom(MEGABYTES << 20)


@pytest.fixture
def slow(field: Field) -> Field:
    field.configure(sync_settings=SLOW)
    return field


def _on_its_way(field: Field, at_least: int) -> int:
    """Wait until so much of a file lies on the NAS, and return how much it is."""

    def look() -> int:
        with contextlib.suppress(FileNotFoundError):
            return sum(os.path.getsize(path) for path in field.unfinished_on_nas())
        return 0

    eventually(lambda: look() >= at_least, 30)
    return look()


def _children(pid: int, named: str) -> list[int]:
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            head, _, rest = file.read().rpartition(b")")
            if int(rest.split()[1]) == pid and head.endswith(f"({named}".encode()):
                found.append(int(name))
    return found


def _named_below(nas: Server, *names: str) -> list[int]:
    found = []
    for pid in nas.descendants():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text().strip() in names:
                found.append(pid)
    return found


def _kill(pids: list[int]) -> None:
    # Stopped first, so that none lives to tell of the end of another: as in a power cut.
    for what in (signal.SIGSTOP, signal.SIGKILL):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)


def _bytes_sent_again(field: Field, before: int) -> Callable[[], int]:
    """How much less than before lay on the NAS at any moment since."""
    lowest = before

    def look() -> int:
        nonlocal lowest
        with contextlib.suppress(FileNotFoundError):
            sizes = [os.path.getsize(path) for path in field.unfinished_on_nas()]
            if sizes:
                lowest = min(lowest, *sizes)
        return before - lowest

    return look


def _arrives(field: Field, row_id: int, content: bytes) -> None:
    assert field.becomes(row_id, COMPLETED, 60).transfer_retry_count == 0
    assert field.remote().read_bytes() == content
    assert field.on_nas() == [str(field.remote())]
    assert field.known_parts() == []


def test_the_daemon_is_killed_and_another_one_goes_on_where_it_was(slow: Field, content: bytes) -> None:
    row_id = slow.put(content=content)
    for at_least in (8 << 20, 24 << 20, 40 << 20):
        with slow.daemon() as daemon:
            _on_its_way(slow, at_least)
            daemon.process.kill()
            daemon.process.wait()
        [part] = slow.known_parts()
        before = os.path.getsize(part)
        assert before >= at_least
        with slow.daemon():
            sent_again = _bytes_sent_again(slow, before)
            slow.becomes(row_id, TransferStatus.TRANSFERRING)
            _on_its_way(slow, before + 1)
            assert sent_again() == 0
    with slow.daemon():
        _arrives(slow, row_id, content)


def _its_ssh(daemon: Daemon, nas: Server) -> list[int]:
    return _children(daemon.process.pid, "ssh")


def _everything_that_serves(daemon: Daemon, nas: Server) -> list[int]:
    return nas.descendants()


@pytest.mark.parametrize("victims", [_its_ssh, _everything_that_serves])
def test_the_way_is_cut_and_it_goes_on(
    slow: Field, nas: Server, content: bytes, victims: Callable[[Daemon, Server], list[int]]
) -> None:
    row_id = slow.put(content=content)
    with slow.daemon() as daemon:
        for at_least in (8 << 20, 24 << 20, 40 << 20):
            before = _on_its_way(slow, at_least)
            found = victims(daemon, nas)
            assert found
            sent_again = _bytes_sent_again(slow, before)
            _kill(found)
            _on_its_way(slow, before + 1)
            assert sent_again() <= 2 << 20  # what a buffer held when we looked is not proven to have been written
        _arrives(slow, row_id, content)


@pytest.mark.parametrize("victim", ["dd", "openssl"])
def test_a_program_of_the_nas_is_killed_and_the_file_is_to_be_sent_still(
    slow: Field, nas: Server, content: bytes, victim: str
) -> None:
    row_id = slow.put(content=content)
    with slow.daemon() as daemon:
        _on_its_way(slow, 8 << 20)
        _kill(_named_below(nas, victim))
        daemon.says("tried again in")
        assert slow.becomes(row_id, COMPLETED, 60).transfer_retry_count >= 1
    assert slow.remote().read_bytes() == content
    assert slow.on_nas() == [str(slow.remote())]


def test_without_the_program_ssh_it_goes_by_the_other_way(
    field: Field, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "ssh").write_text('#!/bin/sh\ncase " $* " in *" -G "*) exec /usr/bin/ssh "$@" ;; esac\nexit 255\n')
    (tools / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    with field.daemon() as daemon:
        _arrives(field, field.put(content=content), content)
        assert daemon.log.count("is reached without the program ssh, which is slower") == 1


def test_a_part_whose_row_is_gone_is_removed(slow: Field, content: bytes) -> None:
    row_id = slow.put(content=content)
    with slow.daemon() as daemon:
        _on_its_way(slow, 8 << 20)
        daemon.process.kill()
        daemon.process.wait()
    assert slow.db.remove_record(row_id, str(slow.media / NAME))
    with slow.daemon():
        eventually(lambda: slow.on_nas() == [])
        eventually(lambda: slow.known_parts() == [])


def test_a_part_whose_file_is_gone_is_removed(slow: Field, content: bytes) -> None:
    row_id = slow.put(content=content)
    with slow.daemon() as daemon:
        _on_its_way(slow, 8 << 20)
        daemon.process.kill()
        daemon.process.wait()
    (slow.media / NAME).unlink()
    with slow.daemon():
        slow.becomes(row_id, TransferStatus.FAILED)
        eventually(lambda: slow.on_nas() == [])
        eventually(lambda: slow.known_parts() == [])


def test_a_file_that_changed_meanwhile_is_sent_from_its_beginning(slow: Field, content: bytes) -> None:
    row_id = slow.put(content=content)
    with slow.daemon() as daemon:
        _on_its_way(slow, 8 << 20)
        daemon.process.kill()
        daemon.process.wait()
    other = content[: 4 << 20] + os.urandom(len(content) - (4 << 20))
    (slow.media / NAME).write_bytes(other)
    with slow.daemon():
        _arrives(slow, row_id, other)


# --- many small files ---


@pytest.fixture
def many(field: Field) -> list[int]:
    field.configure(sync_settings=SLOW)
    return [field.put(f"20250122_{number:04d}.jpg", os.urandom(200_000)) for number in range(200)]


def _all_arrive(field: Field, rows: list[int]) -> None:
    for row_id in rows:
        assert field.becomes(row_id, COMPLETED, 60).transfer_retry_count == 0
    assert len(field.on_nas()) == len(rows)
    for number in range(len(rows)):
        name = f"20250122_{number:04d}.jpg"
        assert field.remote(name).read_bytes() == (field.media / name).read_bytes()
    assert len(field.pending()) == len(rows)
    assert not list((Path(field.config.nas_settings.base_path) / "EdgeBackup").glob(".tmp_*"))


def _in_mid_batch(field: Field) -> None:
    base = Path(field.config.nas_settings.base_path)
    eventually(lambda: len(list(base.glob("EdgeBackup/.tmp_*/*/*"))) > 20, 30)


def test_the_daemon_is_killed_in_mid_batch_and_nothing_stays_of_it(field: Field, many: list[int]) -> None:
    with field.daemon() as daemon:
        _in_mid_batch(field)
        daemon.process.kill()
        daemon.process.wait()
    with field.daemon():
        _all_arrive(field, many)


@pytest.mark.parametrize("victims", [_its_ssh, _everything_that_serves])
def test_the_way_is_cut_in_mid_batch(
    field: Field, nas: Server, many: list[int], victims: Callable[[Daemon, Server], list[int]]
) -> None:
    with field.daemon() as daemon:
        _in_mid_batch(field)
        _kill(victims(daemon, nas))
        _all_arrive(field, many)


def test_stopped_in_mid_batch_it_leaves_nothing_and_all_rows_waiting(field: Field, many: list[int]) -> None:
    with field.daemon() as daemon:
        _in_mid_batch(field)
        daemon.tell(signal.SIGTERM)
        assert daemon.exit_code(10) == 0
    assert {field.row(row_id).transfer_status for row_id in many} == {PENDING}
    assert field.on_nas() == []


def test_one_bad_file_among_many_fails_alone(field: Field) -> None:
    rows = [field.put(f"20250122_{number:04d}.jpg", b"%d" % number) for number in range(49)]
    field.remote().parent.mkdir(parents=True)
    (field.media / "20250122_gone.jpg").write_bytes(b"x")
    bad = field.queue(str(field.media / "20250122_gone.jpg"), "20250122_gone.jpg", 1)
    (field.media / "20250122_gone.jpg").unlink()
    with field.daemon() as daemon:
        for row_id in rows:
            field.becomes(row_id, COMPLETED)
        record = field.becomes(bad, TransferStatus.FAILED)
        assert record.last_error_message == f"[file_missing] {record.file_path} is in the queue but not on this server"
        assert daemon.log.count(" sent ") == 49
    assert len(field.on_nas()) == 49


def test_a_small_file_does_not_wait_for_large_ones(field: Field) -> None:
    field.configure(sync_settings=SLOW)
    large = [field.put_long(f"20250122_{number}.mp4", 2048) for number in range(2)]
    with field.daemon():
        _on_its_way(field, 1)
        small = field.put("20250122_small.jpg", b"small")
        field.becomes(small, COMPLETED, 10)
        assert all(field.row(row_id).transfer_status is not COMPLETED for row_id in large)


def test_another_limit_of_the_bandwidth_counts_for_what_is_in_hand(field: Field, content: bytes) -> None:
    crawl = [{"begins": "00:00", "ends": "24:00", "megabytes_per_second": 0.25}]
    field.configure(sync_settings={"bandwidth_limits": crawl})
    with field.daemon() as daemon:
        row_id = field.put(content=content)
        eventually(field.is_in_mid_upload)
        field.configure(sync_settings={"bandwidth_limits": []})
        daemon.tell(signal.SIGHUP)
        _arrives(field, row_id, content)  # it would take four minutes
