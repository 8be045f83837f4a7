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
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.system import host
from tests.system.containers import PATH, Container
from tests.system.network import Namespace
from tests.system.roots import Disk

# nsenter keeps the caller's capabilities. With these, what runs "inside" would act on the real machine.
_DROPPED = (
    *("sys_time", "sys_module", "sys_rawio", "sys_resource", "sys_pacct", "syslog", "ipc_lock", "mac_admin"),
    *("mac_override", "wake_alarm", "block_suspend", "audit_read", "bpf", "perfmon", "checkpoint_restore"),
)
_ENVIRONMENT = {
    "PATH": PATH,
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "TERM": "dumb",
    "SYSTEMD_PAGER": "",
    "SYSTEMD_COLORS": "0",
}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command in a machine left."""

    exit_code: int
    stdout: str
    stderr: str


class Machine(Container):
    """One machine, switched off at first. Use :func:`machine`, which also cleans up."""

    def wait_until_up(self) -> None:
        """Until its systemd has reached its goal."""
        super().wait_until_up()
        state = self.run("systemctl", "is-system-running", "--wait", check=False).stdout.strip()
        assert state in ("running", "degraded"), f"{self.name}: {state}\n{self.console()}"

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
    with host.scratch(name) as folder:
        one = Machine(name, disk, folder, network=network, read_only=read_only or {})
        try:
            if boot:
                one.boot()
            yield one
        finally:
            one.cut_power()
