"""Which of its forms an [Errno 30] has, from lines of mountinfo and plain values."""

from __future__ import annotations

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import Cause
from celestial_nasops.read_only import Mount, disk_fault, judge, mount_of, parse

MOUNTINFO = b"""\
22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw,errors=continue
23 22 0:21 / /proc rw,nosuid shared:2 master:1 - proc proc rw
24 22 0:20 /data /data ro,relatime master:1 - ext4 /dev/vda rw,errors=continue
25 24 0:20 /data/media /data/my\\040media rw,relatime - ext4 /dev/vda rw
26 22 0:30 / /mnt ro,relatime - tmpfs tmpfs ro,size=64k
27 22 0:31 / /broken rw,relatime - ext4 /dev/vdb ro,errors=remount-ro
a line that is none
"""
ROOT = Mount("/", False, False, "/dev/vda")
DATA = Mount("/data", True, False, "/dev/vda")
MEDIA = Mount("/data/my media", False, False, "/dev/vda")
DISK = Mount("/mnt", True, True, "tmpfs")
BROKEN = Mount("/broken", False, True, "/dev/vdb")


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/", ROOT),
        ("/data", DATA),
        ("/data/other", DATA),
        ("/database", ROOT),
        ("/data/my media", MEDIA),
        ("/data/my media/x", MEDIA),
        ("/mnt", DISK),
        ("/broken/x/y", BROKEN),
    ],
)
def test_a_path_is_reached_through_the_deepest_mount(path: str, mount: Mount) -> None:
    assert mount_of(path, parse(MOUNTINFO)) == mount


def test_of_several_mounts_in_one_place_the_last_one_counts() -> None:
    over = MOUNTINFO + b"28 26 0:32 / /mnt rw - tmpfs tmpfs rw\n"
    assert mount_of("/mnt/x", parse(over)) == Mount("/mnt", False, False, "tmpfs")
    assert mount_of("/mnt/x", []) is None


@pytest.mark.parametrize(
    ("mount", "unit", "was_writable", "cause"),
    [
        (DISK, "a.service", True, causes.FOLDER_READ_ONLY),
        (BROKEN, "a.service", False, causes.FOLDER_READ_ONLY),
        (DATA, "a.service", False, causes.FOLDER_SANDBOXED),
        (DATA, "a.service", True, causes.FOLDER_REPLACED),
        (DATA, None, True, causes.FOLDER_READ_ONLY),  # mounted so, by hand
        (ROOT, "a.service", True, causes.FOLDER_READ_ONLY),  # writable by now; nothing is known
        (None, "a.service", True, causes.FOLDER_READ_ONLY),
    ],
)
def test_the_form_follows_from_mount_unit_and_past(
    mount: Mount | None, unit: str | None, was_writable: bool, cause: Cause
) -> None:
    assert judge(mount, unit, was_writable=was_writable) is cause


def test_a_disk_that_can_be_written_has_no_fault() -> None:
    assert disk_fault("/tmp", "a.b") is None
