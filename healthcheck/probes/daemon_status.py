"""Is the daemon running, alive, and on today's code and configuration?"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from celestial_nasops import causes as shared, daemon_state, process, read_only, words
from celestial_nasops.config import Config
from celestial_nasops.daemon_state import DaemonState
from celestial_nasops.fault import LocalFault
from celestial_nasops.language import say
from celestial_nasops.wakeup import Wakeup
from healthcheck import causes, daemon_errors, state_folder, systemctl
from healthcheck.context import Run
from healthcheck.moments import lasting
from healthcheck.outcome import Finding, Outcome
from healthcheck.state_folder import Obstacle

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
    "Job",
)
_LOOP_RESTARTS = 3
_LOOP_UPTIME_SECONDS = 120
_SILENT_HEARTBEATS = 3
# The daemon ends within 10 s, and needs a few to start.
_RESTART_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.25
_MARGIN_SECONDS = 0.5

_ERRNO_30 = {cause.code: cause for cause in (shared.FOLDER_READ_ONLY, shared.FOLDER_SANDBOXED, shared.FOLDER_REPLACED)}

LastError = Callable[[], str]


class Life(NamedTuple):
    """What the daemon's own state file and the process behind it tell."""

    state: DaemonState
    runs: bool
    stopped: bool
    code_on_disk: str | None
    config_now: str
    silent_seconds: float
    obstacle: Obstacle | None = None
    """Why its state can't be written, as far as that can be seen from here."""
    read_only: LocalFault | None = None
    """A folder where it gets [Errno 30]: its sandbox may forbid what this process may do."""


def probe(run: Run) -> Finding:
    """Ask systemd, and the daemon's state file where there is one; a restart under way is given the time to end."""
    seen = _look(run.config, run.config_path)
    if seen.patience:
        seen = _look_again(run, seen)
    run.own_daemon = seen.is_own
    return seen.finding


def timeout_seconds(run: Run) -> float:
    """The configured deadline, and where systemd can tell that there is one, the time for a restart."""
    by_systemd = run.config.daemon_settings.supervisor != "none"
    return run.config.check_settings.daemon_status_timeout_seconds + (_RESTART_SECONDS if by_systemd else 0.0)


def look(config: Config, config_path: str) -> Finding:
    """One look, for a configuration, outside of a run."""
    return _look(config, config_path).finding


class _Seen(NamedTuple):
    """A finding, how long a restart may show just that (seconds; 0: it is none), and whether the daemon is ours."""

    finding: Finding
    patience: float = 0.0
    is_own: bool = False


def _look_again(run: Run, seen: _Seen) -> _Seen:
    # A run that has little time is not to spend all of it here.
    until = time.monotonic() + min(seen.patience, run.clock.left_to_wait() / 2)
    run.tell(say("the daemon is not there: is it being restarted?"))
    with Wakeup(run.config.daemon_settings.state_path, stop_fd=run.nudge.fileno()) as wakeup:
        while seen.patience and time.monotonic() < until:
            wakeup.wait(_LOOK_AGAIN_SECONDS)
            run.check_interrupted()
            seen = _look(run.config, run.config_path)
    return seen


def _look(config: Config, config_path: str) -> _Seen:
    daemon, timeout = config.daemon_settings, config.check_settings.daemon_status_timeout_seconds
    if daemon.supervisor == "none":
        life = _look_at_state(config)
        finding = judge_life(life, daemon.unit, config_path, daemon.state_path)
        patience = max(0.0, min(timeout - _MARGIN_SECONDS, _RESTART_SECONDS)) if has_just_ended(life) else 0.0
        return _Seen(finding, patience, _is_ours_of_today(life))
    users = daemon.supervisor == "systemd-user"
    try:
        shown = systemctl.show([daemon.unit], *_PROPERTIES, timeout_seconds=timeout, users=users)
        properties = shown.get(daemon.unit, {})
    except process.ProcessFault as fault:
        reason = fault.summary
        return _Seen(Finding.of_cause(causes.SYSTEMD_UNAVAILABLE, Outcome.ERROR, unit=daemon.unit, reason=reason))
    bad = judge_unit(properties, time.time(), daemon.unit, lambda: _last_error(daemon.unit, properties, users=users))
    if bad is not None:
        return _Seen(bad, _RESTART_SECONDS if is_between(properties) else 0.0)
    life = _look_at_state(config, properties.get("StatusText", ""))
    changed = _changed_at(config_path)
    finding = judge_running(properties, life, daemon.unit, config_path, daemon.state_path, changed)
    return _Seen(finding, is_own=_is_ours_of_today(life, _count(properties.get("MainPID", ""))))


def is_between(properties: Mapping[str, str]) -> bool:
    """Whether systemd is about to start or stop the unit, or both, so that it will soon be another thing.

    A unit that waits for its automatic restart has failed, and is not between two states.
    """
    if properties.get("SubState") == "auto-restart":
        return False
    moving = properties.get("ActiveState") in ("activating", "deactivating")
    return moving or _count(properties.get("Job", "")) > 0


def has_just_ended(life: Life | LocalFault | None) -> bool:
    """Whether the daemon's process is gone, and was there so lately that it may be in a restart."""
    return isinstance(life, Life) and not life.runs and 0 <= life.silent_seconds < _RESTART_SECONDS


def judge_running(
    properties: Mapping[str, str],
    life: Life | LocalFault | None,
    unit: str,
    config_path: str,
    folder: str,
    config_changed: float,
) -> Finding:
    """What a unit that runs is worth: its daemon's own state where that is of this very process, else its age.

    Args:
        properties: as for :func:`judge_unit`, which found nothing wrong with them.
        life: what the daemon's own state file tells.
        unit: the daemon's unit.
        config_path: the configuration.
        folder: where the state file lies.
        config_changed: when the configuration was changed (Unix seconds).
    """
    pid = _count(properties.get("MainPID", ""))
    if isinstance(life, LocalFault):
        return Finding.of_fault(life, Outcome.WARN)
    if life is not None and life.state.pid == pid:
        return judge_life(life, unit, config_path, folder)
    started = _unix(properties.get("ExecMainStartTimestamp", ""))
    return judge_foreign(pid, started, config_changed, unit, config_path)


def judge_unit(properties: Mapping[str, str], now: float, unit: str, last_error: LastError) -> Finding | None:
    """What systemd's view of the unit is, None where it is active and running as it should be.

    Args:
        properties: of ``systemctl show``, see systemctl(1) and org.freedesktop.systemd1(5).
        now: Unix seconds.
        unit: its name.
        last_error: gives the last error line of its journal; asked only where it is needed.
    """
    load, active, sub = (properties.get(key, "") for key in ("LoadState", "ActiveState", "SubState"))
    restarts = _count(properties.get("NRestarts", ""))
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
    """What the state file and its process tell: dead, hung, paused, stale, or well."""
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
    if life.read_only is not None and not life.stopped:
        return Finding.of_fault(life.read_only)
    if life.stopped or silent > _SILENT_HEARTBEATS * state.heartbeat_seconds + 5:
        if life.obstacle and not life.stopped:
            reason, remedy = life.obstacle
            return Finding.of_cause(
                causes.DAEMON_CANNOT_WRITE_STATE,
                Outcome.WARN,
                pid=state.pid,
                folder=folder,
                reason=reason,
                remedy=remedy,
            )
        doing = say("it was doing: {doing}", doing=state.doing or say("nothing"))
        evidence = say("its process is stopped by a signal") if life.stopped else doing
        seconds = max(0, round(silent))
        return Finding.of_cause(causes.DAEMON_HUNG, pid=state.pid, silent_seconds=seconds, evidence=evidence, unit=unit)
    if state.paused_at is not None:
        since, reason = words.clock(state.paused_at), state.paused_reason or say("no reason given")
        return Finding.of_cause(shared.DAEMON_PAUSED, by=state.paused_by, since=since, reason=reason)
    if state.deletions_stopped:
        return Finding.of_cause(causes.DELETIONS_STOPPED, Outcome.WARN, pid=state.pid, reason=state.deletions_stopped)
    if unsaved := daemon_errors.unsaved_deletions(state, folder):
        code = unsaved.cause.code if unsaved.cause else None
        return Finding(Outcome.WARN, unsaved.text, code, unsaved.remedy, {"pid": state.pid})
    if state.no_room:
        return Finding.of_cause(causes.NAS_IS_FULL, Outcome.WARN, pid=state.pid, reason=state.no_room)
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


def read_only_folder(state: DaemonState, status_text: str, folder: str, unit: str) -> LocalFault | None:
    """Where the daemon gets [Errno 30], as it tells itself.

    Args:
        state: what it wrote last.
        status_text: what it told systemd last, which it also can where its state file is read-only.
        folder: of its state.
        unit: its name.
    """
    setting = "daemon_settings.state_path"
    for code, cause in _ERRNO_30.items():
        if f"[{code}] {folder} " in status_text:
            return read_only.fault_with(cause, folder, setting, unit, read_only.mount_point(folder))
    told = [found for found in state.read_only if found.code in _ERRNO_30]
    if told:
        first = told[0]
        return read_only.fault_with(_ERRNO_30[first.code], first.path, first.setting, first.unit, first.mount_point)
    return read_only.disk_fault(folder, setting)


def _look_at_state(config: Config, status_text: str = "") -> Life | LocalFault | None:
    try:
        state = daemon_state.read(config.daemon_settings.state_path)
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
    daemon = config.daemon_settings
    found = read_only_folder(state, status_text, daemon.state_path, daemon.unit)
    in_the_way = state_folder.obstacle(daemon.state_path, state.pid)
    return Life(state, runs, stopped, code, config.fingerprint(), silent, in_the_way, read_only=found)


def _is_ours_of_today(life: Life | LocalFault | None, pid: int | None = None) -> bool:
    """Whether the daemon, of which ``pid`` may be known, is our own and does what is installed and configured now."""
    return (
        isinstance(life, Life)
        and life.runs
        and pid in (None, life.state.pid)
        and life.code_on_disk == life.state.code_fingerprint
        and life.config_now == life.state.config_fingerprint
    )


def _last_error(unit: str, properties: Mapping[str, str], *, users: bool) -> str:
    argv = ["journalctl", "--no-pager", "--quiet", "--output=cat", "--priority=err", "--lines=1"]
    line = ""
    # First what its own processes said; systemd's "Failed to start" comes later and tells less.
    own, all_of_it = ("_SYSTEMD_USER_UNIT", "--user-unit") if users else ("_SYSTEMD_UNIT", "--unit")
    for whose in (f"{own}={unit}", f"{all_of_it}={unit}"):
        try:
            line = line or process.run([*argv, whose], timeout_seconds=2).stdout.strip()
        except process.ProcessFault as fault:
            line = say("not readable ({why})", why=fault.summary)
    return line or properties.get("StatusText") or say("none in the journal that this user may read")


def _ended(properties: Mapping[str, str]) -> str:
    # ExecMainCode holds CLD_EXITED (1), CLD_KILLED (2) or CLD_DUMPED (3), see waitid(2)
    status = properties.get("ExecMainStatus", "?")
    if properties.get("ExecMainCode") == "1":
        return say("exit code {status}", status=status)
    return say("signal {status}", status=status)


def _count(text: str) -> int:
    """A number as systemd prints it; 0 for anything else, such as the "[not set]" of some properties."""
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else 0


def _changed_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:  # it was read a moment ago; whoever replaces it will be noticed by the next run
        return 0.0


def _unix(text: str) -> float | None:
    """A timestamp of ``systemctl show --timestamp=unix``, such as ``@1737540000``."""
    try:
        return float(text.removeprefix("@"))
    except ValueError:
        return None
