"""[Errno 30] in all its forms: the daemon loses nothing, the check names the form, and its remedy mends it."""

from __future__ import annotations

import pytest

from tests.system.site import CHECK, DAEMON, MEDIA, USER, Site, Told
from tests.waiting import eventually

STATE = "/var/lib/media-sync-daemon"
NAME = "20250122_101500_x.mp4"
PLACE = f"EdgeBackup/2025/01/22/{NAME}"


def assert_red(site: Site, told: Told, cause: str, summary: str) -> None:
    daemon_status = told.probe("daemon_status")
    assert (daemon_status["outcome"], daemon_status["cause"]) == ("fail", cause), daemon_status
    assert daemon_status["summary"] == summary
    assert (told.result, told.exit_code) == ("exit-code", 1)
    assert told.status_text == f"FAIL daemon_status: {summary} -- {daemon_status['remedy']}"
    assert site.failed_units() == [CHECK]


def assert_well_again(site: Site) -> None:
    eventually(lambda: site.check().exit_code == 0, 30)
    told = site.told()
    assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
    assert site.failed_units() == []
    assert site.litter() == []


def assert_delivered_and_deleted(site: Site, path: str) -> None:
    eventually(lambda: not site.edge.path(path).exists(), 60)
    assert list(site.copies()) == [PLACE]
    assert site.sql("SELECT transfer_status FROM media_transfer_status") == ["completed"]


def wait_until_told(site: Site, words: str) -> None:
    eventually(lambda: words in site.edge.unit(DAEMON)["StatusText"], 30)


def mount(site: Site, folder: str) -> None:
    """Give a folder a file system of its own, with what is in it."""
    site.edge.run("systemctl", "stop", DAEMON)
    site.edge.shell(
        f"cp -a {folder} /root/kept; mount -t tmpfs -o mode=755 tmpfs {folder}; chown {USER}: {folder};"
        f"cp -a /root/kept/. {folder}/; systemctl start {DAEMON}"
    )


@pytest.mark.parametrize(
    ("folder", "setting"),
    [
        (MEDIA, "local_settings.media_path"),
        (STATE, "daemon_settings.state_path"),
    ],
)
def test_a_disk_that_becomes_read_only(site: Site, folder: str, setting: str) -> None:
    mount(site, folder)
    site.apply({"sync_settings": {"safe_delete_delay_minutes": 0.1}})
    path = site.put(NAME)
    eventually(lambda: site.copies(), 30)
    site.edge.run("systemctl", "stop", DAEMON)  # whatever is open for writing keeps a file system from being remounted
    site.edge.run("systemctl", "start", DAEMON)
    eventually(lambda: site.edge.run("mount", "-o", "remount,ro", folder, check=False).exit_code == 0, 10)
    wait_until_told(site, f"[folder_read_only] {folder} ")
    told = site.check()
    errno = "[Errno 30] Read-only file system"
    words = f"{folder} is read-only ({setting}): {errno}; what is mounted at {folder} is read-only"
    assert_red(site, told, "folder_read_only", words)
    assert site.edge.path(path).exists()
    assert told.probe("daemon_status")["remedy"].endswith(f"; sudo mount -o remount,rw {folder}")
    site.edge.run("mount", "-o", "remount,rw", folder)
    assert_delivered_and_deleted(site, path)
    assert_well_again(site)


@pytest.mark.parametrize(
    ("folder", "setting"), [("/srv/media", "local_settings.media_path"), (STATE, "daemon_settings.state_path")]
)
def test_a_folder_that_is_replaced_under_the_running_daemon(site: Site, folder: str, setting: str) -> None:
    site.edge.shell(f"mkdir -p /srv/media; chown {USER}: /srv/media")
    site.apply({"local_settings": {"media_path": "/srv/media"}, "sync_settings": {"safe_delete_delay_minutes": 0.1}})
    path = site.put(NAME, folder="/srv/media")
    eventually(lambda: list(site.copies()) == [PLACE], 30)
    # The container's file system copies what it moves: what the daemon writes meanwhile would be in the way.
    replace = f"mv {folder} {folder}.old; cp -a {folder}.old {folder}"
    site.edge.shell(f"systemctl kill --signal=STOP {DAEMON}; {replace}; systemctl kill --signal=CONT {DAEMON}")
    wait_until_told(site, f"[folder_replaced] {folder} ")
    told = site.check()
    words = (
        f"{folder} is read-only for {DAEMON} ({setting}): [Errno 30] Read-only file system; the folder was replaced "
        "while the unit runs, and its sandbox allows only the old one"
    )
    assert_red(site, told, "folder_replaced", words)
    assert site.edge.path(path).exists()
    assert told.probe("daemon_status")["remedy"] == f"sudo systemctl restart {DAEMON}"
    site.mend(told.probe("daemon_status")["remedy"])
    assert_delivered_and_deleted(site, path)
    assert_well_again(site)


def test_a_sandbox_that_forbids_the_folder(site: Site) -> None:
    """An operator's own ProtectHome=read-only, around media in a home."""
    media = "/home/dock/media"
    site.edge.shell(f"useradd --create-home dock; chmod 755 /home/dock; mkdir {media}; chown {USER}: {media}")
    site.apply({"local_settings": {"media_path": media}})
    path = site.put(NAME, folder=media)
    assert_delivered_and_deleted(site, path)
    path = site.put(NAME.replace("x", "y"), folder=media)
    own = ("ProtectHome=read-only", "BindPaths=", "BindReadOnlyPaths=", "RestartSec=9s")
    site.drop_in(DAEMON, *own, "ReadWritePaths=", "ReadWritePaths=/data")
    site.edge.run("systemctl", "restart", DAEMON, check=False)
    site.edge.wait_for_unit(DAEMON, SubState="auto-restart")
    told = site.check()
    daemon_status = told.probe("daemon_status")
    assert (daemon_status["outcome"], daemon_status["cause"], told.exit_code) == ("fail", "daemon_ended", 1)
    for told_there in (daemon_status["summary"], told.status_text):
        assert f"[folder_sandboxed] {media} is read-only for {DAEMON} (local_settings.media_path): " in told_there
        assert "[Errno 30] Read-only file system; the unit's sandbox forbids to write there" in told_there
        assert f"; sudo systemctl edit {DAEMON}, add the lines [Service] and ReadWritePaths={media}, " in told_there
    assert site.edge.path(path).exists()
    # What "systemctl edit" would write, and what the remedy says then.
    site.drop_in(DAEMON, *own, "ReadWritePaths=", "ReadWritePaths=/data", f"ReadWritePaths={media}")
    site.edge.run("systemctl", "restart", DAEMON)
    eventually(lambda: not site.edge.path(path).exists(), 60)
    assert_well_again(site)
