"""Commands on the NAS by way of the program ssh, for what moves many bytes: it encrypts three times as fast as we can.

Each command has a process and a connection of its own, so nothing is left of it when it is over. The next one's is
opened beside the work, for to connect takes a fifth of a second and more.
"""

from __future__ import annotations

import contextlib
import math
import os
import re
import select
import shlex
import time
from collections.abc import Callable, Iterable, Sequence

from celestial_nasops import causes
from celestial_nasops.fault import NasFault, NasUnavailable, shown
from celestial_nasops.nas import remote_errors
from celestial_nasops.nas.piece import Chunk, put
from celestial_nasops.nas.shell import Framed, Reply
from celestial_nasops.nas.target import SshTarget
from celestial_nasops.process import Piped, ProcessFault

# The fastest where the processor has AES, and what an attacker on the line can't shorten; then what ssh would take.
_CIPHERS = "^aes128-gcm@openssh.com,aes256-gcm@openssh.com"
_OUTPUT_LIMIT_BYTES = 1 << 20
_END_SECONDS = 1.0
_SCRIPT_END_SECONDS = 3.0
_STEPS_OF_A_LOGIN = 3
_LEFT_ALONE_SECONDS = 600.0
# Before it has seen who we are, a server that is busy ends connections (MaxStartups); no login has failed by that.
_TURNED_AWAY = re.compile(r"^kex_exchange_identification: ", re.MULTILINE)
_TURNED_AWAY_SECONDS = 10.0
# A peer that has not answered so many times is given up when the next answer would be due. Of that end ssh tells at
# LogLevel=INFO; below that, a command that was killed there looks the same.
_ALIVE_SECONDS, _ALIVE_COUNT = 3, 3
_ALIVE = ("-o", f"ServerAliveInterval={_ALIVE_SECONDS}", "-o", f"ServerAliveCountMax={_ALIVE_COUNT}")
_GIVEN_UP = re.compile(r"^Timeout, server \S+ not responding\.", re.MULTILINE)
_SETTINGS = (
    *("-T", "-a", "-x", "-e", "none"),
    *("-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "UpdateHostKeys=no"),
    *("-o", f"Ciphers={_CIPHERS}", "-o", "Compression=no", "-o", "LogLevel=INFO", "-o", "ConnectionAttempts=1"),
    *("-o", "ClearAllForwardings=yes", "-o", "ControlMaster=no", "-o", "ControlPath=none"),
    *("-o", "PermitLocalCommand=no", "-o", "RemoteCommand=none", "-o", "RequestTTY=no"),
    *_ALIVE,
)


# Runs what it reads: the length of a command in one line, then the command, whose input is all that follows.
_WAITING = (
    'read -r size && command=$(dd bs="$size" count=1 iflag=fullblock 2> /dev/null) && [ -n "$command" ] && '
    'eval "$command"'
)


class NoSshChild(Exception):  # noqa: N818 - not an error: there is the other way
    """This way does not lead to a shell on the NAS; nothing was sent."""


class SshChild:
    """Runs one command at a time; :meth:`abort` from any thread."""

    def __init__(self, target: SshTarget, *, timeout_seconds: float) -> None:
        """Prepare it.

        Args:
            target: where, and as whom.
            timeout_seconds: the longest wait for one step of a connection.
        """
        self.target = target
        self._timeout_seconds = timeout_seconds
        self._child: Piped | None = None
        self._spare: Piped | None = None
        self._aborted = False
        self._left_alone_until = 0.0

    @property
    def is_usable(self) -> bool:
        """Whether it is worth a try; for a while after one that failed it is not."""
        return time.monotonic() >= self._left_alone_until

    @property
    def is_open(self) -> bool:
        """Whether a connection waits for the next command."""
        return self._spare is not None

    def abort(self) -> None:
        """End what runs, for good; whoever waits for an answer gets a fault."""
        self._aborted = True
        for child in (self._child, self._spare):
            if child is not None:
                child.kill()

    def exec(
        self,
        script: str,
        *,
        args: Sequence[str | bytes] = (),
        timeout_seconds: float,
        stdin: Iterable[Chunk] | None = None,
        action: str = "run",
        path: str = "a command",
        more_time: Callable[[bytes], float | None] | None = None,
    ) -> Reply:
        """Run a POSIX sh script on the NAS, as ``NasSession.exec`` does.

        Raises:
            NoSshChild: no shell was reached; ``stdin`` was not touched.
            NasUnavailable: no answer in time, or the connection was lost.
            NasFault: the script was killed, or said more than 1 MiB.
        """
        framed = Framed(script, args)
        talk = self._talk(framed, timeout_seconds)
        reply, patience = None, 0.0
        try:
            try:
                talk.send(stdin or ())
            except BaseException:
                # When our caller cleans up, or tries again, the script must not be about to create a file.
                talk.timeout_seconds = min(talk.timeout_seconds, _SCRIPT_END_SECONDS)
                talk.reply(None)
                raise
            reply = talk.reply(more_time)
            patience = _END_SECONDS
        finally:
            self._child = None
            exit_code, said = talk.child.end(patience)
        if reply is not None:
            self._open_spare()
            return reply
        raise self._fault(talk, exit_code, said, f"{action} {path}", action, path)

    def close(self) -> None:
        """Close the connection that waits for the next command."""
        spare, self._spare = self._spare, None
        if spare is not None:
            spare.end()

    def _talk(self, framed: Framed, timeout_seconds: float) -> _Talk:
        """Begin to run a script, through the connection that waits for one where it still stands."""
        if self._spare is not None:
            self._child, self._spare = self._spare, None
            talk = _Talk(self._child, framed, timeout_seconds)
            if talk.begins_within(_STEPS_OF_A_LOGIN * self._timeout_seconds):
                return talk
            self._child.end()
        try:
            self._child = self._open()
        except ProcessFault as fault:
            self._left_alone_until = time.monotonic() + _LEFT_ALONE_SECONDS
            raise NoSshChild(fault.summary) from fault
        talk = _Talk(self._child, framed, timeout_seconds)
        if self._aborted:
            self._child.kill()
        if talk.begins_within(_STEPS_OF_A_LOGIN * self._timeout_seconds):
            return talk
        _, said = self._child.end()
        self._child = None
        is_turned_away = _TURNED_AWAY.search(said) is not None
        self._left_alone_until = time.monotonic() + (_TURNED_AWAY_SECONDS if is_turned_away else _LEFT_ALONE_SECONDS)
        raise NoSshChild(shown(said.splitlines()[-1]) if said else "ssh reaches no shell there")

    def _open(self) -> Piped:
        return Piped([*ssh_argv(self.target, self._timeout_seconds), f"exec sh -c {shlex.quote(_WAITING)}"])

    def _open_spare(self) -> None:
        if not self._aborted:
            with contextlib.suppress(ProcessFault):
                self._spare = self._open()

    def _fault(self, talk: _Talk, exit_code: int | None, said: str, stage: str, action: str, path: str) -> NasFault:
        target = self.target
        if talk.heard > _OUTPUT_LIMIT_BYTES:
            return remote_errors.command_failed(
                target, action, path, f"its answer is longer than {_OUTPUT_LIMIT_BYTES} bytes"
            )
        seconds = talk.timeout_seconds if talk.timed_out else _ALIVE_SECONDS * (_ALIVE_COUNT + 1)
        if (talk.timed_out or (exit_code == 255 and _GIVEN_UP.search(said))) and not self._aborted:
            return NasUnavailable(causes.NAS_SILENT, host=target.host, port=target.port, seconds=seconds, stage=stage)
        # ssh says on its standard error what happened to a connection, and nothing of a command that was killed. Where
        # it has said something else, as a banner, it may have been either, and no file is to blame.
        if exit_code == 255 and not said:
            return remote_errors.command_failed(target, action, path, "the command was killed there")
        if exit_code is not None and 0 <= exit_code < 255:
            return remote_errors.command_failed(target, action, path, f"its shell ended early with status {exit_code}")
        return NasUnavailable(causes.NAS_CONNECTION_LOST, host=target.host, stage=stage, target=target.alias)


def ssh_argv(target: SshTarget, timeout_seconds: float) -> list[str]:
    """How to call ssh so that it goes where ``target`` leads, with the keys and host keys that count there."""
    argv = ["ssh", *_SETTINGS, "-o", f"ConnectTimeout={math.ceil(timeout_seconds)}"]
    known = target.known_hosts_files
    argv += ["-o", f"UserKnownHostsFile={_words(known)}", "-o", "GlobalKnownHostsFile=none"]
    key = next((path for path in target.identity_files if os.path.lexists(path)), None)
    if key is not None:  # one only: DSM blocks an address after a few refused keys
        argv += ["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o", f"IdentityFile={_words([key])}"]
    if target.instead_of_config:
        argv += target.instead_of_config
    if target.instead_of_config or not target.config_alias:
        return [*argv, "-p", str(target.port), "-l", target.username, "--", target.host]
    options = [] if target.ssh_config == "~/.ssh/config" else ["-F", target.ssh_config]
    return [*argv, *options, "--", target.config_alias]


def _words(paths: Sequence[str]) -> str:
    """Paths as one value of ssh_config(5): each in quotes, for it may hold spaces, and ``%`` doubled."""
    return " ".join('"{}"'.format(path.replace("%", "%%")) for path in paths) or "none"


class _Talk:
    """What goes to a child and comes from it. Every wait is bounded."""

    def __init__(self, child: Piped, framed: Framed, timeout_seconds: float) -> None:
        self.timeout_seconds = timeout_seconds
        self.timed_out = False
        self.child = child
        self._framed = framed
        self._output = bytearray()
        self._over = False

    @property
    def heard(self) -> int:
        return len(self._output)

    def begins_within(self, seconds: float) -> bool:
        """Put the script, and wait until it runs."""
        deadline = time.monotonic() + seconds
        command = self._framed.command
        self.send([b"%d\n" % len(command), command])
        while self._framed.answer(self._output) is None:
            if self._over or not self._wait(deadline - time.monotonic()):
                return False
        return True

    def send(self, chunks: Iterable[Chunk]) -> None:
        """Send the script's input as far as it reads it. What the iterable raises comes through."""
        for chunk in chunks:
            size, done = len(bytes(chunk)), 0
            deadline = time.monotonic() + self.timeout_seconds  # what it says meanwhile is no progress
            while done < size:
                if self._over or self.timed_out:
                    return
                try:
                    done += put(chunk, self.child.stdin, done)
                    deadline = time.monotonic() + self.timeout_seconds
                except BlockingIOError:
                    self.timed_out = not self._wait(deadline - time.monotonic(), writing=True)
                except BrokenPipeError:  # the script has ended; what it said tells why
                    return

    def reply(self, more_time: Callable[[bytes], float | None] | None) -> Reply | None:
        """Wait for the end of the script's answer; None where it does not come."""
        self.child.close_stdin()
        deadline, looked_at = time.monotonic() + self.timeout_seconds, 0
        while not (self._over or self.timed_out or self._framed.is_complete(self._output, looked_at)):
            looked_at = self.heard
            if more_time is not None and (more := more_time(self._framed.answer(self._output) or b"")) is not None:
                deadline, more_time = time.monotonic() + self.timeout_seconds + more, None
            self.timed_out = not self._wait(deadline - time.monotonic())
        return None if self.timed_out else self._framed.reply(self._output)

    def _wait(self, seconds: float, *, writing: bool = False) -> bool:
        """Wait until something can be read, or written; read what there is. False when the time is over."""
        poll = select.poll()
        poll.register(self.child.stdout, select.POLLIN)
        if writing:
            poll.register(self.child.stdin, select.POLLOUT)
        ready = poll.poll(math.ceil(max(0.0, seconds) * 1000))
        if any(fd == self.child.stdout for fd, _ in ready):
            try:
                piece = os.read(self.child.stdout, 1 << 16)
            except BlockingIOError:
                return True
            self._output += piece
            self._over = not piece or len(self._output) > _OUTPUT_LIMIT_BYTES
        return bool(ready)
