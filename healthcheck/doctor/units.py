"""The units: loaded, enabled, of one user, ended in time, and with a sandbox that lets the programs do their work."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

from celestial_nasops import causes as shared
from celestial_nasops.config import Config
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from celestial_nasops.nas.target import SshTarget, resolve
from healthcheck import causes, pipeline
from healthcheck.doctor import access
from healthcheck.doctor.access import Properties
from healthcheck.doctor.case import CHECK, TIMERS, Case
from healthcheck.doctor.finding import Finding, State
from healthcheck.outcome import Outcome
from healthcheck.probes import daemon_status
from healthcheck.units import render, sandbox

_SECONDS = {
    "y": 365.25 * 86_400,
    "month": 30.44 * 86_400,
    "w": 7 * 86_400,
    "d": 86_400,
    "h": 3600,
    "min": 60,
    "s": 1,
    "ms": 1e-3,
    "us": 1e-6,
}
_STATES = {Outcome.PASS: State.OK, Outcome.WARN: State.WARN, Outcome.FAIL: State.FAIL}
_ON = ("enabled", "enabled-runtime", "static", "linked", "linked-runtime", "alias", "indirect", "generated")


def look_at_daemon(case: Case) -> Iterator[Finding]:
    """The daemon itself, as a run's first probe sees it."""
    found = daemon_status.look(case.config, case.loaded.path)
    eyes = case.foreign_eyes
    if eyes is not None and found.cause == shared.STATE_CORRUPT.code:  # not for this user to read
        yield Finding.blind("daemon", eyes.summary, eyes.remedy, eyes.code)
        return
    state = _STATES.get(found.outcome, State.UNKNOWN)
    if state is State.UNKNOWN:
        yield Finding.blind("daemon", found.summary, found.remedy, found.cause)
    else:
        yield Finding("daemon", state, found.summary, found.remedy, found.cause)


def look_at_units(case: Case) -> Iterator[Finding]:
    """Whether systemd has them as they are on the disk, starts them at boot, and ends them in time."""
    if not case.is_supervised:
        yield Finding.left_out("units", say("daemon_settings.supervisor is none, so there are no units to look at"))
        return
    if case.untold is not None:
        yield Finding.blind("units", case.untold.summary, case.untold.remedy, case.untold.code)
        return
    bad = [*_of_boot(case), *_of_reload(case), *_of_users(case), *_of_times(case)]
    yield from bad
    if not bad:
        yield Finding.ok("units", say("all start at boot, run as {user}, and end in time", user=case.user))


def _of_boot(case: Case) -> Iterator[Finding]:
    for unit in (case.daemon, CHECK, *TIMERS):
        told = case.units.get(unit, {})
        load, enabled, active = (told.get(key, "") for key in ("LoadState", "UnitFileState", "ActiveState"))
        if unit == case.daemon and load != "loaded":
            continue  # told by its own look
        if load == "masked":
            yield Finding.of_cause("units", causes.DAEMON_MASKED, unit=unit)
        elif load != "loaded":
            yield Finding.of_cause("units", causes.UNIT_MISSING, unit=unit, load=load)
        elif unit != CHECK and (enabled not in _ON or (unit in TIMERS and active != "active")):
            # A daemon that runs now is only warned of; that it does not run is told by its own look.
            state = State.WARN if unit == case.daemon else State.FAIL
            yield Finding.of_cause("units", causes.UNIT_OFF, state, unit=unit, enabled=enabled, active=active)


def _of_reload(case: Case) -> Iterator[Finding]:
    for unit, told in case.units.items():
        if told.get("NeedDaemonReload") == "yes":
            yield Finding.of_cause("units", causes.UNIT_NOT_RELOADED, State.WARN, unit=unit)


def _of_users(case: Case) -> Iterator[Finding]:
    both = [case.units.get(unit, {}) for unit in (CHECK, case.daemon)]
    if case.is_users or any(told.get("LoadState") != "loaded" for told in both):
        return
    check, daemon = (told.get("User") or "root" for told in both)
    if not case.is_known(check):
        yield Finding.of_cause("units", causes.USER_UNKNOWN, user=check)
        return
    if check != daemon:
        yield Finding.of_cause(
            "units", causes.USERS_DIFFER, unit=CHECK, user=check, other_unit=case.daemon, other_user=daemon
        )


def _of_times(case: Case) -> Iterator[Finding]:
    config = case.config
    run = (pipeline.longest_run_seconds(config), render.check_timeout_seconds(config), "testing.max_wait_minutes")
    patience = 2 * config.database_settings.connection_timeout
    wait = (patience, render.watchdog_seconds(config), "database_settings.connection_timeout")
    for unit, name, (needed, right, setting) in (
        (CHECK, "TimeoutStart", run),
        (case.daemon, "TimeoutStart", wait),
        (case.daemon, "Watchdog", wait),
    ):
        text = case.units.get(unit, {}).get(f"{name}USec", "")
        seconds = in_seconds(text)
        if text == "infinity" and unit == CHECK:
            yield Finding.of_cause("units", causes.UNIT_NEVER_ENDED, State.WARN, unit=unit, right=right)
        elif seconds is not None and 0 < seconds <= needed:
            yield Finding.of_cause(
                "units",
                causes.UNIT_ENDED_TOO_SOON,
                unit=unit,
                seconds=seconds,
                property=f"{name}Sec",
                needed=needed,
                setting=setting,
                right=right,
            )


def in_seconds(span: str) -> float | None:
    """A time span as systemd prints it, ``1min 30s``; None for anything else, ``infinity`` included."""
    parts = [re.fullmatch(r"([0-9.]+)([a-z]+)", part) for part in span.split()]
    if not parts or not all(part and part[2] in _SECONDS for part in parts):
        return None
    return sum(float(part[1]) * _SECONDS[part[2]] for part in parts if part)


# --- the sandbox ---


def look_at_sandboxes(case: Case) -> Iterator[Finding]:
    """Whether each unit can see and write all that the configuration names."""
    if not case.is_supervised:
        return
    for name, unit in (("daemon_sandbox", case.daemon), ("check_sandbox", CHECK)):
        told = case.units.get(unit, {})
        if case.untold is not None:
            yield Finding.blind(name, case.untold.summary, case.untold.remedy, case.untold.code)
        elif told.get("LoadState") != "loaded":
            yield Finding.blind(name, say("{unit} is not loaded", unit=unit))
        elif case.is_users:
            yield Finding.left_out(name, say("{unit} belongs to one user and has no sandbox", unit=unit))
        elif root := told.get("RootDirectory") or told.get("RootImage"):
            yield Finding.blind(name, say("{unit} has a root of its own, {path}", unit=unit, path=root))
        else:
            yield from _of_sandbox(case, name, unit, told)


def _of_sandbox(case: Case, name: str, unit: str, told: Properties) -> Iterator[Finding]:
    writes, reads = _needed(case, for_daemon=unit == case.daemon)
    bad = [*_of_lines(name, unit, told), *_of_paths(case.config, name, unit, told, writes, reads)]
    yield from bad
    if not bad:
        yield Finding.ok(
            name,
            say("{unit} can write in {writes}, and see all else that it needs", unit=unit, writes=", ".join(writes)),
        )


def _needed(case: Case, *, for_daemon: bool) -> tuple[list[str], list[str]]:
    """The folders that a program writes in, and what there is of that which it reads."""
    target: SshTarget | Fault
    try:
        target = resolve(case.config)
    except Fault as fault:
        target = fault
    site = render.Site(case.loaded, case.user, os.path.expanduser("~"), os.path.dirname(sys.prefix), target)
    needs = render.access_of_daemon(site) if for_daemon else render.access_of_check(site)
    state = os.path.normpath(case.config.daemon_settings.state_path)
    if for_daemon and not case.has_our_daemon:  # it has media and queue in common with ours, and nothing else
        return [path for path in map(os.path.normpath, needs.writes) if path != state], []
    own = (state,) if for_daemon else ()
    return (
        list(dict.fromkeys(os.path.normpath(path) for path in (*needs.writes, *own))),
        [path for path in sandbox.outermost(needs.reads) if os.path.lexists(path)],
    )


def _of_lines(name: str, unit: str, told: Properties) -> Iterator[Finding]:
    """Lines that no configuration makes right: a single file, and what is missing and must not be."""
    for path in access.named(told, "ReadWritePaths"):
        if os.path.isfile(path):
            folder = os.path.dirname(path)
            yield Finding.of_cause(name, causes.SANDBOX_SINGLE_FILE, unit=unit, path=path, folder=folder)
    for setting in ("ReadWritePaths", "ReadOnlyPaths", "InaccessiblePaths", "BindPaths", "BindReadOnlyPaths"):
        for path in access.named(told, setting, optional=False):
            if _is_missing(path):
                user = told.get("User") or "root"
                yield Finding.of_cause(name, causes.SANDBOX_PATH_MISSING, unit=unit, line=setting, path=path, user=user)


def _is_missing(path: str) -> bool:
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:  # not ours to see
        return False
    return False


def _of_paths(
    config: Config, name: str, unit: str, told: Properties, writes: list[str], reads: list[str]
) -> Iterator[Finding]:
    rules = access.rules_of(told)
    settings = settings_of(config)
    for path in writes:
        setting = settings.get(path, "unified_config.json")
        found = access.obstacle(os.path.realpath(path), rules, writes=True)
        if found is None:
            continue
        if found.right.startswith("ReadWritePaths=/"):
            yield Finding.of_cause(name, shared.FOLDER_SANDBOXED, path=path, unit=unit, setting=setting)
        else:
            action = "see" if found.is_hidden else "write in"
            yield _in_the_way(name, unit, path, setting, action, found)
    for path in reads:
        found = access.obstacle(os.path.realpath(path), rules, writes=False)
        if found is not None:
            yield _in_the_way(name, unit, path, settings.get(path, "ssh"), "see", found)


def _in_the_way(name: str, unit: str, path: str, setting: str, action: str, found: access.Obstacle) -> Finding:
    return Finding.of_cause(
        name,
        causes.SANDBOX_IN_THE_WAY,
        unit=unit,
        path=path,
        setting=setting,
        action=action,
        line=found.line,
        right=found.right,
    )


def settings_of(config: Config) -> dict[str, str]:
    """The folders that a configuration names, each with its key."""
    return {
        os.path.normpath(config.local_settings.media_path): "local_settings.media_path",
        os.path.dirname(config.database_settings.db_path): "database_settings.db_path",
        os.path.normpath(config.daemon_settings.state_path): "daemon_settings.state_path",
    }
