"""The parts of the sandbox that depend on the configuration: folders, homes, and the addresses of the NAS."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from celestial_nasops.fault import Fault
from celestial_nasops.nas.target import SshTarget
from healthcheck.units.text import quoted

# What ProtectHome= and PrivateTmp= put out of sight, systemd.exec(5).
_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - no file is made there
_PRIVATE_NETWORKS = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 169.254.0.0/16 fc00::/7 fe80::/10"


@dataclass(frozen=True, slots=True)
class Access:
    """The paths that a program needs: to write in, or to read only. Nothing else of a home is shown to it."""

    writes: tuple[str, ...]
    reads: tuple[str, ...] = ()


def folders(access: Access) -> list[str]:
    """Lines that let a program write in its folders."""
    if not access.writes:
        return []
    return [
        "# What the configuration names: media, state, and the queue's whole folder, for SQLite makes files beside it.",
        '# "-": a folder that is missing stops no unit; the program itself can say which one it is, and what to do.',
        "ReadWritePaths=" + _optional(outermost(access.writes)),
    ]


def homes(access: Access) -> list[str]:
    """Lines that hide the homes and, of what is hidden, show what a program needs."""
    writes = _below(outermost(access.writes), _HOMES + _TEMPORARY)
    reads = [path for path in _below(outermost(access.reads), _HOMES + _TEMPORARY) if path not in writes]
    if not _below([*writes, *reads], _HOMES):
        lines = ["ProtectHome=yes"]
    else:
        lines = [
            "# Of the homes only what these programs use can be seen: ssh configuration, keys, configured folders.",
            "ProtectHome=tmpfs",
        ]
    if reads:
        lines.append("BindReadOnlyPaths=" + _optional(reads))
    if writes:
        lines.append("BindPaths=" + _optional(writes))
    return lines


def outermost(paths: Iterable[str]) -> list[str]:
    """The paths without those that lie in others, each once, in their order."""
    normal = list(dict.fromkeys(os.path.normpath(path) for path in paths))
    return [one for one in normal if not any(_lies_in(one, other) for other in normal if other != one)]


def _optional(paths: Iterable[str]) -> str:
    return " ".join(quoted(path, prefix="-") for path in paths)


def _below(paths: Iterable[str], places: Sequence[str]) -> list[str]:
    return [path for path in paths if any(_lies_in(path, place) for place in places)]


def _lies_in(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def network(target: SshTarget | Fault) -> list[str]:
    """Lines that let a program speak with the NAS and with no one else.

    A literal address is pinned. A name may get another address at any time, and needs a name server; so it gets the
    private networks, if all that it needs today lies in them. Where that is not so no filter would do.
    """
    if isinstance(target, Fault):
        return _unfiltered(f"the NAS could not be resolved: {target.summary}")
    if target.proxy_command is not None:
        return _unfiltered(f"the NAS is reached through a proxy ({target.proxy_command[0]})")
    literal = _address(target.host)
    if literal is not None:
        if literal.is_loopback:
            return [f"# The NAS, {target.host}, is this machine.", "IPAddressDeny=any", "IPAddressAllow=localhost"]
        return [
            f"# The NAS, {target.host}, as ssh resolves it. After it has moved: sudo ./install.sh",
            "IPAddressDeny=any",
            f"IPAddressAllow=localhost {literal}",
        ]
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return _unfiltered(f"the NAS's name {target.host} has no address now ({error.strerror or error})")
    needed = [str(entry[4][0]) for entry in found] + name_servers()
    outside = [text for text in needed if not _is_private(text)]
    if outside:
        return _unfiltered(f"the NAS's name {target.host} needs {outside[0]}, which is no private address")
    return [
        f"# The NAS is known by a name, {target.host}, whose address may change, so all private networks are open.",
        "# An address as HostName in the ssh configuration makes the filter narrower.",
        "IPAddressDeny=any",
        f"IPAddressAllow=localhost {_PRIVATE_NETWORKS}",
    ]


def name_servers(path: str = "/etc/resolv.conf") -> list[str]:
    """The addresses of the name servers, as resolv.conf(5) gives them; none where there is no such file."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            words = [line.split() for line in file]
    except OSError:
        return []
    return [line[1] for line in words if len(line) > 1 and line[0] == "nameserver"]


def _unfiltered(reason: str) -> list[str]:
    return [
        f"# No IPAddressDeny=: {reason}.",
        "# An address as HostName in the ssh configuration lets this unit speak with that address alone.",
    ]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])  # without the interface of a link-local address
    except ValueError:
        return None


def _is_private(text: str) -> bool:
    address = _address(text)
    if address is None:
        return False
    networks = [ipaddress.ip_network(network) for network in _PRIVATE_NETWORKS.split()]
    return address.is_loopback or any(address in network for network in networks)
