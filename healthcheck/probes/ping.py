"""Does the NAS answer? A greeting from its SSH port is the proof; ICMP adds to what is known."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import socket
import time
from typing import Any, NamedTuple

from celestial_nasops import causes as shared, process
from celestial_nasops.fault import Fault, NasFault
from celestial_nasops.language import say
from healthcheck import address_filter, causes
from healthcheck.beside import Beside
from healthcheck.context import Run
from healthcheck.outcome import Finding, Outcome

_MARGIN_SECONDS = 0.5  # so that this probe says what was silent, before its own deadline says less
_LONGEST_WELCOME_BYTES = 8192
_GREETING = "waiting for its SSH greeting"
# What sshd says in place of a greeting before it hangs up: to one too many, and to an address that it punishes.
_TURNED_AWAY = (b"Exceeded MaxStartups", b"Not allowed at this time")


class Greeting(NamedTuple):
    """What the SSH port said first, and how long it took to connect (seconds)."""

    banner: str
    connect_seconds: float
    address: str


def probe(run: Run) -> Finding:
    """Resolve the name, connect to the SSH port and read its greeting, then try ICMP."""
    target = run.target()
    if target.proxy_command is not None:
        proxy = " ".join(target.proxy_command)
        return Finding.skipped(
            say(
                "{host} is reached through a proxy ({proxy}); remote_verify proves that way",
                host=target.host,
                proxy=proxy,
            )
        )
    limit = max(0.5, run.config.check_settings.ping_timeout_seconds - _MARGIN_SECONDS)
    # Beside each other, so that a NAS that wakes up slowly has the whole time for either.
    echo = Beside(lambda: _echo(target.host, limit))
    seen: Greeting | Fault
    try:
        seen = greet(target.host, target.port, limit, target.config_alias or target.host, target.ssh_config)
    except NasFault as fault:
        seen = _own_filter(fault, target.host) or fault
    nameless = isinstance(seen, Fault) and seen.cause in (shared.NAS_NAME_UNKNOWN, shared.NAS_ALIAS_UNKNOWN)
    return judge(seen, None if nameless else echo.result(limit + _MARGIN_SECONDS / 2), target.host, target.port)


def _own_filter(fault: NasFault, host: str) -> Fault | None:
    """What the sandbox of our own unit has to do with a silence; None where that is not the reason."""
    if fault.cause not in (shared.NAS_SILENT, shared.NAS_NO_ROUTE, shared.NAS_HUNG_UP):
        return None
    own = address_filter.of_own_unit()
    if own is None:
        return None
    found: list[Any] = []
    with contextlib.suppress(OSError):
        found = Beside(lambda: socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)).result(_MARGIN_SECONDS) or []
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(own.forbids(address) for address in addresses):
        return None
    return Fault(
        causes.NAS_NOT_ALLOWED, unit=own.unit, host=host, address=", ".join(addresses), allowed=own.allowed or "nothing"
    )


def greet(host: str, port: int, timeout_seconds: float, alias: str, ssh_config: str) -> Greeting:
    """Resolve, connect and read the server's first line, all within one deadline.

    Raises:
        NasFault: no name, no route, refused, silent, or hung up.
    """
    deadline = time.monotonic() + timeout_seconds
    try:
        # The resolver can't be bounded, and without a name server it takes its own time.
        found = Beside(lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)).result(timeout_seconds)
    except (socket.gaierror, UnicodeError) as error:
        if alias == host:  # ssh -G hands an unknown alias back as the host's name
            raise NasFault(
                shared.NAS_ALIAS_UNKNOWN, alias=alias, ssh_config=os.path.expanduser(ssh_config or "~/.ssh/config")
            ) from error
        reason = "not a valid name" if isinstance(error, UnicodeError) else error.strerror or str(error)
        raise NasFault(shared.NAS_NAME_UNKNOWN, host=host, reason=reason) from error
    if not found:
        reason = say("no answer within {seconds} s", seconds=timeout_seconds)
        raise NasFault(shared.NAS_NAME_UNKNOWN, host=host, reason=reason)
    last: NasFault | None = None
    for number, (family, kind, protocol, _, address) in enumerate(found):
        left = max(0.01, deadline - time.monotonic()) / (len(found) - number)
        with socket.socket(family, kind, protocol) as connection:
            try:
                return _greeting(connection, address, left)
            except OSError as error:
                last = _connection_fault(error, host, port, timeout_seconds)
    assert last is not None
    raise last


def _greeting(connection: socket.socket, address: Any, seconds: float) -> Greeting:
    begun = time.monotonic()
    connection.settimeout(seconds)
    connection.connect(address)
    took = time.monotonic() - begun
    said = b""
    try:
        while (line := _greeting_in(said)) is None:
            left = begun + seconds - time.monotonic()
            if left <= 0:
                raise TimeoutError
            connection.settimeout(left)
            received = connection.recv(255)
            if not received:
                turned_away = next((word for word in _TURNED_AWAY if said.startswith(word)), b"end of file")
                raise ConnectionResetError(errno.ECONNRESET, turned_away.decode())
            said += received
    except OSError as error:
        line = said.partition(b"\n")[0]
        if not line or line.startswith((b"SSH-", *_TURNED_AWAY)):
            error.add_note(_GREETING)
            raise
    return Greeting(line.decode("ascii", "replace").strip(), took, str(address[0]))


def _greeting_in(said: bytes) -> bytes | None:
    """The SSH greeting, or the first line of what is too long to hold one; None while it may still come.

    Other lines may come before it (RFC 4253, 4.2), such as a word of welcome.
    """
    lines = said.split(b"\n")
    found = next((line for line in lines[:-1] if line.startswith(b"SSH-")), None)
    if found is None and (len(said) > _LONGEST_WELCOME_BYTES or (len(lines) == 1 and len(said) >= 255)):
        return lines[0][:255]
    return found


def _connection_fault(error: OSError, host: str, port: int, seconds: float) -> NasFault:
    stage = _GREETING if _GREETING in getattr(error, "__notes__", ()) else "connecting"
    reason = error.strerror or str(error)
    if isinstance(error, TimeoutError):
        return NasFault(shared.NAS_SILENT, host=host, port=port, seconds=seconds, stage=stage)
    if isinstance(error, ConnectionRefusedError):
        return NasFault(shared.NAS_REFUSED, host=host, port=port)
    if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN):
        return NasFault(shared.NAS_NO_ROUTE, host=host, port=port, reason=reason)
    return NasFault(shared.NAS_HUNG_UP, host=host, port=port, stage=stage, reason=reason)


def judge(seen: Greeting | Fault, echo: float | str | None, host: str, port: int) -> Finding:
    """Weigh the greeting and the echo.

    Args:
        seen: the greeting, or why there was none.
        echo: ICMP round-trip time (ms), ``"blocked"`` where none came back, None where it could not be tried.
        host: the NAS.
        port: its SSH port.
    """
    icmp = f"{echo:g} ms" if isinstance(echo, float) else echo or "not available to this user"
    if isinstance(seen, Fault):
        finding = Finding.of_fault(seen, icmp=icmp)
        if isinstance(echo, float):
            summary = finding.summary + say(", although it answers ping in {ms} ms", ms=echo)
            return Finding(Outcome.FAIL, summary, finding.cause, finding.remedy, finding.details)
        return finding
    if not seen.banner.startswith("SSH-"):
        return Finding.of_cause(causes.NOT_SSH, host=host, port=port, banner=seen.banner[:60] or say("nothing"))
    connect_ms = round(seen.connect_seconds * 1000, 2)
    details = {"address": seen.address, "port": port, "connect_ms": connect_ms, "icmp": icmp, "server": seen.banner}
    if echo == "blocked":
        warning = Finding.of_cause(causes.ICMP_BLOCKED, Outcome.WARN, host=host)
        return Finding(Outcome.WARN, warning.summary, warning.cause, warning.remedy, details)
    values: dict[str, object] = {"host": host, "port": port, "ms": connect_ms}
    if isinstance(echo, float):
        summary = say("{host} answers: {echo} ms by ICMP, port {port} connects in {ms} ms", echo=echo, **values)
    else:
        summary = say("{host} answers: port {port} connects in {ms} ms", **values)
    return Finding.good(summary, **details)


def _echo(host: str, timeout_seconds: float) -> float | str | None:
    wait = max(1, int(timeout_seconds))  # ping of BusyBox takes whole seconds only
    # With -w, unlike -W, one that was lost is followed by another: a poor line is no wall.
    argv = ["ping", "-n", "-q", "-c", "1", "-w", str(wait), "--", host]
    try:
        done = process.run(argv, timeout_seconds=timeout_seconds, understood_exit_codes=(0, 1, 2))
    except process.ProcessFault as fault:
        return "blocked" if fault.cause is shared.PROGRAM_TIMED_OUT else None
    # ping(8): 0 an answer came, 1 none came, 2 it could not be tried (no permission, no such name)
    if done.exit_code:
        return "blocked" if done.exit_code == 1 and "0 received" in done.stdout else None
    match = re.search(r"= ([0-9.]+)/", done.stdout)
    return float(match[1]) if match else None
