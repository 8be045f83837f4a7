"""A network of its own for an edge server and a NAS: nothing of it reaches, or is reached from, the real one."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.system import host

_CHECKOUT = Path(__file__).resolve().parent.parent.parent
ADDRESSES = {"edge": "10.77.0.2", "nas": "10.77.0.3"}


class Namespace:
    """A network namespace without a name. It lives as long as its holder, which ends with this process, however."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._holder.stdin is not None
        assert self._holder.stdout is not None
        self._holder.stdin.write(b"?")
        self._holder.stdin.flush()
        assert self._holder.stdout.read(1) == b"?", "unshare --net failed"
        self.ip("link", "set", "lo", "up")

    @property
    def pid(self) -> int:
        """A process that is in it."""
        return self._holder.pid

    @property
    def path(self) -> str:
        """For programs that enter it."""
        return f"/proc/{self.pid}/ns/net"

    def run(self, *argv: str, text: str | None = None) -> str:
        """Run a program of this machine in there."""
        return host.call("nsenter", f"--net={self.path}", *argv, text=text)

    def ip(self, *arguments: str) -> str:
        """Run ``ip``."""
        return self.run("ip", *arguments)

    def close(self) -> None:
        """Give it up; it vanishes with its last process."""
        self._holder.kill()
        self._holder.wait()
        for pipe in (self._holder.stdin, self._holder.stdout):
            assert pipe is not None
            pipe.close()


class Network:
    """``edge`` and ``nas`` behind one switch.

    Attributes:
        hosts: the namespaces of the two, for :class:`tests.system.machines.Machine`.
        switch: the one between them.
    """

    def __init__(self) -> None:
        self.hosts: dict[str, Namespace] = {}
        self._all: list[Namespace] = []
        try:
            self.switch = self._namespace()
            self.switch.ip("link", "add", "br0", "type", "bridge")
            self.switch.ip("link", "set", "br0", "up")
            for name, address in ADDRESSES.items():
                self._connect(name, address)
        except BaseException:
            self.close()
            raise

    def _namespace(self) -> Namespace:
        self._all.append(Namespace())
        return self._all[-1]

    def _connect(self, name: str, address: str) -> None:
        there = self.hosts[name] = self._namespace()
        there.ip("link", "add", "eth0", "type", "veth", "peer", "name", name, "netns", str(self.switch.pid))
        there.ip("addr", "add", f"{address}/24", "dev", "eth0")
        there.ip("link", "set", "eth0", "up")
        there.run("sysctl", "--quiet", "--write", "net.ipv4.ping_group_range=0 2147483647")
        self.switch.ip("link", "set", name, "master", "br0", "up")

    def close(self) -> None:
        """Take it down; machines that are in it keep a dead link."""
        for namespace in self._all:
            namespace.close()

    @contextlib.contextmanager
    def cut(self, name: str) -> Iterator[None]:
        """Pull the cable of one of the two."""
        self.switch.ip("link", "set", name, "down")
        try:
            yield
        finally:
            self.switch.ip("link", "set", name, "up")

    @contextlib.contextmanager
    def filtered(self, name: str, *rules: str) -> Iterator[None]:
        """Have one of the two judge what comes in by nftables rules, such as ``tcp dport 22 drop``."""
        lines = [f"add rule inet faults input {rule}" for rule in rules]
        chain = "add chain inet faults input { type filter hook input priority 0; }"
        self.hosts[name].run("nft", "-f", "-", text="\n".join(["add table inet faults", chain, *lines, ""]))
        try:
            yield
        finally:
            self.hosts[name].run("nft", "delete", "table", "inet", "faults")

    @contextlib.contextmanager
    def poor(self, *, delay_ms: float = 0, jitter_ms: float = 0, loss: float = 0) -> Iterator[None]:
        """Delay all frames in each direction, and lose that fraction of them. Not every kernel has tc's netem."""
        for name in ADDRESSES:
            self.switch.ip("link", "set", name, "nomaster")
        orders = json.dumps({"delay_ms": delay_ms, "jitter_ms": jitter_ms, "loss": loss})
        enter = ["nsenter", f"--net={self.switch.path}"]
        argv = [*enter, sys.executable, "-m", "tests.system.wire", *ADDRESSES, orders]
        # What it is waited for is written before anything can be lost; it ends with its input.
        wire = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_CHECKOUT, env=_environment())
        try:
            assert wire.stdout is not None
            assert wire.stdout.readline() == b"ready\n", "the wire failed, see above"
            yield
        finally:
            wire.kill()
            wire.communicate()
            for name in ADDRESSES:
                self.switch.ip("link", "set", name, "master", "br0")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1"}
