"""Does the NAS answer? A greeting from its SSH port is the proof; ICMP adds to what is known."""

from __future__ import annotations

import errno
import re
import socket
import time
from dataclasses import dataclass

from celestial_nasops import causes as shared
from celestial_nasops import process
from celestial_nasops.fault import Fault, NasFault
from healthcheck import causes
from healthcheck.context import Run
from healthcheck.outcome import Finding, Outcome


@dataclass(frozen=True, slots=True)
class Greeting:
    """What the SSH port said first, and how long it took to connect (seconds)."""

    banner: str
    connect_seconds: float
    address: str


def probe(run: Run) -> Finding:
    """Resolve the name, connect to the SSH port and read its greeting, then try ICMP."""
    target = run.target()
    if target.proxy_command is not None:
        proxy = " ".join(target.proxy_command)
        return Finding.skipped(f"{target.host} is reached through a proxy ({proxy}); remote_verify proves that way")
    # Half of the time for the connection, the other half for ICMP: neither may starve the other.
    half = run.config.check_settings.ping_timeout_seconds / 2
    seen: Greeting | Fault
    try:
        seen = greet(target.host, target.port, half, target.alias)
    except NasFault as fault:
        seen = fault
    echo = None if isinstance(seen, Fault) and seen.cause is shared.NAS_NAME_UNKNOWN else _echo(target.host, half)
    return judge(seen, echo, target.host, target.port)


def greet(host: str, port: int, timeout_seconds: float, alias: str) -> Greeting:
    """Connect and read the server's first line.

    Raises:
        NasFault: no name, no route, refused, silent, or hung up.
    """
    deadline = time.monotonic() + timeout_seconds
    values = {"host": host, "port": port, "seconds": timeout_seconds}
    stage = "connecting"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        begun = time.monotonic()
        with socket.create_connection((host, port), timeout=timeout_seconds) as connection:
            took = time.monotonic() - begun
            stage = "waiting for its SSH greeting"
            line = b""
            while b"\n" not in line and len(line) < 255:
                connection.settimeout(max(0.001, deadline - time.monotonic()))
                received = connection.recv(255)
                if not received:
                    raise NasFault(shared.NAS_HUNG_UP, stage=stage, reason="end of file", **values)
                line += received
            address = str(connection.getpeername()[0])
    except socket.gaierror as error:
        reason = error.strerror or str(error)
        if alias == host:  # ssh -G hands an unknown alias back as the host's name
            where = "~/.ssh/config"
            raise NasFault(shared.NAS_ALIAS_UNKNOWN, alias=alias, ssh_config=where) from error
        raise NasFault(shared.NAS_NAME_UNKNOWN, host=host, reason=reason) from error
    except TimeoutError as error:
        raise NasFault(shared.NAS_SILENT, stage=stage, **values) from error
    except ConnectionRefusedError as error:
        raise NasFault(shared.NAS_REFUSED, **values) from error
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno in (errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN):
            raise NasFault(shared.NAS_NO_ROUTE, reason=reason, **values) from error
        raise NasFault(shared.NAS_HUNG_UP, stage=stage, reason=reason, **values) from error
    del found
    return Greeting(line.decode("ascii", "replace").strip(), took, address)


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
            summary = f"{finding.summary}, although it answers ping in {echo:g} ms"
            return Finding(Outcome.FAIL, summary, finding.cause, finding.remedy, finding.details)
        return finding
    if not seen.banner.startswith("SSH-"):
        return Finding.of_cause(causes.NOT_SSH, host=host, port=port, banner=seen.banner[:60] or "nothing")
    connect_ms = round(seen.connect_seconds * 1000, 2)
    details = {"address": seen.address, "port": port, "connect_ms": connect_ms, "icmp": icmp, "server": seen.banner}
    if echo == "blocked":
        warning = Finding.of_cause(causes.ICMP_BLOCKED, Outcome.WARN, host=host)
        return Finding(Outcome.WARN, warning.summary, warning.cause, warning.remedy, details)
    round_trip = f"{echo:g} ms by ICMP, " if isinstance(echo, float) else ""
    return Finding.good(f"{host} answers: {round_trip}port {port} connects in {connect_ms:g} ms", **details)


def _echo(host: str, timeout_seconds: float) -> float | str | None:
    wait = max(1, int(timeout_seconds))  # ping of BusyBox takes whole seconds only
    argv = ["ping", "-n", "-q", "-c", "1", "-W", str(wait), "--", host]
    try:
        done = process.run(argv, timeout_seconds=timeout_seconds + 0.3, understood_exit_codes=(0, 1, 2))
    except process.ProcessFault as fault:
        return "blocked" if fault.cause is shared.PROGRAM_TIMED_OUT else None
    # ping(8): 0 an answer came, 1 none came, 2 it could not be tried (no permission, no such name)
    if done.exit_code:
        return "blocked" if done.exit_code == 1 and "0 received" in done.stdout else None
    match = re.search(r"= ([0-9.]+)/", done.stdout)
    return float(match[1]) if match else None
