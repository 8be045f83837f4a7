"""The doctor on a booted site: misconfigurations, each with its whole line and remedy; and it touches nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from tests.system.pair import BASE_PATH
from tests.system.roots import Disk
from tests.system.site import CHECK, CONFIG, DAEMON, DATABASE, HOME, MEDIA, Site, site as site_of

STATE = "/var/lib/media-sync-daemon"
TIMER, WATCH_TIMER = "smoke-check.timer", "smoke-check-watch.timer"
LOOKS = (
    *("configuration", "versions", "sqlite", "locale", "daemon", "units", "daemon_sandbox", "check_sandbox"),
    *("folders", "space", "queue", "ssh", "key", "host_key"),
    *("nas", "nas_folder", "nas_space", "nas_abilities", "nas_clock"),
)
RESTART = f"sudo systemctl restart {DAEMON}"


def edit(unit: str, line: str) -> str:
    return f"sudo systemctl edit {unit}, add the lines [Service] and {line}, save, then: sudo systemctl restart {unit}"


@dataclass(frozen=True)
class Line:
    """What the doctor should say of one look."""

    state: str
    name: str
    summary: str
    cause: str | None
    remedy: str | None

    def __str__(self) -> str:
        code = f" [{self.cause}]" if self.cause else ""
        below = f"\n{'':24} -> {self.remedy}" if self.remedy else ""
        return f"{self.state:<8} {self.name:<15} {self.summary}{code}{below}"


def because(name: str, *of: str) -> tuple[Line, ...]:
    return tuple(Line("unknown", one, f"could not look: because of {name}", None, None) for one in of)


@dataclass(frozen=True)
class Seed:
    """A misconfiguration.

    Attributes:
        id: the test's.
        plant: a script for the edge server, or what is done to the site.
        lines: all that is not ok.
        mend: a script in place of the first line's remedy, which is typed otherwise.
        exit_code: the command's.
    """

    id: str
    plant: str | Callable[[Site], object]
    lines: tuple[Line, ...]
    mend: str | Callable[[Site], object] | None = None
    exit_code: int = 1


def drop_in(unit: str, *lines: str) -> Callable[[Site], None]:
    return lambda site: site.drop_in(unit, *lines)


def on_nas(script: str) -> Callable[[Site], object]:
    return lambda site: site.nas.shell(script)


NAS_DATE = "/usr/local/bin/date"
SEEDS = (
    # --- the units ---
    Seed(
        "a unit is not as it is on the disk",
        f"touch /etc/systemd/system/{DAEMON}",
        (
            Line(
                "warn",
                "units",
                f"systemd uses {DAEMON} as it was before it was changed on the disk",
                "unit_not_reloaded",
                f"sudo systemctl daemon-reload && {RESTART}",
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the timer is off",
        f"systemctl disable --quiet --now {TIMER}",
        (
            Line(
                "fail",
                "units",
                f"{TIMER} does not do its work: it is disabled, inactive",
                "unit_off",
                f"sudo systemctl enable --now {TIMER}",
            ),
        ),
    ),
    Seed(
        "the daemon does not start at boot",
        f"systemctl disable --quiet {DAEMON}",
        (
            Line(
                "warn",
                "units",
                f"{DAEMON} does not do its work: it is disabled, active",
                "unit_off",
                f"sudo systemctl enable --now {DAEMON}",
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the watch's timer is gone",
        f"systemctl stop {WATCH_TIMER}; mv /etc/systemd/system/{WATCH_TIMER} /root; systemctl daemon-reload",
        (
            Line(
                "fail",
                "units",
                f"systemd has no usable unit {WATCH_TIMER} (not-found)",
                "unit_missing",
                f"put it in place: sudo ./install.sh; what is there: systemctl cat {WATCH_TIMER}",
            ),
        ),
        mend=f"mv /root/{WATCH_TIMER} /etc/systemd/system; systemctl daemon-reload; systemctl start {WATCH_TIMER}",
    ),
    Seed(
        "the check runs as another user",
        drop_in(CHECK, "User=root"),
        (
            Line(
                "fail",
                "units",
                f"{CHECK} runs as root and {DAEMON} as media-sync: what the one leaves beside the queue, the other "
                "can't use",
                "users_differ",
                "let both run as one user: sudo ./install.sh --user media-sync",
            ),
        ),
        mend=drop_in(CHECK),
    ),
    Seed(
        "systemd ends a run too soon",
        drop_in(CHECK, "TimeoutStartSec=30s"),
        (
            Line(
                "fail",
                "units",
                f"systemd ends {CHECK} after 30 s (TimeoutStartSec), and it may take 60 s (testing.max_wait_minutes)",
                "unit_ended_too_soon",
                edit(CHECK, "TimeoutStartSec=120s"),
            ),
        ),
    ),
    Seed(
        "systemd never ends a run",
        drop_in(CHECK, "TimeoutStartSec=infinity"),
        (
            Line(
                "warn",
                "units",
                f"systemd never ends {CHECK} (TimeoutStartSec=infinity): one run that hangs stops its timer for ever",
                "unit_never_ended",
                edit(CHECK, "TimeoutStartSec=120s"),
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the daemon is stopped",
        f"systemctl stop {DAEMON}",
        (
            Line(
                "fail",
                "daemon",
                f"{DAEMON} is not running (inactive, dead)",
                "daemon_inactive",
                f"sudo systemctl start {DAEMON}; and so that it starts at boot: sudo systemctl enable {DAEMON}",
            ),
        ),
        mend=f"systemctl start {DAEMON}",
    ),
    # --- the sandboxes ---
    Seed(
        "a folder is not granted",
        drop_in(CHECK, "ReadWritePaths=", f"ReadWritePaths={MEDIA}"),
        (
            Line(
                "fail",
                "check_sandbox",
                f"/data/temp/dji is read-only for {CHECK} (database_settings.db_path): [Errno 30] Read-only file "
                "system; the unit's sandbox forbids to write there",
                "folder_sandboxed",
                edit(CHECK, "ReadWritePaths=/data/temp/dji"),
            ),
        ),
    ),
    Seed(
        "a folder is made read-only",
        drop_in(DAEMON, f"ReadOnlyPaths={MEDIA}"),
        (
            Line(
                "fail",
                "daemon_sandbox",
                f"{DAEMON} can't write in {MEDIA} (local_settings.media_path): ReadOnlyPaths={MEDIA} keeps it from "
                "that",
                "sandbox_in_the_way",
                edit(DAEMON, "ReadOnlyPaths="),
            ),
        ),
    ),
    Seed(
        "what ssh needs is hidden",
        drop_in(CHECK, f"TemporaryFileSystem={HOME}"),
        (
            Line(
                "fail",
                "check_sandbox",
                f"{CHECK} can't see {HOME}/.ssh (ssh): TemporaryFileSystem={HOME} keeps it from that",
                "sandbox_in_the_way",
                edit(CHECK, f"BindReadOnlyPaths={HOME}/.ssh"),
            ),
        ),
    ),
    Seed(
        "a single file is granted",
        drop_in(DAEMON, f"ReadWritePaths={DATABASE}"),
        (
            Line(
                "fail",
                "daemon_sandbox",
                f"{DAEMON} may write the single file {DATABASE} (ReadWritePaths), which can't be replaced so, and "
                "makes none beside it",
                "sandbox_single_file",
                f"sudo systemctl edit {DAEMON}, name the folder in its place: ReadWritePaths=/data/temp/dji, save, "
                f"then: {RESTART}",
            ),
        ),
        mend=drop_in(DAEMON, "ReadWritePaths=/data/temp/dji"),
    ),
    Seed(
        "a unit names a folder that is not there",
        drop_in(DAEMON, "ReadWritePaths=/srv/gone"),
        (
            Line(
                "fail",
                "daemon_sandbox",
                f"{DAEMON} can't start (status 226/NAMESPACE): ReadWritePaths names /srv/gone, which does not exist",
                "sandbox_path_missing",
                f"create it: sudo mkdir -p /srv/gone; then: {RESTART}",
            ),
        ),
        mend=f"mkdir -p /srv/gone; systemctl restart {DAEMON}",
    ),
    # --- owners and modes ---
    Seed(
        "the media folder belongs to root",
        f"chown root: {MEDIA}; chmod 755 {MEDIA}",
        (
            Line(
                "fail",
                "folders",
                f"{MEDIA} belongs to root, and user media-sync may not write it (local_settings.media_path)",
                "of_no_account",
                f"give it to that user; root can use it as before: sudo chown media-sync {MEDIA}",
            ),
        ),
    ),
    Seed(
        "its own user may not write the state folder",
        f"chmod 500 {STATE}",
        (
            Line(
                "fail",
                "folders",
                f"{STATE} has the mode 500, so its own user may not write it (daemon_settings.state_path)",
                "mode_too_tight",
                f"sudo chmod u+rwx {STATE}",
            ),
        ),
    ),
    Seed(
        "everybody may change the configuration",
        f"chmod 666 {CONFIG}",
        (
            Line(
                "warn",
                "folders",
                f"every user of this server may change {CONFIG} (mode 666)",
                "file_open_to_others",
                f"sudo chmod o-w {CONFIG}",
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the -shm belongs to root",
        f"chown root: {DATABASE}-shm; chmod 600 {DATABASE}-shm",
        (
            Line(
                "fail",
                "queue",
                f"{DATABASE}-shm belongs to root, and user media-sync may not write it (database_settings.db_path)",
                "of_no_account",
                f"give it to that user; root can use it as before: sudo chown media-sync {DATABASE}-shm",
            ),
        ),
    ),
    Seed(
        "others may use the key",
        f"chmod 644 {HOME}/.ssh/id_ed25519",
        (
            Line(
                "fail",
                "key",
                f"others than its owner may use the key {HOME}/.ssh/id_ed25519 (mode 644), so ssh refuses to use it",
                "key_open_to_others",
                f"sudo chmod 600 {HOME}/.ssh/id_ed25519",
            ),
        ),
    ),
    Seed(
        "everybody may pin host keys",
        f"chmod 666 {HOME}/.ssh/known_hosts",
        (
            Line(
                "warn",
                "host_key",
                f"every user of this server may change {HOME}/.ssh/known_hosts (mode 666)",
                "file_open_to_others",
                f"sudo chmod o-w {HOME}/.ssh/known_hosts",
            ),
        ),
        exit_code=0,
    ),
    # --- the NAS ---
    Seed(
        "the NAS's folder belongs to root",
        on_nas(f"chown root: {BASE_PATH}; chmod 755 {BASE_PATH}"),
        (
            Line(
                "fail",
                "nas_folder",
                f"edge_sync may not write in {BASE_PATH} on the NAS",
                "nas_no_permission",
                f"give the account read and write permission on the folder: ssh nas-edge ls -ld {BASE_PATH}",
            ),
        ),
        mend=on_nas(f"chown edge_sync: {BASE_PATH}"),
    ),
    Seed(
        "the NAS's folder is gone",
        on_nas(f"mv {BASE_PATH} /root/aside"),
        (
            Line(
                "fail",
                "nas_folder",
                f"the folder {BASE_PATH} does not exist on the NAS; is its volume mounted?",
                "nas_base_missing",
                f"mount the volume, or create the folder if this NAS is new: ssh nas-edge mkdir -p {BASE_PATH}",
            ),
            *because("nas_folder", "nas_space", "nas_abilities", "nas_clock"),
        ),
        mend=on_nas(f"mv /root/aside {BASE_PATH}"),
    ),
    Seed(
        "the NAS's clock is wrong",
        on_nas(f"printf '#!/bin/sh\\necho $(($(/bin/date +%%s) + 86400))\\n' >{NAS_DATE}; chmod 755 {NAS_DATE}"),
        (
            Line(
                "warn",
                "nas_clock",
                "the clock of 10.77.0.3 is 86400 s ahead of this server's",
                "nas_clock_off",
                "let both keep the time: sudo timedatectl set-ntp true; on the NAS (DSM: Control Panel, Regional "
                "Options, Time) switch on NTP; see: ssh nas-edge date; date",
            ),
        ),
        mend=on_nas(f"rm {NAS_DATE}"),
        exit_code=0,
    ),
    Seed(
        "the locale does not exist",
        "systemctl set-environment LANG=de_XX.UTF-8",
        (
            Line(
                "warn",
                "locale",
                "systemd asks for the locale de_XX.UTF-8, which this server does not have",
                "locale_unknown",
                "make it: sudo localedef -i de_XX -f UTF-8 de_XX.UTF-8; or take one that is there: sudo localectl "
                "set-locale LANG=C.UTF-8",
            ),
        ),
        mend="systemctl set-environment LANG=C.UTF-8",
        exit_code=0,
    ),
)


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
    counts = {state: sum(line.startswith(f"{state} ") for line in lines) for state in ("ok", "warn", "fail", "unknown")}
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


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.id)
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
    exit_code, lines = doctor(shared, user="games")
    blind = Line(
        "unknown",
        "",
        "could not look: the programs run as user media-sync, and only that user or root sees what they see; this is "
        "user games",
        "doctor_blind",
        f"sudo smoke-check doctor --config {CONFIG}",
    )
    names = ("sandbox", "folders", "queue", "ssh", "nas")
    assert bad(lines) == [str(replace(blind, name=name)) for name in names]
    assert exit_code == 2


def test_the_programs_own_user_sees_all(shared: Site) -> None:
    exit_code, lines = doctor(shared, user="media-sync")
    assert (exit_code, bad(lines)) == (0, [])


def test_a_nas_that_is_away_is_waited_for_in_bounds(shared: Site) -> None:
    config = json.loads(shared.edge.read(CONFIG))
    assert config["check_settings"]["ping_timeout_seconds"] + config["security"]["connection_timeout_seconds"] == 10
    with shared.network.filtered("nas", "tcp dport 22 drop"):
        begun = time.monotonic()
        exit_code, lines = doctor(shared)
        took = time.monotonic() - begun
    silent = Line(
        "fail",
        "nas",
        "10.77.0.3 port 22 gave no answer within 5 s (connecting)",
        "nas_silent",
        "see that the NAS is on and awake, and that no firewall is in between: ssh -v -p 22 10.77.0.3",
    )
    assert bad(lines) == [str(silent), *map(str, because("nas", *LOOKS[-4:]))]
    assert exit_code == 1
    assert took < 10


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
