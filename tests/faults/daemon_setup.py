"""What the daemon runs with: its user, its places, its configuration, its code; and systemd, which is asked for it."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.daemon import PROGRAM, drop_in
from tests.faults.table import fault
from tests.system.site import CONFIG, DAEMON, Site

GROUP = "daemon"
RESTART = "sudo systemctl restart media-sync-daemon.service"
OTHER = "/etc/celestial-nasops/other.json"
BUS_REMEDY = (
    "see whether the bus hangs: busctl --timeout=5 list; if so: sudo systemctl restart dbus; where the daemon runs "
    "without systemd set daemon_settings.supervisor to none"
)


@fault(
    probe="daemon_status",
    cause="daemon_wrong_user",
    says=(
        "media-sync-daemon.service is run as user dock, and this check as media-sync: its last error: "
        "[folder_no_permission] user dock may not write in /data/temp/dji (database_settings.db_path)"
    ),
    remedy=(
        "sudo systemctl edit media-sync-daemon.service, add the lines [Service] and User=media-sync, save, then: "
        "sudo systemctl reset-failed media-sync-daemon.service && sudo systemctl restart media-sync-daemon.service; "
        "or, if dock is right: sudo ./install.sh --user dock"
    ),
)
def wrong_user(site: Site) -> Iterator[None]:
    """It is run as another user."""
    site.edge.run("useradd", "--system", "dock")
    site.drop_in(DAEMON, "User=dock", "RestartSec=60s")
    site.edge.run("systemctl", "restart", DAEMON, check=False)
    site.edge.wait_for_unit(DAEMON, SubState="auto-restart")
    yield
    # What the remedy says, as systemctl edit writes it.
    site.drop_in(DAEMON, "User=media-sync")
    site.edge.shell(f"systemctl reset-failed {DAEMON} && systemctl restart {DAEMON}")


@fault(
    probe="daemon_status",
    cause="daemon_wrong_media",
    says=(
        "the daemon (pid {pid}) takes its files from the folder /data/temp/dji/media/, and "
        "/etc/celestial-nasops/unified_config.json says /data/temp/media by now"
    ),
    remedy="correct local_settings.media_path there, or let both use it: sudo ./install.sh",
)
def wrong_media_folder(site: Site) -> Iterator[None]:
    """It works in another media folder than is configured."""
    good = site.edge.read(CONFIG)
    site.configure({"local_settings": {"media_path": "/data/temp/media"}})
    yield
    site.edge.write(CONFIG, good)


@fault(
    probe="daemon_status",
    cause="daemon_wrong_database",
    says=(
        "the daemon (pid {pid}) takes its files from the database /data/temp/dji/media_status.db, and "
        "/etc/celestial-nasops/unified_config.json says /data/temp/dji/queue.db by now"
    ),
    remedy="correct database_settings.db_path there, or let both use it: sudo ./install.sh",
)
def wrong_database(site: Site) -> Iterator[None]:
    """It works on another database than is configured."""
    good = site.edge.read(CONFIG)
    site.configure({"database_settings": {"db_path": "/data/temp/dji/queue.db"}})
    yield
    site.edge.write(CONFIG, good)


@fault(
    probe="daemon_status",
    cause="daemon_other_config",
    says=(
        f"the daemon (pid {{pid}}) was started with {OTHER}, this check with {CONFIG}, and they differ: "
        "database_settings.db_path is /data/temp/dji/queue.db there and /data/temp/dji/media_status.db here"
    ),
    remedy=(
        f"see where --config {OTHER} comes from and change it to {CONFIG}: systemctl cat media-sync-daemon.service; "
        f"then: sudo systemctl daemon-reload && {RESTART}"
    ),
)
def other_configuration(site: Site) -> Iterator[None]:
    """It was started with another configuration file."""
    good = site.edge.read(CONFIG)
    site.configure({"database_settings": {"db_path": "/data/temp/dji/queue.db"}})
    site.edge.write(OTHER, site.edge.read(CONFIG))
    site.edge.write(CONFIG, good)
    with drop_in(site, "ExecStart=", f"ExecStart={PROGRAM} --config {OTHER}"):
        site.edge.run("systemctl", "restart", DAEMON)
        yield
    site.edge.run("systemctl", "restart", DAEMON)


@fault(
    probe="daemon_status",
    cause="daemon_stale_config",
    says="the daemon (pid {pid}) does not use the present configuration /etc/celestial-nasops/unified_config.json",
    remedy=RESTART,
    outcome="warn",
)
def stale_configuration(site: Site) -> Iterator[None]:
    """The configuration was changed since it was read."""
    site.configure({"sync_settings": {"interval_minutes": 11}})
    yield
    site.mend(RESTART)


@fault(
    probe="daemon_status",
    cause="daemon_stale_code",
    says="the daemon (pid {pid}) still runs the code from before the upgrade",
    remedy=RESTART,
    outcome="warn",
)
def stale_code(site: Site) -> Iterator[None]:
    """The installed code is newer than the running process."""
    [code] = site.edge.find("/opt/celestial-nasops/venv/lib", "-path", "*/celestial_nasops/transfer.py")
    site.edge.write(code, site.edge.read(code) + "# upgraded\n")
    yield
    site.mend(RESTART)


@fault(
    probe="daemon_status",
    cause="systemd_unavailable",
    says="systemd could not be asked about media-sync-daemon.service: systemctl gave no answer within 5 s",
    remedy=BUS_REMEDY,
    outcome="error",
)
def bus_hangs(site: Site) -> Iterator[None]:
    """The system's bus does not answer."""
    site.edge.run("systemctl", "kill", "--signal=SIGSTOP", "--kill-who=all", "dbus.service")
    yield
    site.mend(BUS_REMEDY.partition("; where ")[0])
