from __future__ import annotations

import re

import pytest

from healthcheck import remedies
from healthcheck.catalogue import BY_CODE
from healthcheck.catalogue.entry import Entry


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


@pytest.mark.parametrize(
    ("remedy", "typed"),
    [
        ("ssh nas uptime", "sudo -u carrier ssh nas uptime"),
        ("try it by hand: ssh -v nas", "try it by hand: sudo -u carrier ssh -v nas"),
        ("手工试一试：ssh -v nas", "手工试一试：sudo -u carrier ssh -v nas"),
        (
            "ssh-keygen -R nas -f /k && ssh nas; echo 'ls' | sftp nas",
            "sudo -u carrier ssh-keygen -R nas -f /k && sudo -u carrier ssh nas; echo 'ls' | sudo -u carrier sftp nas",
        ),
        ("ping nas; ssh nas", "ping nas; sudo -u carrier ssh nas"),
        ("on the NAS: sudo ssh-keygen -lf /k", "on the NAS: sudo ssh-keygen -lf /k"),
        ("pin it: ssh-keyscan nas | sudo -u carrier tee /k", "pin it: ssh-keyscan nas | sudo -u carrier tee /k"),
        ("make one: sudo -u carrier ssh-keygen -f /k", "make one: sudo -u carrier ssh-keygen -f /k"),
        ("correct the port in the ssh configuration", "correct the port in the ssh configuration"),
        ("sudo systemctl restart ssh.service", "sudo systemctl restart ssh.service"),
    ],
)
def test_what_goes_by_an_account_s_keys_is_typed_as_that_account(remedy: str, typed: str) -> None:
    assert remedies.typed(remedy, user_manager=False, account="carrier") == typed
    assert remedies.typed(remedy, user_manager=False) == remedy


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("entry", BY_CODE.values(), ids=BY_CODE)
def test_no_command_of_a_remedy_is_left_out(entry: Entry, language: str) -> None:
    """All that begins like one of those commands is one, or a part of a word or of a sentence about it."""
    text = entry.text(language)
    for remedy in (text.remedy, text.remedy_by_sftp):
        typed = remedies.typed(remedy, user_manager=False, account="carrier")
        left = re.findall(r"(?<!sudo )(?<!-u carrier )(?:\b(?:ssh|sftp) [-{]|ssh-copy-id|ssh-keygen)", typed)
        assert left == [], remedy
