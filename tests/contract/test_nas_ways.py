"""Which way a login gives, what that costs, and what is recorded of it."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from celestial_nasops import causes
from celestial_nasops.config import NasSettings
from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas.capabilities import Capabilities, ShellFacts, Way
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.verification import VerificationLevel
from tests.contract.ways import SFTP_SERVER, odd_server, only_sftp, opened
from tests.mounts import SmallTmpfs
from tests.nas_profiles import sftp_only_server
from tests.nas_servers import Server, openssh_server

NOLOGIN = "This account is currently not available."
EATEN = "what is sent to a command there does not all reach it, as where a profile asks something"


EXPECTED: dict[str, tuple[Way, VerificationLevel]] = {
    "openssh": (Way.SHELL, VerificationLevel.HASH),
    "busybox": (Way.SHELL, VerificationLevel.HASH),
    "embedded": (Way.SHELL, VerificationLevel.HASH),
    "synology": (Way.SHELL, VerificationLevel.HASH),
    "sftp_only": (Way.SFTP, VerificationLevel.READ_BACK),
    "synology_by_sftp": (Way.SFTP, VerificationLevel.READ_BACK),
    "synology_sftp_only": (Way.SFTP, VerificationLevel.READ_BACK),
}


def test_what_each_nas_can_do(request: pytest.FixtureRequest, nas_server: Server) -> None:
    kind = request.node.callspec.params["nas_server"]
    with opened(nas_server) as (files, found):
        assert files.free_bytes(nas_server.files) > 0
        [nas] = found
        assert files.capabilities == nas
    assert (nas.way, nas.verification) == EXPECTED[kind]
    assert (nas.hard_links, nas.flush, nas.free_space) == (True, True, True)
    assert ", published by hard link, by rename where there are none" in str(nas)
    assert (nas.hidden_prefix != "") == (kind in ("synology_by_sftp", "synology_sftp_only"))
    assert nas.hidden_prefix == "" or nas_server.files.startswith(nas.hidden_prefix + "/homes/edge_sync/")
    assert nas.no_shell == (
        "This service allows sftp connections only." if kind in ("sftp_only", "synology_sftp_only") else ""
    )
    assert (f"{nas}".startswith("a shell (")) == (nas.way is Way.SHELL)
    kept = TypeAdapter(Capabilities)
    assert kept.validate_json(kept.dump_json(nas)) == nas
    with opened(nas_server) as (files, found):
        assert files.capabilities == nas
        assert found == [nas]


def test_the_tools_are_named(nas_server: Server, request: pytest.FixtureRequest) -> None:
    kind = request.node.callspec.params["nas_server"]
    with opened(nas_server) as (files, _):
        tools = files.capabilities.tools
    begin = {"busybox": "BusyBox v", **dict.fromkeys(("openssh", "embedded", "synology"), "GNU coreutils ")}
    assert tools.startswith(begin.get(kind, "OpenSSH_"))


def test_why_there_is_no_shell_makes_no_two_logins_differ() -> None:
    one = Capabilities(Way.SFTP, "OpenSSH", VerificationLevel.READ_BACK, True, True, True, no_shell="at 10:15: no")
    assert one == dataclasses.replace(one, no_shell="at 10:16: no")
    assert one != dataclasses.replace(one, hidden_prefix="/volume1")


def test_a_shell_costs_no_round_trip_of_its_own(tmp_path: Path) -> None:
    def commands() -> int:
        return server.log.count("Starting session: command")

    with openssh_server(tmp_path / "nas", settings=["LogLevel VERBOSE"]) as server, opened(server) as (files, found):
        assert files.stat(f"{server.files}/x") is None
        assert (commands(), len(found)) == (1, 1)
        assert files.capabilities.way is Way.SHELL
        assert files.stat(f"{server.files}/x") is None
        assert commands() == 2
    with openssh_server(tmp_path / "other", settings=["LogLevel VERBOSE"]) as server, opened(server) as (files, found):
        assert files.write(f"{server.files}/x", [b"x"], stall_timeout_seconds=10) == 1
        assert commands() == 2  # what is to be written can be had only once, so it is decided before


@pytest.mark.parametrize("first", ["stat", "write", "remove", "inspect", "make_folder", "free_bytes"])
def test_the_first_thing_done_works_also_where_there_is_no_shell(tmp_path: Path, first: str) -> None:
    with sftp_only_server(tmp_path / "nas") as server, opened(server) as (files, found):
        path = f"{server.files}/x"
        doings: dict[str, Callable[[], object]] = {
            "stat": lambda: files.stat(path) is None,
            "write": lambda: files.write(path, iter([b"con", b"tent"]), stall_timeout_seconds=10) == 7,
            "remove": lambda: files.remove([path]) == 0,
            "inspect": lambda: files.inspect(path) is None,
            "make_folder": lambda: files.make_folder(path, below=server.files) is None,
            "free_bytes": lambda: files.free_bytes(server.files) > 0,
        }
        assert doings[first]()
        assert [nas.way for nas in found] == [Way.SFTP]
        if first == "write":
            assert Path(path).read_bytes() == b"content"


def test_nologin_leads_to_sftp(tmp_path: Path) -> None:
    settings = [f"Subsystem sftp {SFTP_SERVER}", f"ForceCommand {only_sftp(tmp_path, SFTP_SERVER)}"]
    with openssh_server(tmp_path / "nas", settings=settings) as server:
        with opened(server) as (files, _):
            assert files.stat(f"{server.files}/x") is None
            assert (files.capabilities.way, files.capabilities.no_shell) == (Way.SFTP, NOLOGIN)
        with opened(server, access="shell") as (files, found):
            with pytest.raises(NasUnavailable) as caught:
                files.stat(f"{server.files}/x")
            assert caught.value.cause is causes.NAS_NO_SHELL
            assert found == []


@pytest.mark.parametrize("settings", [[], [f"Subsystem sftp {SFTP_SERVER}"]], ids=["no SFTP", "SFTP by nologin"])
def test_neither_way_is_no_shell_as_ever(tmp_path: Path, settings: Sequence[str]) -> None:
    force = "ForceCommand /usr/sbin/nologin"
    with openssh_server(tmp_path / "nas", settings=[*settings, force]) as server, opened(server) as (files, found):
        with pytest.raises(NasUnavailable) as caught:
            files.stat(f"{server.files}/x")
        assert caught.value.cause is causes.NAS_NO_SHELL
        assert str(caught.value) == f"{server.username} on 127.0.0.1 gets no shell: {NOLOGIN}"
        assert found == []


def test_sftp_asked_for_and_not_there(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as server, opened(server, access="sftp") as (files, found):
        with pytest.raises(NasUnavailable) as caught:
            files.stat(f"{server.files}/x")
        assert caught.value.cause is causes.NAS_NO_SFTP
        assert str(caught.value) == f"{server.username} on 127.0.0.1 gets no SFTP: Channel closed"
        assert caught.value.remedy == (
            "switch it on (DSM: Control Panel, File Services, FTP, SFTP) and allow it to the account, "
            f"or set nas_settings.access to auto in unified_config.json; try: sftp {server.target().alias}"
        )
        assert found == []


def test_a_shell_without_sha256sum_gives_way_to_sftp(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "dd", "ln", "mkdir", "rm", "rmdir", "stat", "sync", "truncate"):
        os.symlink(shutil.which(name) or name, tools / name)
    for sftp, way in (([f"Subsystem sftp {SFTP_SERVER}"], Way.SFTP), ([], Way.SHELL)):
        with openssh_server(tmp_path / way, settings=sftp, environment=[f'"PATH={tools}"']) as server:
            path = f"{server.files}/x"
            Path(path).write_bytes(b"content")
            with opened(server) as (files, _):
                if way is Way.SFTP:
                    found = files.inspect(path)
                    assert found is not None
                    assert found.sha256.startswith("ed7002b439e9ac84")
                    assert files.capabilities.no_shell == "it lacks sha256sum"
                    assert files.capabilities.way is way
                else:
                    with pytest.raises(NasUnavailable) as caught:  # no file is to blame
                        files.inspect(path)
                    assert caught.value.cause is causes.NAS_NO_SHELL
                    assert str(caught.value).endswith(" gets no shell: the shell that it gets lacks sha256sum")


@pytest.mark.parametrize("lacks", ["stat -c", "ln -T"])
@pytest.mark.parametrize("access", ["auto", "shell"])
def test_a_tool_without_an_option_that_is_needed_is_as_good_as_none(tmp_path: Path, lacks: str, access: str) -> None:
    name, option = lacks.split()
    tools = tmp_path / "tools"
    tools.mkdir()
    refusal = f'case $1 in {option} | --version) echo "{name}: unrecognized option: {option[1:]}" >&2; exit 1 ;; esac'
    (tools / name).write_text(f'#!/bin/sh\n{refusal}\nexec {shutil.which(name)} "$@"\n')
    (tools / name).chmod(0o755)
    settings, environment = [f"Subsystem sftp {SFTP_SERVER}"], [f'"PATH={tools}:{os.environ["PATH"]}"']
    with (
        openssh_server(tmp_path / "nas", settings=settings, environment=environment) as server,
        opened(server, access=access) as (files, _),
    ):
        if access == "auto":
            temporary, final = f"{server.files}/temporary", f"{server.files}/final"
            assert files.write(temporary, [b"content"], stall_timeout_seconds=10) == 7
            assert files.publish(temporary, final) is True
            assert files.capabilities.no_shell == f"it lacks {lacks}"
        else:
            with pytest.raises(NasUnavailable) as caught:
                files.stat(server.files)
            assert caught.value.values["output"] == f"the shell that it gets lacks {lacks}"


@pytest.mark.parametrize("has_sftp", [True, False])
def test_a_login_that_asks_something_would_eat_of_each_file(tmp_path: Path, has_sftp: bool) -> None:
    shell = tmp_path / "shell"
    shell.write_text(
        f'#!/bin/sh\n[ "$SSH_ORIGINAL_COMMAND" = {SFTP_SERVER} ] && exec {SFTP_SERVER}\n'
        'printf "Welcome. Go on? [y/n] "; read -r answer; exec sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    shell.chmod(0o755)
    settings = [f"ForceCommand {shell}", *([f"Subsystem sftp {SFTP_SERVER}"] if has_sftp else [])]
    with openssh_server(tmp_path / "nas", settings=settings) as server, opened(server) as (files, _):
        path, content = f"{server.files}/x", b"its first line\nand its second"
        if has_sftp:
            assert files.write(path, [content], stall_timeout_seconds=10) == len(content)
            assert Path(path).read_bytes() == content
            assert files.capabilities.no_shell == EATEN
        else:
            with pytest.raises(NasUnavailable) as caught:
                files.write(path, [content], stall_timeout_seconds=10)
            assert str(caught.value).endswith(f" gets no shell: {EATEN}")
            assert os.listdir(server.files) == []


def test_a_login_that_reads_what_is_sent_to_sftp_as_well(tmp_path: Path) -> None:
    shell = tmp_path / "shell"
    shell.write_text('#!/bin/sh\nread -r answer; exec sh -c "$SSH_ORIGINAL_COMMAND"\n')
    shell.chmod(0o755)
    settings = [f"ForceCommand {shell}", f"Subsystem sftp {SFTP_SERVER}"]
    with (
        openssh_server(tmp_path / "nas", settings=settings) as server,
        NasSession.open(server.target(), timeout_seconds=10) as session,
    ):
        files = open_files(session, server.config().nas_settings, timeout_seconds=2)
        with pytest.raises(NasUnavailable) as caught:
            files.stat(server.files)
        assert caught.value.cause is causes.NAS_NO_SHELL
        assert caught.value.values["output"] == EATEN


def test_tools_that_files_can_be_carried_without_are_no_reason_to_carry_none(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "cat", "ln", "mkdir", "rm", "sha256sum", "stat", "sync"):
        os.symlink(shutil.which(name) or name, tools / name)
    with (
        openssh_server(tmp_path / "nas", environment=[f'"PATH={tools}"']) as server,
        opened(server) as (files, _),
    ):
        temporary, final = f"{server.files}/temporary", f"{server.files}/final"
        assert files.write(temporary, [b"content"], stall_timeout_seconds=10) == 7
        assert files.publish(temporary, final) is True
        assert files.capabilities.way is Way.SHELL


def test_what_a_shell_says_of_itself() -> None:
    assert ShellFacts.read(b"stat (GNU coreutils) 9.1\nmore\n") == ShellFacts("GNU coreutils 9.1", ())
    assert ShellFacts.read(b"missing sync\nstat: bad option\nBusyBox v1.2 (a date)\n").missing == ("sync",)
    assert ShellFacts.read(b"\xff" * 5000) == ShellFacts("other tools", ())


# --- the split ---


def test_a_base_that_is_not_mounted_is_not_looked_for_elsewhere(tmp_path: Path) -> None:
    with sftp_only_server(tmp_path / "nas") as server:
        base = server.files + "/gone/drone_media"
        root = os.path.realpath(server.files).removesuffix(server.files)
        os.mkdir(f"{root}/drone_media")  # a folder of that name which is another one
        with opened(server, base_path=base) as (files, found):
            for _ in range(2):
                with pytest.raises(NasUnavailable) as caught:
                    files.free_bytes(base)
                assert caught.value.cause is causes.NAS_BASE_MISSING
            assert found == []


def test_a_base_that_appears_later_is_found_on_the_same_connection(tmp_path: Path) -> None:
    with sftp_only_server(tmp_path / "nas") as server:
        base = f"/volume1{server.files}/homes/drone_media"  # seen without /volume1, once it is there
        nas = server.config().nas_settings.model_copy(update={"base_path": base})
        with NasSession.open(server.target(), timeout_seconds=10) as session:
            with pytest.raises(NasUnavailable) as caught:
                open_files(session, nas, timeout_seconds=10).free_bytes(base)
            assert str(caught.value) == f"the folder {base} does not exist on the NAS; is its volume mounted?"
            os.makedirs(f"{server.files}/homes/drone_media")
            files = open_files(session, nas, timeout_seconds=10)
            assert files.write(f"{base}/x", [b"content"], stall_timeout_seconds=10) == 7
            assert files.capabilities.hidden_prefix == "/volume1"
        assert Path(f"{server.files}/homes/drone_media/x").read_bytes() == b"content"


# --- servers that can do less ---


def test_a_server_without_extensions(tmp_path: Path, need_root: None) -> None:
    less = "internal-sftp -P hardlink,fsync,statvfs"
    with sftp_only_server(tmp_path / "nas", sftp=less) as server, opened(server) as (files, [*_]):
        nas = files.capabilities
        assert (nas.hard_links, nas.flush, nas.free_space) == (False, False, False)
        assert "published by rename, it can't be told to flush a file to its disk, it doesn't tell its free" in str(nas)
        temporary, final = f"{server.files}/.tmp", f"{server.files}/final"
        assert files.write(temporary, [b"new"], stall_timeout_seconds=10) == 3
        assert files.publish(temporary, final) is True
        assert files.write(temporary, [b"newer"], stall_timeout_seconds=10) == 5
        assert files.publish(temporary, final) is False
        assert Path(final).read_bytes() == b"new"
        assert Path(temporary).read_bytes() == b"newer"
        with pytest.raises(NasFault) as caught:
            files.free_bytes(server.files)
        assert caught.value.values["reason"] == "its SFTP server doesn't tell, for it lacks statvfs@openssh.com"
        mounts = SmallTmpfs(Path(server.files))
        try:
            small = mounts(256 * 1024)
            with pytest.raises(NasUnavailable) as unavailable:
                files.write(f"{small}/x", [os.urandom(1 << 20)], stall_timeout_seconds=10)
            assert unavailable.value.cause is causes.NAS_OVER_QUOTA
            reason = "its SFTP server takes not one byte more, and tells neither why nor how much is free"
            assert unavailable.value.values["reason"] == reason
            assert os.listdir(small) == ["x"]
            Path(small, "x").unlink()
            Path(small, "x").mkdir()
            with pytest.raises(NasFault) as caught:
                files.write(f"{small}/x", [b"new"], stall_timeout_seconds=10)
            assert caught.value.values["reason"] == "Is a directory"
            long = f"{small}/{'x' * 256}"
            with pytest.raises(NasFault) as caught:
                files.write(long, [b"new"], stall_timeout_seconds=10)
            said = "the SFTP server says only 'Bad message' (status 5), as for a name that is too long or not allowed"
            assert caught.value.values["reason"] == f"{said} there"
        finally:
            mounts.unmount_all()


def test_a_file_system_without_hard_links(tmp_path: Path) -> None:
    with odd_server(tmp_path, "no_hard_links") as server, opened(server) as (files, found):
        temporary, final = f"{server.files}/.tmp", f"{server.files}/final"
        files.write(temporary, [b"new"], stall_timeout_seconds=10)
        assert files.publish(temporary, final) is True
        assert os.listdir(server.files) == ["final"]
        assert [nas.hard_links for nas in found] == [True, False]
        files.write(temporary, [b"newer"], stall_timeout_seconds=10)
        assert files.publish(temporary, final) is False
        assert Path(final).read_bytes() == b"new"


def test_the_command_of_a_remedy_works(tmp_path: Path) -> None:
    """What an operator is told to type for an account without a shell is understood by sftp."""
    assert shutil.which("sftp")
    with sftp_only_server(tmp_path / "nas") as server, opened(server) as (files, _):
        folder = Path(server.files, "two words")
        folder.mkdir()
        Path(folder, "x").write_bytes(b"content")
        with pytest.raises(NasFault) as caught:
            files.make_folder(f"{folder}/x/y", below=server.files)
        command = caught.value.remedy.partition("by hand: ")[2]
        assert command.startswith("echo 'ls -la ")
        assert os.system(f"{command.replace('/x/y', '')} > {tmp_path}/said") == 0
        assert "x" in Path(tmp_path, "said").read_text()


def test_the_settings_know_three_ways() -> None:
    assert NasSettings().access == "auto"
