"""What systemd tells of the daemon's unit, and what that amounts to."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from celestial_nasops import accounts, causes as shared, process
from celestial_nasops.language import say
from healthcheck import causes
from healthcheck.daemon_errors import code_in
from healthcheck.moments import lasting
from healthcheck.outcome import Finding, Outcome

PROPERTIES = (
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
    "User",
    "UID",
    "Job",
)
_LOOP_RESTARTS = 3
_LOOP_UPTIME_SECONDS = 120
_KILLED = ("2", "3")  # CLD_KILLED and CLD_DUMPED of ExecMainCode, waitid(2)
_NO_SUCH_USER = "217"  # EXIT_USER of ExecMainStatus, systemd.exec(5)
_NO_PERMISSION = {cause.code: cause for cause in (shared.FOLDER_NO_PERMISSION, shared.DATABASE_NO_PERMISSION)}
_LATEST = 1e11  # Unix seconds; what is later is no time
_OVERFLOW_UID = 65534  # of whoever a user namespace does not know, user_namespaces(7)

Properties = Mapping[str, str]
LastError = Callable[[], str]


def judge(properties: Properties, now: float, unit: str, last_error: LastError, own_user: str = "") -> Finding | None:
    """What systemd's view of the unit is, None where it is active and running as it should be.

    Args:
        properties: of ``systemctl show``, see systemctl(1) and org.freedesktop.systemd1(5).
        now: Unix seconds.
        unit: its name.
        last_error: gives the last error line of its journal; asked only where it is needed.
        own_user: who runs this check, where the daemon should run as the same.
    """
    load, active, sub = (properties.get(key, "") for key in ("LoadState", "ActiveState", "SubState"))
    if not active:
        return unavailable(unit, say("it told no ActiveState"))
    if load == "masked":
        return Finding.of_cause(causes.DAEMON_MASKED, unit=unit)
    if load not in ("loaded", ""):
        return Finding.of_cause(causes.DAEMON_NOT_FOUND, unit=unit)
    state = f"{active}, {sub}"
    restarts = count(properties.get("NRestarts", ""))
    if active == "failed" or sub == "auto-restart":
        found = _judge_ended(properties, unit, state, restarts, last_error)
        return _or_wrong_user(found, properties, unit, own_user)
    if active == "activating":
        if not restarts:
            return Finding.of_cause(causes.DAEMON_STARTING, unit=unit, state=state)
        # It ended that often, and is being started again.
        found = _judge_restarted(unit, state, restarts, restarts, last_error())
        return _or_wrong_user(found, properties, unit, own_user)
    if (active, sub) != ("active", "running") and active != "reloading":
        return Finding.of_cause(causes.DAEMON_INACTIVE, unit=unit, state=state)
    started = unix(properties.get("ExecMainStartTimestamp", ""))
    if restarts >= _LOOP_RESTARTS and started is not None and now - started < _LOOP_UPTIME_SECONDS:
        state = say("running for {time} only", time=lasting(now - started))
        return _judge_restarted(unit, state, restarts, restarts, last_error())
    return None


def is_between(properties: Properties) -> bool:
    """Whether systemd is about to start or stop the unit, or both, so that it will soon be another thing.

    A unit that waits for its automatic restart, or is in one, has failed, and is not between two states.
    """
    is_starting = properties.get("ActiveState") == "activating"
    if is_starting and (properties.get("SubState") == "auto-restart" or count(properties.get("NRestarts", ""))):
        return False
    moving = is_starting or properties.get("ActiveState") == "deactivating"
    return moving or count(properties.get("Job", "")) > 0


def _judge_ended(properties: Properties, unit: str, state: str, restarts: int, last_error: LastError) -> Finding:
    """A daemon that has ended, whether systemd starts it again or not."""
    result, ended = properties.get("Result", "?"), _ended(properties)
    ends = restarts + 1
    is_given_up = properties.get("ActiveState") == "failed"
    if result == "oom-kill":
        return Finding.of_cause(causes.DAEMON_OUT_OF_MEMORY, unit=unit, state=state, result=result)
    if _was_killed(properties) and (is_given_up or ends == 1):
        # What its journal holds was said before, and did not end it.
        return Finding.of_cause(causes.DAEMON_KILLED, unit=unit, exit_status=ended, result=result, state=state)
    if is_given_up:
        return Finding.of_cause(
            causes.DAEMON_FAILED, unit=unit, result=result, exit_status=ended, last_error=last_error()
        )
    return _judge_restarted(unit, f"{state} ({result}, {ended})", restarts, ends, last_error(), result)


def _judge_restarted(unit: str, state: str, restarts: int, ends: int, error: str, result: str = "exit-code") -> Finding:
    cause = causes.DAEMON_CRASH_LOOP if ends > 1 else causes.DAEMON_ENDED
    return Finding.of_cause(cause, unit=unit, restarts=restarts, state=state, last_error=error, result=result)


def _was_killed(properties: Properties) -> bool:
    return properties.get("ExecMainCode") in _KILLED


def _ended(properties: Properties) -> str:
    status = properties.get("ExecMainStatus", "?")
    return (
        say("signal {status}", status=status) if _was_killed(properties) else say("exit code {status}", status=status)
    )


# --- its user ---


def _or_wrong_user(found: Finding, properties: Properties, unit: str, own_user: str) -> Finding:
    """Its user explains why it has ended, where that one may not do what it has to, or does not exist."""
    user = _account(properties.get("User", own_user))
    if not own_user or user == own_user:
        return found
    error = str(found.details.get("last_error", ""))
    refusal = _NO_PERMISSION.get(code_in(error) or "")
    if not (refusal or "Permission denied" in error or properties.get("ExecMainStatus") == _NO_SUCH_USER):
        return found
    if refusal:  # Without its remedy, which would give the folder to the wrong user.
        error = error.partition(f"; {refusal.remedy.partition('{')[0]}")[0]
    evidence = say("its last error: {error}", error=error)
    return Finding.of_cause(causes.DAEMON_WRONG_USER, unit=unit, user=user, own_user=own_user, evidence=evidence)


def judge_user(found: Finding, user: str | None, unit: str, own_user: str, *, is_ours: bool) -> Finding:
    """What a daemon is worth that runs as another user than this check: never all good.

    Args:
        found: what it is worth otherwise.
        user: whom it runs as, None where that can't be told.
        unit: its name.
        own_user: who runs this check, where the daemon should run as the same.
        is_ours: whether it is our own daemon. One that is not and runs as root leaves nothing that others can't use.
    """
    if found.outcome is Outcome.FAIL or not own_user or user in (None, own_user):
        return found
    if user == "root" and not is_ours:
        return found
    evidence = say("what the one leaves beside the queue, the other can't use")
    return Finding.of_cause(
        causes.DAEMON_WRONG_USER, Outcome.WARN, unit=unit, user=user, own_user=own_user, evidence=evidence
    )


def user_of(pid: int, properties: Properties) -> str | None:
    """Who runs a process of a unit, None where it can't be told."""
    uid = _effective_uid(pid)
    if uid == _OVERFLOW_UID:  # the check's own namespace knows its own user and root alone
        told = properties.get("UID", "")
        uid = int(told) if re.fullmatch(r"[0-9]{1,9}", told) else None
    return None if uid is None else accounts.name_of(uid)


def _effective_uid(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            uids = next((line.split() for line in file if line.startswith("Uid:")), [])
    except OSError:
        return None
    return int(uids[2]) if len(uids) > 2 and uids[2].isdigit() else None


def _account(user: str) -> str:
    """The name of what ``User=`` holds: a name, a number, or nothing, which is root."""
    return accounts.name_of(int(user)) if re.fullmatch(r"[0-9]{1,9}", user) else user or "root"


# --- asking ---


def unavailable(unit: str, reason: str) -> Finding:
    """It is not known, as systemd could not be asked."""
    return Finding.of_cause(causes.SYSTEMD_UNAVAILABLE, Outcome.ERROR, unit=unit, reason=reason)


def why_unavailable(fault: process.ProcessFault) -> str:
    """What ``systemctl`` did instead of an answer, without all that it was asked."""
    values = fault.values
    if fault.code == shared.PROGRAM_TIMED_OUT.code:
        return say("systemctl gave no answer within {seconds} s", seconds=values["seconds"])
    if fault.code == shared.PROGRAM_FAILED.code:
        return say("systemctl ended with exit code {code}: {output}", code=values["exit_code"], output=values["output"])
    return fault.summary


def last_error(unit: str, properties: Properties, *, users: bool) -> str:
    """The last line of its journal that is an error; of its last process alone, where that has ended."""
    # With --since the first lines are kept instead of the last, if it is not told to begin at the end.
    argv = ["journalctl", "--no-pager", "--quiet", "--output=cat", "--priority=err", "--reverse", "--lines=1"]
    started = unix(properties.get("ExecMainStartTimestamp", ""))
    if started is not None and 0 < started < _LATEST and count(properties.get("MainPID", "")) == 0:
        argv.append(f"--since=@{started:.0f}")
    line = ""
    # First what its own processes said; systemd's "Failed to start" comes later and tells less.
    own, all_of_it = ("_SYSTEMD_USER_UNIT", "--user-unit") if users else ("_SYSTEMD_UNIT", "--unit")
    for whose in (f"{own}={unit}", f"{all_of_it}={unit}"):
        try:
            line = line or process.run([*argv, whose], timeout_seconds=2).stdout.strip()
        except process.ProcessFault as fault:
            line = say("not readable ({why})", why=fault.summary)
    if line:
        return line
    if status := properties.get("StatusText"):
        return say("none in the journal that this user may read; its last status: {status}", status=status)
    return say("none in the journal that this user may read")


def count(text: str) -> int:
    """A number as systemd prints it; 0 for anything else, such as the "[not set]" of some properties."""
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) else 0


def unix(text: str) -> float | None:
    """A timestamp of ``systemctl show --timestamp=unix``, such as ``@1737540000``."""
    try:
        return float(text.removeprefix("@"))
    except ValueError:
        return None
