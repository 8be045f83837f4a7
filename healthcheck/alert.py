"""What happens when a unit has failed: the operator's own program is run, or a record goes to the journal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from celestial_nasops import process, remedies
from celestial_nasops.fault import Fault
from celestial_nasops.journal import ERROR, NOTICE, Event
from healthcheck import causes, events
from healthcheck.status_file import StatusFile

_COMMAND_SECONDS = 60.0

Tell = Callable[[Event, int, str, Mapping[str, object]], None]
"""Writes a record: its kind, priority, line and fields."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A unit that has failed, as systemd tells an ``OnFailure=`` unit; empty where it does not. See systemd.exec(5)."""

    unit: str
    result: str = ""
    exit_status: str = ""
    invocation_id: str = ""

    @classmethod
    def from_environment(cls, unit: str) -> Self:
        """The failure behind this process, of the unit named where the environment names none."""
        get = os.environ.get
        return cls(
            get("MONITOR_UNIT") or unit,
            get("MONITOR_SERVICE_RESULT", ""),
            get("MONITOR_EXIT_STATUS", ""),
            get("MONITOR_INVOCATION_ID", ""),
        )

    def __str__(self) -> str:
        known = [self.result, f"exit status {self.exit_status}" if self.exit_status else ""]
        inside = ", ".join(filter(None, known))
        return f"{self.unit} has failed" + (f" ({inside})" if inside else "")


def alert(failure: Failure, command: Sequence[str], status_path: str, tell: Tell) -> bool:
    """Tell of a failure, and whether it was told.

    Args:
        failure: of which unit, and how.
        command: the program that tells, with its arguments; the path of the status file becomes the last one. Empty: a
            record of the journal tells it.
        status_path: of the status file.
        tell: writes a record.
    """
    summary, run_id = _last_word(failure, status_path)
    fields: dict[str, object] = {
        "FAILED_UNIT": failure.unit,
        "RESULT": failure.result,
        "EXIT_STATUS": failure.exit_status,
        "INVOCATION_ID": failure.invocation_id,
        "SUMMARY": summary or None,
        "RUN_ID": run_id or None,
    }
    line = f"{failure}: {summary}" if summary else remedies.here(f"{failure} -- systemctl status {failure.unit}")
    if not command:
        tell(events.ALERT, ERROR, line, fields)
        return True
    try:
        process.run([*command, status_path], timeout_seconds=_COMMAND_SECONDS)
    except process.ProcessFault as reason:
        # Nobody was told, so the journal has to do it.
        tell(events.ALERT, ERROR, line, fields)
        fault = Fault(causes.ALERT_FAILED, reason=reason.summary)
        not_told = {**fields, "CAUSE": fault.code, "SUMMARY": fault.summary, "REMEDY": fault.remedy}
        tell(events.ALERT_NOT_SENT, ERROR, f"{fault.summary} -- {fault.remedy}", not_told)
        return False
    tell(events.ALERT, NOTICE, f"{failure}; told by {command[0]}", fields)
    return True


def _last_word(failure: Failure, status_path: str) -> tuple[str, str]:
    """The check's verdict and its run, where it is the check that has failed and that verdict is why."""
    if failure.unit.partition(".")[0] != "smoke-check":
        return "", ""
    try:
        status = StatusFile(os.path.dirname(status_path)).read()
    except (OSError, ValueError):
        return "", ""
    if status is None or status.state != "finished" or failure.exit_status not in ("", str(status.exit_code)):
        return "", ""  # the run that failed came to no verdict; the one before it is no news
    return status.summary, status.run_id
