"""The unit that runs this process, and what its sandbox keeps from us that looks like somebody else's fault."""

from __future__ import annotations

import ipaddress
import os
from typing import NamedTuple

from celestial_nasops import process

_ASK_SECONDS = 0.5


class AddressFilter(NamedTuple):
    """``IPAddressAllow=`` and ``IPAddressDeny=`` of a unit, systemd.resource-control(5)."""

    unit: str
    allowed: str
    denied: str

    def forbids(self, address: str) -> bool:
        """Whether the unit may not speak to an address: what is allowed wins, what is not named is free."""
        return not _is_in(address, self.allowed) and _is_in(address, self.denied)


def address_filter() -> AddressFilter | None:
    """That of our own unit; None where we run in none, or systemd does not tell."""
    unit = name()
    if unit is None:
        return None
    argv = ["systemctl", "show", "--property=IPAddressAllow", "--property=IPAddressDeny", "--", unit]
    try:
        output = process.run(argv, timeout_seconds=_ASK_SECONDS).stdout
    except process.ProcessFault:
        return None
    told = dict(line.split("=", 1) for line in output.splitlines() if "=" in line)
    # systemd has no order of its own for them
    allowed, denied = (" ".join(sorted(told.get(key, "").split())) for key in ("IPAddressAllow", "IPAddressDeny"))
    return AddressFilter(unit, allowed, denied)


def name(path: str = "/proc/self/cgroup") -> str | None:
    """The unit's name, from the control group that systemd makes for it; None in no service of the system."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            groups = [
                line.rstrip("\n").split(":", 2)[2] for line in file if line.startswith(("0::", "1:name=systemd:"))
            ]
    except (OSError, IndexError):
        return None
    for group in groups:
        last = os.path.basename(group)
        if last.endswith(".service") and "/user.slice/" not in group:
            return last
    return None


def _is_in(address: str, networks: str) -> bool:
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
        return any(one in ipaddress.ip_network(network, strict=False) for network in networks.split())
    except ValueError:
        return False
