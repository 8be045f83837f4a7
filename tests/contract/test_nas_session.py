"""Commands on the NAS: quoted, framed, bounded, and told apart when they fail."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas import ssh_library
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell import Reply
from celestial_nasops.nas.shell_files import ShellFiles
from tests.nas_servers import Server, embedded_server, openssh_server
from tests.waiting import eventually

on_shells = pytest.mark.parametrize("nas_server", ["openssh", "busybox", "synology", "embedded"], indirect=True)


@contextlib.contextmanager
def session_on(server: Server) -> Iterator[NasSession]:
    with NasSession.open(server.target(), timeout_seconds=10) as session:
        yield session


@contextlib.contextmanager
def session_with_command(folder: Path, command: str) -> Iterator[NasSession]:
    """A session on an sshd that runs this command instead of what it is asked to run."""
    with openssh_server(folder / "nas", settings=[f"ForceCommand {command}"]) as server, session_on(server) as session:
        yield session


@on_shells
def test_status_and_output_come_back(nas_session: NasSession) -> None:
    assert nas_session.exec("echo out; echo err >&2; exit 7", timeout_seconds=10) == Reply(7, b"out\nerr\n")
    assert nas_session.exec("printf 'no line end'", timeout_seconds=10) == Reply(0, b"no line end")
    assert nas_session.exec("true", timeout_seconds=10) == Reply(0, b"")
    assert nas_session.exec("echo; echo", timeout_seconds=10) == Reply(0, b"\n\n")


@on_shells
def test_arguments_are_never_part_of_the_script(nas_session: NasSession) -> None:
    args: list[str | bytes] = [
        "",
        "a b",
        "'\"\\",
        "$(echo x)`echo x`",
        "line\nbreak\n",
        "-n",
        b"\xff\xfe",
        "!",
        "~",
        "*",
    ]
    reply = nas_session.exec('for arg; do printf "%s\\0" "$arg"; done', args=args, timeout_seconds=10)
    assert reply.output == b"".join((os.fsencode(arg) if isinstance(arg, str) else arg) + b"\0" for arg in args)


@on_shells
def test_messages_are_in_the_c_locale(nas_session: NasSession) -> None:
    assert nas_session.exec('echo "$LC_ALL"', timeout_seconds=10).output == b"C\n"


@on_shells
def test_the_busybox_server_has_nothing_but_busybox(nas_server: Server, nas_session: NasSession) -> None:
    says = nas_session.exec("stat --version 2>&1; readlink -f /proc/$$/exe", timeout_seconds=10).output
    assert (b"busybox" in says.lower()) == ("busybox" in nas_server.folder)


@on_shells
def test_input_is_passed_on_and_ends(nas_session: NasSession) -> None:
    chunks = [b"\x00\xff", b"", b"x" * 100_000]
    reply = nas_session.exec("wc -c", stdin=chunks, timeout_seconds=10)
    assert reply.output.strip() == b"100002"
    assert nas_session.exec("cat", timeout_seconds=10) == Reply(0, b"")


@on_shells
def test_a_script_need_not_read_its_input(nas_session: NasSession) -> None:
    chunks = (os.urandom(1 << 20) for _ in range(20))
    assert nas_session.exec("echo enough; exit 3", stdin=chunks, timeout_seconds=10) == Reply(3, b"enough\n")


@on_shells
def test_a_script_that_leaves_something_running_is_still_answered(nas_session: NasSession) -> None:
    started = time.monotonic()
    assert nas_session.exec("sleep 5 & echo done", timeout_seconds=10) == Reply(0, b"done\n")
    assert time.monotonic() - started < 5


@on_shells
def test_the_input_may_be_slow_as_long_as_it_moves(nas_session: NasSession) -> None:
    """The source's own slowness, however long, is not the NAS's silence."""

    def source() -> Iterator[bytes]:
        for _ in range(3):
            threading.Event().wait(0.4)
            yield b"x"

    assert nas_session.exec("wc -c", stdin=source(), timeout_seconds=0.3).output.strip() == b"3"


def silent(session: NasSession, seconds: str, stage: str) -> str:
    target = session.target
    return f"{target.host} port {target.port} gave no answer within {seconds} s ({stage})"


@on_shells
def test_a_script_that_hangs(nas_server: Server) -> None:
    with session_on(nas_server) as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("sleep 60", timeout_seconds=0.5, action="look at", path="/volume1")
        assert caught.value.cause is causes.NAS_SILENT
        assert str(caught.value) == silent(session, "0.5", "look at /volume1")
        assert not session.alive
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=5, action="look at", path="/volume1")
        assert caught.value.cause is causes.NAS_CONNECTION_LOST


@pytest.mark.parametrize("kind", ["openssh", "embedded"])
def test_a_server_frozen_in_mid_session(kind: str, tmp_path: Path) -> None:
    start = openssh_server if kind == "openssh" else embedded_server
    with start(tmp_path / "nas") as server, session_on(server) as session:
        assert session.exec("true", timeout_seconds=10).status == 0
        server.freeze()
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=0.5, action="hash", path="/x")
        assert caught.value.cause is causes.NAS_SILENT
        assert str(caught.value) == silent(session, "0.5", "hash /x")


@pytest.mark.parametrize("kind", ["openssh", "embedded"])
def test_a_server_frozen_in_mid_upload(kind: str, tmp_path: Path) -> None:
    start = openssh_server if kind == "openssh" else embedded_server
    with start(tmp_path / "nas") as server, session_on(server) as session:

        def source() -> Iterator[bytes]:
            yield b"x"
            server.freeze()
            while True:
                yield b"x" * (1 << 20)

        with pytest.raises(NasUnavailable) as caught:
            ShellFiles(session, timeout_seconds=10).write(f"{server.files}/x", source(), stall_timeout_seconds=0.5)
        assert caught.value.cause is causes.NAS_SILENT
        assert str(caught.value) == silent(session, "0.5", f"write {server.files}/x")


@on_shells
def test_a_connection_cut_in_mid_command(nas_server: Server) -> None:
    """The parts that serve the connection are killed; with the embedded NAS, whose parts are one, it is stopped."""
    with session_on(nas_server) as session:

        def cut() -> None:
            eventually(lambda: [pid for pid in nas_server.descendants() if _sleeps(pid)])
            if "embedded" in nas_server.folder:
                nas_server.stop()
            else:
                nas_server.cut_connections()

        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            with pytest.raises(NasUnavailable) as caught:
                session.exec("sleep 61; true", timeout_seconds=20, action="hash", path="/x")
        finally:
            cutter.join()
            if "embedded" in nas_server.folder:
                nas_server.start()
                nas_server.wait_until_it_answers()
        assert caught.value.cause is causes.NAS_CONNECTION_LOST
        assert str(caught.value) == "the connection to 127.0.0.1 was lost (hash /x)"
        assert caught.value.remedy == (
            f"check the network and the NAS: ping 127.0.0.1; ssh {nas_server.target().alias}"
        )
        assert not session.alive


def _sleeps(pid: int) -> bool:
    try:
        return b"sleep\x0061" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


@on_shells
def test_abort_from_another_thread_ends_the_wait(nas_server: Server) -> None:
    with session_on(nas_server) as session:

        def abort() -> None:
            eventually(lambda: [pid for pid in nas_server.descendants() if _sleeps(pid)])
            session.abort()

        other = threading.Thread(target=abort)
        other.start()
        with pytest.raises(NasUnavailable) as caught:
            session.exec("sleep 61; true", timeout_seconds=20, action="hash", path="/x")
        other.join()
        assert caught.value.cause is causes.NAS_CONNECTION_LOST
        session.abort()
        session.close()


def test_nothing_runs_on_after_the_session_on_the_embedded_nas(tmp_path: Path) -> None:
    with embedded_server(tmp_path / "nas") as server:
        with session_on(server) as session, pytest.raises(NasUnavailable):
            session.exec("sleep 61; true", timeout_seconds=0.5)
        eventually(lambda: not server.descendants())


def test_a_noisy_profile_confuses_nothing(tmp_path: Path) -> None:
    profile = tmp_path / "noise"
    profile.write_text(
        "echo 'Welcome!'; echo warning >&2; echo end-0123456789abcdef 0; printf 'no line end'\n"
        'printf %s "$SSH_ORIGINAL_COMMAND"; set -v; set -x; trap "echo bye" EXIT\n'
    )
    with session_with_command(tmp_path, f'. {profile}; sh -c "$SSH_ORIGINAL_COMMAND"') as session:
        assert session.exec("echo answer; exit 3", timeout_seconds=10) == Reply(3, b"answer\n")
        files = ShellFiles(session, timeout_seconds=10)
        path = str(tmp_path / "it's")
        assert files.write(path, [b"content"], stall_timeout_seconds=10) == 7
        found = files.inspect(path)
        assert found is not None
        assert found.size == 7


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("/usr/sbin/nologin", "This account is currently not available."),
        ("internal-sftp", "This service allows sftp connections only."),
        ("/bin/false", "it ends with status 1 and says nothing"),
        ("echo only this >&2; exit 127", "only this"),
        ('echo "$SSH_ORIGINAL_COMMAND" | cut -c 1-10', "exec sh -c"),
    ],
)
def test_no_shell(tmp_path: Path, command: str, output: str) -> None:
    with session_with_command(tmp_path, command) as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=10)
        assert caught.value.cause is causes.NAS_NO_SHELL
        assert str(caught.value) == f"{session.target.username} on 127.0.0.1 gets no shell: {output}"
        assert caught.value.remedy == (
            "on the NAS switch SFTP on (DSM: Control Panel, File Services, FTP, SFTP), or give the account a shell "
            f"(DSM gives one to members of administrators only); try: sftp {session.target.alias}"
        )
        assert session.alive


def test_a_shell_that_echoes_the_command_does_not_answer_for_it(tmp_path: Path) -> None:
    with session_with_command(tmp_path, 'echo "$SSH_ORIGINAL_COMMAND"') as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=10)
        assert caught.value.cause is causes.NAS_NO_SHELL


def test_sessions_refused(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas", settings=["MaxSessions 0"]) as server, session_on(server) as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=10)
        assert caught.value.cause is causes.NAS_SESSION_REFUSED
        assert str(caught.value) == "127.0.0.1 refuses to open another session: Connect failed"


def test_one_session_at_a_time(tmp_path: Path) -> None:
    """The server frees a session's place a moment after its answer; a command that follows at once waits for it."""
    with openssh_server(tmp_path / "nas", settings=["MaxSessions 1"]) as server, session_on(server) as session:
        for number in range(20):
            answer = session.exec('echo "$1"; exec 1>&- 2>&-; sleep 0.05', args=[str(number)], timeout_seconds=10)
            assert answer.output == f"{number}\n".encode()


def too_long(action: str) -> str:
    return f"the NAS could not {action}: its answer is longer than 1048576 bytes"


@on_shells
def test_endless_output_of_a_script(nas_session: NasSession) -> None:
    with pytest.raises(NasFault) as caught:
        nas_session.exec("yes", timeout_seconds=20, action="look at", path="/x")
    assert caught.value.cause is causes.NAS_COMMAND_FAILED
    assert str(caught.value) == too_long("look at /x")
    assert nas_session.exec("echo on", timeout_seconds=10).output == b"on\n"


def test_endless_output_of_a_profile(tmp_path: Path) -> None:
    with session_with_command(tmp_path, "yes") as session:
        with pytest.raises(NasFault) as caught:
            session.exec("true", timeout_seconds=20, action="look at", path="/x")
        assert str(caught.value) == too_long("look at /x")


def test_endless_complaints_of_a_profile(tmp_path: Path) -> None:
    with session_with_command(tmp_path, "yes >&2") as session:
        with pytest.raises(NasFault) as caught:
            session.exec("true", timeout_seconds=1, action="look at", path="/x")
        assert caught.value.cause is causes.NAS_LOGIN_HANGS


def test_a_command_killed_on_the_nas(tmp_path: Path) -> None:
    with session_with_command(tmp_path, "kill -9 $$") as session:
        with pytest.raises(NasFault) as caught:
            session.exec("true", timeout_seconds=10, action="look at", path="/x")
        assert caught.value.cause is causes.NAS_COMMAND_FAILED
        assert str(caught.value) == "the NAS could not look at /x: the command was killed there"
        assert not isinstance(caught.value, NasUnavailable)
        assert session.alive


@on_shells
def test_a_script_s_shell_ends_early(nas_session: NasSession) -> None:
    with pytest.raises(NasFault) as caught:
        nas_session.exec("kill -9 $$; exit", timeout_seconds=10, action="look at", path="/x")
    assert caught.value.cause is causes.NAS_COMMAND_FAILED
    # OpenSSH tells of the signal, the embedded NAS gives the status that a shell would give
    assert caught.value.values["reason"] in ("the command was killed there", "its shell ended early with status 137")
    assert nas_session.exec("echo on", timeout_seconds=10).output == b"on\n"


class _DeafServer:
    """An SSH server that lets everybody in and takes every request, but never says whether it does as asked."""

    def __init__(self, sshd: Server, answer: bool | None) -> None:
        library = ssh_library.load()
        self.done = threading.Event()
        outer = self

        class Account(library.ServerInterface):  # type: ignore[name-defined,misc]
            def check_auth_publickey(self, username: str, key: object) -> int:
                return 0

            def get_allowed_auths(self, username: str) -> str:
                return "publickey"

            def check_channel_request(self, kind: str, chanid: int) -> int:
                return 0

            def check_channel_exec_request(self, channel: object, command: bytes) -> bool:
                if answer is None:
                    outer.done.wait(30)
                return bool(answer)

        self.listener = socket.create_server(("127.0.0.1", 0))
        self.key = library.Ed25519Key.from_private_key_file(f"{sshd.folder}/host_ed25519")
        self.account = Account()
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        self.port = self.listener.getsockname()[1]

    def _serve(self) -> None:
        connection, _ = self.listener.accept()
        self.transport = ssh_library.load().Transport(connection)
        self.transport.add_server_key(self.key)
        self.transport.start_server(event=threading.Event(), server=self.account)

    def close(self) -> None:
        self.done.set()
        self.thread.join()
        self.transport.close()
        self.listener.close()


@contextlib.contextmanager
def session_on_deaf_server(sshd: Server, tmp_path: Path, answer: bool | None) -> Iterator[NasSession]:
    with contextlib.closing(_DeafServer(sshd, answer)) as server:
        known_hosts = tmp_path / "known_hosts"
        key = Path(f"{sshd.folder}/host_ed25519.pub").read_text()
        known_hosts.write_text(f"[127.0.0.1]:{server.port} {key}")
        target = replace(sshd.target(), port=server.port, known_hosts_files=(str(known_hosts),))
        with NasSession.open(target, timeout_seconds=10) as session:
            yield session


def test_a_request_that_is_never_answered(sshd: Server, tmp_path: Path) -> None:
    with session_on_deaf_server(sshd, tmp_path, None) as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=0.5, action="look at", path="/x")
        assert caught.value.cause is causes.NAS_LOGIN_HANGS
        target = session.target
        assert caught.value.summary == (
            f"the login of {target.username} on 127.0.0.1 gave no answer within 0.5 s (look at /x)"
        )
        assert caught.value.remedy == (
            "see what it waits for there (a disk that wakes up or fails, a profile, a directory service): "
            f"ssh -v {target.alias} uptime; if that hangs as well, restart the NAS"
        )


def test_a_request_that_is_turned_down(sshd: Server, tmp_path: Path) -> None:
    with session_on_deaf_server(sshd, tmp_path, False) as session:
        with pytest.raises(NasUnavailable) as caught:
            session.exec("true", timeout_seconds=10)
        assert caught.value.cause is causes.NAS_NO_SHELL
        assert str(caught.value).endswith(" gets no shell: it refuses to run commands")
