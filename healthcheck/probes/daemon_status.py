"""Is the daemon running, alive, and on today's code and configuration?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from celestial_nasops import daemon_state, process
from celestial_nasops.daemon_state import DaemonState
from celestial_nasops.fault import LocalFault
from celestial_nasops.language import say
from healthcheck import causes
from healthcheck.context import Run
from healthcheck.moments import lasting
from healthcheck.outcome import Finding, Outcome

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "ExecMainCode",
    "ExecMainStatus",
    "ExecMainStartTimestamp",
    "MainPID",
    "NRestarts",
    "StatusText",
)
_LOOP_RESTARTS = 3
_LOOP_UPTIME_SECONDS = 120
_SILENT_HEARTBEATS = 3

LastError = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Life:
    """What the daemon's own state file and the process behind it tell."""

    state: DaemonState
    runs: bool
    stopped: bool
    code_on_disk: str | None
    config_now: str
    silent_seconds: float
    obstacle: str = ""
    """Why its state can't be written, as far as that can be seen from here."""


def probe(run: Run) -> Finding:
    """Ask systemd, and the daemon's state file where there is one."""
    daemon = run.config.daemon_settings
    life = _look_at_state(run)
    if daemon.supervisor == "none":
        return judge_life(life, daemon.unit, run.config_path, daemon.state_path)
    try:
        timeout = run.config.check_settings.daemon_status_timeout_seconds
        properties = _show(daemon.unit, timeout)
    except process.ProcessFault as fault:
        return Finding.of_cause(causes.SYSTEMD_UNAVAILABLE, Outcome.ERROR, unit=daemon.unit, reason=fault.summary)
    bad = judge_unit(properties, time.time(), daemon.unit, lambda: _last_error(daemon.unit, properties))
    if bad is not None:
        return bad
    pid = int(properties.get("MainPID", "0") or 0)
    if isinstance(life, LocalFault):
        return Finding.of_fault(life, Outcome.WARN)
    if life is not None and life.state.pid == pid:
        return judge_life(life, daemon.unit, run.config_path, daemon.state_path)
    started = _unix(properties.get("ExecMainStartTimestamp", ""))
    return judge_foreign(pid, started, os.stat(run.config_path).st_mtime, daemon.unit, run.config_path)


def judge_unit(properties: Mapping[str, str], now: float, unit: str, last_error: LastError) -> Finding | None:
    """What systemd's view of the unit is, None where it is active and running as it should be.

    Args:
        properties: of ``systemctl show``, see systemctl(1) and org.freedesktop.systemd1(5).
        now: Unix seconds.
        unit: its name.
        last_error: gives the last error line of its journal; asked only where it is needed.
    """
    load, active, sub = (properties.get(key, "") for key in ("LoadState", "ActiveState", "SubState"))
    restarts = int(properties.get("NRestarts", "0") or 0)
    state = f"{active}, {sub}"
    if not active:
        return Finding.of_cause(
            causes.SYSTEMD_UNAVAILABLE, Outcome.ERROR, unit=unit, reason=say("it told no ActiveState")
        )
    if load == "masked":
        return Finding.of_cause(causes.DAEMON_MASKED, unit=unit)
    if load not in ("loaded", ""):
        return Finding.of_cause(causes.DAEMON_NOT_FOUND, unit=unit)
    if sub == "auto-restart":
        return Finding.of_cause(
            causes.DAEMON_CRASH_LOOP, unit=unit, restarts=restarts, state=state, last_error=last_error()
        )
    if active == "failed":
        return Finding.of_cause(
            causes.DAEMON_FAILED,
            unit=unit,
            result=properties.get("Result", "?"),
            exit_status=_ended(properties),
            last_error=last_error(),
        )
    if active == "activating":
        return Finding.of_cause(causes.DAEMON_STARTING, unit=unit, state=state)
    if (active, sub) != ("active", "running") and active != "reloading":
        return Finding.of_cause(causes.DAEMON_INACTIVE, unit=unit, state=state)
    started = _unix(properties.get("ExecMainStartTimestamp", ""))
    if restarts >= _LOOP_RESTARTS and started is not None and now - started < _LOOP_UPTIME_SECONDS:
        state = say("running for {time} only", time=lasting(now - started))
        return Finding.of_cause(
            causes.DAEMON_CRASH_LOOP, unit=unit, restarts=restarts, state=state, last_error=last_error()
        )
    return None


def judge_life(life: Life | LocalFault | None, unit: str, config_path: str, folder: str) -> Finding:
    """What the state file and its process tell: dead, hung, stale, or well."""
    if life is None:
        evidence = say("there is no state file in {folder}", folder=folder)
        return Finding.of_cause(causes.DAEMON_DEAD, evidence=evidence, config_path=config_path)
    if isinstance(life, LocalFault):
        return Finding.of_fault(life, Outcome.ERROR)
    state = life.state
    if not life.runs:
        path = f"{folder}/{daemon_state.FILE_NAME}"
        evidence = say("process {pid}, which wrote {path}, is gone", pid=state.pid, path=path)
        return Finding.of_cause(causes.DAEMON_DEAD, evidence=evidence, config_path=config_path)
    silent = life.silent_seconds
    if life.stopped or silent > _SILENT_HEARTBEATS * state.heartbeat_seconds + 5:
        if life.obstacle and not life.stopped:
            return Finding.of_cause(
                causes.DAEMON_CANNOT_WRITE_STATE, Outcome.WARN, pid=state.pid, folder=folder, reason=life.obstacle
            )
        doing = say("it was doing: {doing}", doing=state.doing or say("nothing"))
        evidence = say("its process is stopped by a signal") if life.stopped else doing
        seconds = max(0, round(silent))
        return Finding.of_cause(causes.DAEMON_HUNG, pid=state.pid, silent_seconds=seconds, evidence=evidence, unit=unit)
    if life.code_on_disk is not None and life.code_on_disk != state.code_fingerprint:
        return Finding.of_cause(causes.DAEMON_STALE_CODE, Outcome.WARN, pid=state.pid, unit=unit)
    if life.config_now != state.config_fingerprint:
        return Finding.of_cause(
            causes.DAEMON_STALE_CONFIG, Outcome.WARN, pid=state.pid, unit=unit, config_path=config_path
        )
    return Finding.good(
        say(
            "running (pid {pid}) with the installed code and the present configuration; {doing}",
            pid=state.pid,
            doing=state.doing,
        ),
        pid=state.pid,
        version=state.version,
        doing=state.doing,
        last_error=state.last_error,
        heartbeat_age_seconds=round(silent, 3),
    )


def judge_foreign(pid: int, started: float | None, config_changed: float, unit: str, config_path: str) -> Finding:
    """A daemon without a state file of ours: only its age against the configuration's can be told."""
    if started is not None and config_changed > started:
        return Finding.of_cause(causes.DAEMON_STALE_CONFIG, Outcome.WARN, pid=pid, unit=unit, config_path=config_path)
    return Finding.good(say("running (pid {pid}); it keeps no state file, so more is not known", pid=pid), pid=pid)


def _look_at_state(run: Run) -> Life | LocalFault | None:
    try:
        state = daemon_state.read(run.config.daemon_settings.state_path)
    except LocalFault as fault:
        return fault
    if state is None:
        return None
    try:
        code = daemon_state.code_fingerprint(state.code_path)
    except OSError:
        code = None
    runs = daemon_state.process_start_ticks(state.pid) == state.process_start_ticks
    stopped = runs and daemon_state.process_is_stopped(state.pid)
    silent = time.clock_gettime(time.CLOCK_BOOTTIME) - state.heartbeat_boottime
    obstacle = _obstacle(run.config.daemon_settings.state_path)
    return Life(state, runs, stopped, code, run.config.fingerprint(), silent, obstacle)


def _obstacle(folder: str) -> str:
    try:
        there = os.statvfs(folder)
    except OSError as error:
        return error.strerror or str(error)
    if there.f_flag & os.ST_RDONLY:
        return "[Errno 30] Read-only file system"
    return "" if there.f_bavail and there.f_favail else "no space left on device"


def _show(unit: str, timeout: float) -> dict[str, str]:
    argv = ["systemctl", "show", "--timestamp=unix", *(f"--property={name}" for name in _PROPERTIES), "--", unit]
    output = process.run(argv, timeout_seconds=timeout).stdout
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def _last_error(unit: str, properties: Mapping[str, str]) -> str:
    argv = ["journalctl", "--no-pager", "--quiet", "--output=cat", "--priority=err", "--lines=1", f"--unit={unit}"]
    try:
        line = process.run(argv, timeout_seconds=2).stdout.strip()
    except process.ProcessFault as fault:
        line = say("not readable ({why})", why=fault.summary)
    return line or properties.get("StatusText") or say("none in the journal that this user may read")


def _ended(properties: Mapping[str, str]) -> str:
    # ExecMainCode holds CLD_EXITED (1), CLD_KILLED (2) or CLD_DUMPED (3), see waitid(2)
    status = properties.get("ExecMainStatus", "?")
    if properties.get("ExecMainCode") == "1":
        return say("exit code {status}", status=status)
    return say("signal {status}", status=status)


def _unix(text: str) -> float | None:
    """A timestamp of ``systemctl show --timestamp=unix``, such as ``@1737540000``."""
    try:
        return float(text.removeprefix("@"))
    except ValueError:
        return None
