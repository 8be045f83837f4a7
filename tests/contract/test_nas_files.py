"""What NasFiles promises, kept on every kind of NAS, whatever its accounts get."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas.capabilities import Way
from celestial_nasops.nas.files import NasFiles, RemoteCopy, RemoteStat
from celestial_nasops.nas.session import NasSession
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server

NAMES = [
    "plain.mp4",
    "two words.mp4",
    'it\'s "quoted".mp4',
    "line\nbreak.mp4",
    "ends with a line break\n",
    "-rf",
    "--help",
    "$(touch pwned) `touch pwned` $HOME ${x}",
    "back\\slash\\n \\047 %s %n",
    "*?[a-z]!~#&;|<>(){}",
    "tab\tand\x01\x7f",
    "中文名.mp4",
    "invalid \udcff\udcfe utf-8",
    "ends like this: No such file or directory",
    "n" * 255,
    "'" * 255,
    " ",
    "...",
]


@pytest.fixture
def folder(nas_server: Server, tmp_path: object) -> Iterator[str]:
    """An empty folder on the NAS, which must hold nothing unexpected afterwards."""
    path = os.path.join(nas_server.files, "it's a $(folder)\n")
    os.mkdir(path)
    try:
        yield path
    finally:
        for root, folders, files in os.walk(path, topdown=False):
            for name in files:
                os.unlink(os.path.join(root, name))
            for name in folders:
                below = os.path.join(root, name)
                os.unlink(below) if os.path.islink(below) else os.rmdir(below)
        os.rmdir(path)


def put(path: str, content: bytes = b"content") -> str:
    with open(path, "xb") as file:
        file.write(content)
    return path


def content_of(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_any_name_goes_the_whole_way(nas_files: NasFiles, folder: str, name: str) -> None:
    temporary, final = f"{folder}/.tmp", f"{folder}/{name}"
    assert nas_files.stat(final) is None
    assert nas_files.inspect(final) is None
    assert nas_files.write(temporary, [b"con", b"", b"tent"], stall_timeout_seconds=10) == 7
    assert nas_files.publish(temporary, final) is True
    assert os.listdir(os.fsencode(folder)) == [os.fsencode(name)]
    assert content_of(final) == b"content"
    modified = float(int(os.stat(final).st_mtime))
    digest = hashlib.sha256(b"content").hexdigest()
    assert nas_files.stat(final) == RemoteStat(7, modified)
    assert nas_files.sha256(final, 7) == digest
    assert nas_files.inspect_first([f"{folder}/no", final]) == (final, RemoteCopy(7, modified, digest))
    assert nas_files.remove([f"{folder}/no", final, f"{folder}/no"]) == 1
    assert os.listdir(folder) == []


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_folder_may_have_any_name(nas_files: NasFiles, folder: str, name: str) -> None:
    made = f"{folder}/{name}/2025/{name}"
    nas_files.make_folder(made, below=folder)
    nas_files.make_folder(made, below=folder)
    assert os.path.isdir(made)
    assert nas_files.free_bytes(made) > 0
    nas_files.write(f"{made}/{name}", [b"x"], stall_timeout_seconds=10)
    nas_files.remove_empty_folders(made, below=folder)
    assert os.path.isdir(made)
    nas_files.remove([f"{made}/{name}"])
    nas_files.remove_empty_folders(made, below=folder)
    assert os.listdir(folder) == []


def test_a_whole_path_of_4000_bytes(nas_files: NasFiles, folder: str) -> None:
    deep = folder + "".join(f"/{letter * 250}" for letter in "abcdefghijklmno")
    nas_files.make_folder(deep, below=folder)
    assert nas_files.write(f"{deep}/x", [b"x"], stall_timeout_seconds=10) == 1
    assert nas_files.remove([f"{deep}/x"]) == 1
    nas_files.remove_empty_folders(deep, below=folder)
    assert os.listdir(folder) == []


def test_publishing_never_overwrites(nas_files: NasFiles, folder: str) -> None:
    final = put(f"{folder}/final", b"was here first")
    temporary = put(f"{folder}/temporary", b"came later")
    assert nas_files.publish(temporary, final) is False
    assert content_of(final) == b"was here first"
    assert content_of(temporary) == b"came later"


@pytest.mark.parametrize("kind", ["folder", "link to a folder", "dangling link"])
def test_publishing_never_goes_into_or_through_what_is_there(nas_files: NasFiles, folder: str, kind: str) -> None:
    final, temporary = f"{folder}/final", put(f"{folder}/temporary")
    os.mkdir(f"{folder}/elsewhere")
    if kind == "folder":
        os.mkdir(final)
    else:
        os.symlink(f"{folder}/elsewhere" if kind == "link to a folder" else f"{folder}/nowhere", final)
    assert nas_files.publish(temporary, final) is False
    assert sorted(os.listdir(folder)) == ["elsewhere", "final", "temporary"]
    assert os.listdir(f"{folder}/elsewhere") == []


def test_publishing_what_is_not_there_fails(nas_files: NasFiles, folder: str) -> None:
    with pytest.raises(NasFault) as caught:
        nas_files.publish(f"{folder}/none", f"{folder}/final")
    assert caught.value.cause is causes.NAS_COMMAND_FAILED
    assert str(caught.value).endswith("No such file or directory")
    assert os.listdir(folder) == []


def test_a_copy_of_another_size_than_is_expected_is_not_hashed(nas_files: NasFiles, folder: str) -> None:
    path = put(f"{folder}/x", b"12345")
    whole, odd = nas_files.inspect(path, expected_size=5), nas_files.inspect(path, expected_size=4)
    assert whole is not None
    assert (whole.size, whole.sha256) == (5, hashlib.sha256(b"12345").hexdigest())
    assert odd is not None
    assert (odd.size, odd.sha256) == (5, "")


def test_writing_replaces_the_rest_of_an_older_upload(nas_files: NasFiles, folder: str) -> None:
    path = put(f"{folder}/.tmp_x", b"longer than what comes now")
    other_name = f"{folder}/published"
    os.link(path, other_name)
    assert nas_files.write(path, [b"new"], stall_timeout_seconds=10) == 3
    assert content_of(path) == b"new"
    assert content_of(other_name) == b"longer than what comes now"


def test_writing_does_not_follow_a_link(nas_files: NasFiles, folder: str) -> None:
    precious = put(f"{folder}/precious", b"precious")
    os.symlink(precious, f"{folder}/.tmp_x")
    assert nas_files.write(f"{folder}/.tmp_x", [b"new"], stall_timeout_seconds=10) == 3
    assert content_of(precious) == b"precious"


def test_writing_nothing_makes_an_empty_file(nas_files: NasFiles, folder: str) -> None:
    path = f"{folder}/empty"
    assert nas_files.write(path, [], stall_timeout_seconds=10) == 0
    found = nas_files.inspect(path)
    assert found is not None
    assert (found.size, found.sha256) == (0, hashlib.sha256(b"").hexdigest())


def test_a_large_file_arrives_whole_and_survives_new_session_keys(
    nas_session: NasSession, nas_files: NasFiles, folder: str
) -> None:
    # otherwise only every 512 MiB
    nas_session._transport.packetizer.REKEY_BYTES = 4 << 20
    chunk = os.urandom(1 << 20)
    size = 24 * len(chunk) + 1
    path = f"{folder}/large"
    assert nas_files.write(path, [*[chunk] * 24, b"x"], stall_timeout_seconds=20) == size
    digest = hashlib.sha256(chunk * 24 + b"x").hexdigest()
    assert nas_files.sha256(path, size) == digest
    found = nas_files.inspect(path)
    assert found is not None
    assert (found.size, found.sha256) == (size, digest)


class SourceError(Exception):
    pass


def test_what_the_source_raises_comes_through_once_nothing_can_appear_any_more(
    nas_files: NasFiles, folder: str
) -> None:
    def source(good_chunks: int) -> Iterator[bytes]:
        for _ in range(good_chunks):
            yield b"x" * 100_000
        raise SourceError

    path = f"{folder}/half"
    for good_chunks in (0, 1, 50):
        with pytest.raises(SourceError):
            nas_files.write(path, source(good_chunks), stall_timeout_seconds=10)
        assert nas_files.remove([path]) == 1
        assert os.listdir(folder) == []
    assert nas_files.write(path, [b"whole"], stall_timeout_seconds=10) == 5


def test_an_os_error_of_the_source_is_not_taken_for_the_connection_s(nas_files: NasFiles, folder: str) -> None:
    def source() -> Iterator[bytes]:
        yield b"x"
        raise OSError(5, "Input/output error")

    with pytest.raises(OSError, match="Input/output error"):
        nas_files.write(f"{folder}/half", source(), stall_timeout_seconds=10)
    assert nas_files.stat(f"{folder}/none") is None


@pytest.mark.parametrize("kind", ["folder", "link", "fifo"])
def test_only_regular_files_are_files(nas_files: NasFiles, folder: str, kind: str) -> None:
    path = f"{folder}/thing"
    if kind == "folder":
        os.mkdir(path)
    elif kind == "link":
        os.symlink(put(f"{folder}/target"), path)
    else:
        os.mkfifo(path)
    for look in (nas_files.stat, nas_files.inspect):
        with pytest.raises(NasFault) as caught:
            look(path)
        assert caught.value.cause is causes.NAS_COMMAND_FAILED
        assert caught.value.values["reason"] == "it is not a regular file"


def test_below_a_file_nothing_is_there(nas_files: NasFiles, folder: str) -> None:
    path = put(f"{folder}/file")
    assert nas_files.stat(f"{path}/x") is None
    assert nas_files.inspect(f"{path}/x") is None
    assert nas_files.remove([f"{path}/x"]) == 0


def test_the_first_of_several_wins(nas_files: NasFiles, folder: str) -> None:
    first, second = put(f"{folder}/1", b"one"), put(f"{folder}/2", b"two")
    found = nas_files.inspect_first([f"{folder}/0", first, second])
    assert found is not None
    assert found[0] == first
    assert found[1].sha256 == hashlib.sha256(b"one").hexdigest()
    assert nas_files.inspect_first([f"{folder}/0", f"{folder}/00"]) is None


def test_hashing_what_is_not_there_fails(nas_files: NasFiles, folder: str) -> None:
    with pytest.raises(NasFault) as caught:
        nas_files.sha256(f"{folder}/none", 1)
    assert caught.value.cause is causes.NAS_COMMAND_FAILED
    assert caught.value.summary.startswith("the NAS could not hash ")


def test_removing_many_takes_several_commands_and_counts_them_all(nas_files: NasFiles, folder: str) -> None:
    paths = [put(f"{folder}/{number:04}{chr(39) * 100}") for number in range(300)]
    assert nas_files.remove([*paths, f"{folder}/none"]) == 300
    assert os.listdir(folder) == []
    assert nas_files.remove([]) == 0


def test_removing_goes_on_after_a_failure_and_names_it(nas_files: NasFiles, folder: str) -> None:
    stubborn = f"{folder}/folder"
    os.mkdir(stubborn)
    with pytest.raises(NasFault) as caught:
        nas_files.remove([put(f"{folder}/1"), stubborn, put(f"{folder}/2")])
    assert caught.value.cause is causes.NAS_COMMAND_FAILED
    assert caught.value.values["action"] == "remove"
    assert caught.value.values["path"] == stubborn.replace("\n", "\\n")
    assert "directory" in caught.value.values["reason"]
    assert os.listdir(folder) == ["folder"]


def test_only_empty_folders_below_the_base_are_removed(nas_files: NasFiles, folder: str) -> None:
    os.makedirs(f"{folder}/base/2025/01/22")
    put(f"{folder}/base/2025/other")
    nas_files.remove_empty_folders(f"{folder}/base/2025/01/22/gone/already", below=f"{folder}/base")
    assert os.listdir(f"{folder}/base/2025") == ["other"]
    os.unlink(f"{folder}/base/2025/other")
    nas_files.remove_empty_folders(f"{folder}/base/2025/", below=f"{folder}/base/")
    assert os.listdir(f"{folder}/base") == []


@pytest.mark.parametrize("outside", ["/", "{0}", "{0}/../elsewhere", "{0}-not"])
def test_folders_outside_the_base_are_not_touched(nas_files: NasFiles, folder: str, outside: str) -> None:
    base = f"{folder}/base"
    with pytest.raises(ValueError, match="is not below"):
        nas_files.remove_empty_folders(outside.format(base), below=base)


@pytest.mark.parametrize("path", ["relative", "", "-rf", "/with\0nul"])
def test_paths_must_be_absolute(nas_files: NasFiles, path: str) -> None:
    with pytest.raises(ValueError, match="not an absolute path"):
        nas_files.stat(path)
    with pytest.raises(ValueError, match="not an absolute path"):
        nas_files.remove([path])


def test_a_missing_base_is_a_volume_that_is_not_mounted(nas_server: Server, nas_files: NasFiles, folder: str) -> None:
    for act in (
        lambda: nas_files.make_folder(f"{folder}/base/x", below=f"{folder}/base"),
        lambda: nas_files.free_bytes(f"{folder}/base"),
    ):
        with pytest.raises(NasUnavailable) as caught:
            act()
        assert caught.value.cause is causes.NAS_BASE_MISSING
        shown = f"{folder}/base".replace("\n", "\\n")
        assert str(caught.value) == f"the folder {shown} does not exist on the NAS; is its volume mounted?"
    assert os.listdir(folder) == []


def test_a_file_in_the_way_of_a_folder(nas_files: NasFiles, folder: str) -> None:
    put(f"{folder}/2025")
    with pytest.raises(NasFault) as caught:
        nas_files.make_folder(f"{folder}/2025/01", below=folder)
    assert caught.value.cause is causes.NAS_COMMAND_FAILED
    assert not isinstance(caught.value, NasUnavailable)


def test_free_space_is_what_the_account_can_use(nas_files: NasFiles, folder: str) -> None:
    system = os.statvfs(folder)
    available = system.f_bavail * system.f_frsize
    assert abs(nas_files.free_bytes(folder) - available) < max(1 << 28, available // 10)


def remedy(files: NasFiles, server: Server, what: str, by_shell: str, by_sftp: str) -> str:
    alias = server.target().alias
    if files.capabilities.way is Way.SHELL:
        return f"{what}: ssh {alias} {by_shell}"
    return f"{what}{by_sftp} | sftp -b - {alias}"


def test_no_permission(request: pytest.FixtureRequest, nas_server: Server, nas_files: NasFiles) -> None:
    # The kernel's own file systems refuse even root.
    refusing = "/sys/kernel"
    if nas_server.is_jailed:
        refusing = request.getfixturevalue("nas_mounts").bind(refusing, name="kernel")
    path = f"{refusing}/celestial-nasops"
    with pytest.raises(NasFault) as caught:
        nas_files.make_folder(path, below=refusing)
    assert caught.value.cause is causes.NAS_NO_PERMISSION
    assert str(caught.value) == f"{nas_server.username} may not make the folder {path} on the NAS"
    seen = path.removeprefix(nas_files.capabilities.hidden_prefix)
    assert caught.value.remedy == remedy(
        nas_files,
        nas_server,
        "give the account read and write permission on the folder",
        f"ls -ld {refusing}",
        f" {refusing}: echo 'ls -la \"{seen}\"'",
    )
    with pytest.raises(NasFault) as caught:
        nas_files.write(path, [b"x" * 5_000_000], stall_timeout_seconds=10)
    assert caught.value.cause is causes.NAS_NO_PERMISSION
    assert str(caught.value) == f"{nas_server.username} may not write {path} on the NAS"
    assert not isinstance(caught.value, NasUnavailable)


def test_read_only(nas_files: NasFiles, nas_mounts: SmallTmpfs) -> None:
    folder = nas_mounts(1 << 20)
    temporary = put(f"{folder}/temporary")
    nas_mounts.make_read_only(folder)
    for path, act in (
        (f"{folder}/x", lambda: nas_files.make_folder(f"{folder}/x", below=folder)),
        (f"{folder}/x", lambda: nas_files.write(f"{folder}/x", [b"x"], stall_timeout_seconds=10)),
        (f"{folder}/x", lambda: nas_files.publish(temporary, f"{folder}/x")),
        (temporary, lambda: nas_files.remove([temporary])),
    ):
        with pytest.raises(NasUnavailable) as caught:
            act()
        assert caught.value.cause is causes.NAS_READ_ONLY
        assert str(caught.value) == f"the NAS volume of {path} is read-only"


def test_disk_full(nas_server: Server, nas_files: NasFiles, nas_mounts: SmallTmpfs) -> None:
    folder = nas_mounts(256 * 1024)
    path = f"{folder}/x"
    assert 0 < nas_files.free_bytes(folder) <= 256 * 1024
    with pytest.raises(NasUnavailable) as caught:
        nas_files.write(path, (os.urandom(1 << 20) for _ in range(20)), stall_timeout_seconds=10)
    assert caught.value.cause is causes.NAS_DISK_FULL
    assert str(caught.value) == f"no space left on the NAS for {path}: No space left on device"
    seen = path.removeprefix(nas_files.capabilities.hidden_prefix)
    assert caught.value.remedy == remedy(
        nas_files, nas_server, "free space or raise the quota there", "df -h", f": echo 'df -h \"{seen}\"'"
    )
    # the session goes on, and the rest can be cleaned up
    assert nas_files.remove([path]) == 1
    assert nas_files.write(path, [b"small"], stall_timeout_seconds=10) == 5


def test_no_inode_left_for_a_folder(nas_files: NasFiles, nas_mounts: SmallTmpfs) -> None:
    folder = nas_mounts(4096)
    put(f"{folder}/x", b"x" * 4096)
    with pytest.raises(NasUnavailable) as caught:
        nas_files.write(f"{folder}/y", [b"x"], stall_timeout_seconds=10)
    assert caught.value.cause is causes.NAS_DISK_FULL
