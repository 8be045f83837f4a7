"""Machines with a booted systemd for tests: boot, run commands inside, stop, cut the power, boot again.

    with machine("edge", roots.root("bookworm")) as edge:
        edge.run("systemctl", "start", "smoke-check.service")
        assert edge.unit("smoke-check.service")["Result"] == "success"
        edge.cut_power()
        edge.boot()  # with the disk as it was

A machine is a container of systemd-nspawn that boots in half a second from an overlay above a
:class:`tests.system.roots.Disk`. Whatever it writes goes into a folder of the test, and is still there after a power
cut. Containers and mounts end with the test process, however that ends. Time is the host's: nothing in a machine may
set the clock.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system import host
from tests.system.network import ADDRESSES, Namespace
from tests.system.roots import Disk

BOOT_SECONDS = 60
STOP_SECONDS = 60
# nsenter keeps the caller's capabilities. With these, what runs "inside" would act on the real machine.
_DROPPED = (
    *("sys_time", "sys_module", "sys_rawio", "sys_resource", "sys_pacct", "syslog", "ipc_lock", "mac_admin"),
    *("mac_override", "wake_alarm", "block_suspend", "audit_read", "bpf", "perfmon", "checkpoint_restore"),
)
_ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
}
# Alone, systemd-nspawn would leave its machine running when it is killed. As process 1 of a process namespace it takes
# all with it, and the mount namespace around it takes the mounts.
_PRIVATE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private")
_LAUNCH = """
set -e
mount -t overlay overlay -o "$OVERLAY" "$ROOT"
[ -z "$NETWORK" ] || mount --bind "$NETWORK" "$NETWORK_SEEN"
exec unshare --pid --fork --kill-child --mount-proc sh -ec '
    for group in $GROUPS_TO_JOIN; do echo $$ >"$group"; done
    exec env -i PATH="$PATH" NOTIFY_SOCKET="$NOTIFY" SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 systemd-nspawn "$@"
' sh "$@"
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command in a machine left."""

    exit_code: int
    stdout: str
    stderr: str


class Machine:
    """One machine, switched off at first. Use :func:`machine`, which also cleans up.

    Attributes:
        name: its host name.
        leader: its process 1, as this machine sees it; 0 while it is off.
    """

    def __init__(
        self, name: str, disk: Disk, folder: Path, *, network: Namespace | None, read_only: Mapping[str, Path]
    ) -> None:
        """Prepare it.

        Args:
            name: its host name.
            disk: what it boots from.
            folder: where it keeps what it writes.
            network: where it is plugged in; by default it has a loopback only.
            read_only: files and folders of this machine that it sees, by the path where it sees them.
        """
        self.name = name
        self.leader = 0
        self._disk = disk
        self._folder = folder
        self._network = network
        self._read_only = dict(read_only)
        self._nspawn: subprocess.Popen[bytes] | None = None
        self._on = contextlib.ExitStack()
        for part in ("upper/etc", "work", "root"):
            (folder / part).mkdir(parents=True)
        for part in ("upper", "upper/etc", "root"):
            (folder / part).chmod(0o755)
        (folder / "network").touch()
        (folder / "upper/etc/machine-id").write_text(f"{os.urandom(16).hex()}\n")
        (folder / "upper/etc/hostname").write_text(f"{name}\n")
        hosts = "".join(f"{address} {host_name}\n" for host_name, address in ADDRESSES.items())
        (folder / "upper/etc/hosts").write_text(f"127.0.0.1 localhost\n{hosts}")

    # --- power ---

    def boot(self) -> None:
        """Switch it on, and return when it is up.

        Raises:
            AssertionError: it does not come up; with its console.
        """
        self.switch_on()
        self.wait_until_up()

    def switch_on(self) -> None:
        """Switch it on, and return at once. From the main thread only, for the machine ends with its thread."""
        assert self._nspawn is None, f"{self.name} is on already"
        with contextlib.ExitStack() as on:
            groups = on.enter_context(host.cgroup(f"{self.name}-{os.urandom(2).hex()}"))
            self._notices = on.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            notify = self._folder / "notify"
            notify.unlink(missing_ok=True)
            self._notices.bind(os.fspath(notify))
            layers = ":".join(os.fspath(layer) for layer in self._disk.layers)
            environment = {
                "PATH": _ENVIRONMENT["PATH"],
                "GROUPS_TO_JOIN": " ".join(map(str, groups)),
                "OVERLAY": f"lowerdir={layers},upperdir={self._folder}/upper,workdir={self._folder}/work",
                "ROOT": f"{self._folder}/root",
                "NOTIFY": str(notify),
                "NETWORK": self._network.path if self._network else "",
                "NETWORK_SEEN": f"{self._folder}/network",
            }
            self._nspawn = subprocess.Popen(
                [*_PRIVATE, "sh", "-c", _LAUNCH, "sh", *self._nspawn_options()],
                stdin=subprocess.DEVNULL,
                stdout=on.enter_context((self._folder / "console").open("ab")),
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
            self._on = on.pop_all()

    def _nspawn_options(self) -> list[str]:
        network = f"--network-namespace-path={self._folder}/network" if self._network else "--private-network"
        return [
            "--quiet",
            "--register=no",
            "--keep-unit",
            "--notify-ready=yes",
            "--console=pipe",
            "--link-journal=no",
            "--resolv-conf=off",
            "--timezone=off",
            "--capability=CAP_BPF,CAP_PERFMON",  # for IPAddressDeny=
            "--system-call-filter=bpf",
            f"--machine={self.name}",
            f"--hostname={self.name}",
            f"--directory={self._folder}/root",
            network,
            *(f"--bind-ro={source}:{there}" for there, source in self._read_only.items()),
            "--boot",
        ]

    def wait_until_up(self) -> None:
        """Until its systemd has reached its goal."""
        assert self._nspawn is not None, f"{self.name} is off"
        deadline = time.monotonic() + BOOT_SECONDS
        notices = ""
        while "READY=1" not in notices:
            ready, _, _ = select.select([self._notices], [], [], 0.2)
            if ready:
                notices += self._notices.recv(4096).decode() + "\n"
            assert self._nspawn.poll() is None, f"{self.name} did not start:\n{self.console()}"
            assert time.monotonic() < deadline, f"{self.name} did not come up:\n{self.console()}"
        # The machine goes on telling, and its process 1 would wait for whoever does not listen.
        self._notices.close()
        [nspawn] = host.children(self._nspawn.pid)
        [self.leader] = host.children(nspawn)
        state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        assert state in ("running", "degraded"), f"{self.name}: {state}\n{self.console()}"

    def stop(self) -> None:
        """Shut it down in good order."""
        assert self._nspawn is not None
        os.kill(self.leader, signal.SIGRTMIN + 4)  # systemd(1): poweroff.target
        self._wait_until_off(STOP_SECONDS)

    def cut_power(self) -> None:
        """Switch it off at once. What its kernel had been given stays on its disk."""
        if self._nspawn is None:
            return
        with contextlib.suppress(ProcessLookupError):
            # Whoever kills process 1 of a machine kills all of it.
            os.kill(self.leader or self._nspawn.pid, signal.SIGKILL)
        try:
            self._wait_until_off(STOP_SECONDS)
        except AssertionError:
            self._nspawn.kill()
            self._wait_until_off(STOP_SECONDS)

    def _wait_until_off(self, seconds: float) -> None:
        assert self._nspawn is not None
        try:
            self._nspawn.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} is not off after {seconds:g} s:\n{self.console()}") from None
        self._nspawn, self.leader = None, 0
        self._on.close()

    @property
    def is_on(self) -> bool:
        """Whether it is switched on."""
        return self._nspawn is not None

    def console(self) -> str:
        """What it has printed since it was made."""
        return (self._folder / "console").read_text(errors="replace")

    def disk(self) -> Disk:
        """Its disk, for other machines to boot from. It must be off, and stays so."""
        assert self._nspawn is None, f"{self.name} is on"
        return Disk(self._disk.suite, (self._folder / "upper", *self._disk.layers))

    # --- inside ---

    def entered(self, argv: Sequence[str], *, user: str | None = None) -> list[str]:
        """The command of this machine that runs a command in there, in no unit and no session."""
        assert self.leader, f"{self.name} is off"
        enter = ["nsenter", "--target", str(self.leader), "--all", "env", "-i"]
        values = [f"{name}={value}" for name, value in _ENVIRONMENT.items()]
        drop = ["setpriv", f"--bounding-set={','.join(f'-{name}' for name in _DROPPED)}"]
        if user:
            drop += [f"--reuid={user}", f"--regid={user}", "--init-groups", "--inh-caps=-all"]
        return [*enter, *values, *drop, "--", *argv]

    def start(self, *argv: str, user: str | None = None) -> subprocess.Popen[str]:
        """Start a command in there. It ends with the machine, or with :meth:`subprocess.Popen.kill`."""
        return subprocess.Popen(
            self.entered(argv, user=user),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )

    def run(
        self, *argv: str, check: bool = True, text: str | None = None, user: str | None = None, timeout: float = 120
    ) -> Ran:
        """Run a command in there to its end, as root or as that user, outside of all units.

        Args:
            argv: the program and its arguments.
            check: whether an exit code other than 0 fails the test.
            text: its standard input.
            user: its user.
            timeout: seconds; it is killed after them.

        Raises:
            AssertionError: see ``check``; with everything that it said.
        """
        child = self.start(*argv, user=user)
        try:
            stdout, stderr = child.communicate(text, timeout)
        except BaseException:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            raise
        done = Ran(child.returncode, stdout, stderr)
        assert not check or done.exit_code == 0, f"{self.name}: {argv}: {done}"
        return done

    def shell(self, script: str, *, check: bool = True, user: str | None = None, timeout: float = 120) -> str:
        """Run a shell script in there, which ends at its first error, and return what it prints."""
        return self.run("sh", "-euc", script, check=check, user=user, timeout=timeout).stdout

    def run_as_unit(self, *argv: str, user: str = "root", properties: Sequence[str] = (), timeout: float = 120) -> Ran:
        """Run a command as systemd would, in a service of its own; ``properties`` as in systemd-run(1)."""
        options = ["--quiet", "--wait", "--pipe", "--collect", f"--property=User={user}"]
        options += [f"--property={name}" for name in properties]
        return self.run("systemd-run", *options, "--", *argv, check=False, timeout=timeout)

    # --- files ---

    def path(self, path: str) -> Path:
        """A file in there, seen from here; only while it is on. Don't follow absolute symbolic links in it."""
        assert self.leader, f"{self.name} is off"
        return Path(f"/proc/{self.leader}/root{path}")

    def write(self, path: str, content: str | bytes, *, mode: int = 0o644, owner: str = "root:root") -> None:
        """Write a file in there, and the folders above it where they are missing."""
        place = self.path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        place.chmod(mode)
        if owner != "root:root":
            self.run("chown", owner, path)

    def read(self, path: str) -> str:
        """The text of a file in there."""
        return self.path(path).read_text(encoding="utf-8")

    def find(self, *arguments: str) -> list[str]:
        """What ``find`` prints, sorted."""
        return sorted(self.run("find", *arguments).stdout.splitlines())

    # --- its systemd ---

    def unit(self, name: str) -> dict[str, str]:
        """All properties of a unit, as ``systemctl show`` has them; times as ``@`` and Unix seconds."""
        shown = self.run("systemctl", "show", "--timestamp=unix", "--", name).stdout
        return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)

    def wait_for_unit(self, name: str, *, seconds: float = 30, **properties: str) -> dict[str, str]:
        """Wait until properties of a unit have these values, such as ``ActiveState="failed"``, and return all.

        Raises:
            AssertionError: they don't in time; with the last lines of its journal.
        """
        shown: dict[str, str] = {}

        def there() -> bool:
            nonlocal shown
            shown = self.unit(name)
            return all(shown.get(key) == value for key, value in properties.items())

        try:
            self.wait_for_journal(there, f"UNIT={name}", "+", f"_SYSTEMD_UNIT={name}", seconds=seconds)
        except AssertionError:
            seen = {key: shown.get(key) for key in properties}
            raise AssertionError(f"{self.name}: {name} is {seen}\n{self.journal(f'--unit={name}')}") from None
        return shown

    def wait_for_journal(self, look: Callable[[], object], *matches: str, seconds: float = 30) -> None:
        """Look at each new record of the journal, and now and then, until there is something to see."""
        deadline = time.monotonic() + seconds
        follower = self.start("journalctl", "--follow", "--lines=0", "--output=cat", "--quiet", *matches)
        assert follower.stdout is not None
        try:
            while not look():
                assert time.monotonic() < deadline, f"not seen within {seconds:g} s"
                if select.select([follower.stdout], [], [], 0.5)[0]:
                    assert os.read(follower.stdout.fileno(), 1 << 16), f"{self.name}: journalctl ended"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(follower.pid, signal.SIGKILL)
            follower.communicate()

    def failed_units(self) -> list[str]:
        """What ``systemctl --failed`` lists."""
        return [unit["unit"] for unit in json.loads(self.run("systemctl", "--failed", "--output=json").stdout)]

    def journal(self, *arguments: str) -> str:
        """What journalctl prints."""
        return self.run("journalctl", "--no-pager", "--quiet", *arguments).stdout

    def records(self, *arguments: str) -> list[dict[str, Any]]:
        """Records of the journal, with all their fields."""
        return [json.loads(line) for line in self.journal("--output=json", "--all", *arguments).splitlines()]


@contextlib.contextmanager
def machine(
    name: str,
    disk: Disk,
    *,
    network: Namespace | None = None,
    read_only: Mapping[str, Path] | None = None,
    boot: bool = True,
) -> Iterator[Machine]:
    """A machine that is booted, or is yet to be, and cut off in the end.

    Its disk vanishes with it. To boot others from it, stop it and use :meth:`Machine.disk` while the block lasts.
    """
    with _folder(name) as folder:
        one = Machine(name, disk, folder, network=network, read_only=read_only or {})
        try:
            if boot:
                one.boot()
            yield one
        finally:
            one.cut_power()


@contextlib.contextmanager
def _folder(name: str) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix=f"celestial-{name}-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
