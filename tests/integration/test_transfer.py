"""One file's way to a real sshd: what arrives, what is refused, and that nothing unfinished stays behind."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from celestial_nasops import transfer
from celestial_nasops.config import Config
from celestial_nasops.database.records import FileRecord, TransferStatus
from celestial_nasops.fault import Fault, LocalFault, NasFault, NasUnavailable
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.transfer import Hooks, Sent, Stopped, Withdrawn, send
from tests.daemon_field import NAME, sha256
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server

DAY = dt.date(2025, 3, 4)
CONTENT = os.urandom(12 * transfer.CHUNK_BYTES + 17)


@dataclass
class Bench:
    """One file, and a folder of its own on the NAS."""

    files: NasFiles
    local: Path
    base: Path
    config: Config
    hooks: Hooks

    def record(self, name: str = NAME, size: int | None = len(CONTENT)) -> FileRecord:
        path = os.fspath(self.local)
        status = TransferStatus.TRANSFERRING
        return FileRecord(1, path, name, size, "", "completed", status, status, None, None, 0, None, None, None)

    def send(self, **changed: object) -> Sent:
        return send(self.files, self.config, replace(self.record(), **changed), DAY, self.hooks)  # type: ignore[arg-type]

    def hook(self, **hooks: Callable[..., object]) -> None:
        self.hooks = replace(self.hooks, **hooks)  # type: ignore[arg-type]

    @property
    def final(self) -> Path:
        return self.base / "EdgeBackup/2025/01/22" / NAME

    @property
    def temporary(self) -> Path:
        return Path(transfer.temporary_path(self.config, self.record(), DAY))

    def on_nas(self) -> list[Path]:
        return [path for path in self.base.rglob("*") if not path.is_dir()]


@pytest.fixture
def bench(steady_nas: Server, files: NasFiles, tmp_path: Path) -> Bench:
    local = tmp_path / NAME
    local.write_bytes(CONTENT)
    return _bench(steady_nas, files, local, tmp_path / "base")


def _bench(nas: Server, files: NasFiles, local: Path, base: Path) -> Bench:
    base.mkdir(exist_ok=True)
    config = Config.model_validate({"nas_settings": {**nas.nas_settings(), "base_path": str(base)}})
    hooks = Hooks(moved=lambda _: None, expect=lambda _: None, is_stopping=lambda: False, is_still_ours=lambda: True)
    return Bench(files, local, base, config, hooks)


def _fault(bench: Bench, kind: type[Fault], **changed: object) -> str:
    with pytest.raises(kind) as caught:
        bench.send(**changed)
    return caught.value.code


def test_it_arrives_whole_under_its_name_and_nothing_else_does(bench: Bench) -> None:
    moved: list[int] = []
    bench.hook(moved=moved.append)
    sent = bench.send()
    mtime = bench.local.stat().st_mtime_ns
    assert sent == Sent(str(bench.final), len(CONTENT), sha256(CONTENT), mtime, VerificationLevel.HASH)
    assert bench.on_nas() == [bench.final]
    assert bench.final.read_bytes() == CONTENT
    assert moved == sorted(moved)
    assert moved[-1] == len(CONTENT)


def test_a_file_without_a_date_goes_under_the_day_of_transfer(bench: Bench) -> None:
    assert bench.send(file_name="clip.mp4").remote_path == str(bench.base / "EdgeBackup/2025/03/04/clip.mp4")


def test_an_empty_file_and_one_whose_row_has_no_size_arrive(bench: Bench) -> None:
    bench.local.write_bytes(b"")
    assert bench.send(file_size=None).sha256 == sha256(b"")
    assert bench.final.read_bytes() == b""


@pytest.mark.parametrize(
    "name", ["a b'c\"d$(id)`.bin", "-rf", "new\nline", "\udcff\udcfe.jpg", "媒体 20250122.mp4", "x" * 255]
)
def test_any_name_arrives(steady_nas: Server, files: NasFiles, tmp_path: Path, name: str) -> None:
    local = tmp_path / name
    local.write_bytes(b"odd")
    bench = _bench(steady_nas, files, local, tmp_path.parent / f"{tmp_path.name}-base")
    sent = send(files, bench.config, bench.record(name, 3), DAY, bench.hooks)
    assert [os.fspath(path) for path in bench.on_nas()] == [sent.remote_path]


def test_what_lay_under_the_temporary_name_is_replaced(bench: Bench) -> None:
    bench.temporary.parent.mkdir(parents=True)
    bench.temporary.write_bytes(b"of a try that was killed" * 1000)
    bench.send()
    assert bench.on_nas() == [bench.final]
    assert bench.final.read_bytes() == CONTENT


# --- a name that is taken ---


def test_an_equal_copy_counts_as_sent_and_a_dead_predecessors_temporary_name_goes(bench: Bench) -> None:
    bench.send()
    os.link(bench.final, bench.temporary)  # killed between publishing and tidying up
    before = bench.final.stat()
    assert bench.send().sha256 == sha256(CONTENT)
    assert bench.on_nas() == [bench.final]
    assert bench.final.stat().st_ino == before.st_ino


@pytest.mark.parametrize("other", [b"short", bytes(len(CONTENT))], ids=["another size", "the same size"])
def test_beside_another_file_of_that_name_it_is_stored_under_one_with_its_hash(bench: Bench, other: bytes) -> None:
    bench.final.parent.mkdir(parents=True)
    bench.final.write_bytes(other)
    sent = bench.send()
    digits = sha256(CONTENT)
    beside = bench.final.with_name(f"20250122_101500_x.{digits[:6]}-{digits[6:12]}.mp4")
    assert (sent.remote_path, sent.belongs_at) == (str(beside), str(bench.final))
    assert sorted(bench.on_nas()) == sorted([bench.final, beside])
    assert (bench.final.read_bytes(), beside.read_bytes()) == (other, CONTENT)
    inode = beside.stat().st_ino
    assert bench.send() == sent  # as after a crash: found there, and not sent once more
    assert sorted(bench.on_nas()) == sorted([bench.final, beside])
    assert beside.stat().st_ino == inode


def test_one_that_comes_at_the_last_moment_is_not_overwritten_either(bench: Bench) -> None:
    bench.hook(is_still_ours=lambda: bench.final.write_bytes(b"faster") > 0)
    sent = bench.send()
    assert sent.belongs_at == str(bench.final)
    assert sorted(bench.on_nas()) == sorted([bench.final, Path(sent.remote_path)])
    assert bench.final.read_bytes() == b"faster"
    assert Path(sent.remote_path).read_bytes() == CONTENT


def test_where_both_names_are_taken_nothing_is_overwritten(bench: Bench) -> None:
    bench.final.parent.mkdir(parents=True)
    digits = sha256(CONTENT)
    beside = bench.final.with_name(f"20250122_101500_x.{digits[:6]}-{digits[6:12]}.mp4")
    for taken in (bench.final, beside):
        taken.write_bytes(b"somebody else's")
    with pytest.raises(NasFault) as caught:
        bench.send()
    assert caught.value.code == "nas_name_taken"
    assert str(caught.value) == f"{beside} exists on the NAS with other content and is not overwritten"
    assert sorted(bench.on_nas()) == sorted([bench.final, beside])


def test_an_equal_one_that_comes_at_the_last_moment_is_as_good(bench: Bench) -> None:
    bench.hook(is_still_ours=lambda: bench.final.write_bytes(CONTENT) > 0)
    assert bench.send().sha256 == sha256(CONTENT)
    assert bench.on_nas() == [bench.final]


# --- what is not sent ---


def _link(path: Path) -> None:
    path.rename(path.with_suffix(".real"))
    path.symlink_to(path.with_suffix(".real"))


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("change", "code"),
    [(Path.unlink, "file_missing"), (_link, "file_refused"), (_folder, "file_refused"), (_pipe, "file_refused")],
)
def test_only_regular_files_are_sent(bench: Bench, change: Callable[[Path], None], code: str) -> None:
    change(bench.local)
    assert _fault(bench, LocalFault) == code
    assert bench.on_nas() == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"file_path": "media/x.mp4"}, "file_refused"),
        ({"file_name": "../x.mp4"}, "file_refused"),
        ({"file_name": ".."}, "file_refused"),
        ({"file_name": ""}, "file_refused"),
        ({"file_size": 5}, "file_size_differs"),
        ({"file_size": 0}, "file_size_differs"),
    ],
)
def test_a_row_that_does_not_fit_is_refused(bench: Bench, changed: dict[str, object], code: str) -> None:
    assert _fault(bench, LocalFault, **changed) == code
    assert bench.on_nas() == []


def _grow(path: Path) -> None:
    with open(path, "ab") as file:
        file.write(b"more")


def _touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


def _replace(path: Path) -> None:
    other = path.with_suffix(".other")
    other.write_bytes(CONTENT)
    status = path.stat()
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.rename(path)


def _shrink(path: Path) -> None:
    os.truncate(path, 10)


@pytest.mark.parametrize("change", [_grow, _touch, _replace, _shrink])
def test_a_file_that_changes_while_it_is_sent_is_not_published(bench: Bench, change: Callable[[Path], None]) -> None:
    def moved(done: int) -> None:
        if done == transfer.CHUNK_BYTES:
            change(bench.local)

    bench.hook(moved=moved)
    assert _fault(bench, LocalFault) == "file_changed"
    assert bench.on_nas() == []


# --- ends on the way ---


def test_stopped_it_leaves_nothing(bench: Bench) -> None:
    moved: list[int] = []
    bench.hook(moved=moved.append, is_stopping=lambda: len(moved) == 2)
    with pytest.raises(Stopped):
        bench.send()
    assert bench.on_nas() == []


def test_withdrawn_it_is_not_published(bench: Bench) -> None:
    bench.hook(is_still_ours=lambda: False)
    with pytest.raises(Withdrawn):
        bench.send()
    assert bench.on_nas() == []


def _flip_a_bit(path: Path) -> None:
    with open(path, "r+b") as file:
        first = file.read(1)[0]
        file.seek(0)
        file.write(bytes([first ^ 1]))


@pytest.mark.parametrize("damage", [_flip_a_bit, _shrink, Path.unlink])
def test_a_copy_that_was_damaged_on_the_nas_is_not_published(bench: Bench, damage: Callable[[Path], None]) -> None:
    bench.hook(expect=lambda _: damage(bench.temporary))  # told right before the copy is verified
    assert _fault(bench, NasFault) == "nas_copy_differs"
    assert bench.on_nas() == []


def test_without_its_base_folder_nothing_is_made(bench: Bench) -> None:
    bench.base.rmdir()
    assert _fault(bench, NasUnavailable) == "nas_base_missing"
    assert not bench.base.exists()


def test_a_full_nas_is_nobodys_fault_and_keeps_nothing(
    steady_nas: Server, files: NasFiles, tmp_path: Path, small_tmpfs: SmallTmpfs
) -> None:
    local = tmp_path / NAME
    local.write_bytes(CONTENT)
    bench = _bench(steady_nas, files, local, Path(small_tmpfs(1 << 20)))
    assert _fault(bench, NasUnavailable) == "nas_disk_full"
    assert bench.on_nas() == []


def test_the_day_of_a_row_is_this_servers_day() -> None:
    status = TransferStatus.TRANSFERRING
    record = FileRecord(
        1, "/m/x", "x", 1, "", "completed", status, status, "2025-01-22 12:00:00", None, 0, None, None, None
    )
    noon = dt.datetime(2025, 1, 22, 12, tzinfo=dt.UTC).astimezone()
    assert transfer.day_of(record) == noon.date()
    assert transfer.day_of(replace(record, transfer_start_time="soon")) == dt.date.today()
