from __future__ import annotations

from pathlib import Path

import pytest

from healthcheck import own_unit
from healthcheck.own_unit import AddressFilter

ANY, LOCAL = "0.0.0.0/0 ::/0", "127.0.0.0/8 ::1/128"


@pytest.mark.parametrize(
    ("groups", "name"),
    [
        ("0::/system.slice/smoke-check.service\n", "smoke-check.service"),
        ("4:pids:/x\n1:name=systemd:/system.slice/smoke-check.service\n0::/\n", "smoke-check.service"),
        ("0::/system.slice/system-a.slice/a@b.service\n", "a@b.service"),
        ("0::/user.slice/user-1000.slice/session-1.scope\n", None),
        ("0::/user.slice/user-1000.slice/user@1000.service/app.slice/smoke-check.service\n", None),
        ("0::/\n", None),
        ("", None),
    ],
)
def test_the_unit_is_read_from_the_control_group(tmp_path: Path, groups: str, name: str | None) -> None:
    (tmp_path / "cgroup").write_text(groups)
    assert own_unit.name(str(tmp_path / "cgroup")) == name


def test_without_control_groups_there_is_no_unit(tmp_path: Path) -> None:
    assert own_unit.name(str(tmp_path / "cgroup")) is None


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
