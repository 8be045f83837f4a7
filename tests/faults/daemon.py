"""The daemon's unit."""

from __future__ import annotations

from collections.abc import Iterator

from tests.faults.table import fault
from tests.system.site import DAEMON, Site

UNIT = f"/etc/systemd/system/{DAEMON}"


@fault(
    probe="daemon_status",
    cause="daemon_not_found",
    says="systemd knows no unit media-sync-daemon.service",
    remedy=(
        "install the daemon's unit, or correct daemon_settings.unit in unified_config.json; see: "
        "systemctl list-unit-files"
    ),
)
def not_installed(site: Site) -> Iterator[None]:
    """The unit is not there."""
    site.edge.shell(f"systemctl stop {DAEMON}; mv {UNIT} {UNIT}.kept; systemctl daemon-reload")
    yield
    site.edge.shell(f"mv {UNIT}.kept {UNIT}; systemctl daemon-reload; systemctl start {DAEMON}")


@fault(
    probe="daemon_status",
    cause="daemon_masked",
    says="media-sync-daemon.service is masked, so it can't be started",
    remedy="sudo systemctl unmask media-sync-daemon.service && sudo systemctl start media-sync-daemon.service",
)
def masked(site: Site) -> Iterator[None]:
    """The unit is masked."""
    site.edge.shell(f"systemctl stop {DAEMON}; mv {UNIT} {UNIT}.kept; systemctl mask {DAEMON}")
    yield
    site.edge.shell(f"systemctl unmask {DAEMON}; mv {UNIT}.kept {UNIT}; systemctl daemon-reload")
    site.edge.run("systemctl", "start", DAEMON)


@fault(
    probe="daemon_status",
    cause="daemon_inactive",
    says="media-sync-daemon.service is not running (inactive, dead)",
    remedy=(
        "sudo systemctl start media-sync-daemon.service; and so that it starts at boot: "
        "sudo systemctl enable media-sync-daemon.service"
    ),
)
def stopped(site: Site) -> Iterator[None]:
    """Somebody has stopped it."""
    site.edge.run("systemctl", "stop", DAEMON)
    yield
    site.edge.run("systemctl", "start", DAEMON)
