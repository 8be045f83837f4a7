"""What keeps a first run from passing is told before an installation, each with the command that mends it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from celestial_nasops.config import Config
from celestial_nasops.durable import user_name
from healthcheck import preflight
from tests.nas_servers import Server, embedded_server

USER = user_name()


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, dict[str, str]]:
    return {
        "local_settings": {"media_path": f"{tmp_path}/media"},
        "database_settings": {"db_path": f"{tmp_path}/queue/media_status.db"},
    }


def told(settings: dict[str, dict[str, str]], *, user: str | None = None) -> list[tuple[str, str]]:
    config = Config.model_validate(settings)
    return [(fault.summary, fault.remedy) for fault in preflight.problems(config, user=user)]


def nas_of(server: Server) -> dict[str, str]:
    return {"ssh_config_path": server.ssh_config}


def test_a_machine_that_is_ready(tmp_path: Path, folders: dict[str, dict[str, str]]) -> None:
    with embedded_server(tmp_path / "nas") as server:
        assert told({**folders, "nas_settings": nas_of(server)}) == []


def test_nothing_of_the_way_to_the_nas_is_there(tmp_path: Path, folders: dict[str, dict[str, str]]) -> None:
    config, known, key = tmp_path / "config", tmp_path / "known", tmp_path / "key"
    config.touch()
    nas = {"host": "10.9.8.7", "ssh_config_path": str(config), "known_hosts_path": str(known)}
    found = told({**folders, "nas_settings": nas, "security": {"ssh_key_path": str(key)}})
    assert found == [
        (
            f"user {USER} has no ssh alias 'nas-edge' in {config}",
            "write it, with the NAS's address and account: printf '%s\\n' 'Host nas-edge' '    HostName 10.9.8.7' "
            f"'    User edge_sync' '    IdentityFile {key}' '    IdentitiesOnly yes' | sudo -u {USER} tee -a {config}",
        ),
        (
            f"user {USER} has no key {key} to log in to the NAS with",
            f"make one: sudo -u {USER} ssh-keygen -q -t ed25519 -N '' -f {key}; "
            f"then add the line in {key}.pub to ~/.ssh/authorized_keys of edge_sync on 10.9.8.7",
        ),
        (
            f"no host key of 10.9.8.7 is pinned in {known}",
            f"pin it: ssh-keyscan -t ed25519 10.9.8.7 2>/dev/null | sudo -u {USER} tee -a {known}; "
            f"then compare it with the one that the NAS shows: ssh-keygen -l -f {known}",
        ),
    ]
    # The commands do what they say; root needs no sudo for that.
    for _summary, remedy in found[:2]:
        command = remedy.split(": ", 1)[1].split("; then")[0].replace(f"sudo -u {USER} ", "")
        subprocess.run(["sh", "-c", command], check=True, stdout=subprocess.DEVNULL)
    again = told({**folders, "nas_settings": nas, "security": {"ssh_key_path": str(key)}})
    assert [summary for summary, _remedy in again] == [found[2][0]]


def test_a_host_key_that_is_not_pinned_and_a_key_that_is_none(
    tmp_path: Path, folders: dict[str, dict[str, str]]
) -> None:
    with embedded_server(tmp_path / "nas") as server:
        Path(server.known_hosts).write_text("# nothing\n")
        Path(server.client_key).write_text("no key\n")
        found = told({**folders, "nas_settings": nas_of(server)})
        assert [summary for summary, _remedy in found] == [
            f"the key {server.client_key} can't be used: it is no private key of the kinds ed25519, ecdsa and rsa",
            f"no host key of [127.0.0.1]:{server.port} is pinned in {server.known_hosts}",
        ]
        assert f"ssh-keyscan -t ed25519 -p {server.port} 127.0.0.1 2>/dev/null | " in found[1][1]


def test_folders_that_a_new_user_could_not_write(tmp_path: Path, folders: dict[str, dict[str, str]]) -> None:
    owner = "root" if os.geteuid() == 0 else USER
    (tmp_path / "media").mkdir(mode=0o755)
    (tmp_path / "queue").write_text("a file")
    [first, second] = told(folders, user="newcomer")
    media = f"{tmp_path}/media"
    assert first[0] == (f"{media} belongs to {owner}, and user newcomer may not write it (local_settings.media_path)")
    assert f"sudo chown newcomer {media}" in first[1]
    assert second[0] == f"{tmp_path}/queue is not a folder (database_settings.db_path)"
    (tmp_path / "media").chmod(0o777)
    assert [summary for summary, _remedy in told(folders, user="newcomer")] == [second[0]]


def test_a_folder_and_a_queue_of_another_account(
    need_root: None, tmp_path: Path, folders: dict[str, dict[str, str]]
) -> None:
    for name in ("media", "queue"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o755 if name == "media" else 0o777)
    (tmp_path / "queue" / "media_status.db").touch(mode=0o644)
    for path in ("media", "queue/media_status.db"):
        shutil.chown(tmp_path / path, "nobody")
    database = f"{tmp_path}/queue/media_status.db"
    assert told(folders, user="newcomer") == [
        (
            f"{path} belongs to nobody, and user newcomer may not write it ({setting})",
            f"run as its owner: sudo ./install.sh --user nobody; or give it away: sudo chown newcomer {path}",
        )
        for path, setting in (
            (f"{tmp_path}/media", "local_settings.media_path"),
            (database, "database_settings.db_path"),
        )
    ]


def test_a_folder_on_a_read_only_disk(need_root: None, tmp_path: Path, folders: dict[str, dict[str, str]]) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", tmp_path], check=True)
    try:
        [first, second] = told(folders, user="newcomer")
    finally:
        subprocess.run(["umount", tmp_path], check=True)
    assert first == (
        f"{tmp_path}/media is on a file system that is mounted read-only (local_settings.media_path)",
        f"see why: findmnt -T {tmp_path}/media; or correct local_settings.media_path in unified_config.json",
    )
    assert second[0].startswith(f"{tmp_path}/queue is on a file system that is mounted read-only")


def test_the_command_prints_problems_and_remedies(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    (tmp_path / "media").write_text("a file")
    path.write_text(f'{{"local_settings": {{"media_path": "{tmp_path}/media"}}}}')
    argv = [sys.executable, "-m", "healthcheck", "preflight", "--config", str(path), "--new-user", "newcomer"]
    ran = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=30)
    assert ran.returncode == 1
    assert ran.stdout.startswith(
        f"problem: {tmp_path}/media is not a folder (local_settings.media_path)\n"
        "  -> correct local_settings.media_path in unified_config.json, or look at what is there: "
        f"ls -ld {tmp_path}/media\n"
    )


def test_config_get_prints_the_values_in_force(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"database": {"path": "/x/y.db"}}')
    argv = [sys.executable, "-m", "healthcheck", "config", "get", "--config", str(path)]
    keys = ["database_settings.db_path", "security.max_concurrent_transfers", "check_settings.alert_command"]
    ran = subprocess.run([*argv, *keys], capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode, ran.stdout) == (0, "/x/y.db\n3\n[]\n")
    ran = subprocess.run([*argv, "a.b"], capture_output=True, text=True, check=False, timeout=30)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == "smoke-check: there is no key a.b\n  -> see them all: smoke-check config schema\n"


def test_install_sh_understands_it_in_both_languages(tmp_path: Path) -> None:
    """What it read from the program, as its functions put it together."""
    path = tmp_path / "config.json"
    (tmp_path / "media").write_text("a file")
    path.write_text(f'{{"local_settings": {{"media_path": "{tmp_path}/media"}}}}')
    script = """
        . installer/checks.sh
        declare -a found=()
        add_problems found < <("$@")
        printf '%s\\n' "${#found[@]}" "${found[0]}"
    """
    argv = [sys.executable, "-m", "healthcheck", "preflight", "--config", str(path), "--new-user", "newcomer"]
    told = {}
    for tag, locale in {"en": "C.UTF-8", "zh": "zh_CN.UTF-8"}.items():
        environment = {**os.environ, "LC_ALL": locale, "PYTHONIOENCODING": "utf-8"}
        command = ["bash", "-c", script, "bash", *argv]
        ran = subprocess.run(command, capture_output=True, encoding="utf-8", check=True, timeout=30, env=environment)
        told[tag] = ran.stdout.splitlines()
    assert told["en"][1] == f"{tmp_path}/media is not a folder (local_settings.media_path)"
    assert told["zh"][1] == f"{tmp_path}/media 不是目录（local_settings.media_path）"
    assert told["zh"][0] == told["en"][0]
    assert told["zh"][2].startswith("  -> ")
    assert [len(lines) for lines in told.values()] == [3, 3]
