"""What a daemon can do with a file, and what may look like it."""

from __future__ import annotations

import contextlib
import datetime as dt
import time
from collections.abc import Iterator

from healthcheck.moments import from_iso
from tests.faults.clocks import SteppedClock, environment, zone_whose_day_ends_in
from tests.faults.loopback import IMPATIENT, Loopback, Settings, fault, no_alarm
from tests.faults.table import Way
from tests.queue_files import execute
from tests.system.site import Told

FILE = "{name}.smoke-check.bin"
MEGABYTE = 1_000_000
# One file at a time, slow enough for something to happen meanwhile.
SLOW: Settings = {
    "sync_settings": {
        "safe_delete_delay_minutes": 0.01,
        "bandwidth_limits": [{"begins": "00:00", "ends": "24:00", "megabytes_per_second": 3}],
    },
    "security": {"max_concurrent_transfers": 1, "connection_timeout_seconds": 3},
}


@fault(
    probe="remote_verify",
    cause="transfer_failed",
    says=f"the daemon gave up on {FILE}: scp: /volume1: Disk quota exceeded",
    remedy="mend what that says; more: journalctl -u {unit} -n 50",
)
def failed_by_the_daemon(place: Loopback) -> Iterator[None]:
    """The daemon gives the file up."""
    place.configure(IMPATIENT)
    with place.daemon("fails"):
        yield


@fault(
    probe="remote_verify",
    cause="not_picked_up",
    says=f"the daemon did not touch {FILE} within {{seconds}} s, and nothing else was in its hands",
    remedy="see what it does: systemctl status {unit}; does it use the database {database}?",
)
def never_picked_up(place: Loopback) -> Iterator[None]:
    """The daemon never takes the file."""
    place.configure(IMPATIENT)
    with place.daemon("idle"):
        yield


@fault(
    probe="remote_verify",
    cause="stuck_half_way",
    says=f"the daemon took {FILE} {{seconds}} s ago and has not finished it",
    remedy="see what it does: journalctl -u {unit} -n 50; if it hangs: sudo systemctl restart {unit}",
)
def stuck_half_way(place: Loopback) -> Iterator[None]:
    """The daemon takes the file and stops."""
    place.configure(IMPATIENT)
    with place.daemon("stuck"):
        yield


@fault(
    probe="remote_verify",
    cause="copy_missing",
    says=f"the row of {FILE} says completed, but there is no copy at {{base}}/EdgeBackup/{{day}}/{FILE}",
    remedy="stop the daemon before more is deleted: sudo systemctl stop {unit}; then look where it puts its files",
)
def completed_without_a_copy(place: Loopback) -> Iterator[None]:
    """The daemon completes the row and sends nothing."""
    with place.daemon("no_copy"):
        yield


FILM_IN_HAND = (
    f"the daemon works on other files, {FILE} did not get its turn within {{seconds}} s: 0 file(s) ahead, "
    "1 in hand, 0 done meanwhile; film.mp4 5 of 30000000000 bytes"
)
MORE_TIME = "nothing is broken; if it is always so, raise testing.max_wait_minutes in unified_config.json"


@fault(
    probe="remote_verify",
    cause="daemon_busy",
    says=FILM_IN_HAND,
    remedy=MORE_TIME,
    outcome="warn",
)
def busy_with_a_large_file(place: Loopback) -> Iterator[None]:
    """Another daemon has a large file in hand and takes no second one."""
    place.configure(IMPATIENT)
    with place.daemon("busy"):
        yield
    execute(str(place.scene.database), "DELETE FROM media_transfer_status WHERE file_name = 'film.mp4'")


@fault(
    probe="remote_verify",
    cause="daemon_busy",
    says=FILM_IN_HAND,
    remedy=MORE_TIME,
    outcome="warn",
)
def busy_where_nobody_keeps_updated_at(place: Loopback) -> Iterator[None]:
    """The same with a row that has waited for long, in a table without a trigger that sets updated_at."""
    place.configure(IMPATIENT)
    with place.daemon("busy"):
        made = "updated_at = datetime('now', '-3 hours'), transfer_start_time = datetime('now')"
        execute(str(place.scene.database), f"UPDATE media_transfer_status SET {made}, file_size = 5000000")
        yield
    execute(str(place.scene.database), "DELETE FROM media_transfer_status WHERE file_name = 'film.mp4'")


@fault(
    probe="remote_verify",
    cause="deleted_before_verified",
    says=f"{FILE} was deleted on this server before the daemon had completed it",
    remedy="stop the daemon and whatever else cleans {media} at once: sudo systemctl stop {unit}",
)
def deleted_before_it_was_completed(place: Loopback) -> Iterator[None]:
    """The daemon deletes first."""
    with place.daemon("deletes_first"):
        yield


@fault(
    probe="remote_verify",
    cause="row_vanished",
    says=f"the row of {FILE} disappeared from the queue before it was completed",
    remedy="see who else writes to the queue: sudo fuser -v {database}",
)
def row_vanished(place: Loopback) -> Iterator[None]:
    """Another program removes the row."""
    with place.daemon("vanishes"):
        yield


@fault(
    probe="remote_verify",
    cause="row_removed",
    says=f"the row of {FILE} was removed from the queue; its copy on the NAS is right",
    remedy="if the daemon removes what it has delivered, nothing is broken; else see who does: "
    "sudo fuser -v {database}",
    outcome="warn",
)
def row_removed_with_its_delivery(place: Loopback) -> Iterator[None]:
    """The daemon removes the rows of what it has delivered."""
    with place.daemon("keeps_no_row"):
        yield
    assert place.told().outcomes["local_delete"] == "pass"


@fault(
    probe="remote_verify",
    cause="status_unknown",
    says=f"the row of {FILE} has the status 'on holiday', which means nothing to this check",
    remedy="see which program wrote it: sudo fuser -v {database}",
)
def odd_status(place: Loopback) -> Iterator[None]:
    """The row gets a status that nobody knows."""
    place.configure(IMPATIENT)
    with place.daemon("odd_status"):
        yield


@no_alarm()
def backlog_of_large_files(place: Loopback) -> Iterator[None]:
    """Our daemon has a minute's work of large files before it."""
    place.configure(SLOW)
    with place.daemon():
        for number in range(3):
            place.put(f"20250122_10150{number}_film.mp4", size=60 * MEGABYTE)
        yield


@no_alarm()
def another_check_s_leftovers(place: Loopback) -> Iterator[None]:
    """Another server's check has marked files in the same places."""
    today = f"{dt.date.today():%Y%m%d}"
    name = f"smoketest_{today}_101500_0123abcd-1.smoke-check.bin"
    theirs = b"smoke-check test file, not media, safe to delete\nhost another-server\nrun 1\n\n"
    with place.daemon():
        local = place.put(name, theirs, transfer_status="completed")
        copy = place.scene.base / f"EdgeBackup/{today[:4]}/{today[4:6]}/{today[6:]}" / name
        copy.parent.mkdir(parents=True)
        copy.write_bytes(theirs)
        yield
        assert (local.read_bytes(), copy.read_bytes()) == (theirs, theirs)
        statement = f"DELETE FROM media_transfer_status WHERE file_name = '{name}' RETURNING transfer_status"
        assert execute(str(place.scene.database), statement) == [("completed",)]
        local.unlink()
        copy.unlink()


# --- days that end, clocks that jump ---


def across_midnight(place: Loopback, before: str, after: str) -> Way:
    """A run in which midnight strikes between two moments of the file's way; aimed better each time that it did not."""

    def way() -> Told:
        seconds = 3.0
        for number in range(5):
            begun = time.time()
            zone, midnight = zone_whose_day_ends_in(seconds)
            with environment(TZ=zone), place.daemon():
                place.put(f"20250122_10150{number}_x.mp4", size=12 * MEGABYTE if before == "row inserted" else 1)
                told = place.check()
            at = {event["event"]: from_iso(event["at"]) for event in told.status["timeline"]}
            if told.exit_code or at[before] < midnight <= at[after]:
                return told
            seconds = (at[before] + at[after]) / 2 - begun
        raise AssertionError(f"midnight never struck between {before} and {after}")

    return way


@no_alarm(seconds=90)
def midnight_between_insert_and_transfer(place: Loopback) -> Iterator[Way]:
    """Midnight strikes between the insert and the transfer."""
    place.configure({**SLOW, "testing": {"max_wait_minutes": 0.5, "test_file_size_bytes": 5 * MEGABYTE}})
    yield across_midnight(place, "row inserted", "transferring")


@no_alarm(seconds=90)
def midnight_during_the_transfer(place: Loopback) -> Iterator[Way]:
    """Midnight strikes during the transfer."""
    place.configure({**SLOW, "testing": {"max_wait_minutes": 0.5, "test_file_size_bytes": 12 * MEGABYTE}})
    yield across_midnight(place, "transferring", "completed")


@contextlib.contextmanager
def clock_set_by(hours: float, place: Loopback, *, before_the_deletion: bool) -> Iterator[Way]:
    """A run during which the clock of this server is set, for the daemon as for the check."""
    clock = SteppedClock(place.scene.folder)
    size = 1024 if before_the_deletion else 6 * MEGABYTE
    place.configure(
        {
            **SLOW,
            "sync_settings": {**SLOW["sync_settings"], "safe_delete_delay_minutes": 0.02},
            "testing": {"max_wait_minutes": 0.2, "test_file_size_bytes": size},
        }
    )

    def way() -> Told:
        with place.start() as check:
            if before_the_deletion:
                place.wait_for_verified_copy()
            else:
                place.wait_for_row()
            clock.set_by(hours)
            return place.finish(check)

    with environment(**clock.environment), place.daemon():
        yield way


@no_alarm()
def clock_ahead_during_the_transfer(place: Loopback) -> Iterator[Way]:
    """The clock is set 2 h ahead during the transfer."""
    with clock_set_by(2, place, before_the_deletion=False) as way:
        yield way


@no_alarm()
def clock_back_during_the_transfer(place: Loopback) -> Iterator[Way]:
    """The clock is set 2 h back during the transfer."""
    with clock_set_by(-2, place, before_the_deletion=False) as way:
        yield way


@no_alarm()
def clock_ahead_before_the_deletion(place: Loopback) -> Iterator[Way]:
    """The clock is set 2 h ahead before the deletion."""
    with clock_set_by(2, place, before_the_deletion=True) as way:
        yield way


@no_alarm()
def clock_back_before_the_deletion(place: Loopback) -> Iterator[Way]:
    """The clock is set 2 h back before the deletion."""
    with clock_set_by(-2, place, before_the_deletion=True) as way:
        yield way
