"""Large files that were cut off are gone on with, on every kind of NAS and by every way to it."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from celestial_nasops import transfer
from celestial_nasops.config import Config
from celestial_nasops.database.records import FileRecord, TransferStatus
from celestial_nasops.fault import LocalFault, NasFault
from celestial_nasops.nas import shell_files
from celestial_nasops.nas.capabilities import Way
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.ssh_child import SshChild
from celestial_nasops.parts import Part, Parts
from celestial_nasops.transfer import Hooks, Sent, Stopped, send
from tests.daemon_field import NAME
from tests.mounts import SmallTmpfs
from tests.nas_profiles import sftp_only_server
from tests.nas_servers import Server, busybox_server, openssh_server

DAY = dt.date(2025, 3, 4)
SEGMENT = 1 << 20
SIZE = 5 * SEGMENT + 123_457  # no multiple of anything
CONTENT = os.urandom(SIZE)
# The server, and whether the bulk goes by the program ssh.
WAYS = {
    "coreutils, program ssh": (openssh_server, True),
    "coreutils, session": (openssh_server, False),
    "busybox, program ssh": (busybox_server, True),
    "busybox, session": (busybox_server, False),
    "sftp": (sftp_only_server, False),
}


@pytest.fixture(scope="module", params=list(WAYS))
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def nas(way: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with WAYS[way][0](tmp_path_factory.mktemp("nas")) as server:
        yield server


@pytest.fixture(scope="module")
def files(way: str, nas: Server) -> Iterator[NasFiles]:
    target = nas.target()
    child = SshChild(target, timeout_seconds=10) if WAYS[way][1] else None
    with NasSession.open(target, timeout_seconds=10) as session:
        yield open_files(session, nas.config().nas_settings, timeout_seconds=10, child=child)
    if child is not None:
        child.close()


@dataclass
class Bench:
    files: NasFiles
    local: Path
    base: Path
    config: Config
    parts: Parts
    moved: list[int] = field(default_factory=list)
    stop_at: float = float("inf")

    @property
    def record(self) -> FileRecord:
        status = TransferStatus.TRANSFERRING
        path, size = os.fspath(self.local), self.local.stat().st_size
        return FileRecord(1, path, NAME, size, "", "completed", status, status, None, None, 0, None, None, None)

    @property
    def temporary(self) -> Path:
        return Path(transfer.temporary_path(self.config, self.record, DAY))

    def send(self, *, stop_at: float = float("inf"), day: dt.date = DAY, **changed: object) -> Sent:
        self.moved = []
        hooks = Hooks(
            moved=self.moved.append,
            expect=lambda _: None,
            is_stopping=lambda: bool(self.moved) and self.moved[-1] >= stop_at,
            is_still_ours=lambda: True,
        )
        return send(self.files, self.config, replace(self.record, **changed), day, hooks, self.parts)  # type: ignore[arg-type]

    def cut(self, at: int) -> None:
        """An upload of which just so many bytes have come to lie on the NAS."""
        with pytest.raises(Stopped):
            self.send(stop_at=1)
        self.temporary.write_bytes(CONTENT[:at])

    def on_nas(self) -> list[Path]:
        return [path for path in self.base.rglob("*") if not path.is_dir()]


@pytest.fixture
def bench(nas: Server, files: NasFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(transfer, "SEGMENT_BYTES", SEGMENT)
    monkeypatch.setattr(shell_files, "_BULK_FROM_BYTES", 0)
    local, base, state = tmp_path / NAME, Path(nas.files) / tmp_path.name, tmp_path / "state"
    local.write_bytes(CONTENT)
    base.mkdir()
    state.mkdir()
    config = Config.model_validate({"nas_settings": {**nas.nas_settings(), "base_path": str(base)}})
    return Bench(files, local, base, config, Parts(str(state)))


def _arrived(bench: Bench, sent: Sent, content: bytes = CONTENT) -> None:
    assert sent.sha256 == hashlib.sha256(content).hexdigest()
    assert [os.fspath(path) for path in bench.on_nas()] == [sent.remote_path]
    assert Path(sent.remote_path).read_bytes() == content
    assert bench.parts.resting() == {}


@pytest.mark.parametrize(
    "at", [0, 1, 65_535, 65_536, 65_537, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT + 77, SIZE - 1, SIZE]
)
def test_cut_at_any_byte_it_goes_on_there(bench: Bench, at: int) -> None:
    bench.cut(at)
    inode = bench.temporary.stat().st_ino
    bench.parts = Parts(os.path.dirname(bench.parts._path))  # as a daemon that starts anew
    written = _count_what_is_written(bench)
    sent = bench.send()
    _arrived(bench, sent)
    assert sum(written) == SIZE - at
    if at:
        assert Path(sent.remote_path).stat().st_ino == inode


def _count_what_is_written(bench: Bench) -> list[int]:
    written: list[int] = []
    paced = transfer._paced

    def counted(*args: object) -> Iterator[bytes]:
        for chunk in paced(*args):  # type: ignore[arg-type]
            written.append(len(chunk))
            yield chunk

    transfer._paced = counted  # type: ignore[assignment]
    bench.moved = written
    return written


@pytest.fixture(autouse=True)
def _paced_as_it_was() -> Iterator[None]:
    before = transfer._paced
    yield
    transfer._paced = before


@pytest.mark.parametrize("damaged", [0, SEGMENT - 1, SEGMENT, 2 * SEGMENT + 5, 4 * SEGMENT - 1])
def test_where_what_lies_there_differs_one_segment_is_sent_twice_at_most(bench: Bench, damaged: int) -> None:
    at = 4 * SEGMENT
    bench.cut(at)
    with open(bench.temporary, "r+b") as file:  # a power cut of the NAS leaves such things
        file.seek(damaged)
        file.write(bytes([CONTENT[damaged] ^ 1]))
    written = _count_what_is_written(bench)
    _arrived(bench, bench.send())
    assert sum(written) == SIZE - damaged // SEGMENT * SEGMENT


def test_more_than_the_file_has_is_cut_off(bench: Bench) -> None:
    bench.cut(SIZE)
    with open(bench.temporary, "ab") as file:
        file.write(b"of somebody else")
    _arrived(bench, bench.send())


def test_cut_again_and_again_it_arrives(bench: Bench) -> None:
    for stop_at in (1, 2 * SEGMENT, 3 * SEGMENT, 5 * SEGMENT):
        with pytest.raises(Stopped):
            bench.send(stop_at=stop_at)
    _arrived(bench, bench.send())


def test_of_another_file_nothing_is_taken_over_and_the_new_copy_is_a_new_file(bench: Bench) -> None:
    """The last packets of the earlier upload may come at any time; they must find a file without a name."""
    bench.cut(3 * SEGMENT)
    late = open(bench.temporary, "r+b")  # noqa: SIM115 - the dead predecessor
    other = os.urandom(SIZE)
    bench.local.write_bytes(CONTENT[:SEGMENT] + other[SEGMENT:])
    sent = bench.send()
    with late:
        late.write(b"late")
    _arrived(bench, sent, CONTENT[:SEGMENT] + other[SEGMENT:])


def test_late_packets_of_the_same_file_do_no_harm(bench: Bench) -> None:
    bench.cut(3 * SEGMENT)
    with open(bench.temporary, "r+b") as late:
        sent = bench.send()
        late.seek(2 * SEGMENT)
        late.write(CONTENT[2 * SEGMENT : 4 * SEGMENT])
    _arrived(bench, sent)


def test_what_no_memory_tells_of_is_begun_anew(bench: Bench) -> None:
    bench.cut(3 * SEGMENT)
    bench.parts.gone([os.fspath(bench.local)])
    inode = bench.temporary.stat().st_ino
    os.link(bench.temporary, bench.temporary.with_name("keep-the-inode"))
    sent = bench.send()
    assert Path(sent.remote_path).stat().st_ino != inode


def test_a_name_without_a_date_goes_on_the_next_day_in_another_folder(bench: Bench) -> None:
    with pytest.raises(Stopped):
        bench.send(file_name="clip.mp4", stop_at=3 * SEGMENT)
    written = _count_what_is_written(bench)
    sent = bench.send(file_name="clip.mp4", day=DAY + dt.timedelta(days=1))
    assert sent.remote_path == str(bench.base / "EdgeBackup/2025/03/05/clip.mp4")
    _arrived(bench, sent)
    assert sum(written) < SIZE


def test_a_part_on_another_volume_is_removed_and_the_file_begun_anew(
    bench: Bench, nas: Server, need_root: None, tmp_path: Path
) -> None:
    bench.cut(3 * SEGMENT)
    volumes = SmallTmpfs(Path(nas.files))
    try:
        new = volumes(64 << 20, name=f"{tmp_path.name}-new")
        bench.config = Config.model_validate({"nas_settings": {**nas.nas_settings(), "base_path": new}})
        sent = bench.send()
        assert bench.on_nas() == []
        bench.base = Path(new)
        _arrived(bench, sent)
    finally:
        volumes.unmount_all()


def test_a_file_that_grows_is_not_published_and_leaves_nothing(bench: Bench) -> None:
    bench.cut(3 * SEGMENT)
    grown = bench.local.open("ab")
    hooks = Hooks(lambda _: None, lambda _: None, lambda: False, lambda: True)

    def grow(_: int) -> None:
        grown.write(b"more")
        grown.flush()

    with grown, pytest.raises(LocalFault) as caught:
        send(bench.files, bench.config, bench.record, DAY, replace(hooks, moved=grow), bench.parts)
    assert caught.value.code == "file_changed"
    assert bench.on_nas() == []
    assert bench.parts.resting() == {}


def test_what_is_cut_short_behind_our_back_is_found_and_begun_anew(bench: Bench) -> None:
    bench.cut(2 * SEGMENT)
    seen: list[int] = []

    def truncate(done: int) -> None:
        seen.append(done)
        if done == 4 * SEGMENT and len(seen) > 4:
            os.truncate(bench.temporary, SEGMENT // 2)

    def damaged() -> bool:
        truncate(seen[-1] if seen else 0)
        return False

    hooks = Hooks(truncate, lambda _: None, damaged, lambda: True)
    with pytest.raises(NasFault) as caught:
        send(bench.files, bench.config, bench.record, DAY, hooks, bench.parts)
    assert caught.value.code == "nas_copy_differs"
    assert bench.on_nas() == []
    assert bench.parts.resting() == {}
    _arrived(bench, bench.send())


def test_a_list_that_is_broken_is_no_reason_to_stop(tmp_path: Path) -> None:
    (tmp_path / "unfinished_uploads.json").write_text("[not JSON")
    parts = Parts(str(tmp_path))
    parts.began("/m/\udcff", Part("/nas/x", (1, 2, 3, 4)))
    assert Parts(str(tmp_path)).of("/m/\udcff") == Part("/nas/x", (1, 2, 3, 4))


def test_a_shell_whose_dd_is_too_old_begins_each_file_anew(bench: Bench) -> None:
    session = bench.files._session  # type: ignore[attr-defined]
    if session.capabilities is None:
        bench.send()
        Path(bench.on_nas()[0]).unlink()
    assert session.capabilities is not None
    if session.capabilities.way is Way.SFTP:
        return  # it needs no dd
    before, session.can_write_on = session.can_write_on, False
    try:
        bench.cut(3 * SEGMENT)
        written = _count_what_is_written(bench)
        _arrived(bench, bench.send())
    finally:
        session.can_write_on = before
    assert sum(written) == SIZE
