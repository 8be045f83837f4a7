"""The daemon's unit and its process: there, running, alive."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from tests.faults.table import fault, no_alarm
from tests.system.site import DAEMON, MEDIA, USER, Site

UNIT = f"/etc/systemd/system/{DAEMON}"
BIN = "/opt/celestial-nasops/venv/bin"
PROGRAM, PYTHON = f"{BIN}/media-sync-daemon", f"{BIN}/python"
LOOP_REMEDY = (
    "mend what that says, then: sudo systemctl reset-failed media-sync-daemon.service && "
    "sudo systemctl restart media-sync-daemon.service; more: journalctl -u media-sync-daemon.service -n 50"
)
HUNG_REMEDY = "sudo systemctl restart media-sync-daemon.service; if it was stopped by a signal: sudo kill -CONT {pid}"
# In the daemon's place: its last state, with itself as the process, and an old heartbeat.
STANDSTILL = """
import dataclasses, os, time
import sdnotify
from celestial_nasops import daemon_state

folder, pid = "/var/lib/media-sync-daemon", os.getpid()
boottime = time.clock_gettime(time.CLOCK_BOOTTIME) - 60
ticks = daemon_state.process_start_ticks(pid)
state = dataclasses.replace(
    daemon_state.read(folder), pid=pid, process_start_ticks=ticks, heartbeat_boottime=boottime, doing="idle; 0 waiting"
)
daemon_state.write(folder, state)
systemd = sdnotify.SystemdNotifier()
systemd.notify("READY=1")
while True:
    systemd.notify("WATCHDOG=1")
    time.sleep(1)
"""
KILLED = "media-sync-daemon.service was killed by signal 9 (signal) and is now activating, auto-restart"
KILLED_REMEDY = (
    "see whether the kernel did it, as memory ran out: journalctl -k -g 'Killed process' -n 5; else who did: "
    "journalctl -n 50 -u media-sync-daemon.service; if it does not come back by itself: "
    "sudo systemctl restart media-sync-daemon.service"
)


@contextlib.contextmanager
def drop_in(site: Site, *lines: str) -> Iterator[None]:
    """Change the unit, and change it back in the end."""
    site.drop_in(DAEMON, *lines)
    yield
    site.edge.shell(f"rm -r {UNIT}.d; systemctl daemon-reload")


# --- it is not there, or stopped ---


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


# --- it has ended ---

NO_PERMISSION = (
    "[folder_no_permission] user media-sync may not write in /data/temp/dji/media (local_settings.media_path); "
    "give the folder to that user: sudo chown media-sync /data/temp/dji/media"
)


@fault(
    probe="daemon_status",
    cause="daemon_failed",
    says=(
        "media-sync-daemon.service has failed (exit-code, exit code 78); its last error: [config_not_json] the "
        "configuration /etc/celestial-nasops/bad.json is not JSON: line 1, column 3: Extra data; mend that place, then "
        "try: smoke-check config check /etc/celestial-nasops/bad.json"
    ),
    remedy=(
        "mend what that says, then: sudo systemctl restart media-sync-daemon.service; more: "
        "journalctl -u media-sync-daemon.service -n 50"
    ),
    fails=(DAEMON,),
)
def failed(site: Site) -> Iterator[None]:
    """It was started with a configuration that is none."""
    site.edge.write("/etc/celestial-nasops/bad.json", "{}}")
    with drop_in(site, "ExecStart=", f"ExecStart={PROGRAM} --config /etc/celestial-nasops/bad.json"):
        site.edge.run("systemctl", "restart", DAEMON, check=False)
        site.edge.wait_for_unit(DAEMON, ActiveState="failed")
        yield
    site.edge.run("systemctl", "restart", DAEMON)


@fault(
    probe="daemon_status",
    cause="daemon_killed",
    says=KILLED,
    remedy=KILLED_REMEDY,
)
def killed(site: Site) -> Iterator[None]:
    """Somebody has killed it."""
    with drop_in(site, "RestartSec=60s"):
        site.signal_daemon("SIGKILL")
        site.edge.wait_for_unit(DAEMON, SubState="auto-restart")
        yield
    site.edge.run("systemctl", "restart", DAEMON)


@fault(
    probe="daemon_status",
    cause="daemon_out_of_memory",
    says="media-sync-daemon.service was killed because memory ran out (oom-kill) and is now activating, auto-restart",
    remedy=(
        "see who takes the memory: ps -eo rss,comm --sort=-rss | head; what the kernel said: journalctl -k -g oom "
        "-n 50; if it does not come back by itself: sudo systemctl restart media-sync-daemon.service"
    ),
)
def out_of_memory(site: Site) -> Iterator[None]:
    """It was killed since memory ran out, as systemd-oomd marks it."""
    with drop_in(site, "RestartSec=60s"):
        for mark in ("oomd_ooms", "oomd_kill"):
            script = f"import os; os.setxattr('/sys/fs/cgroup/system.slice/{DAEMON}', 'user.{mark}', b'1')"
            site.edge.run("python3", "-c", script)
        site.signal_daemon("SIGKILL")
        site.edge.wait_for_unit(DAEMON, SubState="auto-restart")
        yield
    site.edge.run("systemctl", "restart", DAEMON)


@fault(
    probe="daemon_status",
    cause="daemon_ended",
    says=(
        "media-sync-daemon.service has ended by itself and is to be started again: activating, auto-restart "
        f"(exit-code, exit code 1); its last error: {NO_PERMISSION}"
    ),
    remedy="mend what that says, it is started again by itself; more: journalctl -u media-sync-daemon.service -n 50",
)
def ended(site: Site) -> Iterator[None]:
    """It has ended with an error, and is to be started again."""
    with drop_in(site, "RestartSec=60s"):
        site.edge.shell(f"chown root: {MEDIA}; systemctl restart {DAEMON} || true")
        site.edge.wait_for_unit(DAEMON, SubState="auto-restart")
        yield
    site.edge.shell(f"chown {USER}: {MEDIA}; systemctl restart {DAEMON}")


@fault(
    probe="daemon_status",
    cause="daemon_crash_loop",
    says=(
        "media-sync-daemon.service keeps crashing: {restarts} restart(s), activating, start-pre; "
        f"its last error: {NO_PERMISSION}"
    ),
    remedy=LOOP_REMEDY,
)
def crash_loop(site: Site) -> Iterator[None]:
    """It ends at each start, and is just being started."""
    hold = "/bin/sh -c 'while [ -e /run/hold ]; do sleep 0.1; done'"
    with drop_in(site, "RestartSec=500ms", f"ExecStartPre=+{hold}"):
        site.edge.shell(f"chown root: {MEDIA}; systemctl restart {DAEMON} || true")
        site.edge.wait_for_unit(DAEMON, NRestarts="2")
        site.edge.run("touch", "/run/hold")
        site.edge.wait_for_unit(DAEMON, SubState="start-pre")
        yield
        site.edge.shell(f"chown {USER}: {MEDIA}; rm /run/hold")
    site.mend(LOOP_REMEDY.rpartition("; more: ")[0])


# --- it lives and does nothing ---


@fault(
    probe="daemon_status",
    cause="daemon_hung",
    says="the daemon (pid {pid}) gives no sign of life for {seconds} s, its process is stopped by a signal",
    remedy=HUNG_REMEDY,
)
def hung(site: Site) -> Iterator[None]:
    """It is stopped by a signal."""
    site.signal_daemon("SIGSTOP")
    yield
    site.signal_daemon("SIGCONT")


@fault(
    probe="daemon_status",
    cause="daemon_hung",
    says="the daemon (pid {pid}) gives no sign of life for {seconds} s, it was doing: idle; 0 waiting",
    remedy=HUNG_REMEDY,
)
def loop_is_dead(site: Site) -> Iterator[None]:
    """It feeds the watchdog, and its work stands still."""
    site.edge.write("/usr/local/lib/standstill.py", STANDSTILL)
    with drop_in(site, "ExecStart=", f"ExecStart={PYTHON} /usr/local/lib/standstill.py"):
        site.edge.run("systemctl", "restart", DAEMON)
        yield
    site.edge.run("systemctl", "restart", DAEMON)


@no_alarm()
def reloaded(site: Site) -> Iterator[None]:
    """It reads its configuration anew, which has changed."""
    site.configure({"sync_settings": {"interval_minutes": 11}})
    site.edge.run("systemctl", "reload", DAEMON)
    site.edge.wait_for_journal(
        lambda: "at work with the configuration" in site.edge.journal(f"--unit={DAEMON}"), f"_SYSTEMD_UNIT={DAEMON}"
    )
    yield
