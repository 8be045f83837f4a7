"""The real daemon as a child process, with a real sshd for a NAS: what becomes of files."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import NAME, Field, sha256
from tests.mounts import SmallTmpfs
from tests.nas_profiles import sftp_only_server
from tests.nas_servers import Server
from tests.waiting import eventually

PENDING, TRANSFERRING = TransferStatus.PENDING, TransferStatus.TRANSFERRING
COMPLETED, FAILED = TransferStatus.COMPLETED, TransferStatus.FAILED
SOON = {"sync_settings": {"safe_delete_delay_minutes": 0.01}}


# --- the way of a file ---


def test_a_file_is_carried_recorded_and_deleted_after_its_delay(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.02})
    with field.daemon() as daemon:
        row_id = field.put(content=b"a real file")
        record = field.becomes(row_id, COMPLETED)
        assert record.transfer_start_time
        assert record.transfer_end_time
        assert (record.transfer_retry_count, record.last_error_message) == (0, None)
        assert field.on_nas() == [str(field.remote())]
        assert field.remote().read_bytes() == b"a real file"
        [entry] = eventually(field.pending)
        assert entry["local_file_path"] == str(field.media / NAME)
        assert entry["remote_file_path"] == str(field.remote())
        assert entry["local_checksum"] == sha256(b"a real file")
        eventually(lambda: not (field.media / NAME).exists())
        assert time.time() >= entry["scheduled_time"]
        assert entry["scheduled_time"] - entry["created_time"] == pytest.approx(1.2)
        eventually(lambda: field.pending() == [])
        assert field.remote().exists()
        daemon.tell(signal.SIGTERM)
        assert daemon.exit_code() == 0
    assert field.row(row_id).transfer_status is COMPLETED


def test_many_files_are_carried_by_all_lanes(field: Field) -> None:
    rows = [field.put(f"20250122_{number}.jpg", os.urandom(50_000)) for number in range(30)]
    with field.daemon():
        for row_id in rows:
            field.becomes(row_id, COMPLETED)
    assert len(field.on_nas()) == 30
    assert field.unfinished_on_nas() == []


def test_the_oldest_goes_first_and_only_what_is_downloaded(field: Field) -> None:
    field.configure(security={"max_concurrent_transfers": 1})
    rows = [field.put(f"20250122_{number}.jpg") for number in range(3)]
    waiting = field.db.insert_file_record(str(field.media / "half"), "half", 5, download_status="downloading")
    with field.daemon():
        for row_id in rows:
            field.becomes(row_id, COMPLETED)
    sent = [line.split("media/")[1].split(" to ")[0] for line in field.log.splitlines() if " sent " in line]
    assert sent == [f"20250122_{number}.jpg" for number in range(3)]
    assert field.row(waiting).transfer_status is PENDING


def test_without_delete_after_sync_nothing_is_scheduled(field: Field) -> None:
    field.configure(sync_settings={"delete_after_sync": False, "safe_delete_delay_minutes": 0})
    code, log = _once_with(field)
    assert (code, field.pending()) == (0, []), log
    assert (field.media / NAME).exists()


def _once_with(field: Field) -> tuple[int, str]:
    field.put()
    return field.run("--once")


# --- what a file itself is to blame for ---


def test_a_name_that_is_taken_is_left_alone_and_the_file_stored_beside_it(field: Field) -> None:
    field.configure(**SOON)
    field.remote().parent.mkdir(parents=True)
    field.remote().write_bytes(b"somebody else's")
    with field.daemon() as daemon:
        field.becomes(field.put(content=b"ours"), COMPLETED)
        digits = sha256(b"ours")
        beside = field.remote(f"20250122_101500_x.{digits[:6]}-{digits[6:12]}.mp4")
        daemon.says(
            rf"WARNING \[nas_stored_beside\] {field.remote()} has other content on the NAS and is not overwritten; "
            rf"{field.media / NAME} was stored beside it as {beside}; nothing is lost; compare the two on the NAS, and "
            "see why one name was given twice\n"
        )
        eventually(lambda: not (field.media / NAME).exists())
    assert field.remote().read_bytes() == b"somebody else's"
    assert beside.read_bytes() == b"ours"
    assert field.on_nas() == sorted([str(field.remote()), str(beside)])
    assert {receipt.remote_path for receipt in field.db.receipts_of(str(field.media / NAME))} == {str(beside)}


def test_a_file_that_fails_for_good_says_why_in_its_row(field: Field) -> None:
    field.configure(sync_settings={"max_retry_attempts": 2})
    with field.daemon():
        record = field.becomes(field.put(size=99), FAILED)
        assert record.transfer_retry_count == 2
        assert record.last_error_message == (f"[file_size_differs] {field.media / NAME} has 5 bytes, its row says 99")
        field.becomes(field.put("20250122_other.mp4"), COMPLETED)


@pytest.mark.parametrize("kind", ["missing", "folder", "link"])
def test_what_is_no_file_fails_at_once(field: Field, kind: str) -> None:
    path = field.media / NAME
    match kind:
        case "folder":
            path.mkdir()
        case "link":
            (field.media / "real").write_bytes(b"x")
            path.symlink_to(field.media / "real")
    with field.daemon():
        record = field.becomes(field.queue(str(path), NAME, 1), FAILED)
    assert record.transfer_retry_count == 0
    code = "file_missing" if kind == "missing" else "file_refused"
    assert (record.last_error_message or "").startswith(f"[{code}] {path} is ")
    assert field.on_nas() == []


def test_a_file_that_differs_from_its_row_is_tried_again_and_can_recover(field: Field) -> None:
    field.configure(sync_settings={"retry_delay_seconds": 0.3, "max_retry_attempts": 10})
    with field.daemon():
        row_id = field.put(content=b"not whole", size=20)
        eventually(lambda: field.row(row_id).transfer_retry_count)
        assert "[file_size_differs]" in (field.row(row_id).last_error_message or "")
        (field.media / NAME).write_bytes(b"x" * 20)
        record = field.becomes(row_id, COMPLETED)
    assert record.last_error_message is None


def test_a_row_that_is_withdrawn_in_mid_transfer_publishes_nothing(field: Field) -> None:
    with field.daemon() as daemon:
        row_id = field.put_long(megabytes=256)
        eventually(lambda: field.is_in_mid_upload())
        assert field.db.remove_record(row_id, str(field.media / NAME))
        daemon.says("not published, its row is not in hand any more", 60)
        assert field.on_nas() == []
        assert (field.media / NAME).exists()


# --- the NAS ---


def test_a_nas_that_is_away_costs_no_retries_and_all_recovers_by_itself(field: Field, nas: Server) -> None:
    nas.stop()
    with field.daemon() as daemon:
        rows = [field.put(f"20250122_{number}.jpg") for number in range(3)]
        doing = daemon.shows(lambda state: state.nas_away_since is not None).doing
        eventually(lambda: any("[nas_refused]" in (field.row(row_id).last_error_message or "") for row_id in rows))
        assert "NAS away since" in doing
        assert "127.0.0.1 refuses connections" in doing
        nas.start()
        for row_id in rows:
            assert field.becomes(row_id, COMPLETED, 60).transfer_retry_count == 0
        daemon.shows(lambda state: state.nas_away_since is None)
        assert daemon.log.count("the NAS is away") == 1
        assert daemon.log.count("the NAS is back") == 1


def test_a_nas_that_freezes_in_mid_upload_is_given_up_and_tried_again(field: Field, nas: Server) -> None:
    field.configure(sync_settings={"sync_timeout_seconds": 1}, security={"connection_timeout_seconds": 1})
    with field.daemon():
        row_id = field.put_long(megabytes=256)
        eventually(lambda: field.is_in_mid_upload())
        nas.freeze()
        eventually(lambda: "[nas_silent]" in (field.row(row_id).last_error_message or ""))
        nas.thaw()
        assert field.becomes(row_id, COMPLETED, 60).transfer_retry_count == 0
    assert field.on_nas() == [str(field.remote())]


def test_a_lost_connection_is_opened_again(field: Field, nas: Server) -> None:
    with field.daemon():
        field.becomes(field.put("20250122_1.jpg"), COMPLETED)
        nas.cut_connections()
        record = field.becomes(field.put("20250122_2.jpg"), COMPLETED)
    assert record.transfer_retry_count == 0


def test_a_full_nas_is_waited_for(field: Field, small_tmpfs: SmallTmpfs) -> None:
    base = small_tmpfs(2 << 20)
    slowly = {"bandwidth_limits": [{"begins": "00:00", "ends": "24:00", "megabytes_per_second": 0.5}]}
    field.configure(nas_settings={"base_path": base}, sync_settings=slowly)
    ballast = Path(base) / "ballast"
    with field.daemon() as daemon:
        row_id = field.put(content=bytes(1500 << 10))
        eventually(field.is_in_mid_upload)
        with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as file:  # it still fitted when it was begun
            while True:
                file.write(bytes(4096))
        daemon.says(r"the NAS is away: \[nas_disk_full\]")
        daemon.shows(lambda state: state.nas_away_since is not None)
        assert field.row(row_id).transfer_retry_count == 0
        eventually(lambda: field.unfinished_on_nas() == [])
        ballast.unlink()
        field.becomes(row_id, COMPLETED, 60)
    assert field.on_nas() == [str(field.remote())]


def test_what_does_not_fit_waits_smaller_files_go_on_and_all_resumes_by_itself(
    field: Field, small_tmpfs: SmallTmpfs
) -> None:
    base = small_tmpfs(32 << 20)
    field.configure(nas_settings={"base_path": base, "reserve_bytes": 2 << 20})
    ballast = Path(base) / "ballast"
    ballast.write_bytes(bytes(22 << 20))
    with field.daemon() as daemon:
        rows = [field.put_long(f"20250122_{number}.mp4", megabytes=9) for number in range(3)]
        told = rf"{field.media}/20250122_\d.mp4 waits for room on the NAS: 9.4 MB needed, 10.5 MB free"
        remedy = "free space or raise the quota there, the rest goes by itself: ssh .* df -h"
        daemon.says(rf"ERROR \[nas_no_room\] {told}; smaller files go on; {remedy} {base}\n")
        state = daemon.shows(lambda state: state.no_room != "")
        assert re.search(rf"; since \d\d:\d\d {told}, smaller files go on", state.doing)
        assert state.nas_away_since is None
        for number in range(3):
            field.becomes(field.put(f"20250122_{number}.jpg"), COMPLETED)
        refused = [record for record in map(field.row, rows) if record.last_error_message]
        assert {(record.transfer_status, record.transfer_retry_count) for record in refused} == {(PENDING, 0)}
        assert all((record.last_error_message or "").startswith("[nas_no_room] ") for record in refused)
        assert field.unfinished_on_nas() == []
        assert daemon.log.count("[nas_no_room]") == 1  # one state for the whole queue
        ballast.unlink()
        for row_id in rows:
            assert field.becomes(row_id, COMPLETED, 60).transfer_retry_count == 0
        daemon.says("there is room on the NAS again after ")
        daemon.shows(lambda state: state.no_room == "")


def test_a_file_that_waits_for_room_and_is_withdrawn_holds_up_nothing(field: Field, small_tmpfs: SmallTmpfs) -> None:
    field.configure(nas_settings={"base_path": small_tmpfs(16 << 20), "reserve_bytes": 1 << 20})
    with field.daemon() as daemon:
        rows = [field.put_long(f"20250122_{number}.mp4", megabytes=20 + number) for number in range(2)]
        daemon.shows(lambda state: "20250122_0.mp4 waits for room" in state.no_room)
        assert field.db.remove_record(rows[0], str(field.media / "20250122_0.mp4"))
        daemon.shows(lambda state: "20250122_1.mp4 waits for room" in state.no_room)
        assert field.db.remove_record(rows[1], str(field.media / "20250122_1.mp4"))
        daemon.shows(lambda state: state.no_room == "")
        daemon.says("nothing waits for room on the NAS any more after ")


def test_a_nas_that_can_t_tell_its_free_space_is_sent_to_all_the_same(tmp_path: Path) -> None:
    with sftp_only_server(tmp_path / "nas", sftp="internal-sftp -P statvfs") as nas:
        folder = tmp_path / "field"
        folder.mkdir()
        field = Field(folder, nas, **SOON)
        with contextlib.closing(field.db), field.daemon() as daemon:
            for number in range(3):
                field.becomes(field.put(f"20250122_{number}.jpg"), COMPLETED)
            daemon.says(
                r"WARNING files are sent without knowing whether they fit: \[nas_command_failed\] .* lacks statvfs"
            )
            eventually(lambda: field.here() == [])
            assert daemon.log.count("without knowing whether they fit") == 1
            field.configure(sync_settings={"safe_delete_delay_minutes": 0.05})
            daemon.tell(signal.SIGHUP)
            field.becomes(field.put(), COMPLETED)
            field.remote().unlink()
            daemon.says(r"not deleted, .*\[delete_copy_missing\]")


def test_a_file_whose_row_does_not_tell_its_size_is_known_by_what_lies_there(
    field: Field, small_tmpfs: SmallTmpfs
) -> None:
    field.configure(nas_settings={"base_path": small_tmpfs(1 << 20)}, sync_settings={"max_retry_attempts": 0})
    path = field.media / NAME
    path.write_bytes(bytes(5 << 20))
    with field.daemon() as daemon:
        row = field.queue(str(path), NAME, None)
        daemon.says(r"\[nas_no_room\] .* waits for room on the NAS")
        field.becomes(field.put("20250122_2.jpg"), COMPLETED)
        assert field.row(row).transfer_status is PENDING
    assert "nas_disk_full" not in daemon.log


def test_a_full_nas_that_can_t_tell_its_free_space_blames_no_file(tmp_path: Path, need_root: None) -> None:
    with sftp_only_server(tmp_path / "nas", sftp="internal-sftp -P statvfs") as nas:
        volumes = SmallTmpfs(Path(nas.files))
        folder = tmp_path / "field"
        folder.mkdir()
        try:
            base = volumes(256 << 10)
            field = Field(folder, nas, nas_settings={"base_path": base}, sync_settings={"max_retry_attempts": 0})
            filler = Path(base, "filler")
            filler.write_bytes(bytes(128 << 10))
            with contextlib.closing(field.db), field.daemon() as daemon:
                row = field.put(content=bytes(200 << 10))
                daemon.says(r"the NAS is away: \[nas_over_quota\] .* tells neither why nor how much is free")
                assert field.row(row).transfer_retry_count == 0
                filler.unlink()
                field.becomes(row, COMPLETED)
        finally:
            volumes.unmount_all()


# --- deletion ---


def test_a_copy_that_was_changed_on_the_nas_keeps_the_local_file(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.02, "max_retry_attempts": 1})
    with field.daemon() as daemon:
        field.becomes(field.put(content=b"precious"), COMPLETED)
        field.remote().write_bytes(b"spoiled!")
        daemon.says(r"not deleted, and not tried again before a restart: \[delete_copy_differs\]")
        assert (field.media / NAME).read_bytes() == b"precious"
        daemon.shows(lambda state: "1 deletion(s) need a person" in state.doing)
        field.remote().write_bytes(b"precious")
        daemon.tell(signal.SIGHUP)  # a person says: try again
        eventually(lambda: not (field.media / NAME).exists())


def test_a_lost_list_is_rebuilt_from_the_queue(field: Field) -> None:
    with field.daemon():
        field.becomes(field.put(content=b"sent"), COMPLETED)
    field.list_path.write_text("[{")
    field.configure(**SOON)
    with field.daemon() as daemon:
        daemon.says(
            rf"ERROR \[pending_deletes_corrupt\] {field.list_path} could not be read \(.+\); it was put aside as "
            rf"{field.list_path}\.corrupt-\S+ and rebuilt from the database; nothing to do; nothing is deleted without "
            "a fresh verification\n"
        )
        eventually(lambda: not (field.media / NAME).exists())
    assert field.remote().read_bytes() == b"sent"
    assert [path.read_text() for path in field.state_folder.glob("*.corrupt-*")] == ["[{"]


def test_a_state_folder_that_becomes_read_only_loses_nothing(field: Field, small_tmpfs: SmallTmpfs) -> None:
    folder = small_tmpfs(4 << 20)
    field.state_folder = Path(folder)
    field.configure(**SOON)
    with field.daemon() as daemon:
        small_tmpfs.make_read_only(folder)
        field.becomes(field.put(content=b"sent"), COMPLETED)
        daemon.says(
            r"ERROR \[pending_deletes_unsaved\] 1 scheduled deletion\(s\) can't be saved: \[Errno 30\] Read-only"
        )
        assert field.pending() == []
        daemon.says("the state file can't be written")
        small_tmpfs.make_writable(folder)
        daemon.says("are saved again")
        eventually(lambda: not (field.media / NAME).exists())
        eventually(lambda: field.pending() == [])
