"""The edge server's disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tests.faults.disks import disk, fill
from tests.faults.table import Breaks, fault, no_alarm
from tests.system.site import CHECK, DAEMON, MEDIA, USER, Site

missing = fault(
    probe="file_insert",
    cause="folder_missing",
    says="the folder /data/temp/dji/media/ does not exist (local_settings.media_path)",
    remedy="create it, or correct local_settings.media_path in unified_config.json: "
    "sudo install -d -o media-sync /data/temp/dji/media/",
)
sandboxed = fault(
    probe="file_insert",
    cause="folder_sandboxed",
    says=(
        "/data/temp/dji/media/ is read-only for smoke-check.service (local_settings.media_path): [Errno 30] "
        "Read-only file system; the unit's sandbox forbids to write there"
    ),
    remedy=(
        "sudo systemctl edit smoke-check.service, add the lines [Service] and "
        "ReadWritePaths=/data/temp/dji/media/, save, then: sudo systemctl restart smoke-check.service"
    ),
)


def full(reason: str) -> Callable[[Breaks], Breaks]:
    """The fault of a media disk without room."""
    return fault(
        probe="file_insert",
        cause="folder_full",
        says=(
            f"no space left in /data/temp/dji/media/ (local_settings.media_path): {reason}; {{free}} of 1.0 MB free on "
            "/data/temp/dji/media (tmpfs)"
        ),
        remedy=(
            "free space there; what fills it: sudo du -xhd2 /data/temp/dji/media | sort -h | tail; where no inode is "
            "free: sudo du -xd2 --inodes /data/temp/dji/media | sort -n | tail"
        ),
    )


@missing
def media_folder_missing(site: Site) -> Iterator[None]:
    """The media folder is missing."""
    site.edge.shell(f"mv {MEDIA} {MEDIA}.kept")
    yield
    site.edge.shell(f"mv {MEDIA}.kept {MEDIA}")


@fault(
    probe="file_insert",
    cause="folder_not_a_folder",
    says="/data/temp/dji/media/ is not a folder (local_settings.media_path)",
    remedy=(
        "correct local_settings.media_path in unified_config.json, or look at what is there: ls -ld "
        "/data/temp/dji/media/"
    ),
)
def media_folder_is_a_file(site: Site) -> Iterator[None]:
    """A file is in the media folder's place."""
    site.edge.shell(f"mv {MEDIA} {MEDIA}.kept; touch {MEDIA}")
    yield
    site.edge.shell(f"rm {MEDIA}; mv {MEDIA}.kept {MEDIA}")


@missing
def media_folder_is_a_dead_link(site: Site) -> Iterator[None]:
    """The media folder is a link to nowhere."""
    site.edge.shell(f"mv {MEDIA} {MEDIA}.kept; ln -s /mnt/away {MEDIA}")
    yield
    site.edge.shell(f"rm {MEDIA}; mv {MEDIA}.kept {MEDIA}")


@sandboxed
def media_folder_is_a_link_out_of_the_sandbox(site: Site) -> Iterator[None]:
    """The media folder is a link to a folder outside of the sandbox."""
    site.edge.shell(f"mv {MEDIA} /srv/media; ln -s /srv/media {MEDIA}")
    yield
    site.edge.shell(f"rm {MEDIA}; mv /srv/media {MEDIA}")


@fault(
    probe="file_insert",
    cause="folder_no_permission",
    says="user media-sync may not write in /data/temp/dji/media/ (local_settings.media_path)",
    remedy="give the folder to that user: sudo chown media-sync /data/temp/dji/media/",
)
def media_folder_unwritable(site: Site) -> Iterator[None]:
    """The media folder belongs to root."""
    site.edge.shell(f"chown root: {MEDIA}; chmod 755 {MEDIA}")
    yield
    site.edge.shell(f"chown {USER} {MEDIA}")


@full("No space left on device")
def disk_full(site: Site) -> Iterator[None]:
    """The media disk is full."""
    site.edge.run("systemctl", "stop", DAEMON)
    with disk(site.edge, MEDIA, "size=1m,mode=755"):
        site.edge.run("systemctl", "start", DAEMON)
        filler = fill(site.edge, MEDIA)
        yield
        site.edge.shell(f"rm {filler}; systemctl stop {DAEMON}")
    site.edge.run("systemctl", "start", DAEMON)


@full("no inode free")
def out_of_inodes(site: Site) -> Iterator[None]:
    """The media disk has no inode left."""
    site.edge.run("systemctl", "stop", DAEMON)
    with disk(site.edge, MEDIA, "size=1m,nr_inodes=20,mode=755"):
        site.edge.run("systemctl", "start", DAEMON)
        site.edge.shell(f"i=0; while touch {MEDIA}/thumb$i 2>/dev/null; do i=$((i + 1)); done")
        yield
        site.edge.shell(f"rm {MEDIA}/thumb*; systemctl stop {DAEMON}")
    site.edge.run("systemctl", "start", DAEMON)


@sandboxed
def read_only_by_sandbox(site: Site) -> Iterator[None]:
    """The check's own sandbox forbids the media folder."""
    site.drop_in(CHECK, f"ReadOnlyPaths={MEDIA}")
    yield
    site.edge.shell(f"rm -r /etc/systemd/system/{CHECK}.d; systemctl daemon-reload")


@no_alarm()
def media_folder_is_a_link(site: Site) -> Iterator[None]:
    """The media folder is a link to another folder of the same disk."""
    real = "/data/temp/dji/real"
    site.edge.shell(f"systemctl stop {DAEMON}; mv {MEDIA} {real}; ln -s {real} {MEDIA}; systemctl start {DAEMON}")
    yield
    site.edge.shell(f"systemctl stop {DAEMON}; rm {MEDIA}; mv {real} {MEDIA}; systemctl start {DAEMON}")
