"""The stream of bytes to the SSH server: a TCP connection, or a proxy program."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import socket
import threading
import time
from typing import Any, NamedTuple

from celestial_nasops import causes
from celestial_nasops.fault import Fault, NasRefusal, NasUnavailable
from celestial_nasops.language import say
from celestial_nasops.nas.target import SshTarget
from celestial_nasops.process import Companion, ProcessFault

# A peer that is gone is noticed after 3 + 3 * 2 s (tcp(7)).
_KEEPALIVE = {socket.TCP_KEEPIDLE: 3, socket.TCP_KEEPINTVL: 2, socket.TCP_KEEPCNT: 3}
_PROXY_CAUSES = {
    causes.NAS_HUNG_UP.code,
    causes.NAS_SSH_FAILED.code,
    causes.NAS_SILENT.code,
    causes.NAS_LOGIN_HANGS.code,
}
GREETING = "SSH greeting"
"""The stage of a login in which nothing was heard of the server yet."""
_Address = tuple[socket.AddressFamily, Any]


class Wire(NamedTuple):
    """A connected socket, and the proxy behind it where there is one."""

    socket: socket.socket
    proxy: Companion | None = None

    def shut(self) -> None:
        """Say no more and hear no more; this wakes threads that wait for the socket, which closing it does not."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def end(self) -> str:
        """Close the socket and end the proxy; returns what the proxy complained of."""
        self.shut()
        self.socket.close()
        return self.proxy.end() if self.proxy else ""


def connect(target: SshTarget, timeout_seconds: float) -> Wire:
    """Connect to a target's SSH port; nothing is said yet.

    Raises:
        NasRefusal: there is no such name.
        NasUnavailable: no connection came about.
    """
    if target.proxy_command is not None:
        try:
            proxy = Companion(target.proxy_command)
        except ProcessFault as missing:
            raise proxy_failed(target, missing.summary) from missing
        return Wire(proxy.socket, proxy)
    deadline = time.monotonic() + timeout_seconds
    addresses = _addresses(target, timeout_seconds)
    fault: Fault | None = None
    for number, (family, address) in enumerate(addresses):
        share = max(0.1, (deadline - time.monotonic()) / (len(addresses) - number))
        try:
            return Wire(_connected(family, address, share))
        except OSError as error:
            fault = _connect_fault(target, error, timeout_seconds)
            fault.__cause__ = error
    assert fault is not None  # getaddrinfo never returns an empty list
    raise fault


def proxy_failed(target: SshTarget, reason: str) -> NasUnavailable:
    """The fault of a proxy that did not lead to the server."""
    proxy = " ".join(target.proxy_command or ())
    return NasUnavailable(
        causes.NAS_PROXY_FAILED, host=target.host, proxy=f"'{proxy}'", reason=reason, target=target.alias
    )


def of_proxy(said: str, fault: Fault) -> str:
    """What a failed login says of the proxy on the way, of which the NAS itself knows nothing; empty where nothing."""
    if fault.code not in _PROXY_CAUSES:
        return ""
    if said:
        return said.splitlines()[-1]
    if fault.values.get("stage") != GREETING:  # else nothing was ever heard from beyond the proxy
        return ""
    return fault.values.get("reason") or say("no answer within {seconds} s", seconds=fault.values["seconds"])


def _connected(family: socket.AddressFamily, address: Any, timeout_seconds: float) -> socket.socket:
    connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without it every command waits 40 ms for the other side's delayed acknowledgement.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE.items():
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
        connection.settimeout(timeout_seconds)
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def _connect_fault(target: SshTarget, error: OSError, timeout_seconds: float) -> NasUnavailable:
    where = {"host": target.host, "port": target.port}
    if isinstance(error, ConnectionRefusedError):
        return NasUnavailable(causes.NAS_REFUSED, **where)
    if isinstance(error, TimeoutError):
        return NasUnavailable(causes.NAS_SILENT, seconds=timeout_seconds, stage="TCP connection", **where)
    if isinstance(error, ConnectionResetError) or error.errno == errno.EPIPE:
        reason = error.strerror or str(error)
        return NasUnavailable(causes.NAS_HUNG_UP, stage="TCP connection", reason=reason, **where)
    return NasUnavailable(causes.NAS_NO_ROUTE, reason=error.strerror or str(error), **where)


def _addresses(target: SshTarget, timeout_seconds: float) -> list[_Address]:
    """Resolve a host's name. The resolver itself can't be bounded, so a name is looked up in a thread of its own."""
    try:
        ipaddress.ip_address(target.host.partition("%")[0])
    except ValueError:
        pass
    else:
        return _looked_up(target.host, target.port)
    found: list[_Address] = []
    failed: list[OSError] = []

    def look_up() -> None:
        try:
            found.extend(_looked_up(target.host, target.port))
        except (OSError, UnicodeError) as error:
            failed.append(error if isinstance(error, OSError) else OSError(errno.EINVAL, "not a valid name"))

    thread = threading.Thread(target=look_up, name="nas-resolver", daemon=True)
    thread.start()
    thread.join(timeout_seconds)
    if found:
        return found
    reason = failed[0].strerror or str(failed[0]) if failed else f"no answer within {timeout_seconds:g} s"
    # A resolver that can't answer now may do so in a moment; one that says no has said it.
    transient = not failed or failed[0].errno == socket.EAI_AGAIN
    kind = NasUnavailable if transient else NasRefusal
    if failed and target.config_alias == target.host:
        raise kind(
            causes.NAS_ALIAS_UNKNOWN, alias=target.config_alias, ssh_config=os.path.expanduser(target.ssh_config)
        ) from failed[0]
    raise kind(causes.NAS_NAME_UNKNOWN, host=target.host, reason=reason) from (failed[0] if failed else None)


def _looked_up(host: str, port: int) -> list[_Address]:
    answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(socket.AddressFamily(family), address) for family, _, _, _, address in answers]
