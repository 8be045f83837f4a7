"""Many small files that fall due at once: verified again together, and each as safe as alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.daemon import deletion_batch, pending_deletes
from celestial_nasops.daemon.deletion_guard import DeletionsStopped
from celestial_nasops.daemon.verified_delete import Hooks
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell_batch import ShellBatch
from celestial_nasops.nas.shell_files import ShellFiles
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event
from celestial_nasops.transfer import RESUMED_FROM_BYTES
from tests.daemon_field import sha256
from tests.delete_bench import DeleteBench
from tests.many_deletions import (
    BOTH,
    COUNT,
    HOOKS,
    calls_of,
    copy_of,
    events,
    here,
    listed,
    nth,
    put,
    run,
    scheduled,
    sent,
)
from tests.nas_profiles import sftp_only_server

# --- together ---


def test_all_are_verified_at_once_and_the_list_is_saved_once(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = scheduled(bench, media)
    together = calls_of(monkeypatch, ShellBatch, "sha256_of_all")
    alone = calls_of(monkeypatch, ShellFiles, "inspect")
    saved = calls_of(monkeypatch, pending_deletes, "write")
    assert run(bench, manager, receipts) == COUNT
    assert (len(together), len(alone), len(saved)) == (1, 0, 1)
    assert (here(media), bench.on_disk(), manager.next_due()) == ([], [], None)
    for local in media:
        again, deleted = receipts.receipts_of(str(local))
        assert [again.event, deleted.event] == BOTH
        content = copy_of(bench, local).read_bytes()
        for receipt in (again, deleted):
            assert (receipt.size, receipt.sha256) == (len(content), sha256(content))
            assert (receipt.remote_path, receipt.level) == (str(copy_of(bench, local)), VerificationLevel.HASH)


def test_an_account_without_a_shell_reads_them_back_together(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, tmp_path: Path
) -> None:
    with sftp_only_server(tmp_path / "nas") as nas, NasSession.open(nas.target(), timeout_seconds=10) as session:
        base = Path(nas.files, "base")
        base.mkdir()
        for local in media:
            (base / local.name).write_bytes(local.read_bytes())
        bench.copy = base / bench.copy.name
        bench.files = open_files(session, nas.config().nas_settings, timeout_seconds=10)
        assert run(bench, scheduled(bench, media), receipts) == COUNT
    assert here(media) == []
    assert {receipt.level for receipt in receipts.newest_receipts(100)} == {VerificationLevel.READ_BACK}


def _other_content(local: Path) -> None:
    status = local.stat()
    local.write_bytes(local.read_bytes()[::-1])
    os.utime(local, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_what_is_wrong_is_kept_and_told_as_if_it_were_alone(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, caplog: pytest.LogCaptureFixture
) -> None:
    manager = scheduled(bench, media)
    copy_of(bench, media[0]).write_bytes(b"PHOTO 00")
    copy_of(bench, media[1]).unlink()
    media[2].write_bytes(b"longer now")
    _other_content(media[3])
    media[4].unlink()
    assert run(bench, manager, receipts) == COUNT - 5
    assert here(media) == [local.name for local in media[:4]]
    told = [record.getMessage() for record in caplog.records if "not deleted" in record.getMessage()]
    codes = ["delete_copy_differs", "delete_copy_missing", "delete_local_changed", "delete_local_changed"]
    assert [line.partition("[")[2].partition("]")[0] for line in told] == codes
    assert listed(bench) == [local.name for local in media[:4]]
    assert [entry["retry_count"] for entry in bench.on_disk()] == [1, 1, 1, 1]
    assert (manager.went_wrong, manager.given_up) == (4, 2)
    assert [events(local, receipts) for local in media[:5]] == [[], [], [], [], [Event.GONE]]


def test_what_does_not_go_together_goes_alone(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = put(bench, "large.mp4", bytes(RESUMED_FROM_BYTES))
    odd = put(bench, "line\nbreak.jpg", b"odd")
    old = put(bench, "old.jpg", b"old")
    manager = scheduled(bench, [large, odd, *media])
    md5 = hashlib.md5(b"old", usedforsecurity=False).hexdigest()
    manager.adopt([(str(old), str(copy_of(bench, old)), md5)])
    alone = calls_of(monkeypatch, ShellFiles, "inspect")
    assert run(bench, manager, receipts) == COUNT + 3
    assert here([*media, large, odd, old]) == []
    assert sorted(args[1] for args in alone) == sorted(str(copy_of(bench, local)) for local in (large, odd, old))


def test_where_only_sizes_are_known_none_is_deleted_on_a_hash(
    bench: DeleteBench,
    media: list[Path],
    receipts: MediaStatusDB,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(NasFiles, "verification_level", VerificationLevel.SIZE)
    manager = scheduled(bench, media)
    manager.configure(bench.config(required_verification_level="size"))
    together = calls_of(monkeypatch, ShellBatch, "sha256_of_all")
    assert run(bench, manager, receipts) == COUNT
    assert together == []


# --- right before each deletion ---


def test_on_an_old_verification_nothing_is_deleted(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_batch, "FRESH_SECONDS", 0.0)
    manager = scheduled(bench, media)
    alone = calls_of(monkeypatch, ShellFiles, "inspect")
    hooks = replace(HOOKS, check_media=nth(1, lambda: copy_of(bench, media[5]).write_bytes(b"PHOTO 05")))
    assert run(bench, manager, receipts, hooks) == COUNT - 1  # each was verified once more, alone
    assert len(alone) == COUNT
    assert here(media) == listed(bench) == [media[5].name]


@pytest.mark.parametrize("change", [_other_content, lambda local: os.chmod(local, 0o600)])
def test_one_that_changes_after_it_was_read_is_read_once_more(
    bench: DeleteBench,
    media: list[Path],
    receipts: MediaStatusDB,
    change: Callable[[Path], object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager = scheduled(bench, media)
    alone = calls_of(monkeypatch, ShellFiles, "inspect")
    deleted = run(bench, manager, receipts, replace(HOOKS, check_media=nth(1, lambda: change(media[5]))))
    assert here(media) == ([] if deleted == COUNT else [media[5].name])
    if change is _other_content:
        assert (deleted, manager.given_up, alone) == (COUNT - 1, 1, [])
    else:
        assert (deleted, manager.given_up, len(alone)) == (COUNT, 0, 1)


def test_one_that_is_sent_anew_meanwhile_waits_anew(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB
) -> None:
    manager = scheduled(bench, media)

    def send_anew() -> None:
        manager.configure(bench.config(safe_delete_delay_minutes=30))
        manager.schedule_all([sent(bench, media[5])])

    assert run(bench, manager, receipts, replace(HOOKS, check_media=nth(1, send_anew))) == COUNT - 1
    assert here(media) == listed(bench) == [media[5].name]


def test_a_media_folder_that_goes_away_ends_it_at_once(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB
) -> None:
    manager = scheduled(bench, media)

    def stop() -> None:
        raise DeletionsStopped(causes.MEDIA_MARKER_MISSING, path="/media", what="its marker is missing")

    with pytest.raises(DeletionsStopped):
        run(bench, manager, receipts, replace(HOOKS, check_media=nth(4, stop)))
    assert here(media) == listed(bench) == [local.name for local in media[3:]]
    assert [events(local, receipts) for local in media] == [BOTH] * 3 + [[Event.VERIFIED_AGAIN]] * (COUNT - 3)
    assert [entry["retry_count"] for entry in bench.on_disk()] == [0] * (COUNT - 3)


def test_a_stop_is_heard_between_two_files(bench: DeleteBench, media: list[Path], receipts: MediaStatusDB) -> None:
    manager = scheduled(bench, media)
    stopping: list[bool] = []
    hooks = Hooks(lambda _: None, lambda: bool(stopping), check_media=nth(3, lambda: stopping.append(True)))
    assert run(bench, manager, receipts, hooks) == 3
    assert here(media) == listed(bench) == [local.name for local in media[3:]]
    assert run(bench, manager, receipts) == COUNT - 3
    assert [events(local, receipts)[-2:] for local in media] == [BOTH] * COUNT


def test_signs_of_life_are_given_between_two_files(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB
) -> None:
    beats: list[tuple[int, float]] = []
    hooks = replace(HOOKS, expect=lambda seconds: beats.append((len(here(media)), seconds)))
    run(bench, scheduled(bench, media), receipts, hooks)
    assert {left for left, _ in beats} >= set(range(1, COUNT + 1))
    assert beats[0][1] > 0  # the NAS is given time to read
