"""One login on the NAS, kept open, and the one place that runs commands there."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from celestial_nasops import causes
from celestial_nasops.fault import Fault, NasFault, NasUnavailable
from celestial_nasops.nas import capabilities, ssh_library
from celestial_nasops.nas.capabilities import Capabilities, ShellFacts
from celestial_nasops.nas.login import hangs, log_in
from celestial_nasops.nas.sftp_errors import Garbled, Refused
from celestial_nasops.nas.shell import Framed, Reply
from celestial_nasops.nas.target import SshTarget
from celestial_nasops.nas.watchdog import Watchdog
from celestial_nasops.nas.wire import Wire, connect, of_proxy, proxy_failed

if TYPE_CHECKING:
    import paramiko

    from celestial_nasops.nas.sftp_client import SftpClient

_OUTPUT_LIMIT_BYTES = 1 << 20
_NOISE_SHOWN_CHARACTERS = 200
_PIECE_BYTES = 32_000  # fits into one SSH packet of the size that servers take
_END_SECONDS = 0.5
_FREED_SECONDS, _FREED_PAUSE_SECONDS = 1.0, 0.02


class _Purpose(NamedTuple):
    """What a command is for, as messages say it."""

    action: str
    path: str
    timeout_seconds: float

    @property
    def stage(self) -> str:
        return f"{self.action} {self.path}"


class NasSession:
    """An authenticated connection. Commands from one thread at a time; :meth:`abort` from any.

    Attributes:
        target: where it leads to.
        shell_facts: what its shell has, known once the first command has run; None before, and without a shell.
        can_write_on: whether its shell can go on with a file; None until that was tried.
        capabilities: what it can do, once ``open_files`` has found that out.
    """

    def __init__(self, target: SshTarget, wire: Wire, transport: paramiko.Transport) -> None:
        self.target = target
        self._wire = wire
        self._transport = transport
        self.shell_facts: ShellFacts | None = None
        self.can_write_on: bool | None = None
        self.capabilities: Capabilities | None = None
        self._sftp: SftpClient | None = None
        self._has_had_channel = False
        self._has_answered = False
        self._ended = False
        self._end_lock = threading.Lock()

    @classmethod
    def open(cls, target: SshTarget, *, timeout_seconds: float) -> NasSession:
        """Connect and log in.

        Args:
            target: where, and as whom.
            timeout_seconds: the longest wait for one step.

        Raises:
            NasRefusal: a name, a key or a host key does not fit; trying again at once can't help.
            NasUnavailable: the NAS can't be reached or can't be talked to now.
        """
        ssh_library.load()  # before the server's clock for logins runs
        wire = connect(target, timeout_seconds)
        try:
            return cls(target, wire, log_in(target, wire, timeout_seconds))
        except BaseException as error:
            said = wire.end()
            if wire.proxy is not None and isinstance(error, Fault) and (why := of_proxy(said, error)):
                raise proxy_failed(target, why) from error
            raise

    @property
    def server_name(self) -> str:
        """The server's program, as it introduced itself: ``OpenSSH_9.2p1``."""
        return self._transport.remote_version.split("-", 2)[-1][:80]

    @property
    def alive(self) -> bool:
        """Whether the connection still stands, as far as this side knows."""
        return not self._ended and self._transport.is_active()

    def close(self) -> None:
        """End the connection."""
        self.abort()

    def abort(self) -> None:
        """End the connection from any thread; whoever waits for an answer gets a fault."""
        with self._end_lock:
            if self._ended:
                return
            self._ended = True
        self._wire.shut()
        self._transport.close()
        self._wire.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def exec(
        self,
        script: str,
        *,
        args: Sequence[str | bytes] = (),
        timeout_seconds: float,
        stdin: Iterable[bytes] | None = None,
        action: str = "run",
        path: str = "a command",
        more_time: Callable[[bytes], float | None] | None = None,
    ) -> Reply:
        """Run a POSIX sh script on the NAS.

        Args:
            script: fixed text; file names never stand in it, but are ``"$1"`` and so on.
            args: the script's arguments, any bytes but NUL.
            timeout_seconds: the longest wait for the answer; while ``stdin`` is sent, for any progress.
            stdin: what the script reads; without it, it reads the end of file. An exception that the iterable raises
                comes through, once the script has ended.
            action: what is done, for messages: "the NAS could not {action} {path}".
            path: what it is done to.
            more_time: told what the script has said so far, returns how many seconds it may take from then on, or None
                to be asked again.

        Raises:
            NasUnavailable: no answer in time, the connection was lost, or the account has no shell.
            NasFault: the script was killed, or said more than 1 MiB.
        """
        purpose = _Purpose(action, path, timeout_seconds)
        library = ssh_library.load()
        framed = Framed(script, args, aside="" if self.shell_facts else capabilities.SHELL_FACTS)
        reply: Reply | None = None
        fault: NasFault | None = None
        source_failed: BaseException | None = None
        with Watchdog(timeout_seconds, self.abort) as watchdog:
            try:
                channel = self._channel(timeout_seconds)
                with contextlib.closing(channel):
                    channel.exec_command(framed.command)
                    if framed.input_first or stdin is not None:
                        source_failed = _send(channel, itertools.chain([framed.input_first], stdin or ()), watchdog)
                    channel.shutdown_write()
                    output = _collect(channel, framed, watchdog, more_time)
                    reply = framed.reply(output)
                    said = framed.said_aside(output)
                    self._has_answered |= framed.answer(output) is not None
                    if said is None and reply is not None:
                        said = b""  # it answers, and keeps to itself what it has
                    if self.shell_facts is None and said is not None:
                        self.shell_facts = ShellFacts.read(said)
                    if reply is None:
                        fault = self._no_reply(channel, framed, output, purpose)
            except library.ChannelException as error:
                fault = NasUnavailable(causes.NAS_SESSION_REFUSED, host=self.target.host, reason=error.text)
            except Exception as error:  # noqa: BLE001 - the library passes on whatever a malformed message ended in
                fault = (
                    self.no_shell("it refuses to run commands")
                    if self._outlives_failure()
                    else self._lost(purpose, error)
                )
        if source_failed is not None:
            raise source_failed
        if reply is not None:
            return reply
        if watchdog.has_bitten or fault is None:
            raise self._silent(purpose, sends=stdin is not None)
        raise fault

    @contextlib.contextmanager
    def bounded(self, timeout_seconds: float, *, action: str, path: str) -> Iterator[Watchdog]:
        """For whatever else is done over this connection: bound its waits, and turn the library's errors into faults.

        Args:
            timeout_seconds: the longest wait for any progress, which is told to the watchdog.
            action: as for :meth:`exec`.
            path: as for :meth:`exec`.

        Raises:
            NasUnavailable: no progress in time, the connection was lost, or it spoke out of turn.
            NasFault: SFTP refused something inside.
        """
        purpose = _Purpose(action, path, timeout_seconds)
        library = ssh_library.load()
        with Watchdog(timeout_seconds, self.abort) as watchdog:
            try:
                yield watchdog
            except library.ChannelException as error:
                raise NasUnavailable(causes.NAS_SESSION_REFUSED, host=self.target.host, reason=error.text) from error
            except Refused as refused:  # an answer that nobody has a better explanation for
                raise self._failed(purpose, str(refused)) from refused
            except Garbled as error:
                self.abort()
                raise NasUnavailable(
                    causes.NAS_SSH_FAILED,
                    host=self.target.host,
                    stage=purpose.stage,
                    reason=str(error),
                    target=self.target.alias,
                ) from error
            except (library.SSHException, EOFError, OSError) as error:
                raise (self._silent(purpose) if watchdog.has_bitten else self._lost(purpose, error)) from error

    def sftp(self, timeout_seconds: float) -> SftpClient:
        """The SFTP channel of this connection, opened at its first use.

        Raises:
            NasUnavailable: the account gets none, or the connection was lost.
        """
        if self._sftp is not None:
            return self._sftp
        from celestial_nasops.nas.sftp_client import SftpClient

        with self.bounded(timeout_seconds, action="open", path="SFTP") as watchdog:
            channel = self._channel(timeout_seconds)
            try:
                channel.invoke_subsystem("sftp")
                self._sftp = SftpClient(channel)
                self._has_answered = True
            except Exception as error:  # what exec says of exceptions goes for this, too
                channel.close()
                if watchdog.has_bitten or not self._outlives_failure():
                    raise EOFError from error
                raise NasUnavailable(
                    causes.NAS_NO_SFTP,
                    username=self.target.username,
                    host=self.target.host,
                    reason=str(error).rstrip(".") or "it ends at once",
                    target=self.target.sftp_alias,
                ) from error
        return self._sftp

    def _channel(self, timeout_seconds: float) -> paramiko.Channel:
        """Open a channel.

        A server that allows few at a time counts the last one until what ran there is gone, a moment after its answer.
        """
        until = time.monotonic() + (_FREED_SECONDS if self._has_had_channel else 0.0)
        while True:
            try:
                channel = self._transport.open_session(timeout=timeout_seconds + 1)
            except ssh_library.load().ChannelException:
                if time.monotonic() >= until:
                    raise
                time.sleep(_FREED_PAUSE_SECONDS)
                continue
            self._has_had_channel = True
            return channel

    def _outlives_failure(self) -> bool:
        """Whether the connection still stands after a channel ended early. Its end is known a moment later."""
        self._transport.join(_END_SECONDS)
        return self.alive

    def _no_reply(self, channel: paramiko.Channel, framed: Framed, output: bytearray, purpose: _Purpose) -> NasFault:
        if len(output) > _OUTPUT_LIMIT_BYTES:
            return self._failed(purpose, f"its answer is longer than {_OUTPUT_LIMIT_BYTES} bytes")
        status = channel.recv_exit_status()
        if status == -1:
            return (
                self._failed(purpose, "the command was killed there")
                if self._outlives_failure()
                else self._lost(purpose)
            )
        if framed.answer(output) is not None:
            return self._failed(purpose, f"its shell ended early with status {status}")
        while channel.recv_stderr_ready() and len(output) <= _OUTPUT_LIMIT_BYTES:
            output += channel.recv_stderr(4096)
        noise = output.decode("utf-8", "replace").strip()[-_NOISE_SHOWN_CHARACTERS:]
        return self.no_shell(noise or f"it ends with status {status} and says nothing")

    def no_shell(self, output: str) -> NasFault:
        """The fault of an account without a shell, which says why."""
        return NasUnavailable(
            causes.NAS_NO_SHELL,
            username=self.target.username,
            host=self.target.host,
            output=output,
            target=self.target.sftp_alias,
        )

    def _failed(self, purpose: _Purpose, reason: str) -> NasFault:
        return NasFault(
            causes.NAS_COMMAND_FAILED,
            action=purpose.action,
            path=purpose.path,
            reason=reason,
            target=self.target.alias,
        )

    def _lost(self, purpose: _Purpose, error: Exception | None = None) -> NasFault:
        from celestial_nasops.nas.bounded_transport import OutOfBounds  # here: it loads paramiko

        self.abort()
        if not isinstance(error, OutOfBounds):
            error = self._transport.get_exception()
        if isinstance(error, OutOfBounds):  # no loss: it was we who hung up
            target = self.target
            return NasUnavailable(
                causes.NAS_SSH_FAILED, host=target.host, stage=purpose.stage, reason=error, target=target.alias
            )
        return NasUnavailable(
            causes.NAS_CONNECTION_LOST, host=self.target.host, stage=purpose.stage, target=self.target.alias
        )

    def _silent(self, purpose: _Purpose, *, sends: bool = False) -> NasFault:
        if not (self._has_answered or sends):  # what takes our bytes may have begun to answer, unheard
            return hangs(self.target, purpose.timeout_seconds, purpose.stage)
        return NasUnavailable(
            causes.NAS_SILENT,
            host=self.target.host,
            port=self.target.port,
            seconds=purpose.timeout_seconds,
            stage=purpose.stage,
        )


def _send(channel: paramiko.Channel, chunks: Iterable[bytes], watchdog: Watchdog) -> BaseException | None:
    """Send a script's input, as far as it reads it, and return what the source of the input raised.

    That is not raised at once: when our caller cleans up after it, the script must not be about to create a file.
    """
    source = iter(chunks)
    while True:
        watchdog.pause()
        try:
            chunk = next(source, None)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            return error
        finally:
            watchdog.progress()
        if chunk is None:
            return None
        for start in range(0, len(chunk), _PIECE_BYTES):
            piece = chunk[start : start + _PIECE_BYTES]
            while piece:
                try:
                    sent = channel.send(piece)
                except OSError:
                    sent = 0
                if not sent:  # the script has ended; what it said tells why
                    return None
                watchdog.progress()
                piece = piece[sent:]


def _collect(
    channel: paramiko.Channel,
    framed: Framed,
    watchdog: Watchdog,
    more_time: Callable[[bytes], float | None] | None,
) -> bytearray:
    """Read until the frame is complete, the channel ends, or too much was said."""
    output = bytearray()
    while piece := channel.recv(1 << 16):
        looked_at = len(output)
        output += piece
        if framed.is_complete(output, looked_at) or len(output) > _OUTPUT_LIMIT_BYTES:
            break
        if more_time is not None and (seconds := more_time(framed.answer(output) or b"")) is not None:
            watchdog.progress(seconds)
            more_time = None
    return output
