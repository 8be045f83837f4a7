"""How a run speaks: to a person at a terminal, to the journal, to systemd."""

from __future__ import annotations

import os
import sys
import time
from typing import TextIO

from celestial_nasops.notify import Notifier
from healthcheck.outcome import Outcome
from healthcheck.status_file import ProbeStatus, Status

# sd-daemon(3): a line that starts with <N> has the priority N in the journal
_PRIORITY = {"fail": 3, "error": 3, "warn": 4}
_OWED_LINES = 5
_COLOUR = {"pass": "32", "warn": "33", "fail": "31", "error": "31", "deferred": "36", "skipped": "2"}


def writes_to_journal(stream: TextIO) -> bool:
    """Whether a stream is the journal's, which systemd names in ``$JOURNAL_STREAM``, see systemd.exec(5)."""
    try:
        there = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{there.st_dev}:{there.st_ino}"


class Report:
    """Prints a run as it happens. ``quiet`` keeps standard output for something else; systemd is told all the same."""

    def __init__(self, stream: TextIO | None = None, *, quiet: bool = False) -> None:
        # Standard output may be closed. Whatever becomes of it, the run goes on, and its verdict is in the status file.
        self._quiet = quiet or sys.stdout is None
        self._out = stream or sys.stdout or sys.stderr
        self._journal = writes_to_journal(self._out)
        self._live = not self._quiet and self._out.isatty()
        self._notifier = Notifier()
        self._probe = ""
        self._text = ""
        self._since = 0.0
        self._waiting_shown = False

    def begins(self, probe: str) -> None:
        """A probe begins."""
        self._probe, self._since = probe, time.monotonic()
        self.tell("measuring")

    def tell(self, text: str) -> None:
        """What is being waited for, on a terminal in a line that the next one replaces."""
        self._text = text
        self._notifier.status(f"{self._probe}: {text}")
        self.tick()

    def tick(self) -> None:
        """Show on a terminal how long it has been waited for."""
        if self._live:
            seconds = time.monotonic() - self._since
            line = f"         {self._probe:<14} {seconds:7.1f} s  {self._text}"
            self._write("\r\x1b[K" + line[: _columns() - 1])
            self._waiting_shown = True

    def extend(self, seconds: float) -> None:
        """Tell systemd how much longer the run may take."""
        self._notifier.extend_timeout(seconds)

    def probe(self, probe: ProbeStatus) -> None:
        """A probe's result: one line, and below it what to do."""
        code = f" [{probe.cause}]" if probe.cause else ""
        if self._journal:
            remedy = f" -- {probe.remedy}" if probe.remedy else ""
            self._print(f"{probe.name}: {probe.outcome.upper()}{code} {probe.summary}{remedy}", probe.outcome)
            return
        word = self._coloured(f"{probe.outcome.upper():<8}", probe.outcome)
        self._print(f"{word} {probe.name:<14} {probe.duration_seconds:7.3f} s  {probe.summary}{code}")
        if probe.remedy:
            self._print(f"{'':26}  -> {probe.remedy}")

    def verdict(self, status: Status, remedy: str | None) -> None:
        """The end of the run: the line that leads to the problem."""
        outcome = status.outcome or Outcome.ERROR
        word = outcome.upper()
        self._notifier.status(f"{word} {status.summary}" + (f" -- {remedy}" if remedy else ""))
        for one in status.outstanding[:_OWED_LINES]:
            self._print(f"still owed: {one.name}: {one.reason}", "warn" if one.due == "cleanup" else None)
        if len(status.outstanding) > _OWED_LINES:
            self._print(f"still owed: {len(status.outstanding) - _OWED_LINES} more, see the status file", "warn")
        if self._journal:
            self._print(
                f"verdict: {word} {status.summary}" + (f" -- {remedy}" if remedy else "") + f" (run {status.run_id})",
                outcome,
            )
            return
        took = f" in {status.duration_seconds:.2f} s" if status.duration_seconds is not None else ""
        self._print(f"{self._coloured(word, outcome)}{took}: {status.summary}")

    def remark(self, text: str) -> None:
        """Something that its reader should know besides the verdict."""
        self._print(text, "warn")

    def _coloured(self, text: str, outcome: str) -> str:
        plain = not self._live or os.environ.get("NO_COLOR")
        return text if plain else f"\x1b[{_COLOUR[outcome]}m{text}\x1b[0m"

    def _print(self, text: str, outcome: str | None = None) -> None:
        if self._quiet:
            return
        if self._journal:
            text = f"<{_PRIORITY.get(outcome or '', 6)}>{text}"
        self._write(("\r\x1b[K" if self._waiting_shown else "") + text + "\n")
        self._waiting_shown = False

    def _write(self, text: str) -> None:
        try:
            self._out.write(text)
            self._out.flush()
        except (OSError, ValueError):
            self._quiet, self._live = True, False  # nobody reads it any more


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 80
