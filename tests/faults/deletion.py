"""The delayed deletion on this server."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults import table
from tests.faults.loopback import Loopback, Settings, fault, no_alarm
from tests.faults.table import Way, fits
from tests.system.site import USER, Site
from tests.waiting import eventually

FILE = "{name}.smoke-check.bin"
PLACE = f"{{base}}/EdgeBackup/{{day}}/{FILE}"
OVERDUE = "see the daemon's pending deletions and its log, else the disk fills up: journalctl -u {unit} -n 50"
LOST = "stop the daemon at once, before media are lost: sudo systemctl stop {unit}; then look at the NAS"
LATER: Settings = {"sync_settings": {"safe_delete_delay_minutes": 30}}
SOON_OVERDUE: Settings = {"check_settings": {"delete_grace_minutes": 0.02}}


@fault(
    probe="local_delete",
    cause="delete_overdue",
    says=f"{FILE} should have been deleted 0.0 min ago and is still on this server",
    remedy=OVERDUE,
)
def never_scheduled(place: Loopback) -> Iterator[None]:
    """The daemon schedules no deletion."""
    place.configure(SOON_OVERDUE)
    with place.daemon("never_deletes"):
        yield


@fault(
    probe="local_delete",
    cause="delete_overdue",
    says=f"{FILE} should have been deleted 30.0 min ago and is still on this server",
    remedy=OVERDUE,
)
def overdue(place: Loopback) -> Iterator[Way]:
    """An earlier run's file should have been deleted half an hour ago."""
    place.configure(LATER)
    with place.daemon("never_deletes"):
        assert place.check().status["outcome"] == "deferred"
        place.scene.let_debts_fall_due(30 * 60)
        yield lambda: place.check("--no-insert")


@fault(
    probe="local_delete",
    cause="deleted_too_early",
    says=f"{FILE} was deleted {{seconds}} s before its delay of 30 min was over; its copy is right",
    remedy=(
        "see that sync_settings.safe_delete_delay_minutes is the daemon's too, and what else cleans {media}: "
        "sudo systemctl restart {unit}"
    ),
)
def too_early(place: Loopback) -> Iterator[None]:
    """The daemon deletes before the delay is over."""
    place.configure(LATER)
    with place.daemon("deletes_early"):
        yield


@fault(
    probe="local_delete",
    cause="deleted_without_copy",
    says=f"{FILE} is gone from this server and its copy {PLACE} is missing: it exists nowhere any more",
    remedy=LOST,
)
def gone_without_a_copy(place: Loopback) -> Iterator[None]:
    """The copy goes, and the local file with it."""
    with place.daemon("deletes_both"):
        yield


@fault(
    probe="local_delete",
    cause="deleted_without_copy",
    says=f"{FILE} is gone from this server and its copy {PLACE} is changed: it exists nowhere any more",
    remedy=LOST,
)
def gone_with_a_rotten_copy(place: Loopback) -> Iterator[None]:
    """The copy rots, and the local file goes."""
    with place.daemon("rots_copy"):
        yield


@fault(
    probe="local_delete",
    cause="deleted_though_off",
    says=f"{FILE} was deleted on this server although sync_settings.delete_after_sync is off",
    remedy=(
        "restart the daemon so that it reads the configuration: sudo systemctl restart {unit}; "
        "and see what else cleans up"
    ),
)
def deleted_though_off(place: Loopback) -> Iterator[None]:
    """The daemon deletes although it must not."""
    place.configure({"sync_settings": {"delete_after_sync": False}})
    with place.daemon("deletes_early"):
        yield


@fault(
    probe="local_delete",
    cause="local_file_replaced",
    says=(
        f"{FILE} on this server is not the one that was sent: user {{user}} has put it back after its deletion, or "
        "changed it, at {since}"
    ),
    remedy="see which program of that user writes in {media}, for it does the same to media: sudo lsof +D {media}",
)
def re_created(place: Loopback) -> Iterator[None]:
    """The file is deleted in time, and somebody puts it back."""
    place.configure(SOON_OVERDUE)
    with place.daemon("restored"):
        yield


@fault(
    probe="local_delete",
    cause="local_file_replaced",
    says=(
        f"{FILE} on this server is not the one that was sent: user {{user}} has put it back after its deletion, or "
        "changed it, at {since}"
    ),
    remedy="see which program of that user writes in {media}, for it does the same to media: sudo lsof +D {media}",
)
def re_created_between_two_runs(place: Loopback) -> Iterator[Way]:
    """A file whose deletion an earlier run awaited was put back before the next one."""
    place.configure(LATER)
    with place.daemon("right"):
        assert place.check().status["outcome"] == "deferred"
        place.scene.let_debts_fall_due(1)
        [debt] = place.scene.debts()
        local = place.scene.media / debt["name"]
        content = local.read_bytes()
        local.rename(local.with_name("kept"))
        local.write_bytes(content)
        local.with_name("kept").unlink()
        yield lambda: place.check("--no-insert")


@fault(
    probe="local_delete",
    cause="pending_deletes_unsaved",
    says="1 scheduled deletion(s) can't be saved: [Errno 21] Is a directory; nothing is deleted until they are",
    remedy=(
        "make the folder writable for the daemon: look at it: ls -ld {daemon_state}; findmnt -T {daemon_state}; "
        "dmesg | tail"
    ),
)
def list_of_deletions_unwritable(place: Loopback) -> Iterator[None]:
    """Our daemon can't save its list of deletions."""
    place.configure(SOON_OVERDUE)
    saved = place.scene.daemon_state_dir / "pending_deletes.json"
    with place.daemon():
        saved.unlink()
        saved.mkdir()
        yield
        saved.rmdir()
        eventually(saved.is_file)


@no_alarm(outcome="deferred")
def list_of_deletions_corrupt(place: Loopback) -> Iterator[Way]:
    """The list of deletions is damaged, and our daemon begins the delays of it anew."""
    place.configure(LATER)
    with place.daemon():
        assert place.check().status["outcome"] == "deferred"
    saved = place.scene.daemon_state_dir / "pending_deletes.json"
    saved.write_text("[{")
    with place.daemon():
        place.scene.let_debts_fall_due(10 * 60)
        yield lambda: place.check("--no-insert")
        told = place.told()
        assert fits(
            "the daemon found its list of deletions damaged at {anew} and has begun it anew, so the deletion falls due "
            "at {moment}; a later run settles it",
            told.probe("local_delete")["summary"],
            {},
        ), told.status
        assert [path.read_text() for path in saved.parent.glob("pending_deletes.json.corrupt-*")] == ["[{"]
        assert place.check(command="clean").exit_code == 0


@table.fault(
    probe="daemon_status",
    cause="daemon_cannot_write_state",
    says=(
        "the daemon (pid {pid}) runs, and can't write its state in /var/lib/media-sync-daemon: it belongs to root, "
        "and the daemon runs as media-sync"
    ),
    remedy=(
        "make the folder writable, for nothing is deleted until it is: "
        "sudo chown -R media-sync: /var/lib/media-sync-daemon"
    ),
    outcome="warn",
)
def state_folder_of_the_daemon_unwritable(site: Site) -> Iterator[None]:
    """Our daemon's state folder belongs to another user."""
    folder = "/var/lib/media-sync-daemon"
    site.configure({"sync_settings": {"delete_after_sync": False}})  # else the run would wait to find it overdue
    site.edge.shell(f"chown root: {folder}; chmod 755 {folder}")
    site.edge.shell(f"until [ $(($(date +%s) - $(stat -c %Y {folder}/daemon_state.json))) -gt 8 ]; do sleep 0.2; done")
    yield
    site.configure({"sync_settings": {"delete_after_sync": True}})
    site.edge.shell(f"chown {USER}: {folder}; touch -r {folder}/daemon_state.json /tmp/last_sign")
    well = f"[ {folder}/daemon_state.json -nt /tmp/last_sign ] && ! grep -q unsaved\\] {folder}/daemon_state.json"
    site.edge.shell(f"until {well}; do sleep 0.2; done")
