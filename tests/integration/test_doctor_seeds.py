"""Misconfigurations that need no systemd, each with the doctor's whole line and remedy."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.doctor_told import USER, doctor, typed
from tests.scene import Scene

# --- misconfigurations: each with its whole line and remedy ---


def set_key(section: str, key: str, value: object) -> Callable[[Scene], None]:
    return lambda scene: scene.configure({section: {key: value}})


def write(path: str, text: str) -> Callable[[Scene], None]:
    def act(scene: Scene) -> None:
        Path(path.format(**names(scene))).write_text(text)

    return act


def remove(path: str) -> Callable[[Scene], None]:
    return lambda scene: Path(path.format(**names(scene))).unlink()


def names(scene: Scene) -> dict[str, object]:
    return {
        "folder": scene.folder,
        "config": scene.config_path,
        "key": scene.nas.client_key,
        "known": scene.nas.known_hosts,
        "ssh_config": scene.nas.ssh_config,
        "database": scene.database,
        "media": scene.media,
        "port": scene.nas.port,
        "base": scene.base,
        "user": USER,
    }


def no_media(scene: Scene) -> None:
    scene.media.rmdir()


def media_is_a_file(scene: Scene) -> None:
    scene.media.rmdir()
    scene.media.touch()


def no_column(scene: Scene) -> None:
    with sqlite3.connect(scene.database) as connection:
        connection.execute("ALTER TABLE media_transfer_status DROP COLUMN transfer_end_time")
    connection.close()


def a_huge_file_waits(scene: Scene) -> None:
    with sqlite3.connect(scene.database) as connection:
        connection.execute(
            "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status) "
            "VALUES ('/x', 'x', 9000000000000000, 'completed')"
        )
    connection.close()


def open_to_all(scene: Scene) -> None:
    scene.database.chmod(0o666)


@pytest.mark.parametrize(
    ("break_it", "look", "line", "mend"),
    [
        pytest.param(
            set_key("check_settings", "intervall_minutes", 3),
            "configuration",
            "warn configuration the configuration {config}: nobody reads the key check_settings.intervall_minutes; did "
            "you mean interval_minutes? [config_warns] -> correct that place, then try: smoke-check config check "
            "{config}",
            set_key("check_settings", "interval_minutes", 3),
            id="a key that nobody reads",
        ),
        pytest.param(
            no_media,
            "folders",
            "fail folders the folder {media} does not exist (local_settings.media_path) [folder_missing] -> create it, "
            "or correct local_settings.media_path in unified_config.json: sudo install -d -o {user} {media}",
            None,
            id="no media folder",
        ),
        pytest.param(
            media_is_a_file,
            "folders",
            "fail folders {media} is not a folder (local_settings.media_path) [folder_not_a_folder] -> correct "
            "local_settings.media_path in unified_config.json, or look at what is there: ls -ld {media}",
            lambda scene: (scene.media.unlink(), scene.media.mkdir()),
            id="the media folder is a file",
        ),
        pytest.param(
            remove("{database}"),
            "queue",
            "fail queue there is no database at {database} [database_missing] -> check database_settings.db_path in "
            "unified_config.json; the daemon creates the file when it starts: sudo systemctl restart media-sync-daemon",
            Scene.create_database,
            id="no queue",
        ),
        pytest.param(
            write("{database}", "no database, but long enough to be looked at"),
            "queue",
            "fail queue {database} is not an SQLite database [database_not_a_database] -> check "
            "database_settings.db_path in unified_config.json, and what the file is: file {database}",
            lambda scene: (scene.database.unlink(), scene.create_database()),
            id="a queue that is no database",
        ),
        pytest.param(
            no_column,
            "queue",
            "fail queue table media_transfer_status in {database} lacks: transfer_end_time [database_no_column] -> add "
            'what is missing, for example: sqlite3 {database} "ALTER TABLE media_transfer_status ADD COLUMN '
            'transfer_end_time TEXT"',
            lambda scene: (scene.database.unlink(), scene.create_database()),
            id="a queue without a column",
        ),
        pytest.param(
            open_to_all,
            "queue",
            "warn queue every user of this server may change {database} (mode 666) [file_open_to_others] -> sudo chmod "
            "o-w {database}",
            None,
            id="everybody may change the queue",
        ),
        pytest.param(
            remove("{key}"),
            "key",
            "fail key user {user} has no key {key} to log in to the NAS with [no_ssh_key] -> make one: sudo -u {user} "
            "ssh-keygen -q -t ed25519 -N '' -f {key}; then add the line in {key}.pub to ~/.ssh/authorized_keys of "
            "{user} on 127.0.0.1",
            lambda scene: make_key_as_told(scene),
            id="no key",
        ),
        pytest.param(
            write("{known}", "# nothing\n"),
            "host_key",
            "fail host_key no host key of [127.0.0.1]:{port} is pinned in {known} [host_key_not_pinned] -> pin it: "
            "ssh-keyscan -t ed25519 -p {port} 127.0.0.1 2>/dev/null | sudo -u {user} tee -a {known}; then compare it "
            "with the one that the NAS shows: ssh-keygen -l -f {known}",
            lambda scene: pin_as_told(scene),
            id="no pinned host key",
        ),
        pytest.param(
            set_key("nas_settings", "reserve_bytes", 1 << 60),
            "nas_space",
            "fail nas_space no space left on the NAS for {base}: SIZE free, 1152921.5 TB reserved [nas_disk_full] -> "
            "free space or raise the quota there: ssh -F {ssh_config} nas-edge df -h",
            lambda scene: scene.configure({}),
            id="the NAS is full",
        ),
        pytest.param(
            a_huge_file_waits,
            "nas_space",
            "warn nas_space what waits in the queue waits for room on the NAS: 9000.0 TB needed, SIZE free "
            "[nas_no_room] -> free space or raise the quota there, the rest goes by itself: ssh -F {ssh_config} "
            "nas-edge df -h {base}",
            lambda scene: (scene.database.unlink(), scene.create_database()),
            id="no room on the NAS for what waits",
        ),
    ],
)
def test_a_seeded_misconfiguration(
    scene: Scene, break_it: Callable[[Scene], object], look: str, line: str, mend: Callable[[Scene], object] | None
) -> None:
    scene.create_database()
    break_it(scene)
    [found] = doctor(scene).of(look)
    assert re.sub(r"\b[0-9.]+ [MGT]B free", "SIZE free", found) == line.format(**names(scene))
    if mend is None:
        typed(found)
    else:
        mend(scene)
    assert doctor(scene).of(look)[0].startswith(f"ok {look} ")


def make_key_as_told(scene: Scene) -> None:
    [line] = doctor(scene).of("key")
    typed(line.split("; then")[0])


def pin_as_told(scene: Scene) -> None:
    [line] = doctor(scene).of("host_key")
    typed(line.split("; then")[0])
