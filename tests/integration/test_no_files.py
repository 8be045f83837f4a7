"""FIFOs, sockets, devices and folders in the place of files: nothing waits for them, and each is named."""

from __future__ import annotations

import os
import re
import socket
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from celestial_nasops import config_file, control, daemon_state, durable, regular_file
from celestial_nasops.daemon.start import sole_instance
from celestial_nasops.fault import ConfigFault, Fault, LocalFault
from celestial_nasops.media_status_db import MediaStatusDB, TransferStatus
from celestial_nasops.nas import identity
from celestial_nasops.nas.known_hosts import KnownHosts
from celestial_nasops.parts import Parts
from tests.daemon_field import NAME, Field
from tests.mounts import cannot
from tests.nas_servers import Server
from tests.scene import Scene

LONGEST_SECONDS = 20


def fifo(path: Path) -> str:
    os.mkfifo(path)
    return "it is a FIFO, not a file"


def sock(path: Path) -> str:
    here = os.getcwd()
    os.chdir(path.parent)  # a socket's path may be no longer than 107 bytes
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)
    return "it is a socket, not a file"


def device(path: Path) -> str:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero, which never ends
    except PermissionError:
        cannot("needs root that may make devices")
    return "it is a device, not a file"


def folder(path: Path) -> str:
    path.mkdir()
    (path / "kept").touch()
    return "it is a folder, not a file"


KINDS = pytest.mark.parametrize("make", [fifo, sock, device, folder])
Make = Callable[[Path], str]


@KINDS
def test_it_is_told_what_it_is(tmp_path: Path, make: Make) -> None:
    said = make(tmp_path / "x")
    with pytest.raises(regular_file.NotAFile) as caught:
        regular_file.read(str(tmp_path / "x"))
    assert caught.value.strerror == said


def test_a_link_to_a_fifo(tmp_path: Path) -> None:
    fifo(tmp_path / "x")
    (tmp_path / "y").symlink_to("x")
    with pytest.raises(regular_file.NotAFile):
        regular_file.read(str(tmp_path / "y"))


# --- the configuration ---


@KINDS
def test_the_configuration(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "unified_config.json"
    said = make(path)
    with pytest.raises(ConfigFault) as caught:
        config_file.load(str(path))
    assert caught.value.summary == f"the configuration {path} can't be read: {said}"
    for program in ("healthcheck", "celestial_nasops.media_sync_daemon"):
        argv = [sys.executable, "-m", program, *(["run"] if program == "healthcheck" else []), "--config", str(path)]
        ran = subprocess.run(argv, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
        assert ran.returncode == 78, ran.stderr
        assert said in ran.stderr
        assert "Traceback" not in ran.stderr


# --- the daemon's state ---


@KINDS
def test_the_daemon_s_state(tmp_path: Path, make: Make) -> None:
    path = tmp_path / daemon_state.FILE_NAME
    said = make(path)
    with pytest.raises(LocalFault) as caught:
        daemon_state.read(str(tmp_path))
    assert (caught.value.code, caught.value.summary) == ("state_corrupt", f"{path} could not be read: {said}")


@KINDS
def test_the_list_of_parts(tmp_path: Path, make: Make, caplog: pytest.LogCaptureFixture) -> None:
    said = make(tmp_path / "unfinished_uploads.json")
    assert Parts(str(tmp_path)).of("/x") is None
    assert said in caplog.text


@KINDS
def test_an_order_to_pause_is_heeded_whatever_it_is(tmp_path: Path, make: Make) -> None:
    orders = Path(control.folder(str(tmp_path)))
    orders.mkdir(exist_ok=True)
    said = make(orders / "paused.json")
    order = control.paused(str(tmp_path))
    assert order is not None
    assert order.reason == f"{orders}/paused.json can't be read: OSError: {said}" or said in order.reason


@KINDS
def test_the_daemon_s_lock(tmp_path: Path, make: Make) -> None:
    path = tmp_path / daemon_state.LOCK_NAME
    said = make(path)
    with pytest.raises(LocalFault) as caught, sole_instance(str(tmp_path)):
        pass
    assert caught.value.summary == f"{path} can't be written (daemon_settings.state_path): {said}"


@KINDS
def test_a_real_daemon_goes_on_and_says_so(field: Field, make: Make) -> None:
    """All its state files at once: each is put aside or named, files are carried, and it ends when it is told to."""
    names = ("pending_deletes.json", "deletion_guard.json", "unfinished_uploads.json")
    said = {name: make(field.state_folder / name) for name in names}
    for name in names[:2]:
        (field.state_folder / f"{name}.new").unlink(missing_ok=True)
        os.mkfifo(field.state_folder / f"{name}.new")
    row_id = field.put()
    with field.daemon() as daemon:
        field.becomes(row_id, TransferStatus.COMPLETED)
        for name in names:
            daemon.says(re.escape(name) + ".*" + re.escape(said[name]))
        assert field.remote(NAME).read_bytes() == b"media"
        field.state_folder.joinpath("pending_deletes.json").read_text()
    aside = [path.name for path in field.state_folder.iterdir() if ".corrupt-" in path.name]
    assert sorted(name.partition(".corrupt-")[0] for name in aside) == ["deletion_guard.json", "pending_deletes.json"]


# --- the check's state ---


@KINDS
def test_the_status_file_and_the_ledger_are_put_aside(scene: Scene, make: Make) -> None:
    for name in ("status.json", "ledger.json"):
        make(scene.state_dir / name)
    argv = [sys.executable, "-m", "healthcheck", "status", "--state-dir", str(scene.state_dir)]
    ran = subprocess.run(argv, capture_output=True, text=True, timeout=LONGEST_SECONDS, check=False)
    assert ran.returncode == 2
    assert "can't be read: it is a" in ran.stderr
    with scene.daemon("right"):
        outcome = scene.check()
    assert outcome.exit_code == 0, outcome.stdout
    assert "an unreadable state file was put aside as" in outcome.stdout
    kept = sorted(path.name.partition(".corrupt-")[0] for path in scene.state_dir.iterdir() if "corrupt" in path.name)
    assert kept == ["ledger.json", "status.json"]


@KINDS
def test_the_check_s_lock(scene: Scene, make: Make) -> None:
    make(scene.state_dir / "run.lock")
    scene.create_database()
    outcome = scene.check("--no-insert")
    assert outcome.exit_code in (1, 73)  # where it can be locked, it serves
    assert scene.check(command="status").exit_code in (1, 2)


@KINDS
def test_what_a_write_is_prepared_in_gives_way(tmp_path: Path, make: Make) -> None:
    path = tmp_path / "state.json"
    make(tmp_path / "state.json.new")
    if make is folder:
        with pytest.raises(IsADirectoryError):
            durable.write_atomically(str(path), b"new")
        return
    durable.write_atomically(str(path), b"new")
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["state.json"]


# --- the queue, and the way to the NAS ---


@KINDS
def test_the_queue(tmp_path: Path, make: Make) -> None:
    path = str(tmp_path / "media_status.db")
    make(Path(path))
    for create in (False, True):
        with pytest.raises(Fault) as caught:
            MediaStatusDB(path, timeout_seconds=1, create=create)
        # A device without end is, to SQLite, a database without a table.
        assert caught.value.code == (
            "database_no_table" if make is device and not create else "database_not_a_database"
        )


@KINDS
def test_the_key_and_the_known_hosts(tmp_path: Path, make: Make, nas: Server) -> None:
    said = make(tmp_path / "known_hosts")
    assert KnownHosts.read([str(tmp_path / "known_hosts")]).unreadable == [f"{tmp_path}/known_hosts: {said}"]
    target = nas.target()
    os.unlink(target.identity_files[0])
    make(Path(target.identity_files[0]))
    with pytest.raises(Fault) as caught:
        identity.load(target)
    assert caught.value.summary == f"the key {target.identity_files[0]} can't be used: {said}"
