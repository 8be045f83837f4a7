"""How a run speaks: to a person at a terminal, to the journal in records with fields, to systemd in its Status line."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from celestial_nasops.journal import ERROR, NOTICE, SOCKET, WARNING, Event, Journal
from celestial_nasops.language import say
from celestial_nasops.notify import Notifier
from healthcheck import events
from healthcheck.outcome import Outcome
from healthcheck.status_file import ProbeStatus, Status

# Nothing is below notice: the unit's LogLevelMax= keeps systemd's own chatter of priority info out of the ten lines
# that "systemctl status" shows.
_PRIORITY = {"fail": ERROR, "error": ERROR, "warn": WARNING}
_OWED_LINES = 5
_COLOUR = {"pass": "32", "warn": "33", "fail": "31", "error": "31", "deferred": "36", "skipped": "2"}


def writes_to_journal(stream: TextIO) -> bool:
    """Whether a stream is the journal's, which systemd names in ``$JOURNAL_STREAM``, see systemd.exec(5)."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


def journal_of(stream: TextIO) -> Journal | None:
    """The journal, where a stream leads to it."""
    if not writes_to_journal(stream):
        return None
    return Journal("smoke-check", os.environ.get("SMOKE_CHECK_JOURNAL_SOCKET") or SOCKET)


class Report:
    """Prints a run as it happens. ``quiet`` keeps standard output for something else; systemd is told all the same."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False, replay: bool = False) -> None:
        """Find out who listens; with ``replay`` what is said is no news, so neither journal nor systemd hears it."""
        # Standard output may be closed. Whatever becomes of it, the run goes on, and its verdict is in the status file.
        self._quiet = quiet or sys.stdout is None
        self._out = stream or sys.stdout or sys.stderr
        self._journal = journal_of(self._out) if not replay else None
        self._run_id: str | None = None
        self._live = not self._quiet and self._out.isatty()
        self._notifier = None if replay else Notifier()
        self._probe = ""
        self._text = ""
        self._since = 0.0
        self._waiting_shown = False

    def begins(self, probe: str) -> None:
        """A probe begins."""
        self._probe, self._since = probe, time.monotonic()
        self.tell(say("measuring"))

    def tell(self, text: str) -> None:
        """What is being waited for, on a terminal in a line that the next one replaces."""
        self._text = text
        self._show(f"{self._probe}: {text}")
        self.tick()

    def tick(self) -> None:
        """Show on a terminal how long it has been waited for."""
        if self._live:
            seconds = time.monotonic() - self._since
            line = f"         {self._probe:<14} {seconds:7.1f} s  {self._text}"
            self._write("\r\x1b[K" + _fitting(line, _columns() - 1))
            self._waiting_shown = True

    def extend(self, seconds: float) -> None:
        """Tell systemd how much longer the run may take."""
        if self._notifier:
            self._notifier.extend_timeout(seconds)

    def run_begins(self, status: Status) -> None:
        """A run begins."""
        self._run_id = status.run_id
        text = say("run {run_id} begins, smoke-check {version}", run_id=status.run_id, version=status.version)
        self._record(events.RUN_STARTED, text, None, {"VERSION": status.version})

    def probe(self, probe: ProbeStatus) -> None:
        """A probe's result: one line, and below it what to do."""
        code = f" [{probe.cause}]" if probe.cause else ""
        if self._journal:
            remedy = f" -- {probe.remedy}" if probe.remedy else ""
            text = f"{probe.name}: {probe.outcome.upper()}{code} {probe.summary}{remedy}"
            event = events.of_cause(probe.cause) if probe.cause else events.PROBE_FINISHED
            self._record(event, text, probe.outcome, {"PROBE": probe.name, **_fields_of(probe)})
            return
        word = self._coloured(f"{probe.outcome.upper():<8}", probe.outcome)
        self._print(f"{word} {probe.name:<14} {probe.duration_seconds:7.3f} s  {probe.summary}{code}")
        if probe.remedy:
            self._print(f"{'':26}  -> {probe.remedy}")

    def verdict(self, status: Status, root: ProbeStatus | None) -> None:
        """The end of the run: the line that leads to the problem, and the probe behind it."""
        outcome = status.outcome or Outcome.ERROR
        word = outcome.upper()
        advised = status.summary + (f" -- {root.remedy}" if root and root.remedy else "")
        self._show(f"{word} {advised}")
        if self._journal:
            text = f"verdict: {word} {advised}{_owed(status)}"
            self._record(events.RUN_ENDED, text, outcome, _verdict_of(status, root), last=True)
            return
        for one in status.outstanding[:_OWED_LINES]:
            self._print(say("still owed: {name}: {reason}", name=one.name, reason=one.reason))
        if len(status.outstanding) > _OWED_LINES:
            more = len(status.outstanding) - _OWED_LINES
            self._print(say("still owed: {count} more, see the status file", count=more))
        took = ""
        if status.duration_seconds is not None:
            took = say(" in {seconds} s", seconds=f"{status.duration_seconds:.2f}")
        self._print(f"{self._coloured(word, outcome)}{took}: {status.summary}")

    def remark(self, text: str) -> None:
        """Something that its reader should know besides the verdict."""
        if self._journal:
            self._record(events.REMARK, text, "warn", {})
        else:
            self._print(text)

    def _record(
        self, event: Event, text: str, outcome: str | None, fields: Mapping[str, object], *, last: bool = False
    ) -> None:
        """A record whose fields begin with SMOKE_CHECK_; a plain line on standard output where it can't be sent.

        The last one is waited for, because the program ends behind it.
        """
        if self._journal is None or self._quiet:
            return
        priority = _PRIORITY.get(outcome or "", NOTICE)
        everything = {"RUN_ID": self._run_id, "OUTCOME": outcome, **fields}
        named = {f"SMOKE_CHECK_{name}": value for name, value in everything.items()}
        if not self._journal.send(event, priority, text, named) or (last and not self._journal.settle()):
            self._write(f"<{priority}>{text}\n")  # sd-daemon(3): a line that starts with <N> has the priority N

    def _show(self, line: str) -> None:
        """Put a line in the unit's Status."""
        if self._notifier:
            self._notifier.status(line)

    def _coloured(self, text: str, outcome: str) -> str:
        plain = not self._live or os.environ.get("NO_COLOR")
        return text if plain else f"\x1b[{_COLOUR[outcome]}m{text}\x1b[0m"

    def _print(self, text: str) -> None:
        if self._quiet:
            return
        self._write(("\r\x1b[K" if self._waiting_shown else "") + text + "\n")
        self._waiting_shown = False

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):
            self._quiet, self._live = True, False  # nobody reads it any more


def _fields_of(probe: ProbeStatus) -> dict[str, object]:
    return {
        "CAUSE": probe.cause,
        "SUMMARY": probe.summary,
        "REMEDY": probe.remedy,
        "DURATION_SECONDS": probe.duration_seconds,
    }


def _verdict_of(status: Status, root: ProbeStatus | None) -> dict[str, object]:
    return {
        "EXIT_CODE": status.exit_code,
        "ROOT": root.name if root else None,
        "CAUSE": root.cause if root else None,
        "SUMMARY": status.summary,
        "REMEDY": root.remedy if root else None,
        "DURATION_SECONDS": status.duration_seconds,
        "OWED": len(status.outstanding),
        "CONSECUTIVE_FAILURES": status.consecutive_failures,
        "LAST_PASS_AT": status.last_pass_at,
    }


def _owed(status: Status) -> str:
    """What could not be removed, for the verdict's one line; awaited deletions have their probe for it."""
    left = [one for one in status.outstanding if one.due == "cleanup"]
    if not left:
        return ""
    more = say(" and {count} more", count=len(left) - 1) if len(left) > 1 else ""
    return say("; still owed: {name}: {reason}", name=left[0].name, reason=left[0].reason) + more


def _fitting(line: str, columns: int) -> str:
    """As much of a line as goes into so many columns; a Chinese character takes two."""
    if line.isascii():
        return line[:columns]
    from unicodedata import east_asian_width  # only here: English does without

    for end, letter in enumerate(line):
        columns -= 2 if east_asian_width(letter) in "WF" else 1
        if columns < 0:
            return line[:end]
    return line


def _columns() -> int:
    try:
        return os.get_terminal_size().columns or 80  # a serial console says 0
    except OSError:
        return 80
