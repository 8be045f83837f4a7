from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator

import pytest

from celestial_nasops import causes, remedies
from celestial_nasops.durable import user_name
from celestial_nasops.fault import Fault
from healthcheck.catalogue import BY_CODE
from healthcheck.catalogue.entry import Entry

# What a user's own rights are not enough for, on this machine or on the NAS.
OF_THE_MACHINE = {
    *("apt-get", "chown", "du", "fuser", "install", "localectl", "localedef", "lsof", "mount", "timedatectl"),
    *("chage", "passwd", "ssh-keygen", "sshd"),
    "smoke-check",  # by another user who looks at this one's installation
}


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
        (
            "put it in place: sudo ./install.sh; what is there",
            "put it in place: ./install.sh --user-units; what is there",
        ),
        ("安装正确的版本：sudo ./install.sh；然后", "安装正确的版本：./install.sh --user-units；然后"),
        ("run as its owner: sudo ./install.sh --user jo; or", "run as its owner: ./install.sh --user-units; or"),
        ("look, then: sudo media-sync-daemon resume", "look, then: media-sync-daemon resume"),
        ("sudo chmod 600 /k", "chmod 600 /k"),
        ("sudo kill -CONT 7", "kill -CONT 7"),
        ("sudo chown pilot /k", "sudo chown pilot /k"),
        ("busctl --timeout=5 list", "busctl --user --timeout=5 list"),
        ("what the kernel said: journalctl -k -n 50", "what the kernel said: journalctl -k -n 50"),
        (f"scan | sudo -u {user_name()} tee -a /k", "scan | tee -a /k"),
        ("scan | sudo -u somebody tee -a /k", "scan | sudo -u somebody tee -a /k"),
    ],
)
def test_units_of_one_user_take_no_sudo(remedy: str, typed: str) -> None:
    assert remedies.typed(remedy, user_manager=True) == typed
    assert remedies.typed(remedy, user_manager=False) == remedy


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("entry", BY_CODE.values(), ids=BY_CODE)
@pytest.mark.parametrize("user_manager", [False, True])
def test_what_is_typed_right_stays_as_it_is(entry: Entry, language: str, *, user_manager: bool) -> None:
    """A remedy may be a part of another one, which is then put in its form again."""
    text = entry.text(language)
    for remedy in (text.remedy, text.remedy_by_sftp):
        typed = remedies.typed(remedy, user_manager=user_manager, account="carrier")
        assert remedies.typed(typed, user_manager=user_manager, account="carrier") == typed


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("entry", BY_CODE.values(), ids=BY_CODE)
def test_a_user_needs_root_for_the_machine_alone(entry: Entry, language: str) -> None:
    text = entry.text(language)
    for remedy in (text.remedy, text.remedy_by_sftp):
        typed = remedies.typed(remedy, user_manager=True)
        assert set(re.findall(r"sudo (\S+)", typed)) <= OF_THE_MACHINE, typed
        assert not re.search(r"(?:systemctl|busctl) (?!--user)|install\.sh(?! --user-units)", typed), typed


@pytest.mark.usefixtures("need_root")
def test_a_fault_of_a_service_names_its_account() -> None:
    """As in the daemon's log: whoever reads it is somebody else."""
    account = next(one for one in pwd.getpwall() if one.pw_shell.endswith("/nologin"))
    os.seteuid(account.pw_uid)
    try:
        fault = Fault(causes.NAS_REFUSED, host="nas", port=22)
    finally:
        os.seteuid(0)
    assert fault.remedy.endswith(f": sudo -u {account.pw_name} ssh -v -p 22 nas")
    assert Fault(causes.NAS_REFUSED, host="nas", port=22).remedy.endswith(": ssh -v -p 22 nas")


@pytest.fixture
def own_units() -> Iterator[None]:
    remedies.settle(user_manager=True)
    yield
    remedies.settle(user_manager=False)


@pytest.mark.usefixtures("own_units")
def test_every_fault_has_the_commands_of_its_installation() -> None:
    fault = Fault(causes.FOLDER_SANDBOXED, path="/x", unit="y.service", setting="z")
    assert fault.remedy == (
        "systemctl --user edit y.service, add the lines [Service] and ReadWritePaths=/x, save, then: "
        "systemctl --user restart y.service"
    )


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
