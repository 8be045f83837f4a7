"""What the sandbox of our own unit keeps from us and looks like somebody else's fault."""

from __future__ import annotations

import ipaddress
from typing import NamedTuple

from celestial_nasops import own_unit, process
from healthcheck import systemctl

_ASK_SECONDS = 0.5


class AddressFilter(NamedTuple):
    """``IPAddressAllow=`` and ``IPAddressDeny=`` of a unit, systemd.resource-control(5)."""

    unit: str
    allowed: str
    denied: str

    def forbids(self, address: str) -> bool:
        """Whether the unit may not speak to an address: what is allowed wins, what is not named is free."""
        return not _is_in(address, self.allowed) and _is_in(address, self.denied)


def of_own_unit() -> AddressFilter | None:
    """That of our own unit; None where we run in none, or systemd does not tell."""
    unit = own_unit.name(of_system_only=True)
    if unit is None:
        return None
    try:
        told = systemctl.show([unit], "IPAddressAllow", "IPAddressDeny", timeout_seconds=_ASK_SECONDS).get(unit, {})
    except process.ProcessFault:
        return None
    # systemd has no order of its own for them
    allowed, denied = (" ".join(sorted(told.get(key, "").split())) for key in ("IPAddressAllow", "IPAddressDeny"))
    return AddressFilter(unit, allowed, denied)


def _is_in(address: str, networks: str) -> bool:
    try:
        one = ipaddress.ip_address(address.partition("%")[0])
        return any(one in ipaddress.ip_network(network, strict=False) for network in networks.split())
    except ValueError:
        return False
