"""The doctor on a booted site: misconfigurations, each with its whole line and remedy; and it touches nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.system import doctor_file_seeds, doctor_unit_seeds, roots
from tests.system.doctor_seeds import LOOKS, STATE, Line, Seed, because
from tests.system.roots import Disk
from tests.system.site import CHECK, CONFIG, DAEMON, DATABASE, HOME, MEDIA, Site, merged, site as site_of


@pytest.fixture(scope="module")
def shared(edge_disk: Disk, nas_disk: Disk) -> Iterator[Site]:
    """One site for all seeds; each is mended, and the doctor has nothing more to say."""
    with site_of(edge_disk, nas_disk) as booted:
        assert booted.check().exit_code == 0  # the check's folder and the daemon's marks are there
        yield booted


def doctor(site: Site, *options: str, user: str | None = None) -> tuple[int, list[str]]:
    """The exit code, and each line with its remedy."""
    done = site.edge.run("smoke-check", "doctor", *options, check=False, user=user)
    assert done.stderr == ""
    *lines, last = re.split(r"\n(?! )", done.stdout.rstrip("\n"))
    counts = {
        state: sum(line.startswith(f"{state} ") for line in lines)
        for state in ("ok", "warn", "fail", "unknown", "skipped")
    }
    assert last == ", ".join(f"{count} {state}" for state, count in counts.items())
    return done.exit_code, lines


def bad(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("ok ")]


def plant(site: Site, what: str | Callable[[Site], object]) -> None:
    if isinstance(what, str):
        site.edge.shell(what)
    else:
        what(site)


def type_remedy(site: Site, remedy: str) -> None:
    """Type what a remedy says, the editor's lines included."""
    edited = re.fullmatch(r"sudo systemctl edit (\S+), add the lines \[Service\] and (\S+), save, then: (.*)", remedy)
    if edited is None:
        site.mend(remedy)
        return
    unit, line, command = edited.groups()
    override = f"/etc/systemd/system/{unit}.d/override.conf"
    site.edge.write(override, f"{site.edge.read(override)}{line}\n")
    site.edge.run("systemctl", "daemon-reload")
    if unit == DAEMON:
        site.edge.shell(command.replace("sudo ", ""))


@pytest.fixture
def planted(shared: Site) -> Iterator[Site]:
    """The shared site, and afterwards no drop-in of the seed's."""
    yield shared
    shared.edge.shell(
        f"rm -rf /etc/systemd/system/{CHECK}.d /etc/systemd/system/{DAEMON}.d; systemctl daemon-reload;"
        f"systemctl is-active --quiet {DAEMON} || systemctl restart {DAEMON}"
    )


def test_a_healthy_site(shared: Site) -> None:
    exit_code, lines = doctor(shared)
    assert (exit_code, bad(lines)) == (0, [])
    assert tuple(line.split()[1] for line in lines) == LOOKS


@pytest.mark.parametrize("seed", [*doctor_unit_seeds.SEEDS, *doctor_file_seeds.SEEDS], ids=lambda seed: seed.id)
def test_a_seeded_misconfiguration(planted: Site, seed: Seed) -> None:
    plant(planted, seed.plant)
    exit_code, lines = doctor(planted)
    try:
        assert bad(lines) == [str(line) for line in seed.lines]
        assert exit_code == seed.exit_code
    finally:
        if seed.mend is None:
            type_remedy(planted, seed.lines[0].remedy or "")
        else:
            plant(planted, seed.mend)
    exit_code, lines = doctor(planted)
    assert (exit_code, bad(lines)) == (0, [])


# --- whose eyes, and a NAS that is away ---


def test_another_user_is_told_that_it_sees_nothing(shared: Site) -> None:
    shared.edge.run("chmod", "700", STATE)
    exit_code, lines = doctor(shared, user="games")
    shared.edge.run("chmod", "755", STATE)
    blind = Line(
        "unknown",
        "",
        "could not look: the programs run as user media-sync, and only that user or root sees what they see; this is "
        "user games",
        "doctor_blind",
        f"sudo smoke-check doctor --config {CONFIG}",
    )
    names = ("daemon", "sandbox", "folders", "queue", "ssh", "nas")
    assert bad(lines) == [str(replace(blind, name=name)) for name in names]
    assert exit_code == 2


def test_the_programs_own_user_sees_all(shared: Site) -> None:
    exit_code, lines = doctor(shared, user="media-sync")
    assert (exit_code, bad(lines)) == (0, [])


def test_a_nas_that_is_away_is_waited_for_in_bounds(shared: Site) -> None:
    quick = merged(json.loads(shared.edge.read(CONFIG)), {"check_settings": {"ping_timeout_seconds": 1}})
    shared.edge.write("/etc/celestial-nasops/quick.json", json.dumps(quick))
    with shared.network.filtered("nas", "tcp dport 22 drop"):
        begun = time.monotonic()
        exit_code, lines = doctor(shared, "--config", "/etc/celestial-nasops/quick.json")
        took = time.monotonic() - begun
    silent = Line(
        "fail",
        "nas",
        "10.77.0.3 port 22 gave no answer within 1 s (connecting)",
        "nas_silent",
        "see that the NAS is on and awake, and that no firewall is in between: "
        "sudo -u media-sync ssh -v -p 22 10.77.0.3",
    )
    assert bad(lines) == [str(silent), *map(str, because("nas", *LOOKS[-4:]))]
    assert exit_code == 1
    assert took < 1 + 5 + 5  # ping_timeout_seconds, connection_timeout_seconds, and all else


def test_another_daemon_under_the_unit_s_name_is_none_of_its_business(planted: Site) -> None:
    edge = planted.edge
    edge.run("systemctl", "stop", DAEMON)
    edge.run("mv", STATE, "/root/state")
    other = ("ExecStart=", "ExecStart=/bin/sleep infinity", "Type=exec", "StateDirectory=", "WatchdogSec=0")
    planted.drop_in(DAEMON, *other)
    edge.run("systemctl", "restart", DAEMON)
    try:
        exit_code, lines = doctor(planted)
    finally:
        edge.shell(f"systemctl stop {DAEMON}; mv /root/state {STATE}")
    assert (exit_code, bad(lines)) == (0, [])
    assert any(line.startswith("ok       daemon          running (pid ") for line in lines)


@pytest.mark.parametrize("disk", [roots.TRIXIE], indirect=True)
def test_the_other_debian_s_systemd_tells_the_same(disk: Disk, nas_disk: Disk) -> None:
    with site_of(disk, nas_disk) as site:
        exit_code, lines = doctor(site)
        assert (exit_code, bad(lines)) == (0, [])
        site.drop_in(CHECK, f"ReadOnlyPaths={MEDIA}", f"InaccessiblePaths={HOME}/.ssh", "ReadWritePaths=/srv/gone")
        exit_code, lines = doctor(site)
        causes = [re.search(r"check_sandbox .*\[(\w+)\]", line) for line in bad(lines)]
        assert [found[1] for found in causes if found] == [
            "sandbox_path_missing",
            "sandbox_in_the_way",
            "sandbox_in_the_way",
        ]


# --- it touches nothing ---

OURS = ("/data", "/etc", "/opt", "/root", "/srv", "/usr/local", HOME, STATE, "/var/lib/smoke-check", "/home", "/tmp")


def everything(site: Site) -> tuple[list[str], list[str]]:
    """Each file and folder on either side with inode, owner, mode, size, and the moments of its last changes."""
    shown = ("-printf", "%p %i %u:%g %m %s %T@ %C@\\n")
    return site.edge.find(*OURS, *shown), site.nas.find("/volume1", "/etc", "/root", *shown)


def test_nothing_is_touched_while_the_queue_is_in_use(shared: Site) -> None:
    shared.signal_daemon("SIGSTOP")  # so that nobody else writes
    try:
        assert shared.edge.path(f"{DATABASE}-shm").exists()
        before = everything(shared)
        exit_code, _lines = doctor(shared)
        after = everything(shared)
    finally:
        shared.signal_daemon("SIGCONT")
    assert exit_code == 1  # the daemon is stopped, by a signal
    assert after == before


def test_nothing_is_touched_and_nothing_made_beside_a_queue_at_rest(shared: Site) -> None:
    shared.edge.run("systemctl", "stop", DAEMON)
    try:
        assert not shared.edge.path(f"{DATABASE}-shm").exists()
        before = everything(shared)
        _exit_code, lines = doctor(shared)
        after = everything(shared)
    finally:
        shared.edge.run("systemctl", "start", DAEMON)
    assert [line.split()[1] for line in bad(lines)] == ["daemon"]
    assert after == before
