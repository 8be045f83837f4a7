from __future__ import annotations

import pytest

from healthcheck import remedies


@pytest.mark.parametrize(
    ("remedy", "typed"),
    [
        ("sudo systemctl restart x.service", "systemctl --user restart x.service"),
        (
            "see: systemctl status x; journalctl -u x -n 50",
            "see: systemctl --user status x; journalctl --user -u x -n 50",
        ),
        ("sudo mkdir -p /x", "sudo mkdir -p /x"),
        ("systemctl --user start x", "systemctl --user start x"),
    ],
)
def test_units_of_one_user_take_no_sudo(remedy: str, typed: str) -> None:
    assert remedies.typed(remedy, user_manager=True) == typed
    assert remedies.typed(remedy, user_manager=False) == remedy
