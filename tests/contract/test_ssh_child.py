"""Commands by way of the program ssh: the same answers and the same faults as over our own connection."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from celestial_nasops.config import Config
from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas import ssh_child
from celestial_nasops.nas.shell import Reply
from celestial_nasops.nas.ssh_child import NoSshChild, SshChild, ssh_argv
from celestial_nasops.nas.target import SshTarget, resolve
from tests.nas_servers import Server, make_key, openssh_server, pin
from tests.waiting import eventually


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[Server]:
    with openssh_server(tmp_path / "it's a nas") as server:  # its files' names hold spaces and quotes
        yield server


@pytest.fixture
def child(nas: Server) -> Iterator[SshChild]:
    child = SshChild(nas.target(), timeout_seconds=5)
    yield child
    child.close()


def _run(child: SshChild, script: str, *args: str, seconds: float = 10, chunks: list[bytes] | None = None) -> Reply:
    return child.exec(script, args=args, timeout_seconds=seconds, stdin=chunks, action="try", path="/x")


def _threads_of(pid: int) -> list[str]:
    return [name for name in os.listdir("/proc") if name.isdecimal() and _parent(name) == pid]


def _parent(name: str) -> int:
    try:
        return int(Path(f"/proc/{name}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def test_a_script_gets_its_arguments_and_its_input_and_its_status_comes_back(child: SshChild) -> None:
    content = os.urandom(3 << 20)
    reply = _run(child, 'wc -c; printf "%s" "$1"; exit 7', "a 'b'\n\"$(c)\udcff", chunks=[content, b"more"])
    assert reply == Reply(7, b"%d\na 'b'\n\"$(c)\xff" % (len(content) + 4))


def test_the_next_one_finds_a_connection_that_stands_and_does_not_need_it(child: SshChild) -> None:
    for number in range(3):
        assert _run(child, f"echo {number}") == Reply(0, b"%d\n" % number)
    assert child._spare is not None
    child._spare.kill()
    assert _run(child, "cat", chunks=[b"again"]) == Reply(0, b"again")


def test_closed_it_leaves_no_process(child: SshChild) -> None:
    _run(child, ":")
    child.close()
    names = [Path(f"/proc/{pid}/comm").read_text().strip() for pid in _threads_of(os.getpid())]
    assert "ssh" not in names


def test_a_script_that_does_not_read_its_input_has_its_say(child: SshChild) -> None:
    assert _run(child, "echo no; exit 3", chunks=[bytes(1 << 20)] * 20) == Reply(3, b"no\n")


def test_what_the_input_raises_comes_through_once_the_script_has_ended(child: SshChild, tmp_path: Path) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"some"
        raise OSError("the disk is gone")

    with pytest.raises(OSError, match="the disk is gone"):
        child.exec('cat > "$1"; sleep 0.2; echo > "$2"', args=[str(tmp_path / "a"), str(tmp_path / "b")],
                   timeout_seconds=10, stdin=chunks())  # fmt: skip
    assert (tmp_path / "a").read_bytes() == b"some"
    assert (tmp_path / "b").exists()


def _fault(child: SshChild, script: str, *args: str, seconds: float = 10) -> NasFault:
    with pytest.raises(NasFault) as caught:
        _run(child, script, *args, seconds=seconds)
    return caught.value


@contextlib.contextmanager
def _done_when_made(mark: Path, act: Callable[[], None]) -> Iterator[None]:
    """Do something as soon as the script has made a file."""

    def wait() -> None:
        eventually(mark.exists)
        act()

    thread = threading.Thread(target=wait)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_a_connection_that_is_cut(nas: Server, child: SshChild, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with _done_when_made(mark, nas.cut_connections):
        fault = _fault(child, 'echo > "$1"; sleep 30', str(mark))
    assert (type(fault), fault.code) == (NasUnavailable, "nas_connection_lost")
    assert str(fault) == "the connection to 127.0.0.1 was lost (try /x)"


def test_a_connection_on_which_nothing_comes_any_more_is_not_taken_for_a_killed_script(
    nas: Server, child: SshChild, tmp_path: Path
) -> None:
    """As after a pulled cable: the file that was being sent is not to blame."""
    mark = tmp_path / "mark"
    try:
        with _done_when_made(mark, nas.freeze):
            fault = _fault(child, 'echo > "$1"; sleep 60', str(mark), seconds=60)
    finally:
        nas.thaw()
    assert (type(fault), fault.code) == (NasUnavailable, "nas_silent")
    assert str(fault) == f"127.0.0.1 port {nas.port} gave no answer within 12 s (try /x)"


def test_a_script_that_is_killed_there(child: SshChild) -> None:
    fault = _fault(child, "kill -9 $$")
    assert (type(fault), fault.code) == (NasFault, "nas_command_failed")
    assert str(fault) == "the NAS could not try /x: the command was killed there"


def test_an_answer_without_end(child: SshChild) -> None:
    fault = _fault(child, "yes")
    assert str(fault) == "the NAS could not try /x: its answer is longer than 1048576 bytes"


def test_silence(child: SshChild, nas: Server) -> None:
    fault = _fault(child, "sleep 30", seconds=0.5)
    assert fault.code == "nas_silent"
    assert str(fault) == f"127.0.0.1 port {nas.port} gave no answer within 0.5 s (try /x)"


def test_a_nas_that_freezes_while_it_is_sent_to(child: SshChild, nas: Server) -> None:
    def chunks() -> Iterator[bytes]:
        yield bytes(1 << 20)
        nas.freeze()
        while True:
            yield bytes(1 << 20)

    try:
        with pytest.raises(NasUnavailable) as caught:
            child.exec("cat > /dev/null", timeout_seconds=1, stdin=chunks(), action="write", path="/x")
        assert caught.value.code == "nas_silent"
    finally:
        nas.thaw()


def test_aborted_from_another_thread_it_ends_at_once(child: SshChild, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def abort() -> None:
        eventually(mark.exists)
        child.abort()

    thread = threading.Thread(target=abort)
    thread.start()
    begun = time.monotonic()
    assert _fault(child, 'echo > "$1"; sleep 30', str(mark)).code == "nas_connection_lost"
    assert time.monotonic() - begun < 10
    thread.join()
    with pytest.raises(NoSshChild):
        _run(child, ":")


def test_its_own_process_is_killed(child: SshChild, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def kill() -> None:
        eventually(mark.exists)
        for pid in _threads_of(os.getpid()):
            if Path(f"/proc/{pid}/comm").read_text().strip() == "ssh":
                os.kill(int(pid), signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    assert _fault(child, 'echo > "$1"; sleep 30', str(mark)).code == "nas_connection_lost"
    thread.join()


def test_it_goes_only_to_a_host_whose_key_is_pinned(nas: Server, tmp_path: Path) -> None:
    pin(nas, [make_key(str(tmp_path / "other"))])
    child = SshChild(nas.target(), timeout_seconds=5)
    untouched = iter([b"x"])
    with pytest.raises(NoSshChild, match="Host key verification failed"):
        child.exec("cat", timeout_seconds=5, stdin=untouched)
    assert list(untouched) == [b"x"]
    assert not child.is_usable


def test_a_server_that_is_too_busy_to_talk_is_asked_again_soon(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas", settings=["MaxStartups 1"]) as server:
        child = SshChild(server.target(), timeout_seconds=5)
        began = time.monotonic()
        with contextlib.closing(child), contextlib.ExitStack() as others:

            def has_the_only_place() -> bool:
                other = others.enter_context(socket.create_connection(("127.0.0.1", server.port)))
                return other.recv(4) == b"SSH-"

            eventually(has_the_only_place)
            with pytest.raises(NoSshChild):
                _run(child, ":", chunks=[b"nothing of it is sent"])
            assert not child.is_usable
            assert child._left_alone_until - time.monotonic() <= ssh_child._TURNED_AWAY_SECONDS
            assert child._left_alone_until >= began + ssh_child._TURNED_AWAY_SECONDS


def test_a_key_that_is_refused(nas: Server, tmp_path: Path) -> None:
    make_key(str(tmp_path / "wrong"))
    target = dataclasses.replace(nas.target(), config_alias="", identity_files=(str(tmp_path / "wrong"),))
    with pytest.raises(NoSshChild, match="Permission denied"):
        _run(SshChild(target, timeout_seconds=5), ":")


def _with_own_key(nas: Server, key: Path) -> SshTarget:
    security = {"ssh_key_path": str(key)}
    return resolve(Config.model_validate({"nas_settings": nas.nas_settings(), "security": security}))


def test_a_key_that_is_set_is_the_only_one_though_the_ssh_configuration_names_another(
    nas: Server, tmp_path: Path
) -> None:
    make_key(str(tmp_path / "wrong"))
    assert nas.client_key in Path(nas.ssh_config).read_text()  # which would be let in
    with pytest.raises(NoSshChild, match="Permission denied"):
        _run(SshChild(_with_own_key(nas, tmp_path / "wrong"), timeout_seconds=5), ":")


def test_with_a_key_that_is_set_all_else_is_as_the_ssh_configuration_says(nas: Server, tmp_path: Path) -> None:
    own = tmp_path / "own"
    shutil.copy(nas.client_key, own)
    with open(nas.ssh_config, "a") as config:
        config.write("HostKeyAlias the-nas\nProxyCommand busybox nc %h %p\nKexAlgorithms curve25519-sha256\n")
    known = Path(nas.known_hosts).read_text().split(" ", 1)[1]
    Path(nas.known_hosts).write_text(f"the-nas {known}")
    target = _with_own_key(nas, own)
    argv = ssh_argv(target, 5)
    assert argv[argv.index("-F") + 1] == "none"
    assert "kexalgorithms=curve25519-sha256" in argv
    child = SshChild(target, timeout_seconds=5)
    assert _run(child, "echo there") == Reply(0, b"there\n")
    child.close()


def test_without_the_program_ssh(nas: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    target = nas.target()
    monkeypatch.setenv("PATH", str(tmp_path))
    child = SshChild(target, timeout_seconds=5)
    with pytest.raises(NoSshChild, match="the program ssh is not installed"):
        _run(child, ":")
    assert not child.is_usable


def test_by_host_and_port_it_goes_to_the_same_place_as_by_alias(nas: Server) -> None:
    target = dataclasses.replace(nas.target(), config_alias="", alias=f"-p {nas.port} {nas.username}@127.0.0.1")
    assert "-F" not in ssh_argv(target, 5)
    child = SshChild(target, timeout_seconds=5)
    assert _run(child, "echo there") == Reply(0, b"there\n")
    child.close()


def test_the_fastest_cipher_is_asked_for_first(nas: Server) -> None:
    assert f"Ciphers={ssh_child._CIPHERS}" in ssh_argv(nas.target(), 5)
    assert ssh_child._CIPHERS.startswith("^aes128-gcm@openssh.com,")
