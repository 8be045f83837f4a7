"""Real SSH servers on loopback that play the NAS. Both kinds are used the same way."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from celestial_nasops.config import Config
from celestial_nasops.durable import user_name
from celestial_nasops.nas.target import SshTarget, resolve
from tests.waiting import eventually

ALIAS = "nas-edge"
_START_TRIES = 5
_CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass
class Server:
    """A running server, and what its clients need.

    ``files`` is an empty folder that the server's account may write, meant as the NAS's ``base_path``. The tests see it
    under the same path as the configuration names it. ``is_jailed`` tells that a login sees nothing but that.
    """

    folder: str
    username: str
    client_key: str
    argv: list[str] = field(default_factory=list)
    port: int = 0
    base_path: str = ""
    access: str = "auto"
    is_jailed: bool = False
    _process: subprocess.Popen[bytes] | None = None
    _frozen: list[int] = field(default_factory=list)

    @property
    def ssh_config(self) -> str:
        """The path for ``nas_settings.ssh_config_path``; it knows the alias nas-edge."""
        return os.path.join(self.folder, "ssh_config")

    @property
    def known_hosts(self) -> str:
        """The file that pins this server's key."""
        return os.path.join(self.folder, "known_hosts")

    @property
    def files(self) -> str:
        """A folder for files."""
        return self.base_path or os.path.join(self.folder, "files")

    @property
    def log(self) -> str:
        """What the server wrote to standard error."""
        with open(os.path.join(self.folder, "log"), encoding="utf-8", errors="replace") as file:
            return file.read()

    @property
    def pid(self) -> int:
        """The listening process."""
        assert self._process is not None, "the server does not run"
        return self._process.pid

    def nas_settings(self) -> dict[str, object]:
        """The section of the configuration that leads here."""
        return {
            "ssh_alias": ALIAS,
            "ssh_config_path": self.ssh_config,
            "base_path": self.files,
            "access": self.access,
        }

    def config(self) -> Config:
        """A configuration that leads here; everything else has its default."""
        return Config.model_validate({"nas_settings": self.nas_settings()})

    def target(self) -> SshTarget:
        """The resolved target."""
        return resolve(self.config())

    def descendants(self) -> list[int]:
        """The processes that serve connections and run commands, children before their own children."""
        return descendants_of(self.pid)

    def cut_connections(self) -> None:
        """Kill what serves the present connections; new ones are taken."""
        _send_all(signal.SIGKILL, self.descendants())

    def freeze(self) -> None:
        """From now on it answers nothing; the kernel still accepts connections for it."""
        self._frozen = [self.pid, *self.descendants()]
        _send_all(signal.SIGSTOP, self._frozen)

    def thaw(self) -> None:
        """Let it go on."""
        _send_all(signal.SIGCONT, self._frozen)
        self._frozen = []

    def start(self) -> None:
        """Start it again on the same port."""
        assert self._process is None, "the server runs already"
        with open(os.path.join(self.folder, "log"), "ab") as log:
            self._process = subprocess.Popen(
                self.argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=log, cwd=_CHECKOUT
            )

    def restart(self, *, environment: Sequence[str] = ()) -> None:
        """Have its commands run with these variables beside their usual ones, until the next restart."""
        self.stop()
        path = Path(self.folder, "sshd_config")
        lines = path.read_text().splitlines()
        usual = next(line for line in lines if line.startswith("SetEnv ")).partition(" BESIDE=")[0]
        beside = " ".join(["BESIDE=1", *(f'"{value}"' for value in environment)])
        lines = [f"{usual} {beside}" if line.startswith("SetEnv ") else line for line in lines]
        path.write_text("\n".join(lines) + "\n")
        self.start()
        assert self.wait_until_it_answers(), self.log

    def stop(self) -> None:
        """End it with its connections and commands; twice is fine."""
        if self._process is None:
            return
        self.thaw()
        below = self.descendants()
        self._process.kill()
        _send_all(signal.SIGKILL, below)
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process = None

    def wait_until_it_answers(self) -> bool:
        """True once a connection gets a greeting; False when the server ended instead."""

        def greeted() -> str:
            assert self._process is not None
            if self._process.poll() is not None:
                return "ended"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as connection:
                connection.settimeout(5)
                if connection.recv(4) == b"SSH-":
                    return "greeted"
            return ""

        return eventually(greeted, 20) == "greeted"


def descendants_of(pid: int) -> list[int]:
    """The processes below one, parents before their own children."""
    children: dict[int, list[int]] = {}
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as file:
            parent = int(file.read().rpartition(b")")[2].split()[1])
            children.setdefault(parent, []).append(int(name))
    found: list[int] = []
    todo = [pid]
    while todo:
        below = children.get(todo.pop(0), [])
        found += below
        todo += below
    return found


def _send_all(number: signal.Signals, pids: Sequence[int]) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def make_key(path: str, kind: str = "ed25519", *, passphrase: str = "") -> str:
    """Make a key pair with ssh-keygen and return the public line's first two words."""
    subprocess.run(
        [
            "ssh-keygen",
            "-q",
            "-t",
            kind,
            *(["-b", "2048"] if kind == "rsa" else []),
            "-N",
            passphrase,
            "-C",
            "",
            "-f",
            path,
        ],
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=30,
    )
    return public_key(path)


def public_key(path: str) -> str:
    """The kind and the encoded form of a key, as known_hosts and authorized_keys hold them."""
    with open(f"{path}.pub", encoding="ascii") as file:
        return " ".join(file.read().split()[:2])


def fingerprint(path: str) -> str:
    """The kind and SHA-256 fingerprint of a key as ssh-keygen gives it: ``ssh-ed25519 SHA256:...``."""
    answer = subprocess.run(["ssh-keygen", "-l", "-f", f"{path}.pub"], check=True, capture_output=True, timeout=30)
    return f"{public_key(path).split()[0]} {answer.stdout.decode().split()[1]}"


@contextlib.contextmanager
def openssh_server(
    folder: str | os.PathLike[str],
    *,
    settings: Sequence[str] = (),
    environment: Sequence[str] = (),
    host_key_kinds: Sequence[str] = ("ed25519",),
    base_path: str = "",
) -> Iterator[Server]:
    """A real sshd that logs the present user in, with keys of its own.

    Args:
        folder: made where it is missing; holds keys, configuration and files.
        settings: lines for sshd_config that win over those here.
        environment: ``NAME=value`` for its commands. Their HOME is empty, so nobody's profile plays a part.
        host_key_kinds: the host keys that it has; all are pinned.
        base_path: where its files lie; empty: in ``folder``.
    """
    server = _prepared(folder, user_name(), base_path)
    program = shutil.which("sshd", path="/usr/sbin:/usr/local/sbin:/usr/bin")
    assert program, "the tests need a real sshd: sudo apt-get install openssh-server"
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)
    with open(os.path.join(server.folder, "authorized_keys"), "w", encoding="ascii") as file:
        file.write(make_key(server.client_key) + "\n")
    host_keys = [os.path.join(server.folder, f"host_{kind}") for kind in host_key_kinds]
    public_keys = [make_key(path, kind) for path, kind in zip(host_keys, host_key_kinds, strict=True)]
    config = os.path.join(server.folder, "sshd_config")
    # it ends even when the tests are killed; it does not watch its standard input, as the embedded one does
    server.argv = ["setpriv", "--pdeathsig", "KILL", program, "-f", config, "-D", "-e"]
    try:
        for _ in range(_START_TRIES):  # somebody may take the free port before sshd does
            server.port = free_port()
            lines = (
                f"ListenAddress 127.0.0.1:{server.port}",
                *(f'HostKey "{path}"' for path in host_keys),
                f'AuthorizedKeysFile "{server.folder}/authorized_keys"',
                "StrictModes no",
                "UsePAM no",
                "PermitRootLogin prohibit-password",
                "PasswordAuthentication no",
                "KbdInteractiveAuthentication no",
                "PidFile none",
                "UseDNS no",
                # of most settings the first value counts, of this one the last
                *(() if any(line.startswith("MaxStartups ") for line in settings) else ("MaxStartups 100",)),
                "SetEnv " + " ".join([f'"HOME={server.folder}/home"', *environment]),
            )
            Path(config).write_text("\n".join([*settings, *lines]) + "\n")
            server.start()
            if server.wait_until_it_answers():
                break
            server.stop()
        else:
            raise AssertionError(f"sshd does not start:\n{server.log}")
        pin(server, public_keys)
        _write_ssh_config(server)
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def busybox_server(folder: str | os.PathLike[str]) -> Iterator[Server]:
    """A real sshd whose account has ash for a shell, and BusyBox's applets for all commands."""
    busybox = shutil.which("busybox")
    assert busybox, "the tests need busybox: sudo apt-get install busybox"
    applets = os.path.join(os.fspath(folder), "applets")
    os.makedirs(applets)
    names = subprocess.run([busybox, "--list"], check=True, capture_output=True, timeout=30).stdout.decode().split()
    for name in names:
        os.symlink(busybox, os.path.join(applets, name))
    shell = f'ForceCommand exec {shlex.quote(applets)}/ash -c "$SSH_ORIGINAL_COMMAND"'
    with openssh_server(folder, settings=[shell], environment=[f'"PATH={applets}"']) as server:
        yield server


@contextlib.contextmanager
def embedded_server(folder: str | os.PathLike[str]) -> Iterator[Server]:
    """The demonstration's own server."""
    server = _prepared(folder, "edge_sync")
    server.client_key = os.path.join(server.folder, "keys", "client_key")
    base = [sys.executable, "-m", "healthcheck.demo.embedded_nas", "--folder", server.folder]
    try:
        for _ in range(_START_TRIES):
            server.port = free_port()
            server.argv = [*base, "--port", str(server.port)]
            server.start()
            if server.wait_until_it_answers():
                break
            server.stop()
        else:
            raise AssertionError(f"the embedded NAS does not start:\n{server.log}")
        yield server
    finally:
        server.stop()


def pin(server: Server, public_keys: Sequence[str]) -> None:
    """Make these the keys that the server's known_hosts file pins."""
    lines = [f"[127.0.0.1]:{server.port} {key}\n" for key in public_keys]
    Path(server.known_hosts).write_text("".join(lines))


def _prepared(folder: str | os.PathLike[str], username: str, base_path: str = "") -> Server:
    server = Server(os.path.abspath(folder), username, os.path.join(os.path.abspath(folder), "client_key"))
    server.base_path = base_path
    os.makedirs(server.files, exist_ok=True)
    os.makedirs(os.path.join(server.folder, "home"), exist_ok=True)
    return server


def _write_ssh_config(server: Server) -> None:
    lines = (
        f"Host {ALIAS}",
        "HostName 127.0.0.1",
        f"Port {server.port}",
        f"User {server.username}",
        f'IdentityFile "{server.client_key}"',
        "IdentitiesOnly yes",
        f'UserKnownHostsFile "{server.known_hosts}"',
        "GlobalKnownHostsFile none",
        "StrictHostKeyChecking yes",
    )
    Path(server.ssh_config).write_text("\n    ".join(lines) + "\n")


def environment_with(folder: Path, name: str, script: str) -> list[str]:
    """The ``environment`` of a server on which a program is this shell script, which is put into a new folder."""
    folder.mkdir()
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)
    return [f'"PATH={folder}:{os.environ["PATH"]}"']
