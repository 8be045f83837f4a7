"""Whether the check still runs: the verdict in its state folder against the clock."""

from __future__ import annotations

from celestial_nasops import remedies
from celestial_nasops.language import say
from healthcheck.moments import from_iso
from healthcheck.outcome import ExitCode
from healthcheck.run import is_under_way
from healthcheck.status_file import Status, StatusFile


class NoStatus(Exception):  # noqa: N818 - an answer
    """There is no status that could be read.

    Attributes:
        remedy: what to do about it.
    """

    def __init__(self, summary: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(summary)


def why_not_current(status: Status, state_dir: str, now: float) -> str | None:
    """Why a status is no verdict of today, None where it is one. A checker that stopped never looks green."""
    if status.state == "running":
        if not is_under_way(state_dir):
            return say("the run that began at {moment} ended without a verdict", moment=status.started_at)
        if status.is_stale(now):
            return say("the run that began at {moment} hangs", moment=status.started_at)
        return None
    if status.is_to_come(now):
        return say(
            "the last run ended at {moment}, which is still to come: the clock was set back, so its age is not known",
            moment=status.finished_at,
        )
    if status.is_stale(now):
        if status.exit_code == ExitCode.STOPPED:
            return say(
                "stale: the last run was stopped at {moment}, and the verdict before it counts no more",
                moment=status.finished_at,
            )
        minutes = (now - from_iso(status.finished_at or status.started_at)) / 60
        told = say(
            "stale: the last run ended {minutes} min ago, at {moment}; see: systemctl list-timers",
            minutes=f"{minutes:.0f}",
            moment=status.finished_at,
        )
        return remedies.typed(told, user_manager=remedies.is_users_own(state_dir))
    return None


def again(folder: str) -> str:
    """How to have the run that a state folder is waiting for."""
    return remedies.typed(
        say("run the check again: sudo systemctl start smoke-check"), user_manager=remedies.is_users_own(folder)
    )


def read(folder: str) -> Status:
    """The last status.

    Raises:
        NoStatus: there is none, or it can't be read.
    """
    file = StatusFile(folder)
    try:
        status = file.read()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise NoStatus(say("{path} can't be read: {reason}", path=file.path, reason=reason), again(folder)) from error
    if status is None:
        raise NoStatus(
            say("no run has been recorded in {folder}", folder=folder),
            remedies.typed(
                say("start one: sudo systemctl start smoke-check"), user_manager=remedies.is_users_own(folder)
            ),
        )
    return status


def what_is_wrong(folder: str, now: float) -> tuple[str, str] | None:
    """Why no verdict counts now and none is on its way, with what to do; None while all is well (Unix seconds)."""
    try:
        status = read(folder)
    except NoStatus as none:
        return str(none), none.remedy
    reason = why_not_current(status, folder, now)
    return (reason, again(folder)) if reason is not None else None
