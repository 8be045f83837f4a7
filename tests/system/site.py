"""A watched site: the pair with the product installed on the edge server by install.sh, and what can be asked of it."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celestial_nasops.paths import MARKER_NAME
from tests.system.machines import Machine
from tests.system.network import Network
from tests.system.pair import BASE_PATH, Keys, know_the_nas, pair
from tests.system.roots import Disk

USER, HOME = "media-sync", "/var/lib/celestial-nasops"
CONFIG = "/etc/celestial-nasops/unified_config.json"
MEDIA, DATABASE = "/data/temp/dji/media", "/data/temp/dji/media_status.db"
CHECK, DAEMON, ALERT = "smoke-check.service", "media-sync-daemon.service", "smoke-check-alert@%s.service"
STATUS = "/var/lib/smoke-check/status.json"
CHECK_SECONDS = 180

Settings = Mapping[str, Mapping[str, Any]]

# Minutes are shortened to moments; the timers are left alone unless a test wants them.
QUICK: Settings = {
    "nas_settings": {"host": "10.77.0.3"},
    "sync_settings": {"safe_delete_delay_minutes": 0.02, "retry_delay_seconds": 0.5},
    "security": {"connection_timeout_seconds": 5},
    "database_settings": {"connection_timeout": 5},
    "testing": {"max_wait_minutes": 1, "poll_interval_seconds": 5},
    "daemon_settings": {"heartbeat_seconds": 1},
    "check_settings": {"delete_grace_minutes": 0.5, "first_run_minutes": 600, "interval_minutes": 30},
}


@dataclass(frozen=True, slots=True)
class Told:
    """What a run of the unit told, each in its place.

    Attributes:
        result: of systemd for the unit: ``success``, ``exit-code``.
        exit_code: of the program.
        status_text: the line of ``systemctl status``.
        status: the status file.
        invocation: the unit's invocation id, for its journal.
    """

    result: str
    exit_code: int
    status_text: str
    status: dict[str, Any]
    invocation: str

    def probe(self, name: str) -> dict[str, Any]:
        """One probe of the status file."""
        [found] = [probe for probe in self.status["probes"] if probe["name"] == name]
        return dict(found)

    @property
    def outcomes(self) -> dict[str, str]:
        """The outcome of each probe."""
        return {probe["name"]: probe["outcome"] for probe in self.status["probes"]}


class Site:
    """Both machines, with questions that an operator asks."""

    def __init__(self, edge: Machine, nas: Machine, network: Network) -> None:
        self.edge = edge
        self.nas = nas
        self.network = network

    # --- the check ---

    def check(self) -> Told:
        """Start the unit, wait for its end, and tell."""
        self.edge.run("systemctl", "start", CHECK, check=False, timeout=CHECK_SECONDS)
        return self.told()

    def told(self) -> Told:
        """What the last run told."""
        unit = self.edge.unit(CHECK)
        status = json.loads(self.edge.read(STATUS))
        return Told(
            unit["Result"],
            int(unit["ExecMainStatus"]),
            unit.get("StatusText", ""),
            status,
            unit.get("InvocationID", ""),
        )

    def begin_check(self) -> None:
        """Start the unit, and return when the program runs."""
        self.edge.run("systemctl", "start", "--no-block", CHECK)
        self.edge.wait_for_unit(CHECK, ActiveState="activating", SubState="start")

    def failed_units(self) -> list[str]:
        """What ``systemctl --failed`` lists."""
        return self.edge.failed_units()

    # --- files ---

    def put(self, name: str, megabytes: float = 0.1, folder: str = MEDIA) -> str:
        """Put a file of media into the folder and the queue, as the dock's program does; its path."""
        path = f"{folder}/{name}"
        size = int(megabytes * (1 << 20))
        self.edge.shell(
            f"head -c {size} /dev/urandom >'{path}'; chown {USER}: '{path}'",
        )
        self.sql(
            "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status) "
            f"VALUES ('{path}', '{name}', {size}, 'completed')"
        )
        return path

    def sql(self, statement: str) -> list[str]:
        """Ask the queue, as another program of the same user would; each row with ``|`` between its columns."""
        argv = ("sqlite3", "-cmd", ".timeout 5000", DATABASE, statement)
        return self.edge.run(*argv, user=USER).stdout.splitlines()

    def copies(self) -> dict[str, int]:
        """The files on the NAS by their path below the base path, with their sizes; temporary ones included.

        The daemon's own mark of the folder is no copy.
        """
        files = ("-type", "f", "!", "-name", MARKER_NAME)
        found = self.nas.run("find", BASE_PATH, *files, "-printf", "%s %P\\n").stdout.splitlines()
        return {path: int(size) for size, path in (line.split(" ", 1) for line in found)}

    def litter(self) -> list[str]:
        """What runs of the check have left: local files, rows, and copies."""
        local = self.edge.find(MEDIA, "-name", "*.smoke-check.*")
        rows = self.sql("SELECT 'row ' || file_path FROM media_transfer_status WHERE file_path LIKE '%.smoke-check.%'")
        return local + rows + [path for path in self.copies() if ".smoke-check." in path]

    # --- the daemon ---

    def daemon_pid(self) -> int:
        """Its main process, as the edge server numbers it."""
        return int(self.edge.unit(DAEMON)["MainPID"])

    def signal_daemon(self, name: str) -> None:
        """Send its main process a signal."""
        self.edge.run("systemctl", "kill", f"--signal={name}", "--kill-who=main", DAEMON)

    def forget_connections(self) -> None:
        """Have the daemon log in anew, as it would after a while."""
        self.edge.run("systemctl", "restart", DAEMON)

    # --- settings ---

    def configure(self, settings: Settings) -> None:
        """Change the installed configuration, as an operator would with an editor."""
        tree = merged(json.loads(self.edge.read(CONFIG)), settings)
        self.edge.write(CONFIG, json.dumps(tree, indent=2) + "\n")

    def apply(self, settings: Settings) -> None:
        """Change the configuration and take it into use: units made anew, timers and daemon restarted."""
        self.configure(settings)
        self.edge.run("/root/nasops/install.sh")

    def drop_in(self, unit: str, *lines: str) -> None:
        """Change a unit as ``systemctl edit`` does."""
        self.edge.write(f"/etc/systemd/system/{unit}.d/override.conf", "\n".join(["[Service]", *lines, ""]))
        self.edge.run("systemctl", "daemon-reload")

    def mend(self, remedy: str) -> None:
        """Type the command that a remedy names behind its last colon, or that it is."""
        command = re.sub(r"sudo -u (\S+) ", r"runuser -u \1 -- ", remedy.rpartition(": ")[2])
        self.edge.shell(command.replace("sudo ", ""))


def merged(tree: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """A configuration with other values in some places."""
    result = {name: dict(value) if isinstance(value, dict) else value for name, value in tree.items()}
    for section, values in settings.items():
        result[section] = {**result.get(section, {}), **values}
    return result


def unpack(edge: Machine, archive: Path | bytes) -> str:
    """Bring the bundle to a machine, as an operator would with a stick, and return the folder of install.sh."""
    edge.write("/run/bundle.tar.gz", archive if isinstance(archive, bytes) else archive.read_bytes())
    edge.shell(
        "rm -rf /root/nasops; mkdir /root/nasops; tar -xzf /run/bundle.tar.gz -C /root/nasops --strip-components=1;"
        "rm /run/bundle.tar.gz"
    )
    return "/root/nasops"


def install(edge: Machine, keys: Keys, archive: Path, settings: Settings = QUICK) -> str:
    """Install the product as an operator does who begins with nothing; what the last call of install.sh printed."""
    folder = unpack(edge, archive)
    shipped = json.loads(edge.read(f"{folder}/unified_config.json"))
    edge.write("/root/site.json", json.dumps(merged(shipped, settings)))
    command = f"{folder}/install.sh --config /root/site.json"
    edge.shell(f"{command} --no-start")
    know_the_nas(edge, keys, user=USER, home=HOME)
    return edge.shell(command)


def switch_off(edge: Machine) -> Disk:
    """Switch a watched edge server off, for tests to boot from its disk.

    The NAS that it has met goes with the fixture, and each test's own is another volume, without the daemon's marker.
    So it forgets the one that it knows.
    """
    edge.shell(f"systemctl stop {DAEMON}; rm -f /var/lib/media-sync-daemon/deletion_guard.json")
    edge.stop()
    return edge.disk()


@contextlib.contextmanager
def site(edge_disk: Disk, nas_disk: Disk) -> Iterator[Site]:
    """Boot both from their disks, and wait for the daemon."""
    with pair(edge_disk, nas_disk) as both:
        both.edge.wait_for_unit(DAEMON, ActiveState="active", SubState="running")
        yield Site(both.edge, both.nas, both.network)
