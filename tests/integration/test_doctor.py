"""The doctor on processes and loopback: what it finds where no systemd is needed, and how it speaks."""

from __future__ import annotations

import json
import os
import re
import time
from pathlib import Path

from tests.doctor_told import USER, doctor
from tests.mounts import SmallTmpfs
from tests.nas_servers import Server, openssh_server
from tests.scene import Scene


def test_a_healthy_scene(scene: Scene) -> None:
    with scene.daemon():
        told = doctor(scene)
    assert (told.exit_code, told.bad, told.stderr) == (0, [], "")
    assert told.stdout.endswith("\n16 ok, 0 warn, 0 fail, 0 unknown, 1 skipped\n")


def test_no_alias(scene: Scene) -> None:
    Path(scene.nas.ssh_config).write_text("")
    told = doctor(scene)
    [alias] = told.of("ssh")
    assert alias.startswith(
        f"fail ssh user {USER} has no ssh alias 'nas-edge' in {scene.nas.ssh_config} [no_ssh_alias]"
    )
    [nas, *others] = told.of("nas", "nas_folder", "nas_space", "nas_abilities", "nas_clock")
    assert nas == (
        "fail nas ssh knows no host 'nas-edge' and no such name can be resolved [nas_alias_unknown] -> add 'Host "
        f"nas-edge' to {scene.nas.ssh_config}, or correct nas_settings.ssh_alias in unified_config.json; see: ssh -G "
        "nas-edge"
    )
    assert {line.split(" ", 2)[2] for line in others} == {"because of nas"}


def test_the_ssh_configuration_can_t_be_read(scene: Scene) -> None:
    Path(scene.nas.ssh_config).write_text("Host nas-edge\n  NoSuchThing yes\n")
    told = doctor(scene)
    assert told.of("ssh")[0].startswith("fail ssh the SSH connection to nas-edge failed (ssh configuration): ")
    assert told.of("key", "host_key") == [f"skipped {name} because of ssh" for name in ("key", "host_key")]


def test_a_package_of_another_version(scene: Scene, tmp_path: Path) -> None:
    metadata = tmp_path / "other" / "paramiko-2.0.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text("Metadata-Version: 2.1\nName: paramiko\nVersion: 2.0\n")
    [line] = doctor(scene, PYTHONPATH=f"{tmp_path}/other:{os.environ.get('PYTHONPATH', '')}").of("versions")
    assert line == (
        "fail versions the Python package paramiko is 2.0, and <6,>=3.4 is needed [package_unfit] -> install this "
        "version's own packages again: sudo ./install.sh"
    )


def test_disks_of_this_server(scene: Scene, small_tmpfs: SmallTmpfs) -> None:
    media = small_tmpfs(8 << 20)
    scene.configure({"local_settings": {"media_path": media}})
    filler = Path(media, "filler")
    filler.write_bytes(bytes(5 << 20))
    assert doctor(scene).of("space")[0].startswith(f"ok space free: {media} 3.1 MB")
    scene.configure({"local_settings": {"media_path": media}, "testing": {"test_file_size_bytes": 4 << 20}})
    [line] = doctor(scene).of("space")
    assert line == (
        f"fail space no space left in {media} (local_settings.media_path): 5.2 MB are needed; 3.1 MB of 8.4 MB free on "
        f"{media} (tmpfs) [folder_full] -> free space there; what fills it: sudo du -xhd2 {media} | sort -h | tail; "
        f"where no inode is free: sudo du -xd2 --inodes {media} | sort -n | tail"
    )
    big = small_tmpfs(64 << 20, name="big")
    Path(big, "filler").write_bytes(bytes(62 << 20))
    scene.configure({"local_settings": {"media_path": big}})
    [line] = doctor(scene).of("space")
    assert line == (
        f"warn space little room is left in {big} (local_settings.media_path): 2.1 MB of 67.1 MB [space_low] -> see "
        f"what takes it: df -h {big}; df -i {big}; and what waits to be deleted: sudo media-sync-daemon --config "
        f"{scene.config_path} queue"
    )


# --- the NAS's abilities ---


def test_a_nas_that_has_changed_and_one_that_proves_too_little(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas", settings=["Subsystem sftp internal-sftp"]) as nas:
        scene = Scene(tmp_path, nas)
        with scene.daemon():
            assert scene.check().exit_code == 0  # the daemon has logged in, and remembers what it found
            scene.configure({"nas_settings": {"access": "sftp"}})
            told = doctor(scene)
        [line] = told.of("nas_abilities")
        assert re.fullmatch(
            r"warn nas_abilities the NAS is not what the daemon found at its last connection: a shell \(.*; and now: "
            r"SFTP \(.* \[nas_changed\] -> see what was switched on or off there; then let the daemon connect anew: "
            r"sudo systemctl restart media-sync-daemon\.service",
            line,
        )
        assert told.of("nas_clock") == ["skipped nas_clock SFTP tells no time"]
        assert told.of("nas_folder") == [f"ok nas_folder {scene.base} is there"]
        sync = {"required_verification_level": "hash"}
        scene.configure({"nas_settings": {"access": "sftp"}, "sync_settings": sync})
        [line] = doctor(scene).of("nas_abilities")
    assert line == (
        "fail nas_abilities nothing is deleted: this NAS lets a copy be verified by read_back only, and hash is "
        "required [delete_unproven] -> give the account a shell on the NAS; or, to take less for proof, set "
        "sync_settings.required_verification_level to read_back in unified_config.json, then: sudo systemctl reload "
        "media-sync-daemon"
    )


def test_a_nas_that_freezes_is_waited_for_in_bounds(scene: Scene) -> None:
    scene.configure({"check_settings": {"ping_timeout_seconds": 1}})
    scene.nas.freeze()
    begun = time.monotonic()
    told = doctor(scene)
    took = time.monotonic() - begun
    scene.nas.thaw()
    [nas] = told.of("nas")
    silent = f"127.0.0.1 port {scene.nas.port} gave no answer within 1 s (waiting for its SSH greeting)"
    assert nas.startswith(f"fail nas {silent} [nas_silent] -> see that the NAS is on and awake, ")
    assert told.exit_code == 1
    assert took < 1 + 3 + 5


# --- what can't be looked at ---


def test_a_systemd_that_does_not_answer(scene: Scene, tmp_path: Path) -> None:
    scene.configure({"daemon_settings": {"supervisor": "systemd"}})
    scene.create_database()
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "systemctl").write_text("#!/bin/sh\necho 'Failed to connect to bus' >&2\nexit 1\n")
    (programs / "systemctl").chmod(0o755)
    told = doctor(scene, PATH=f"{programs}:{os.environ['PATH']}")
    reason = (
        "could not look: systemd could not be asked about media-sync-daemon.service: systemctl show --timestamp=unix "
        "-- media-sync-daemon.service smoke-check.service smoke-check.timer smoke-check-watch.timer ended with exit "
        "code 1: Failed to connect to bus [systemd_unavailable] -> see whether the bus hangs: busctl --timeout=5 list; "
        "if so: sudo systemctl restart dbus; where the daemon runs without systemd set daemon_settings.supervisor to "
        "none"
    )
    assert told.of("units", "daemon_sandbox", "check_sandbox") == [
        f"unknown {name} {reason}" for name in ("units", "daemon_sandbox", "check_sandbox")
    ]
    assert told.exit_code == 2, told.stdout


# --- how it speaks ---


def test_json(scene: Scene) -> None:
    scene.create_database()
    scene.database.chmod(0o666)
    told = doctor(scene, "--json")
    document = json.loads(told.stdout)
    assert (document["exit_code"], document["language"], document["config_path"]) == (1, "en", scene.config_path)
    [queue] = [finding for finding in document["findings"] if finding["name"] == "queue"]
    assert queue == {
        "name": "queue",
        "state": "warn",
        "summary": f"every user of this server may change {scene.database} (mode 666)",
        "remedy": f"sudo chmod o-w {scene.database}",
        "cause": "file_open_to_others",
    }


def test_chinese_and_a_terminal_that_can_t_show_it(scene: Scene) -> None:
    scene.configure({"check_settings": {"language": "zh"}})
    scene.create_database()
    told = doctor(scene)
    assert told.of("queue") == [f"ok queue {scene.database} 是一个队列；有 0 个文件等待"]
    assert told.of("units") == ["skipped units daemon_settings.supervisor 为 none，因此没有可查看的单元"]
    told = doctor(scene, PYTHONIOENCODING="ascii", LC_ALL="C")
    assert told.of("locale") == [
        "warn locale this terminal asks for the locale C, which is not UTF-8, so Chinese can't be shown and is said in "
        "English [locale_not_utf8] -> take one that is: sudo localectl set-locale LANG=zh_CN.UTF-8"
    ]


def test_a_bad_configuration_ends_it_as_it_ends_a_run(scene: Scene) -> None:
    Path(scene.config_path).write_text("{")
    told = doctor(scene)
    assert (told.exit_code, told.stdout) == (78, "")
    assert told.stderr.startswith(f"smoke-check: the configuration {scene.config_path} is not JSON: ")


def test_it_makes_and_changes_no_file(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as nas:
        scene = Scene(tmp_path, nas)
        scene.create_database()
        before = everything(tmp_path, nas)
        doctor(scene)
        assert everything(tmp_path, nas) == before


def everything(folder: Path, nas: Server) -> dict[str, tuple[int, ...]]:
    """All files with inode, size, mode and the moment of their last change; the SSH server's log is its own."""
    paths = [path for path in folder.rglob("*") if path != Path(nas.folder, "log")]
    return {
        str(path): (status.st_ino, status.st_size, status.st_mode, status.st_mtime_ns, status.st_ctime_ns)
        for path in paths
        if (status := path.lstat())
    }
