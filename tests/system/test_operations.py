"""docs/operations.md, typed as it stands."""

from __future__ import annotations

import os
from collections.abc import Mapping

import pytest

from tests.readme import OPERATIONS, commands
from tests.system.bundles import HOME
from tests.system.machines import Machine, machine
from tests.system.network import ADDRESSES
from tests.system.pair import NAS_HOME, NAS_USER, Keys, pair
from tests.system.product import OFFLINE, source, wheelhouse
from tests.system.roots import Disk

PAGE = commands(OPERATIONS[0].read_text(encoding="utf-8"))
# The test's machines have no sudo; what follows it is run as root, or as that user.
SUDO = '#!/bin/sh\nif [ "$1" = -u ]; then user=$2; shift 2; exec runuser -u "$user" -- "$@"; fi\nexec "$@"\n'
typed: set[str] = set()


def type_in(edge: Machine, name: str, folder: str = "/root", environment: Mapping[str, str] | None = None) -> str:
    """Type a block of the page, and return all that it prints."""
    typed.add(name)
    script = "\n".join(PAGE[name]).replace("192.168.200.103", ADDRESSES["nas"])
    values = [f"{key}={value}" for key, value in (environment or {}).items()]
    ran = edge.run("env", *values, "sh", "-c", f"cd {folder}; {{ {script}\n}} 2>&1", check=False, timeout=300)
    return ran.stdout + f"exit code {ran.exit_code}\n"


@pytest.fixture(scope="module")
def brought(bookworm: Disk) -> bytes:
    """The bundle that the page has one make."""
    with source() as checkout:
        read_only = {"/checkout": checkout, "/wheels": wheelhouse(bookworm.suite)}
        with machine("office", bookworm, read_only=read_only) as office:
            office.shell("cp -R /checkout /root/checkout")
            told = type_in(office, "bundle", "/root/checkout", OFFLINE)
            assert told.startswith("install: made /root/checkout/celestial-nasops.tar.gz for Python 3.11 x86_64; "), (
                told
            )
            return office.path("/root/checkout/celestial-nasops.tar.gz").read_bytes()


def test_the_page_from_its_beginning_to_its_end(bookworm: Disk, nas_disk: Disk, brought: bytes) -> None:
    with pair(bookworm, nas_disk) as both:
        edge, nas = both.edge, both.nas
        edge.write("/usr/bin/sudo", SUDO, mode=0o755)
        edge.write("/root/celestial-nasops.tar.gz", brought)
        assert type_in(edge, "unpack") == "exit code 0\n"
        [folder] = edge.find("/root", "-maxdepth", "1", "-name", "celestial-nasops-*")

        assert "then start it: sudo ./install.sh\nexit code 0\n" in type_in(edge, "install", folder)
        assert type_in(edge, "link").endswith("exit code 0\n")
        key = edge.read(f"{HOME}/.ssh/id_ed25519.pub")
        nas.write(f"{NAS_HOME}/.ssh/authorized_keys", key, mode=0o600, owner=f"{NAS_USER}:")
        shown = nas.run("ssh-keygen", "-l", "-f", "/etc/ssh/ssh_host_ed25519_key.pub").stdout.split()[1]
        assert shown in type_in(edge, "compare")
        assert "\nDEFERRED in " in type_in(edge, "start", folder)

        assert type_in(edge, "cadence").endswith("exit code 0\n")
        assert "OnUnitInactiveUSec=5min" in edge.run("systemctl", "show", "smoke-check.timer").stdout
        assert "Overall exposure level for media-sync-daemon.service" in type_in(edge, "hardening")
        assert "smoke-check-watch.timer" in type_in(edge, "red-timers")

        edge.run("systemctl", "stop", "media-sync-daemon")
        assert "exit code 1\n" in type_in(edge, "red-again")
        assert 'Status: "FAIL daemon_status: ' in type_in(edge, "red-status")
        assert "[daemon_inactive]" in type_in(edge, "red-report")
        assert "media-sync-daemon.service - Carries media" in type_in(edge, "red-daemon")
        edge.run("systemctl", "start", "media-sync-daemon")
        assert type_in(edge, "red-again") == "exit code 0\n"
        assert edge.failed_units() == []

        assert type_in(edge, "upgrade", folder).startswith("install: nothing to change: ")
        assert "install: would remove the queue /data/temp/dji/media_status.db, 0 " in type_in(edge, "purge", folder)
        assert type_in(edge, "uninstall", folder).endswith("install: removed\nexit code 0\n")
        assert edge.find("/etc/systemd/system", "-name", "smoke-check*", "-o", "-name", "media-sync*") == []
        assert os.path.exists(edge.path("/data/temp/dji/media_status.db"))


V2 = """{"nas_settings": {"ssh_alias": "nas-edge", "base_path": "/volume1/homes/edge_sync/drone_media"},
"local_settings": {"media_path": "/data/temp/dji/media"}, "database": {"path": "/data/temp/dji/media_status.db"},
"smoke_test": {"default_wait_minutes": 1}}"""
FOREIGN = "[Service]\nUser=celestial\nExecStart=sleep infinity\n[Install]\nWantedBy=multi-user.target\n"


def test_the_check_alone_beside_another_daemon(bookworm: Disk, nas_disk: Disk, keys: Keys, brought: bytes) -> None:
    from tests.system.bundles import everything, install
    from tests.system.pair import know_the_nas

    with pair(bookworm, nas_disk) as both:
        edge = both.edge
        edge.write("/usr/bin/sudo", SUDO, mode=0o755)
        edge.write("/etc/systemd/system/media-sync-daemon.service", FOREIGN)
        edge.shell("useradd --create-home celestial; mkdir -p /data/temp/dji/media; chown -R celestial: /data/temp/dji")
        edge.write("/home/celestial/unified_config.json", V2, owner="celestial:")
        know_the_nas(edge, keys, user="celestial", home="/home/celestial")
        edge.run("systemctl", "enable", "--now", "--quiet", "media-sync-daemon")
        pid = edge.unit("media-sync-daemon.service")["MainPID"]
        table = (
            "CREATE TABLE media_transfer_status (id INTEGER PRIMARY KEY AUTOINCREMENT, file_path TEXT UNIQUE NOT NULL"
        )
        for column in ("file_name", "file_hash", "download_status", "download_start_time", "download_end_time"):
            table += f", {column} TEXT"
        for column in ("transfer_start_time", "transfer_end_time", "last_error_message", "created_at", "updated_at"):
            table += f", {column} TEXT"
        table += ", transfer_status TEXT DEFAULT 'pending', file_size INTEGER, download_retry_count INTEGER DEFAULT 0"
        table += ", transfer_retry_count INTEGER DEFAULT 0)"
        edge.run("sqlite3", "/data/temp/dji/media_status.db", f"PRAGMA journal_mode=WAL; {table}", user="celestial")
        before = everything(edge)
        edge.write("/root/celestial-nasops.tar.gz", brought)
        edge.shell("mkdir /root/nasops; tar -xzf /root/celestial-nasops.tar.gz -C /root/nasops --strip-components=1")
        edge.shell("rm /root/celestial-nasops.tar.gz")

        refused = install(edge)
        assert refused.exit_code == 1
        assert "another media-sync-daemon.service is installed" in refused.stderr
        told = type_in(edge, "agent-only", "/root/nasops")
        # That daemon carries nothing, and the check says so.
        assert told.endswith("exit code 2\n"), told
        assert "PASS     file_insert " in told
        assert "FAIL     remote_verify " in told
        assert "install: nothing to change" in install(edge).stdout
        assert edge.unit("media-sync-daemon.service")["MainPID"] == pid
        removed = install(edge, "--uninstall")
        assert removed.exit_code == 0, removed
        assert install(edge, "--uninstall").stderr == "install: nothing is installed in /opt/celestial-nasops\n"
        assert everything(edge) == before
        assert edge.unit("media-sync-daemon.service")["MainPID"] == pid


def test_every_block_was_typed() -> None:
    assert typed == set(PAGE)
