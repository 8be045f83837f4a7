from __future__ import annotations

import errno
import os
import pwd
import stat
from pathlib import Path

import pytest

from celestial_nasops import durable
from celestial_nasops.fault import LocalFault


@pytest.mark.parametrize("is_durable", [True, False])
def test_a_file_is_replaced_whole(tmp_path: Path, is_durable: bool) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"a much longer old content")
    durable.write_atomically(str(path), b"new", durable=is_durable)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["state.json"]


def test_an_open_reader_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(b"old")
    with path.open("rb") as reader:
        durable.write_atomically(str(path), b"new")
        assert reader.read() == b"old"


@pytest.mark.parametrize("mode", [0o644, 0o600])
def test_the_mode_is_as_asked_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "state.json"
    before = os.umask(0o077)
    try:
        durable.write_atomically(str(path), b"", mode=mode)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_what_a_killed_writer_left_is_taken_over(tmp_path: Path) -> None:
    (tmp_path / "state.json.new").write_bytes(b"half of a very long cont")
    durable.write_atomically(str(tmp_path / "state.json"), b"new")
    assert (tmp_path / "state.json").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_link_in_the_temporary_s_place_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / "state.json.new").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links"):
        durable.write_atomically(str(tmp_path / "state.json"), b"new")
    assert victim.read_bytes() == b"precious"


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.mkdir()  # can't be replaced by a file
    with pytest.raises(IsADirectoryError):
        durable.write_atomically(str(path), b"new")
    assert os.listdir(tmp_path) == ["state.json"]


def test_a_name_without_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    durable.write_atomically("state.json", b"new")
    assert (tmp_path / "state.json").read_bytes() == b"new"


def test_nothing_that_was_put_aside_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    asides = []
    for content in (b"1", b"2", b"3"):
        path.write_bytes(content)
        asides.append(Path(durable.put_aside(str(path), "20250122T101500Z")))
    assert [aside.name for aside in asides] == [
        "list.json.corrupt-20250122T101500Z",
        "list.json.corrupt-20250122T101500Z-2",
        "list.json.corrupt-20250122T101500Z-3",
    ]
    assert [aside.read_bytes() for aside in asides] == [b"1", b"2", b"3"]
    assert not path.exists()


def test_a_good_folder_is_proven_and_left_as_it_was(tmp_path: Path) -> None:
    durable.prove_folder(str(tmp_path), "local_settings.media_path")
    assert os.listdir(tmp_path) == []


USER = pwd.getpwuid(os.geteuid()).pw_name


@pytest.mark.parametrize(
    ("number", "code", "summary"),
    [
        (errno.ENOENT, "folder_missing", "the folder /f does not exist (a.b)"),
        (errno.ENOTDIR, "folder_not_a_folder", "/f is not a folder (a.b)"),
        (errno.EACCES, "folder_no_permission", f"user {USER} may not write in /f (a.b)"),
        (errno.EPERM, "folder_no_permission", f"user {USER} may not write in /f (a.b)"),
        (
            errno.EROFS,
            "folder_read_only",
            "/f is read-only (a.b): [Errno 30] Read-only file system; what is mounted at / is read-only",
        ),
        (errno.ENOSPC, "folder_full", "no space left in /f (a.b): No space left on device; ? of ? free on / ("),
        (errno.EDQUOT, "folder_full", "no space left in /f (a.b): Disk quota exceeded; ? of ? free on / ("),
        (errno.EIO, "folder_failed", "/f can't be written (a.b): Input/output error"),
    ],
)
def test_what_an_error_means(number: int, code: str, summary: str) -> None:
    with pytest.raises(LocalFault) as caught, durable.folder_faults("/f", "a.b"):
        raise OSError(number, os.strerror(number))
    said = caught.value.summary
    assert caught.value.code == code
    assert said.startswith(summary) if summary.endswith(" (") else said == summary  # what is mounted at / differs


def test_a_missing_folder_and_a_file_in_its_place(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    with pytest.raises(LocalFault) as caught:
        durable.prove_folder(missing, "daemon_settings.state_path")
    assert caught.value.summary == f"the folder {missing} does not exist (daemon_settings.state_path)"
    assert caught.value.remedy == (
        "create it, or correct daemon_settings.state_path in unified_config.json: "
        f"sudo install -d -o {durable.user_name()} {missing}"
    )
    (tmp_path / "file").touch()
    with pytest.raises(LocalFault, match=r"is not a folder \(a\.b\)"):
        durable.prove_folder(str(tmp_path / "file"), "a.b")


def test_the_user_is_the_one_we_run_as_not_the_one_who_called_sudo(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert durable.user_name() == USER
