"""The NAS's disk, and what lies on it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.faults.disks import disk, fill
from tests.faults.table import fault, no_alarm
from tests.system.pair import BASE_PATH, NAS_USER
from tests.system.site import DAEMON, Site

BY_SSH = "sudo -u media-sync ssh nas-edge"
# A run waits no longer than needed for what can't come.
IMPATIENT = {"testing": {"max_wait_minutes": 0.1}}


@contextlib.contextmanager
def volume(site: Site, options: str) -> Iterator[None]:
    """Have the base path on a volume of its own, in the end on the old one."""
    site.configure(IMPATIENT)
    with disk(site.nas, BASE_PATH, options):
        yield
    site.forget_connections()


@fault(
    probe="remote_verify",
    cause="nas_no_room",
    says=(
        "the daemon could not deliver {name}.smoke-check.bin within 5 s and keeps trying: "
        "{path}.smoke-check.bin waits for room on the NAS: 1.0 kB needed, 0 B free"
    ),
    remedy=f"free space or raise the quota there, the rest goes by itself: {BY_SSH} df -h {BASE_PATH}",
)
def full(site: Site) -> Iterator[None]:
    """The volume is full."""
    with volume(site, "size=80m"):
        fill(site.nas, BASE_PATH)
        yield


@fault(
    probe="remote_verify",
    cause="nas_read_only",
    says=(
        "the daemon could not deliver {name}.smoke-check.bin within 5 s and keeps trying: the NAS volume of "
        f"{BASE_PATH}/EdgeBackup/{{day}} is read-only"
    ),
    remedy=f"look at the volume's state in DSM's Storage Manager: {BY_SSH} mount",
)
def read_only(site: Site) -> Iterator[None]:
    """The volume is read-only."""
    with volume(site, "size=80m"):
        site.nas.run("mount", "-o", "remount,ro", BASE_PATH)
        yield


@fault(
    probe="remote_verify",
    cause="nas_base_missing",
    says=(
        "the daemon could not deliver {name}.smoke-check.bin within 5 s and keeps trying: the folder "
        f"{BASE_PATH} does not exist on the NAS; is its volume mounted?"
    ),
    remedy=f"mount the volume, or create the folder if this NAS is new: {BY_SSH} mkdir -p {BASE_PATH}",
)
def folder_missing(site: Site) -> Iterator[None]:
    """The base folder is missing."""
    site.configure(IMPATIENT)
    site.nas.shell(f"mv {BASE_PATH} {BASE_PATH}.kept")
    yield
    site.nas.shell(f"mv {BASE_PATH}.kept {BASE_PATH}")


@fault(
    probe="remote_verify",
    cause="nas_no_permission",
    says=(
        "the daemon gave up on {name}.smoke-check.bin: edge_sync may not make the folder "
        f"{BASE_PATH}/EdgeBackup/{{day}} on the NAS"
    ),
    remedy=f"give the account read and write permission on the folder: {BY_SSH} ls -ld {BASE_PATH}",
)
def not_writable(site: Site) -> Iterator[None]:
    """The base folder may not be written."""
    site.nas.shell(f"chown root: {BASE_PATH}; chmod 755 {BASE_PATH}")
    yield
    site.nas.shell(f"chown {NAS_USER} {BASE_PATH}")


@fault(
    probe="local_delete",
    cause="deletion_held_up",
    says=(
        "{name}.smoke-check.bin is not deleted, as the daemon deletes nothing until a person has looked: "
        f"[nas_marker_missing] {BASE_PATH} on the NAS is not the folder that it was: "
        "its marker .celestial-nasops-marker is missing; nothing is deleted until a person has looked"
    ),
    remedy="look at what that names, then: sudo media-sync-daemon resume; until then the disk fills up",
)
def volume_not_mounted(site: Site) -> Iterator[None]:
    """The volume is not mounted, and its empty mount point takes the files."""
    assert site.check().exit_code == 0
    site.nas.shell(f"mv {BASE_PATH} {BASE_PATH}.kept; install -d -o {NAS_USER} {BASE_PATH}")
    yield
    site.nas.shell(f"rm -rf {BASE_PATH}; mv {BASE_PATH}.kept {BASE_PATH}")
    site.edge.shell("media-sync-daemon resume")


@no_alarm()
def time_zone_off(site: Site) -> Iterator[None]:
    """The daemon lives in a time zone 14 hours ahead, where it may be tomorrow."""
    site.drop_in(DAEMON, "Environment=TZ=Pacific/Kiritimati")
    site.edge.run("systemctl", "restart", DAEMON)
    yield
