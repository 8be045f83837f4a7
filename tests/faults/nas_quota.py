"""The quota of the account on the NAS, of which the file system's free space tells nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any

from celestial_nasops.paths import MARKER_NAME
from tests.faults.loopback import IMPATIENT, Loopback, fault
from tests.faults.preload import compiled
from tests.waiting import eventually

GROUP = "nas_disk"
FILE = "{name}.smoke-check.bin"
DAY = "{base}/EdgeBackup/{day}"
REFUSED = f"the daemon could not deliver {FILE} within 3 s and keeps trying: the NAS takes no more from {{user}} for "
RAISE = (
    "raise the quota there, or free space that counts in it, the rest goes by itself (DSM: Control Panel, User & Group "
    "or Shared Folder, Edit, Quota); "
)
BY_SHELL = f"{RAISE}df does not show a quota, but this, where the NAS has it: {{ssh}} nas-edge quota -s"
BY_SFTP = f"{RAISE}where there is none, look at the volume: Storage Manager"


@contextlib.contextmanager
def over_quota(place: Loopback, **nas: Any) -> Iterator[None]:
    """Have the account's quota used up, and our daemon at work; ``nas`` are settings of the way there."""
    place.configure({**IMPATIENT, "nas_settings": nas})
    library = compiled("over_quota.c", place.scene.folder)
    place.nas.restart(environment=[f"LD_PRELOAD={library}", f"OVER_QUOTA={place.scene.base}"])
    with place.daemon():
        yield
    place.nas.restart()


over_by_shell = functools.partial(fault, probe="remote_verify", cause="nas_over_quota", remedy=BY_SHELL)


@over_by_shell(says=f"{REFUSED}{DAY}/.tmp_{FILE}.{{hash}}: Disk quota exceeded")
def no_block_for_a_file(place: Loopback) -> Iterator[None]:
    """The account's quota is used up, and the volume has room."""
    (place.scene.base / "EdgeBackup" / dt.date.today().strftime("%Y/%m/%d")).mkdir(parents=True)
    with over_quota(place):
        yield


@over_by_shell(says=f"{REFUSED}{DAY}: Disk quota exceeded")
def no_block_for_a_folder(place: Loopback) -> Iterator[None]:
    """The account's quota is used up, and the day's folder is still to be made."""
    with over_quota(place):
        yield


@over_by_shell(says=f"{REFUSED}{{base}}/EdgeBackup/{{folder}}: Disk quota exceeded")
def no_block_for_media(place: Loopback) -> Iterator[None]:
    """The account's quota is used up, which the daemon has met with media that wait before the check's file."""
    names = [f"20250122_10150{number}_media.mp4" for number in range(5)]
    for name in names:
        place.put(name, size=3000)
    with over_quota(place):
        yield
        place.nas.restart()
        there = place.scene.base / "EdgeBackup/2025/01/22"
        eventually(lambda: all((there / name).exists() for name in names))


@fault(
    probe="remote_verify",
    cause="nas_over_quota",
    says=(
        f"{REFUSED}{DAY}/.tmp_{FILE}.{{hash}}: its volume has room, and its SFTP server takes not one byte more and "
        "does not say why"
    ),
    remedy=BY_SFTP,
)
def no_block_by_sftp(place: Loopback) -> Iterator[None]:
    """The account's quota is used up, and its SFTP server does not say so."""
    (place.scene.base / "EdgeBackup" / dt.date.today().strftime("%Y/%m/%d")).mkdir(parents=True)
    with over_quota(place, access="sftp"):
        yield
        # What was tried there, to find out why, is gone.
        eventually(lambda: [path.name for path in place.scene.base.rglob("*") if path.is_file()] in ([], [MARKER_NAME]))
