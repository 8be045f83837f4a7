"""The copy on the NAS."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator

from tests.faults.clocks import SteppedClock
from tests.faults.loopback import Loopback, fault, no_alarm
from tests.faults.table import Way

FILE = "{name}.smoke-check.bin"
PLACE = f"{{base}}/EdgeBackup/{{day}}/{FILE}"
STOP = "stop the daemon before more is deleted: sudo systemctl stop {unit}; then check the NAS's disks"


def assert_no_empty_folders(place: Loopback) -> None:
    """Wherever a copy was put, the folders that were made for it went with it."""
    assert [path for path in place.scene.base.rglob("*") if path.is_dir() and not any(path.iterdir())] == []


@fault(
    probe="remote_verify",
    cause="copy_wrong_size",
    says=f"the copy at {PLACE} has 1023 bytes instead of 1024",
    remedy=STOP,
)
def truncated(place: Loopback) -> Iterator[None]:
    """The copy lacks its last byte."""
    with place.daemon("truncated"):
        yield


@fault(
    probe="remote_verify",
    cause="copy_wrong_content",
    says=f"the copy at {PLACE} has the right size and other content (SHA-256 {{found}}, sent {{sent}})",
    remedy=f"{STOP} and memory",
)
def altered(place: Loopback) -> Iterator[None]:
    """The copy has the right size and one wrong bit."""
    with place.daemon("altered"):
        yield


@fault(
    probe="remote_verify",
    cause="copy_wrong_content",
    says=(
        f"0 of 2 copies are right; the copy at {PLACE} has the right size and other content "
        "(SHA-256 {found}, sent {sent})"
    ),
    remedy=f"{STOP} and memory",
)
def swapped(place: Loopback) -> Iterator[Way]:
    """The copies of two files changed places."""
    place.configure({"check_settings": {"negative_proof": "off"}})  # two files, and no third one
    with place.daemon("swapped"):
        yield lambda: place.check("--files", "2")


@fault(
    probe="local_delete",
    cause="copy_lost_before_delete",
    says=f"the verified copy {PLACE} of {FILE} is missing now; the file is still on this server",
    remedy="find out who changes files on the NAS; the daemon keeps what it can't verify",
)
def deleted_after_completion(place: Loopback) -> Iterator[None]:
    """The copy is deleted on the NAS after it was completed."""
    place.configure({"check_settings": {"delete_grace_minutes": 0.02}})
    with place.daemon("loses_copy"):
        yield


@fault(
    probe="remote_verify",
    cause="copy_wrong_path",
    says=f"the copy of {FILE} lies at {{base}}/{{day}}/{FILE} instead of {PLACE}",
    remedy="set nas_settings.base_path, nas_settings.backup_path and file_organization alike for all programs",
)
def at_the_wrong_path(place: Loopback) -> Iterator[None]:
    """The daemon leaves backup_path out."""
    with place.daemon("wrong_path"):
        yield
    assert_no_empty_folders(place)


@fault(
    probe="remote_verify",
    cause="copy_wrong_day",
    says=f"the copy of {FILE} lies in the folder of another day: {PLACE} instead of {PLACE}",
    remedy=(
        "let the daemon go by the date in a file's name, and by this server's time zone: timedatectl; "
        "systemctl show --property=Environment {unit}; after a change: sudo systemctl restart {unit}"
    ),
)
def in_the_folder_of_another_day(place: Loopback) -> Iterator[None]:
    """The daemon goes by the day of another time zone."""
    with place.daemon("next_day"):
        yield
    assert_no_empty_folders(place)


@no_alarm()
def nas_in_another_time_zone(place: Loopback) -> Iterator[None]:
    """The NAS lives 14 hours ahead, where it may be tomorrow."""
    place.nas.restart(environment=["TZ=Test-14"])
    with place.daemon():
        yield
    place.nas.restart()


@contextlib.contextmanager
def nas_clock_off_by(place: Loopback, hours: float, **nas: str) -> Iterator[None]:
    """Have the clock of the NAS wrong, and with it the times of its files, while our daemon is at work."""
    clock = SteppedClock(place.scene.folder)
    clock.set_by(hours)
    place.configure({"nas_settings": nas})
    os.utime(place.scene.base, (time.time() + hours * 3600,) * 2)
    values = {**clock.environment, "STEPPED_FILES": "yes"}
    place.nas.restart(environment=[f"{name}={value}" for name, value in values.items()])
    with place.daemon():
        yield
    place.nas.restart()


@no_alarm()
def nas_clock_behind(place: Loopback) -> Iterator[None]:
    """The clock of the NAS is 7 hours behind, and so are the times of its files."""
    with nas_clock_off_by(place, -7):
        yield


@no_alarm()
def nas_clock_ahead(place: Loopback) -> Iterator[None]:
    """The clock of the NAS is 30 hours ahead, and so are the times of its files."""
    with nas_clock_off_by(place, 30):
        yield


@no_alarm()
def nas_clock_ahead_by_sftp(place: Loopback) -> Iterator[None]:
    """The clock of a NAS that is used by SFTP is 30 hours ahead, and so are the times of its files."""
    with nas_clock_off_by(place, 30, access="sftp"):
        yield
