"""Many small files that fall due at once while something breaks: none is lost, and no word is false."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from celestial_nasops import causes
from celestial_nasops.daemon import deletion_batch, pending_deletes
from celestial_nasops.fault import DatabaseFault, NasUnavailable
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell_files import ShellFiles
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.receipts import Event
from celestial_nasops.safe_delete_manager import SafeDeleteManager
from tests.daemon_field import Field
from tests.delete_bench import DeleteBench
from tests.many_deletions import (
    BOTH,
    COUNT,
    HOOKS,
    events,
    here,
    listed,
    nth,
    run,
    scheduled,
    sent_to,
)
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server, openssh_server
from tests.queue_files import execute
from tests.waiting import eventually


def test_without_receipts_nothing_is_deleted(bench: DeleteBench, media: list[Path], receipts: MediaStatusDB) -> None:
    manager = scheduled(bench, media)
    execute(receipts.path, "DROP TABLE media_transfer_receipts", "CREATE TABLE media_transfer_receipts (id)")
    with pytest.raises(DatabaseFault):
        run(bench, manager, receipts)
    assert len(here(media)) == COUNT
    assert [entry["retry_count"] for entry in bench.on_disk()] == [0] * COUNT
    execute(receipts.path, "DROP TABLE media_transfer_receipts")
    assert run(bench, manager, receipts) == COUNT


def test_a_nas_that_is_away_costs_no_try(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, steady_nas: Server
) -> None:
    manager = scheduled(bench, media)
    with NasSession.open(steady_nas.target(), timeout_seconds=10) as session:
        bench.files = ShellFiles(session, timeout_seconds=10)
        assert bench.files.verification_level is VerificationLevel.HASH
        session.abort()
        with pytest.raises(NasUnavailable):
            run(bench, manager, receipts)
    assert len(here(media)) == COUNT
    assert [entry["retry_count"] for entry in bench.on_disk()] == [0] * COUNT


def test_a_nas_that_falls_silent_is_waited_for_once(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, nas: Server
) -> None:
    manager = scheduled(bench, media)
    with NasSession.open(nas.target(), timeout_seconds=10) as session:
        bench.files = ShellFiles(session, timeout_seconds=0.5)
        assert bench.files.verification_level is VerificationLevel.HASH
        nas.freeze()
        with pytest.raises(NasUnavailable) as caught:
            run(bench, manager, receipts)
    assert caught.value.cause is causes.NAS_SILENT
    assert len(here(media)) == COUNT


def test_those_on_a_disk_that_became_read_only_stay(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, small_tmpfs: SmallTmpfs
) -> None:
    folder = Path(small_tmpfs(1 << 20))
    there = []
    for local in media[:3]:
        there.append(folder / local.name)
        there[-1].write_bytes(local.read_bytes())
    manager = scheduled(bench, [*there, *media[3:]])
    small_tmpfs.make_read_only(str(folder))
    assert run(bench, manager, receipts) == COUNT - 3
    assert here([*there, *media[3:]]) == listed(bench) == [local.name for local in there]
    assert [entry["retry_count"] for entry in bench.on_disk()] == [1] * 3
    small_tmpfs.make_writable(str(folder))
    assert run(bench, manager, receipts) == 3


def test_what_could_not_be_flushed_is_not_testified_as_deleted(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_folder: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    manager = scheduled(bench, media)
    with monkeypatch.context() as patch:
        patch.setattr(deletion_batch, "fsync_folder", broken)
        assert run(bench, manager, receipts) == 0
    assert [events(local, receipts) for local in media] == [[Event.VERIFIED_AGAIN]] * COUNT
    assert [entry["retry_count"] for entry in bench.on_disk()] == [1] * COUNT
    assert run(bench, manager, receipts) == 0
    assert [events(local, receipts) for local in media] == [BOTH] * COUNT
    assert bench.on_disk() == []


def test_while_the_list_can_not_be_saved_no_further_ones_are_deleted(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion_batch, "_MOST_FILES", 16)  # four at first
    manager = scheduled(bench, media)
    list_path = bench.list_path
    hooks = replace(HOOKS, check_media=nth(4, lambda: list_path.parent.rename(list_path.parent.with_name("away"))))
    assert run(bench, manager, receipts, hooks) == 4
    assert manager.problem is not None
    list_path.parent.with_name("away").rename(list_path.parent)
    assert listed(bench) == [local.name for local in media]
    assert run(bench, manager, receipts) == COUNT - 4
    assert bench.on_disk() == []


class _Killed(MediaStatusDB):
    """Whoever uses it dies instead of testifying the deletions."""

    def add_receipts(self, receipts: Any) -> None:
        receipts = list(receipts)
        if receipts[0].event is Event.DELETED:
            raise KeyboardInterrupt
        super().add_receipts(receipts)


def test_killed_before_the_deletions_are_testified_the_next_start_finds_them_gone(
    bench: DeleteBench, media: list[Path], receipts: MediaStatusDB, caplog: pytest.LogCaptureFixture
) -> None:
    with _Killed(receipts.path, timeout_seconds=1) as killed, pytest.raises(KeyboardInterrupt):
        run(bench, scheduled(bench, media), killed)
    assert here(media) == []
    assert len(bench.on_disk()) == COUNT
    assert [events(local, receipts) for local in media] == [[Event.VERIFIED_AGAIN]] * COUNT
    assert run(bench, bench.manager(), receipts) == 0
    assert [events(local, receipts) for local in media] == [[Event.VERIFIED_AGAIN, Event.GONE]] * COUNT
    assert bench.on_disk() == []
    assert "somebody else removed it" not in caplog.text


def test_killed_before_the_list_is_saved_the_next_start_blames_nobody(
    bench: DeleteBench,
    media: list[Path],
    receipts: MediaStatusDB,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    manager = scheduled(bench, media)
    with monkeypatch.context() as patch:
        patch.setattr(pending_deletes, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            run(bench, manager, receipts)
    assert here(media) == []
    assert len(bench.on_disk()) == COUNT
    assert run(bench, bench.manager(), receipts) == 0
    assert [events(local, receipts) for local in media] == [BOTH] * COUNT
    assert bench.on_disk() == []
    assert "somebody else" not in caplog.text


def test_a_daemon_that_is_told_to_end_waits_for_no_verification(tmp_path: Path) -> None:
    tools, hashing = tmp_path / "tools", tmp_path / "hashing"
    tools.mkdir()
    (tools / "find").write_text(
        f'#!/bin/sh\ncase $* in *-maxdepth*) : > "{hashing}"; exec sleep 30 ;; esac\nexec /usr/bin/find "$@"\n'
    )
    (tools / "find").chmod(0o755)
    with openssh_server(tmp_path / "nas", environment=[f'"PATH={tools}:{os.environ["PATH"]}"']) as nas:
        settings = {"sync_settings": {"safe_delete_delay_minutes": 0}, "security": {"connection_timeout_seconds": 30}}
        field = Field(tmp_path, nas, **settings)
        contents = {field.media / f"{number}.jpg": b"photo %d" % number for number in range(COUNT)}
        for local, content in contents.items():
            local.write_bytes(content)
            Path(nas.files, local.name).write_bytes(content)
        deletes = SafeDeleteManager(str(field.list_path), field.config)
        deletes.schedule_all((str(local), sent_to(f"{nas.files}/{local.name}", local)) for local in contents)
        with contextlib.closing(field.db), field.daemon() as daemon:
            eventually(hashing.exists)
            daemon.tell(signal.SIGTERM)
            assert daemon.exit_code() == 0
            assert "not everybody ended in time" not in daemon.log
        assert len(field.pending()) == COUNT
        assert {local: local.read_bytes() for local in contents} == contents
        (tools / "find").unlink()
        with field.daemon():
            eventually(lambda: field.pending() == [])
    assert here(list(contents)) == []
