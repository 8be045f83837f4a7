"""Small files on their way together: those that don't fit are left, nothing is overwritten, nothing stays behind."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from celestial_nasops import batch
from celestial_nasops.batch import Delivered, Hooks, send_batch
from celestial_nasops.config import Config
from celestial_nasops.database.records import FileRecord, TransferStatus
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.nas import shell_batch, shell_files
from celestial_nasops.nas.files import BatchWay
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.ssh_child import SshChild
from celestial_nasops.source import Stopped
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server, busybox_server, environment_with, openssh_server

DAY = dt.date(2025, 3, 4)
COUNT = 50
WAYS = {"coreutils": openssh_server, "busybox": busybox_server}


@pytest.fixture(scope="module", params=list(WAYS))
def nas(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with WAYS[request.param](tmp_path_factory.mktemp("nas")) as server:
        yield server


@pytest.fixture(scope="module", params=["program ssh", "session"])
def way(request: pytest.FixtureRequest, nas: Server) -> Iterator[BatchWay]:
    target = nas.target()
    child = SshChild(target, timeout_seconds=10) if request.param == "program ssh" else None
    with NasSession.open(target, timeout_seconds=10) as session:
        found = open_files(session, nas.config().nas_settings, timeout_seconds=10, child=child).batch
        assert found is not None
        yield found
    if child is not None:
        child.close()


@dataclass
class Bench:
    way: BatchWay
    config: Config
    media: Path
    base: Path
    records: list[FileRecord]
    hooks: Hooks

    def put(self, name: str, content: bytes, file_name: str | None = None) -> Path:
        path, status = self.media / name, TransferStatus.TRANSFERRING
        path.write_bytes(content)
        number, size = len(self.records) + 1, len(content)
        self.records.append(
            FileRecord(
                id=number,
                file_path=str(path),
                file_name=file_name or name,
                file_size=size,
                file_hash="",
                download_status="completed",
                transfer_status=status,
                transfer_status_text=status,
                transfer_start_time=None,
                transfer_end_time=None,
                transfer_retry_count=0,
                last_error_message=None,
                created_at=None,
                updated_at=None,
            )
        )
        return path

    def send(self) -> Delivered:
        return send_batch(self.way, self.config, self.records, DAY, self.hooks)

    def folder(self, day: str = "2025/01/22") -> Path:
        return self.base / "EdgeBackup" / day

    def on_nas(self) -> set[str]:
        return {str(path.relative_to(self.base)) for path in self.base.rglob("*") if not path.is_dir()}

    def private_folders(self) -> list[Path]:
        return list((self.base / "EdgeBackup").glob(".tmp_*"))


@pytest.fixture
def bench(nas: Server, way: BatchWay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(shell_files, "_BULK_FROM_BYTES", 0)
    bench = _bench(nas, way, tmp_path / "media", tmp_path / "base")
    for number in range(COUNT):
        bench.put(_name(number), os.urandom(1000 + number))
    return bench


def _bench(nas: Server, way: BatchWay, media: Path, base: Path) -> Bench:
    media.mkdir()
    base.mkdir(exist_ok=True)
    nas_settings = {**nas.nas_settings(), "base_path": str(base)}
    config = Config.model_validate({"nas_settings": nas_settings, "local_settings": {"media_path": str(media)}})
    hooks = Hooks(lambda _: None, lambda _: None, lambda: False, lambda ids: set(ids))
    return Bench(way, config, media, base, [], hooks)


def _name(number: int) -> str:
    return f"20250122_{number:03d}.jpg"


def _only_these_are_left(bench: Bench, delivered: Delivered, names: Sequence[str]) -> None:
    assert [record.file_name for record in delivered.rest] == list(names)
    assert len(delivered.sent) == len(bench.records) - len(names)
    for record, sent in delivered.sent:
        content = Path(record.file_path).read_bytes()
        assert Path(sent.remote_path).read_bytes() == content
        assert (sent.size, sent.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert sent.mtime_ns == os.stat(record.file_path).st_mtime_ns
        assert os.stat(sent.remote_path).st_nlink == 1
    assert bench.private_folders() == []


def test_all_arrive_and_nothing_else_does(bench: Bench) -> None:
    bench.put("clip.mp4", b"of another day")
    bench.put("empty_20250122.jpg", b"")
    delivered = bench.send()
    _only_these_are_left(bench, delivered, [])
    expected = {f"EdgeBackup/2025/01/22/{_name(number)}" for number in range(COUNT)}
    assert bench.on_nas() == {*expected, "EdgeBackup/2025/03/04/clip.mp4", "EdgeBackup/2025/01/22/empty_20250122.jpg"}
    assert os.stat(bench.folder() / _name(1)).st_mode & 0o777 == 0o666 & ~_umask()


def test_more_than_one_program_hashes_all_arrive(bench: Bench) -> None:
    for number in range(COUNT, 450):  # of several sizes, so that the hashing catches up with what is being unpacked
        bench.put(_name(number), os.urandom(300_000 if number % 100 == 99 else 1000))
    _only_these_are_left(bench, bench.send(), [])
    assert len(bench.on_nas()) == 450


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("change", [Path.unlink, _touch, lambda path: path.write_bytes(b"")])
def test_one_that_changes_meanwhile_is_left_and_not_published(bench: Bench, change: Callable[[Path], object]) -> None:
    changed = bench.media / _name(7)

    def moved(done: int) -> None:
        if done == 1000:  # the first one was read
            change(changed)

    bench.hooks = replace(bench.hooks, moved=moved)
    delivered = bench.send()
    assert [record.file_name for record in delivered.rest] == [_name(7)]
    assert len(delivered.sent) == COUNT - 1
    assert not (bench.folder() / _name(7)).exists()
    assert bench.private_folders() == []


def test_a_name_that_is_taken_is_left_and_not_overwritten(bench: Bench) -> None:
    bench.folder().mkdir(parents=True)
    (bench.folder() / _name(3)).write_bytes(b"somebody else's")
    (bench.folder() / _name(5)).mkdir()
    (bench.folder() / _name(6)).symlink_to("/nowhere")
    _only_these_are_left(bench, bench.send(), [_name(3), _name(5), _name(6)])
    assert (bench.folder() / _name(3)).read_bytes() == b"somebody else's"
    assert list((bench.folder() / _name(5)).iterdir()) == []
    assert os.readlink(bench.folder() / _name(6)) == "/nowhere"


def test_one_that_is_damaged_on_the_nas_is_left(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """As by a bad disk: what lies there is read, not what was sent."""
    script = shell_batch._UNPACK.replace("{ sync -f", f"echo bad > 0/{_name(9)}; {{ sync -f")
    assert script != shell_batch._UNPACK
    monkeypatch.setattr(shell_batch, "_UNPACK", script)
    _only_these_are_left(bench, bench.send(), [_name(9)])


@pytest.mark.parametrize(
    "name", ["new\nline 20250122", "back\\slash 20250122", "x" * 91, "\x7f 20250122", "20250122_" + "é" * 45]
)
def test_names_that_do_not_fit_are_left(bench: Bench, name: str) -> None:
    bench.put(name, b"odd")
    _only_these_are_left(bench, bench.send(), [name])


@pytest.mark.parametrize(
    "name", ["-rf 20250122", "a b'c\"d$(id)`*?[] 20250122", "媒体 20250122", "\udcff 20250122", "!"]
)
def test_other_odd_names_go_along(bench: Bench, name: str) -> None:
    bench.put(name, b"odd")
    _only_these_are_left(bench, bench.send(), [])


def test_two_of_one_name_do_not_meet(bench: Bench) -> None:
    bench.put("another", b"of the same name", _name(4))
    delivered = bench.send()
    assert [record.file_path for record in delivered.rest] == [str(bench.media / "another")]
    assert (bench.folder() / _name(4)).read_bytes() == (bench.media / _name(4)).read_bytes()


def test_what_is_no_file_or_has_no_proper_row_is_left(bench: Bench) -> None:
    (bench.media / _name(1)).unlink()
    (bench.media / _name(2)).unlink()
    (bench.media / _name(2)).mkdir()
    bench.records[3] = replace(bench.records[3], file_size=5)
    bench.records[4] = replace(bench.records[4], file_name="../x")
    bench.records[5] = replace(bench.records[5], file_path="media/x")
    delivered = bench.send()
    assert [record.id for record in delivered.rest] == [2, 3, 4, 5, 6]
    assert len(delivered.sent) == COUNT - 5


def test_rows_that_were_withdrawn_are_left_and_not_published(bench: Bench) -> None:
    bench.hooks = replace(bench.hooks, still_ours=lambda ids: set(ids) - {11, 12})
    _only_these_are_left(bench, bench.send(), [_name(10), _name(11)])
    assert not (bench.folder() / _name(10)).exists()


def test_stopped_nothing_is_published_and_nothing_stays(bench: Bench) -> None:
    moved: list[int] = []
    bench.hooks = replace(bench.hooks, moved=moved.append, is_stopping=lambda: len(moved) == 20)
    with pytest.raises(Stopped):
        bench.send()
    assert bench.on_nas() == set()
    assert bench.private_folders() == []


def test_without_its_base_folder_nothing_is_made(bench: Bench) -> None:
    bench.base.rmdir()
    with pytest.raises(NasUnavailable) as caught:
        bench.send()
    assert caught.value.code == "nas_base_missing"
    assert not bench.base.exists()


def test_a_full_nas_keeps_nothing_and_all_are_left(
    nas: Server, way: BatchWay, tmp_path: Path, small_tmpfs: SmallTmpfs
) -> None:
    """Each then meets the full disk on its own way, where it has its name."""
    bench = _bench(nas, way, tmp_path / "media", Path(small_tmpfs(256 << 10)))
    for number in range(20):
        bench.put(_name(number), os.urandom(50_000))
    _only_these_are_left(bench, bench.send(), [_name(number) for number in range(20)])
    assert bench.on_nas() == set()


def test_what_the_nas_can_not_flush_is_not_published(tmp_path: Path) -> None:
    """Its hashes, which are taken meanwhile, are right all the same: they tell of its memory."""
    asked = tmp_path / "asked"
    environment = environment_with(tmp_path / "tools", "sync", f"echo asked >> {asked}; exit 1")
    with (
        openssh_server(tmp_path / "nas", environment=environment) as server,
        NasSession.open(server.target(), timeout_seconds=10) as session,
    ):
        way = open_files(session, server.config().nas_settings, timeout_seconds=10).batch
        assert way is not None
        bench = _bench(server, way, tmp_path / "media", tmp_path / "base")
        for number in range(COUNT):
            bench.put(_name(number), b"content")
        _only_these_are_left(bench, bench.send(), [_name(number) for number in range(COUNT)])
        assert asked.exists()
        assert bench.on_nas() == set()


def test_folders_of_dead_batches_are_removed_and_nothing_else_is(bench: Bench) -> None:
    prefix = Path(batch.folder_prefix(bench.config))
    dead, other = Path(f"{prefix}0123"), prefix.with_name(".tmp_batch.of-another-server.0123")
    for folder in (dead, other):
        (folder / "0").mkdir(parents=True)
        (folder / "0" / "x").write_bytes(b"x")
    bench.folder().mkdir(parents=True)
    os.link(dead / "0" / "x", bench.folder() / "published")
    Path(f"{prefix}link").symlink_to(bench.folder())
    bench.way.remove_folders(str(prefix))
    assert not dead.exists()
    assert (other / "0" / "x").exists()
    assert (bench.folder() / "published").read_bytes() == b"x"
    with pytest.raises(ValueError, match="not a private folder"):
        bench.way.remove_folders(str(bench.folder()))


def test_many_files_where_there_are_no_hard_links(bench: Bench, small_tmpfs: SmallTmpfs) -> None:
    base = Path(small_tmpfs.without_hard_links(name="exfat"))
    nas = bench.config.nas_settings.model_copy(update={"base_path": str(base)})
    without = replace(bench, base=base, config=bench.config.model_copy(update={"nas_settings": nas}))
    without.folder().mkdir(parents=True)
    (without.folder() / _name(7)).write_bytes(b"somebody else's")
    delivered = without.send()
    assert [record.file_name for record in delivered.rest] == [_name(7)]
    assert len(delivered.sent) == COUNT - 1
    assert (without.folder() / _name(7)).read_bytes() == b"somebody else's"
    for record, sent in delivered.sent:
        assert Path(sent.remote_path).read_bytes() == Path(record.file_path).read_bytes()
    assert without.private_folders() == []
