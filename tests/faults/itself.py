"""The check itself: its state folder, its configuration, and what ends it early."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.faults.loopback import Loopback, Settings, fault, no_alarm, no_verdict
from tests.faults.table import Way
from tests.mounts import SmallTmpfs
from tests.system.site import Told

FILE = "{name}.smoke-check.bin"
LATER: Settings = {"sync_settings": {"safe_delete_delay_minutes": 30}}
MEND = "mend them, then try: smoke-check config check {config}"


# --- the state folder ---


@contextlib.contextmanager
def small_state_folder(place: Loopback) -> Iterator[SmallTmpfs]:
    """Have the check's state folder on a disk of its own."""
    mounts, before = SmallTmpfs(place.scene.folder), place.scene.state_dir
    try:
        place.scene.state_dir = Path(mounts(16 * 1024, name="state"))
        yield mounts
    finally:
        mounts.unmount_all()
        place.scene.state_dir = before


@no_verdict(
    cause="state_unwritable",
    says="{folder}/run.lock can't be written: Read-only file system",
    remedy="let the check write there: see why, then mount it for writing: dmesg | tail; "
    "sudo mount -o remount,rw {folder}",
    exit_code=73,
)
def state_folder_read_only(place: Loopback) -> Iterator[None]:
    """The disk of the state folder is read-only."""
    with small_state_folder(place) as mounts:
        mounts.make_read_only(str(place.scene.state_dir))
        yield


@no_verdict(
    cause="state_unwritable",
    says="{state}/run.lock can't be written: Permission denied",
    remedy="let the check write there: give the folder and all in it to the user of the check: "
    "sudo chown -R {user} {state}",
    exit_code=73,
)
def state_of_another_user(place: Loopback) -> Iterator[Way]:
    """A file of the state folder belongs to another user, as after a run by hand."""
    lock = place.scene.state_dir / "run.lock"
    lock.touch(0o600)
    os.chown(lock, 65534, 65534)
    yield lambda: place.check(bound=True)
    os.chown(lock, os.geteuid(), os.getegid())


@no_verdict(
    cause="state_unwritable",
    says="{folder}/status.json can't be written: No space left on device",
    remedy="let the check write there: free space there; what fills it: sudo du -xhd2 {folder} | sort -h | tail; "
    "where no inode is free: sudo du -xd2 --inodes {folder} | sort -n | tail",
    exit_code=73,
)
def state_folder_full(place: Loopback) -> Iterator[None]:
    """The disk of the state folder is full."""
    with small_state_folder(place):
        with contextlib.suppress(OSError), (place.scene.state_dir / "filler").open("wb", buffering=0) as filler:
            while filler.write(b"x" * 4096):
                pass
        yield


@no_alarm()
def status_file_corrupt(place: Loopback) -> Iterator[None]:
    """The status file is damaged."""
    (place.scene.state_dir / "status.json").write_text("{")
    with place.daemon():
        yield
    assert [path.read_text() for path in place.scene.state_dir.glob("status.json.corrupt-*")] == ["{"]


# --- what ends or keeps a run ---


@no_verdict(
    cause="already_running",
    says="another run (pid {pid}) is under way with the state folder {state}",
    remedy="wait for it: journalctl -fu smoke-check",
    exit_code=75,
)
def two_runs_at_once(place: Loopback) -> Iterator[None]:
    """A second run begins while one is under way."""
    with place.daemon("idle"), place.start() as first:
        place.wait_for_row()
        yield
        first.send_signal(signal.SIGTERM)
        place.finish(first)


@fault(
    probe="remote_verify",
    cause="interrupted",
    says="the run was ended by SIGTERM before remote_verify was done",
    remedy="nothing is broken; start it again: sudo systemctl start smoke-check",
    outcome="error",
    exit_code=143,
)
def stopped_by_sigterm(place: Loopback) -> Iterator[Way]:
    """The run is stopped while it waits."""

    def way() -> Told:
        with place.start() as check:
            place.wait_for_row()
            check.send_signal(signal.SIGTERM)
            return place.finish(check)

    with place.daemon("idle"):
        yield way


DIED = no_verdict(
    cause=None,
    says="the run that began at {moment} ended without a verdict",
    remedy="run the check again: sudo systemctl start smoke-check",
    exit_code=2,
)


@DIED
def killed_while_the_file_waits(place: Loopback) -> Iterator[Way]:
    """The run is killed while its file waits for the daemon."""

    def way() -> Told:
        with place.start() as check:
            place.wait_for_row()
            check.kill()
        return place.check(command="status")

    with place.daemon("idle"):
        yield way


@DIED
def killed_while_the_deletion_is_awaited(place: Loopback) -> Iterator[Way]:
    """The run is killed while it waits for the deletion."""

    def way() -> Told:
        with place.start() as check:
            place.wait_for_verified_copy()
            check.kill()
        return place.check(command="status")

    place.configure({"sync_settings": {"safe_delete_delay_minutes": 0.05}})
    with place.daemon("never_deletes"):
        yield way
    place.scene.let_debts_fall_due(1)


# --- the configuration ---


@contextlib.contextmanager
def configuration(place: Loopback, text: str | None) -> Iterator[None]:
    """Have another text in the configuration's place, or none."""
    path = Path(place.scene.config_path)
    kept = shutil.move(path, path.with_suffix(".kept"))
    if text is not None:
        path.write_text(text)
    yield
    shutil.move(kept, path)


def changed(place: Loopback, section: str, key: str, value: Any) -> contextlib.AbstractContextManager[None]:
    """Have another value in the configuration."""
    tree = json.loads(Path(place.scene.config_path).read_text())
    tree.setdefault(section, {})[key] = value
    return configuration(place, json.dumps(tree))


@no_verdict(
    cause="config_missing",
    says="there is no configuration at {config}",
    remedy="name the file with --config FILE or UNIFIED_CONFIG=FILE, or put one at "
    "/etc/celestial-nasops/unified_config.json",
    exit_code=78,
)
def configuration_missing(place: Loopback) -> Iterator[None]:
    """There is no configuration."""
    with configuration(place, None):
        yield


@no_verdict(
    cause="config_unreadable",
    says="the configuration {config} can't be read: Permission denied",
    remedy="look at it with: ls -l {config}",
    exit_code=78,
)
def configuration_unreadable(place: Loopback) -> Iterator[Way]:
    """The configuration is another user's, who keeps it to himself."""
    os.chown(place.scene.config_path, 65534, 65534)
    os.chmod(place.scene.config_path, 0o600)
    yield lambda: place.check(bound=True)
    os.chown(place.scene.config_path, os.geteuid(), os.getegid())


@no_verdict(
    cause="config_not_json",
    says="the configuration {config} is not JSON: line 2, column 5: Expecting property name enclosed in double quotes",
    remedy="mend that place, then try: smoke-check config check {config}",
    exit_code=78,
)
def configuration_not_json(place: Loopback) -> Iterator[None]:
    """The configuration is no JSON."""
    with configuration(place, "{\n    testing: {}\n}\n"):
        yield


@no_verdict(
    cause="config_invalid",
    says='the configuration {config} has 1 problem(s): testing.max_wait_minutes: found "soon", should be a number',
    remedy=MEND,
    exit_code=78,
)
def configuration_of_a_wrong_type(place: Loopback) -> Iterator[None]:
    """A number of the configuration is a word."""
    with changed(place, "testing", "max_wait_minutes", "soon"):
        yield


@no_verdict(
    cause="config_invalid",
    says="the configuration {config} has 1 problem(s): sync_settings.safe_delete_delay_minutes: found -30, should be "
    "at least 0",
    remedy=MEND,
    exit_code=78,
)
def configuration_with_an_impossible_value(place: Loopback) -> Iterator[None]:
    """A delay of the configuration is negative."""
    with changed(place, "sync_settings", "safe_delete_delay_minutes", -30):
        yield
