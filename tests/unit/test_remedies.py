from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from celestial_nasops import causes, remedies
from celestial_nasops.durable import user_name
from celestial_nasops.fault import Cause, Fault
from celestial_nasops.media_status_db import MediaStatusDB
from healthcheck.catalogue import BY_CODE
from healthcheck.catalogue.entry import Entry
from tests.mounts import cannot

FILE = '/data/it\'s "odd"/x.mp4'

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
        typed = remedies.typed(remedy, user_manager=user_manager, account="carrier", config="/c d.json")
        assert remedies.typed(typed, user_manager=user_manager, account="carrier", config="/c d.json") == typed


@pytest.mark.parametrize(
    ("remedy", "typed"),
    [
        ("then: sudo media-sync-daemon resume", "then: sudo media-sync-daemon --config '/c d.json' resume"),
        (
            "sudo media-sync-daemon requeue /x; or all: sudo media-sync-daemon requeue --failed",
            "sudo media-sync-daemon --config '/c d.json' requeue /x; or all: sudo media-sync-daemon --config "
            "'/c d.json' requeue --failed",
        ),
        ("try: smoke-check run --max-wait-minutes 9", "try: smoke-check run --config '/c d.json' --max-wait-minutes 9"),
        ("smoke-check run --json --config /x", "smoke-check run --json --config /x"),
        (
            "see: smoke-check config check /x; smoke-check status",
            "see: smoke-check config check /x; smoke-check status",
        ),
        ("sudo systemctl restart media-sync-daemon", "sudo systemctl restart media-sync-daemon"),
        ("stopped until 'media-sync-daemon resume'", "stopped until 'media-sync-daemon resume'"),
    ],
)
def test_a_command_is_told_of_a_configuration_that_it_would_not_find(remedy: str, typed: str) -> None:
    assert remedies.typed(remedy, user_manager=False, config="/c d.json") == typed
    assert remedies.typed(remedy, user_manager=False) == remedy


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("entry", BY_CODE.values(), ids=BY_CODE)
def test_whoever_types_a_command_of_ours_becomes_the_right_user(entry: Entry, language: str) -> None:
    text = entry.text(language)
    for remedy in (text.remedy, text.remedy_by_sftp):
        assert re.findall(r"(?<!sudo )(?:media-sync-daemon (?:queue|requeue|resume)|smoke-check run)\b", remedy) == []


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


def test_every_fault_has_the_commands_of_its_installation() -> None:
    remedies.settle(user_manager=True)
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


# --- a path is one word, whatever is in it ---

ODD_NAME = """2025 it's; touch "$(touch pwned)" *.mp4"""
# ssh hands its words, joined by blanks, to a shell of the NAS.
SSH = """ssh() { shift; sh -c "$*"; }; """


@pytest.mark.parametrize(
    ("cause", "before"),
    [(causes.FILE_REFUSED, ""), (causes.NAS_NAME_TAKEN, SSH), (causes.NAS_NO_PERMISSION, SSH)],
    ids=["here", "on the NAS", "a folder there"],
)
def test_a_command_means_the_file_with_an_odd_name(tmp_path: Path, cause: Cause, before: str) -> None:
    file = tmp_path / ODD_NAME
    file.touch()
    values = dict.fromkeys(re.findall(r"\{(\w+)\}", cause.summary + cause.remedy), "x")
    fault = Fault(cause, **values | {"path": str(file), "folder": str(file)})
    command = before + fault.remedy.rpartition(": ")[2]
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=10, check=False)
    assert (done.returncode, str(file) in done.stdout, done.stderr) == (0, True, "")
    assert list(tmp_path.iterdir()) == [file]


def test_a_command_that_is_one_already_stays_as_it_is() -> None:
    said = {"remedy": "/bin/mend it's", "path": "/x y"}
    assert remedies.filled("{remedy}; ls {path}", said) == "/bin/mend it's; ls '/x y'"


@pytest.mark.parametrize(
    ("cause", "values", "answer"),
    [
        (causes.ROW_EXISTS, {"file_path": FILE}, f"1|{FILE}|x.mp4|7|"),
        (causes.DATABASE_FAILED, {"reason": ""}, "ok"),
        (causes.DATABASE_CORRUPT, {"reason": ""}, ""),
        (causes.DATABASE_NO_COLUMN, {"table": "media_transfer_status", "columns": "", "first_column": "more"}, ""),
    ],
    ids=lambda value: value.code if isinstance(value, Cause) else "",
)
def test_what_is_typed_of_a_queue_finds_it_whatever_its_folder_and_files_are_called(
    tmp_path: Path, cause: Cause, values: dict[str, object], answer: str
) -> None:
    if shutil.which("sqlite3") is None:
        cannot("needs the program sqlite3")
    folder = tmp_path / 'it\'s "odd"'
    folder.mkdir()
    path = str(folder / "queue.db")
    with MediaStatusDB(path, timeout_seconds=1, create=True) as database:
        database.insert_file_record(FILE, "x.mp4", 7)
    command = re.sub(r"^.*?: (?=sqlite3 )", "", Fault(cause, path=path, **values).remedy)
    typed = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=20, check=False)
    assert (typed.returncode, typed.stderr) == (0, "")
    assert typed.stdout.startswith(answer)
