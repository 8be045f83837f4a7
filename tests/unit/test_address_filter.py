"""What the address filter of a unit forbids."""

from __future__ import annotations

import pytest

from healthcheck.address_filter import AddressFilter

ANY, LOCAL = "0.0.0.0/0 ::/0", "127.0.0.0/8 ::1/128"


@pytest.mark.parametrize(
    ("allowed", "denied", "address", "forbidden"),
    [
        (f"{LOCAL} 10.0.0.3/32", ANY, "10.0.0.4", True),
        (f"{LOCAL} 10.0.0.3/32", ANY, "10.0.0.3", False),
        (f"{LOCAL} 10.0.0.0/8", ANY, "10.0.0.4", False),
        (LOCAL, ANY, "fd00::1", True),
        (LOCAL, ANY, "fe80::1%eth0", True),
        ("", "10.0.0.0/8", "192.168.0.1", False),
        ("", "", "10.0.0.4", False),
        ("", ANY, "no address", False),
    ],
)
def test_what_is_allowed_wins_and_what_is_not_named_is_free(
    allowed: str, denied: str, address: str, forbidden: bool
) -> None:
    assert AddressFilter("u.service", allowed, denied).forbids(address) is forbidden
