from __future__ import annotations

from pathlib import Path

import pytest

from celestial_nasops import own_unit


@pytest.mark.parametrize(
    ("groups", "name", "of_the_system"),
    [
        ("0::/system.slice/smoke-check.service\n", "smoke-check.service", "smoke-check.service"),
        (
            "4:pids:/x\n1:name=systemd:/system.slice/smoke-check.service\n0::/\n",
            "smoke-check.service",
            "smoke-check.service",
        ),
        ("0::/system.slice/system-a.slice/a@b.service\n", "a@b.service", "a@b.service"),
        ("0::/user.slice/user-1000.slice/session-1.scope\n", None, None),
        (
            "0::/user.slice/user-1000.slice/user@1000.service/app.slice/smoke-check.service\n",
            "smoke-check.service",
            None,
        ),
        ("0::/\n", None, None),
        ("", None, None),
    ],
)
def test_the_unit_is_read_from_the_control_group(
    tmp_path: Path, groups: str, name: str | None, of_the_system: str | None
) -> None:
    (tmp_path / "cgroup").write_text(groups)
    assert own_unit.name(str(tmp_path / "cgroup")) == name
    assert own_unit.name(str(tmp_path / "cgroup"), of_system_only=True) == of_the_system


def test_without_control_groups_there_is_no_unit(tmp_path: Path) -> None:
    assert own_unit.name(str(tmp_path / "cgroup")) is None
