"""Containers of systemd-nspawn with a power switch; :mod:`tests.system.machines` is what tests use.

Each boots from an overlay above a :class:`tests.system.roots.Disk`, in namespaces that end with the test process,
however that ends.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.system import host
from tests.system.network import ADDRESSES, Namespace
from tests.system.roots import Disk

BOOT_SECONDS = 60
STOP_SECONDS = 60
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
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


class Container:
    """One container, switched off at first.

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
                "PATH": PATH,
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
        """Until its systemd says that it has reached its goal."""
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
