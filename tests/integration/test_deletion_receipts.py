"""What a deletion leaves in writing, and how much proof it demands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from celestial_nasops.daemon.verified_delete import Hooks
from celestial_nasops.fault import DatabaseFault
from celestial_nasops.media_status_db import MediaStatusDB, TransferStatus
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from tests.daemon_field import Field, sha256
from tests.delete_bench import CONTENT, DeleteBench
from tests.queue_files import execute
from tests.waiting import eventually

COMPLETED = TransferStatus.COMPLETED
HOOKS = Hooks(lambda _: None, lambda: False)


def run(bench: DeleteBench, manager: SafeDeleteManager, receipts: MediaStatusDB, hooks: Hooks = HOOKS) -> int:
    return manager.run_due(lambda: bench.files, hooks, receipts)


def events(bench: DeleteBench, receipts: MediaStatusDB) -> list[Event]:
    return [receipt.event for receipt in receipts.receipts_of(str(bench.local))]


def test_the_second_verification_and_the_deletion_are_testified(bench: DeleteBench, receipts: MediaStatusDB) -> None:
    assert run(bench, bench.scheduled(), receipts) == 1
    again, deleted = receipts.receipts_of(str(bench.local))
    assert [again.event, deleted.event] == [Event.VERIFIED_AGAIN, Event.DELETED]
    for receipt in (again, deleted):
        assert (receipt.size, receipt.sha256) == (len(CONTENT), sha256(CONTENT))
        assert (receipt.remote_path, receipt.level) == (str(bench.copy), VerificationLevel.HASH)


def test_without_a_receipt_nothing_is_deleted(bench: DeleteBench, receipts: MediaStatusDB) -> None:
    manager = bench.scheduled()
    execute(receipts.path, "DROP TABLE media_transfer_receipts", "CREATE TABLE media_transfer_receipts (id)")
    with pytest.raises(DatabaseFault):
        run(bench, manager, receipts)
    assert bench.local.exists()
    assert bench.on_disk()[0]["retry_count"] == 0
    execute(receipts.path, "DROP TABLE media_transfer_receipts")
    assert run(bench, manager, receipts) == 1


def _killed_after(step: str) -> type[MediaStatusDB]:
    class Killed(MediaStatusDB):
        def add_receipt(self, receipt: Any) -> None:
            if receipt.event == step:
                raise KeyboardInterrupt
            super().add_receipt(receipt)

    return Killed


def test_killed_between_the_deletion_and_its_receipt_the_next_start_claims_and_blames_nothing(
    bench: DeleteBench, receipts: MediaStatusDB, caplog: pytest.LogCaptureFixture
) -> None:
    with _killed_after("deleted")(receipts.path, timeout_seconds=1) as killed, pytest.raises(KeyboardInterrupt):
        run(bench, bench.scheduled(), killed)
    assert not bench.local.exists()
    assert events(bench, receipts) == [Event.VERIFIED_AGAIN]
    manager = bench.manager()
    assert manager.count == 1
    caplog.set_level("INFO")
    assert run(bench, manager, receipts) == 0
    again, gone = receipts.receipts_of(str(bench.local))
    assert (again.event, gone) == (Event.VERIFIED_AGAIN, replace(again, event=Event.GONE, at=gone.at))
    assert manager.count == 0
    [line] = [record for record in caplog.records if "is gone already" in record.getMessage()]
    assert (line.levelname, line.getMessage()) == (
        "INFO",
        f"{bench.local} is gone already; it was removed by the daemon right before it was stopped, or somebody else",
    )


def test_what_somebody_else_removed_is_testified_as_gone(bench: DeleteBench, receipts: MediaStatusDB) -> None:
    manager = bench.scheduled()
    bench.local.unlink()
    assert run(bench, manager, receipts) == 0
    [receipt] = receipts.receipts_of(str(bench.local))
    assert (receipt.event, receipt.sha256) == (Event.GONE, sha256(CONTENT))


# --- how much proof ---


@pytest.mark.parametrize(
    ("given", "required", "deleted"),
    [
        ("hash", None, 1),
        ("read_back", None, 1),
        ("size", None, 0),
        ("hash", "hash", 1),
        ("read_back", "hash", 0),
        ("size", "hash", 0),
        ("size", "size", 1),
        ("hash", "size", 1),
    ],
)
def test_a_copy_must_be_proven_as_strongly_as_it_is_required(
    bench: DeleteBench,
    given: str,
    required: str | None,
    deleted: int,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    level = VerificationLevel(given)
    monkeypatch.setattr(NasFiles, "verification_level", property(lambda _: level))
    manager = bench.scheduled(**({} if required is None else {"required_verification_level": required}))
    assert [bench.run(manager), bench.run(manager)] == [deleted, 0]
    assert bench.local.exists() is not bool(deleted)
    assert caplog.text.count("[delete_unproven]") == 1 - deleted  # once, however often it is tried
    if not deleted:
        assert str(manager.unproven) == (
            f"nothing is deleted: this NAS lets a copy be verified by {given} only, and "
            f"{required or 'read_back'} is required"
        )
        assert bench.on_disk()[0]["retry_count"] == 0
        level = VerificationLevel.HASH
        assert bench.run(manager) == 1
        assert manager.unproven is None


# --- the real daemon ---


def test_the_daemon_testifies_the_whole_way(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.005})
    with field.daemon():
        row_id = field.put()
        field.becomes(row_id, COMPLETED)
        path = str(field.media / field.row(row_id).file_name)
        eventually(lambda: len(field.db.receipts_of(path)) == 3)
    assert [receipt.event for receipt in field.db.receipts_of(path)] == ["sent", "verified_again", "deleted"]


def _lose(field: Field) -> None:
    field.list_path.unlink()


def _corrupt(field: Field) -> None:
    field.list_path.write_text("[")


@pytest.mark.parametrize("damage", [_lose, _corrupt])
def test_a_list_that_is_rebuilt_knows_the_copies_real_name_and_content(
    field: Field, damage: Callable[[Field], None]
) -> None:
    with field.daemon():
        field.becomes(field.put(content=b"sent"), COMPLETED)
    field.configure(nas_settings={"backup_path": "Elsewhere"}, sync_settings={"safe_delete_delay_minutes": 30})
    damage(field)
    with field.daemon():
        [entry] = eventually(field.pending)
    assert entry["remote_file_path"] == str(field.remote())
    assert entry["local_checksum"] == sha256(b"sent")
