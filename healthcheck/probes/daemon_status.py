"""Is the daemon running, alive, and on today's code and configuration?"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

from celestial_nasops import causes as shared, daemon_state, process, read_only, words
from celestial_nasops.config import Config
from celestial_nasops.daemon_state import DaemonState
from celestial_nasops.durable import user_name
from celestial_nasops.fault import LocalFault
from celestial_nasops.language import say
from celestial_nasops.wakeup import Wakeup
from healthcheck import causes, daemon_errors, daemon_unit, state_folder, systemctl
from healthcheck.context import Run
from healthcheck.daemon_unit import Properties
from healthcheck.outcome import Finding, Outcome
from healthcheck.state_folder import Obstacle

# The daemon ends within 10 s, and needs a few to start.
_RESTART_SECONDS = 20.0
_LOOK_AGAIN_SECONDS = 0.25
_MARGIN_SECONDS = 0.5

_ERRNO_30 = {cause.code: cause for cause in (shared.FOLDER_READ_ONLY, shared.FOLDER_SANDBOXED, shared.FOLDER_REPLACED)}

# Another database comes first: without it nothing is found, with another folder what is found is refused.
_PLACES = {
    "database_settings.db_path": causes.DAEMON_WRONG_DATABASE,
    "local_settings.media_path": causes.DAEMON_WRONG_MEDIA,
}


class Elsewhere(NamedTuple):
    """A place that the daemon uses where the configuration names another."""

    setting: str
    theirs: str
    ours: str


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
    other_config: bool = False
    """Whether it was started with another configuration file."""
    elsewhere: tuple[Elsewhere, ...] = ()


def probe(run: Run) -> Finding:
    """Ask systemd, and the daemon's state file where there is one; a restart under way is given the time to end."""
    # Root may use what anybody leaves; it is root by hand only.
    own_user = "" if os.geteuid() == 0 else user_name()
    seen = _look(run.config, run.config_path, own_user)
    if seen.patience:
        seen = _look_again(run, seen, own_user)
    run.own_daemon = seen.is_own
    return seen.finding


def timeout_seconds(run: Run) -> float:
    """The configured deadline, and where systemd can tell that there is one, the time for a restart."""
    by_systemd = run.config.daemon_settings.supervisor != "none"
    return run.config.check_settings.daemon_status_timeout_seconds + (_RESTART_SECONDS if by_systemd else 0.0)


def look(config: Config, config_path: str) -> Finding:
    """One look, for a configuration, outside of a run, and at whoever runs the daemon."""
    return _look(config, config_path, "").finding


class _Seen(NamedTuple):
    """A finding, how long a restart may show just that (seconds; 0: it is none), and whether the daemon is ours."""

    finding: Finding
    patience: float = 0.0
    is_own: bool = False


def _look_again(run: Run, seen: _Seen, own_user: str) -> _Seen:
    # A run that has little time is not to spend all of it here.
    until = time.monotonic() + min(seen.patience, run.clock.left_to_wait() / 2)
    run.tell(say("the daemon is not there: is it being restarted?"))
    with Wakeup(run.config.daemon_settings.state_path, stop_fd=run.nudge.fileno()) as wakeup:
        while seen.patience and time.monotonic() < until:
            wakeup.wait(_LOOK_AGAIN_SECONDS)
            run.check_interrupted()
            seen = _look(run.config, run.config_path, own_user)
    return seen


def _look(config: Config, config_path: str, own_user: str) -> _Seen:
    """Look once. ``own_user``: who should run the daemon, if that is known."""
    daemon, timeout = config.daemon_settings, config.check_settings.daemon_status_timeout_seconds
    if daemon.supervisor == "none":
        life = _look_at_state(config, config_path)
        finding = judge_life(life, daemon.unit, config_path, daemon.state_path)
        patience = max(0.0, min(timeout - _MARGIN_SECONDS, _RESTART_SECONDS)) if has_just_ended(life) else 0.0
        return _Seen(finding, patience, _is_ours_of_today(life))
    users = daemon.supervisor == "systemd-user"
    try:
        shown = systemctl.show([daemon.unit], *daemon_unit.PROPERTIES, timeout_seconds=timeout, users=users)
        properties = shown.get(daemon.unit, {})
    except process.ProcessFault as fault:
        return _Seen(daemon_unit.unavailable(daemon.unit, daemon_unit.why_unavailable(fault)))
    own_user = "" if users else own_user
    now, last_error = time.time(), lambda: daemon_unit.last_error(daemon.unit, properties, users=users)
    bad = daemon_unit.judge(properties, now, daemon.unit, last_error, own_user)
    if bad is not None:
        return _Seen(bad, _RESTART_SECONDS if daemon_unit.is_between(properties) else 0.0)
    life = _look_at_state(config, config_path, properties.get("StatusText", ""))
    found = judge_running(properties, life, daemon.unit, config_path, daemon.state_path, _changed_at(config_path))
    pid = daemon_unit.count(properties.get("MainPID", ""))
    is_ours = isinstance(life, LocalFault) or (life is not None and life.state.pid == pid)
    user = daemon_unit.user_of(pid, properties)
    finding = daemon_unit.judge_user(found, user, daemon.unit, own_user, is_ours=is_ours)
    return _Seen(finding, is_own=_is_ours_of_today(life, pid))


def has_just_ended(life: Life | LocalFault | None) -> bool:
    """Whether the daemon's process is gone, and was there so lately that it may be in a restart."""
    return isinstance(life, Life) and not life.runs and 0 <= life.silent_seconds < _RESTART_SECONDS


def judge_running(
    properties: Properties,
    life: Life | LocalFault | None,
    unit: str,
    config_path: str,
    folder: str,
    config_changed: float,
) -> Finding:
    """What a unit that runs is worth: its daemon's own state where that is of this very process, else its age.

    Args:
        properties: as for :func:`daemon_unit.judge`, which found nothing wrong with them.
        life: what the daemon's own state file tells.
        unit: the daemon's unit.
        config_path: the configuration.
        folder: where the state file lies.
        config_changed: when the configuration was changed (Unix seconds).
    """
    pid = daemon_unit.count(properties.get("MainPID", ""))
    if isinstance(life, LocalFault):
        return Finding.of_fault(life, Outcome.WARN)
    if life is not None and life.state.pid == pid:
        return judge_life(life, unit, config_path, folder)
    started = daemon_unit.unix(properties.get("ExecMainStartTimestamp", ""))
    return judge_foreign(pid, started, config_changed, unit, config_path)


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
    if life.stopped or silent > state.longest_silence:
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
    if (found := _judge_places(life, unit, config_path)) is not None:
        return found
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


def _judge_places(life: Life, unit: str, config_path: str) -> Finding | None:
    """Where it works elsewhere than the configuration says."""
    state = life.state
    if life.other_config and life.config_now != state.config_fingerprint:
        found = [
            say(
                "{setting} is {theirs} there and {ours} here",
                setting=place.setting,
                theirs=place.theirs,
                ours=place.ours,
            )
            for place in life.elsewhere
        ]
        return Finding.of_cause(
            causes.DAEMON_OTHER_CONFIG,
            Outcome.FAIL if found else Outcome.WARN,
            pid=state.pid,
            unit=unit,
            their_config=state.config_path,
            config_path=config_path,
            differences=", ".join(found) or say("not in the media folder or the database"),
        )
    for place in life.elsewhere:
        return Finding.of_cause(
            _PLACES[place.setting], pid=state.pid, theirs=place.theirs, ours=place.ours, config_path=config_path
        )
    return None


def judge_foreign(pid: int, started: float | None, config_changed: float, unit: str, config_path: str) -> Finding:
    """A daemon without a state file of ours: only its age against the configuration's can be told."""
    # systemctl tells the start in whole seconds: it lies somewhere in the second that begins then.
    if started is not None and config_changed >= started + 1:
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


def _look_at_state(config: Config, config_path: str, status_text: str = "") -> Life | LocalFault | None:
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
    daemon = config.daemon_settings
    return Life(
        state,
        runs,
        runs and daemon_state.process_is_stopped(state.pid),
        code,
        config.fingerprint(),
        time.clock_gettime(time.CLOCK_BOOTTIME) - state.heartbeat_boottime,
        state_folder.obstacle(daemon.state_path, state.pid),
        read_only=read_only_folder(state, status_text, daemon.state_path, daemon.unit),
        other_config=not _is_same(state.config_path, config_path),
        elsewhere=elsewhere(state, config),
    )


def elsewhere(state: DaemonState, config: Config) -> tuple[Elsewhere, ...]:
    """The places that a daemon uses where a configuration names others; older daemons don't tell theirs."""
    pairs = {
        "database_settings.db_path": (state.db_path, config.database_settings.db_path),
        "local_settings.media_path": (state.media_path, config.local_settings.media_path),
    }
    return tuple(
        Elsewhere(setting, theirs, ours)
        for setting, (theirs, ours) in pairs.items()
        if theirs and not _is_same(theirs, ours)
    )


def _is_same(one: str, other: str) -> bool:
    """Whether two paths are one, wherever links in them lead."""
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):  # a null character, in what somebody else has written
        return False


def _is_ours_of_today(life: Life | LocalFault | None, pid: int | None = None) -> bool:
    """Whether the daemon, of which ``pid`` may be known, is our own and does what is installed and configured now."""
    return (
        isinstance(life, Life)
        and life.runs
        and pid in (None, life.state.pid)
        and life.code_on_disk == life.state.code_fingerprint
        and life.config_now == life.state.config_fingerprint
    )


def _changed_at(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:  # it was read a moment ago; whoever replaces it will be noticed by the next run
        return 0.0
