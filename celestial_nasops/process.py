"""The one gate to child processes: an argument list, no input, bounded in time and output, the whole group reaped."""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Collection, Sequence
from typing import NamedTuple, Self

from celestial_nasops import causes
from celestial_nasops.fault import Fault

OUTPUT_LIMIT = 1 << 20
_KILL_SECONDS = 1.0
_PIPE_BYTES = 1 << 20  # the most that Linux gives to whoever asks, pipe(7)
_PACKAGES = {"ssh": "openssh-client", "ping": "iputils-ping", "systemctl": "systemd", "journalctl": "systemd"}


class ProcessFault(Fault):
    """A child process could not be started, hung, or ended in a way that the caller does not understand."""


class Completed(NamedTuple):
    """What a child process left behind. Exit codes below 0 are signals; of long output only the beginning is kept."""

    exit_code: int
    stdout: str
    stderr: str


def run(argv: Sequence[str], *, timeout_seconds: float, understood_exit_codes: Collection[int] = (0,)) -> Completed:
    """Run a program to its end.

    Args:
        argv: the program and its arguments; no shell is involved.
        timeout_seconds: after this long the program and all that it started are killed.
        understood_exit_codes: the codes that the caller knows how to read.

    Raises:
        ProcessFault: the program is missing, hung, or ended with any other exit code.
    """
    deadline = time.monotonic() + timeout_seconds
    child = _start(argv)
    try:
        stdout, stderr = _read_to_end(child, deadline)
        exit_code = child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired as error:
        raise ProcessFault(causes.PROGRAM_TIMED_OUT, command=_typed(argv), seconds=timeout_seconds) from error
    finally:
        _end_group(child)
    if exit_code not in understood_exit_codes:
        last_line = (stderr.strip() or stdout.strip() or "no output").splitlines()[-1]
        raise ProcessFault(
            causes.PROGRAM_FAILED, command=_typed(argv), exit_code=_in_words(exit_code), output=last_line
        )
    return Completed(exit_code, stdout, stderr)


class _Complaints:
    """What a program says on its standard error: kept in memory, for nobody reads it while the program runs.

    Of what goes beyond the limit the program is told that there is no room, so it can't fill the memory.
    """

    def __init__(self) -> None:
        self._file = open(os.memfd_create("complaints", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "rb")  # noqa: SIM115
        os.ftruncate(self.fileno(), OUTPUT_LIMIT)  # which takes no memory yet
        fcntl.fcntl(self.fileno(), fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)

    def fileno(self) -> int:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()

    def take(self) -> str:
        """All of it, and the end; empty the second time."""
        if self._file.closed:
            return ""
        with self._file as file:
            file.seek(0)
            return file.read(OUTPUT_LIMIT).rstrip(b"\0").decode("utf-8", "replace").strip()


class Companion:
    """A program that runs beside us until :meth:`end`; its standard input and output are one socket."""

    def __init__(self, argv: Sequence[str]) -> None:
        """Start it.

        Args:
            argv: the program and its arguments; no shell is involved.

        Raises:
            ProcessFault: the program is missing or can't be started.
        """
        self.socket, theirs = socket.socketpair()
        self._complaints = _Complaints()
        with theirs:
            try:
                self._child = _start(
                    argv, stdin=theirs.fileno(), stdout=theirs.fileno(), stderr=self._complaints.fileno()
                )
            except BaseException:
                self.socket.close()
                self._complaints.close()
                raise

    def wait(self) -> int:
        """Wait for the program's own end and return its exit code; one below 0 is a signal."""
        return self._child.wait()

    def end(self) -> str:
        """End it and all that it started, and return what it said on its standard error; a second call returns ''."""
        self.socket.close()
        _end_group(self._child)
        return self._complaints.take()


class Piped:
    """A program that is fed through one pipe and heard through another, until it ends by itself or by :meth:`end`.

    Attributes:
        stdin: the descriptor that feeds it; -1 once it was closed.
        stdout: the descriptor that it speaks to. Neither blocks: poll them.
    """

    def __init__(self, argv: Sequence[str]) -> None:
        """Start it.

        Args:
            argv: the program and its arguments; no shell is involved.

        Raises:
            ProcessFault: the program is missing or can't be started.
        """
        self._complaints = _Complaints()
        try:
            self._child = _start(argv, stdin=subprocess.PIPE, stderr=self._complaints.fileno())
        except BaseException:
            self._complaints.close()
            raise
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        # Taken from their file objects, which buffer.
        self.stdin, self.stdout = os.dup(self._child.stdin.fileno()), self._child.stdout.fileno()
        self._child.stdin.close()
        for pipe in (self.stdin, self.stdout):
            os.set_blocking(pipe, False)
        with contextlib.suppress(OSError):  # the kernel limits what a user's pipes may hold together
            fcntl.fcntl(self.stdin, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def close_stdin(self) -> None:
        """Let it see the end of its input. Closing twice is fine."""
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    def kill(self) -> None:
        """Kill it and all that it started, from any thread; who polls its pipes sees their end."""
        if self._child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)

    def end(self, patience_seconds: float = 0.0) -> tuple[int | None, str]:
        """End it with all that it started.

        Args:
            patience_seconds: how long to wait for its own end first.

        Returns:
            Its exit code, None where it had to be killed, and what it said on its standard error.
        """
        self.close_stdin()
        exit_code: int | None = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            exit_code = self._child.wait(patience_seconds)
        _end_group(self._child)
        return exit_code, self._complaints.take()


class Service:
    """A program that runs in the background, until it is ended by SIGTERM, and its whole group by SIGKILL if need be.

    Its standard input stays open and silent, so it can see the end of this process, whatever kills it.
    """

    def __init__(self, argv: Sequence[str], *, log_path: str, stop_seconds: float = 10) -> None:
        """Start it.

        Args:
            argv: the program and its arguments; no shell is involved.
            log_path: takes what it writes to standard error.
            stop_seconds: how long it may take to end when it is told to.

        Raises:
            ProcessFault: the program is missing or can't be started.
        """
        self._stop_seconds = stop_seconds
        with open(log_path, "ab") as log:
            self._child = _start(argv, stdin=subprocess.PIPE, stderr=log.fileno())
        self.pid = self._child.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def first_line(self, timeout_seconds: float) -> str:
        """The first line of its standard output; empty if it ended, or the time passed, without one."""
        out = self._child.stdout
        if out is None:
            return ""
        with selectors.DefaultSelector() as selector:
            selector.register(out, selectors.EVENT_READ)
            if not selector.select(timeout_seconds):
                return ""
        return out.readline(OUTPUT_LIMIT).decode("utf-8", "replace").rstrip("\n")

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._child.poll()

    def end(self) -> None:
        """End it and reap it."""
        if self._child.poll() is None:
            self._child.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._child.wait(self._stop_seconds)
        _end_group(self._child)
        if self._child.stdin:
            self._child.stdin.close()


def run_attached(argv: Sequence[str]) -> int:
    """Run a program that speaks to this program's own terminal, however long it takes, and return its exit code.

    Raises:
        ProcessFault: the program is missing.
    """
    try:
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise ProcessFault(causes.PROGRAM_MISSING, program=argv[0], package=argv[0]) from error
    with child:
        try:
            return child.wait()
        except BaseException:
            child.terminate()
            raise


def _start(
    argv: Sequence[str],
    *,
    stdin: int = subprocess.DEVNULL,
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.PIPE,
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            argv,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env={**os.environ, "LC_ALL": "C"},
            start_new_session=True,
        )
    except FileNotFoundError as error:
        package = _PACKAGES.get(os.path.basename(argv[0]), argv[0])
        raise ProcessFault(causes.PROGRAM_MISSING, program=argv[0], package=package) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProcessFault(causes.PROGRAM_UNUSABLE, program=argv[0], command=_typed(argv), reason=reason) from error


def _read_to_end(child: subprocess.Popen[bytes], deadline: float) -> tuple[str, str]:
    """Read both outputs; what exceeds the limit is read and dropped, so that the child can go on to its end."""
    kept = {pipe: bytearray() for pipe in (child.stdout, child.stderr) if pipe}
    with selectors.DefaultSelector() as selector:
        for pipe in kept:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                raise subprocess.TimeoutExpired(child.args, 0)
            for key, _ in selector.select(remaining):
                chunk = os.read(key.fd, 1 << 16)
                buffer = kept[key.fileobj]  # type: ignore[index]  # the pipes registered above
                buffer += chunk[: OUTPUT_LIMIT - len(buffer)]
                if not chunk:
                    selector.unregister(key.fileobj)
    stdout, stderr = (bytes(buffer).decode("utf-8", "replace") for buffer in kept.values())
    return stdout, stderr


def _end_group(child: subprocess.Popen[bytes]) -> None:
    if child.returncode is None:  # not reaped, so its number is still its own
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        # A process that hangs in the kernel, on a dead disk for one, dies later or never: it must not hold us.
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_KILL_SECONDS)
    for pipe in (child.stdout, child.stderr):
        if pipe:
            pipe.close()


def _typed(argv: Sequence[str]) -> str:
    import shlex  # only here: most programs do what they should

    return shlex.join(argv)


def _in_words(exit_code: int) -> str:
    if exit_code >= 0:
        return str(exit_code)
    try:
        return f"{exit_code} ({signal.Signals(-exit_code).name})"
    except ValueError:  # a real-time signal
        return str(exit_code)
