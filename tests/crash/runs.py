"""Run after run of the real check under load, with restarts in between: no failure that is none."""

from __future__ import annotations

import random
import signal
import statistics
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from healthcheck.status_file import Status
from tests.crash.dock import Dock

_PHASE_RUNS = 15  # so often the link and the settings change
_RATES = (2 << 20, 4 << 20, 8 << 20)  # bytes per second
_DELAYS_MS = (1, 3, 10)
_DELAYED = {"sync_settings": {"safe_delete_delay_minutes": 0.2}, "testing": {"max_wait_minutes": 0.15}}
_BRIEF_MINUTES = 0.1
# What a busy queue may be called where a run had little time: that nothing is broken.
_BUSY = ("daemon_busy", "transfer_slow", "daemon_restarted")

# What happens beside a run, and how often in a hundred.
EVENTS = {
    "nothing": 78,
    "restart at some moment": 8,
    "restart in mid-way": 4,
    "SIGHUP": 4,
    "SIGHUP, changed": 2,
    "SIGUSR1 and start": 2,
    "restart just before": 2,
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """A run that did not say what it should have: its number, what happened beside it, and all that it said."""

    number: int
    event: str
    exit_code: int
    status: Status | None
    said: str

    def __str__(self) -> str:
        summary = self.status.summary if self.status is not None else self.said
        return f"run {self.number} ({self.event}): exit code {self.exit_code}: {summary}"


@dataclass
class Tally:
    """What all runs came to."""

    outcomes: Counter[str] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)

    def lines(self) -> list[str]:
        """Its figures, for people."""
        counted = [("outcome", self.outcomes), ("cause", self.causes), ("beside a run", self.events)]
        lines = [f"{n:6}  {what}: {name}" for what, counter in counted for name, n in sorted(counter.items())]
        return [
            *lines,
            f"a run took {statistics.median(self.seconds):.2f} s (median), {max(self.seconds):.2f} s at most",
        ]


class Campaign:
    """Runs at one dock."""

    def __init__(self, dock: Dock, dice: random.Random, keep: Path | None = None) -> None:
        """Prepare it.

        Args:
            dock: where its daemon works already.
            dice: chooses what happens.
            keep: a folder for the status files of false alarms; it is made when there is one.
        """
        self.dock = dock
        self.tally = Tally()
        self._dice = dice
        self._keep = keep
        self._delayed = False

    def run(self, count: int, *, tell_every: int = 0, events: dict[str, int] | None = None) -> Tally:
        """Do so many runs; the load is looked at from time to time."""
        begun = time.monotonic()
        chances = events or EVENTS
        for number in range(1, count + 1):
            if number % _PHASE_RUNS == 1:
                self._change_phase((number // _PHASE_RUNS) % 4 == 1)
            self._once(number, self._dice.choices(list(chances), list(chances.values()))[0])
            if tell_every and number % tell_every == 0:
                seconds, alarms = time.monotonic() - begun, len(self.tally.alarms)
                print(f"{number} of {count} runs, {seconds:.0f} s, {alarms} false alarm(s)", flush=True)
        self._set_delay(delayed=False)
        return self.tally

    def _change_phase(self, delayed: bool) -> None:
        self.dock.link.order(self._dice.choice(_RATES), self._dice.choice(_DELAYS_MS))
        self._set_delay(delayed=delayed)
        self.dock.look_at_load()

    def _set_delay(self, *, delayed: bool) -> None:
        """Have deletions wait, for longer than a run does, or have them done at once."""
        if delayed != self._delayed:
            self._delayed = delayed
            self.dock.reload(**(_DELAYED if delayed else {}))
            self.dock.await_reload()

    def _once(self, number: int, event: str) -> None:
        dock, brief = self.dock, self._dice.random() < 0.1
        may_defer = brief or self._delayed or bool(dock.debts("deletion"))
        if event == "restart just before":
            dock.restart()
        begun = time.monotonic()
        options = ["--max-wait-minutes", str(_BRIEF_MINUTES)] if brief else []
        with dock.start_check(*options) as child, ThreadPoolExecutor(1) as beside:
            happens = beside.submit(self._beside(event, child))
            code, status, said = dock.finish(child)
            seconds = time.monotonic() - begun
            happens.result()
        if event == "SIGHUP, changed":
            dock.await_reload()
        self.tally.seconds.append(seconds)
        self.tally.events[f"{event}{', little time' if brief else ''}"] += 1
        self.tally.outcomes[str(status.outcome if status is not None else None)] += 1
        found = [probe.cause for probe in status.probes if probe.cause] if status is not None else []
        self.tally.causes.update(found)
        outcome = status.outcome if status is not None and code == 0 else None
        good = outcome == "pass" or (outcome == "deferred" and may_defer)
        if not good and not (outcome == "warn" and brief and all(cause in _BUSY for cause in found)):
            self._alarm(Alarm(number, event, code, status, said))

    def _alarm(self, alarm: Alarm) -> None:
        self.tally.alarms.append(alarm)
        print(alarm, flush=True)
        if self._keep is not None:
            self._keep.mkdir(parents=True, exist_ok=True)
            status = alarm.status.model_dump_json(indent=1) if alarm.status is not None else ""
            (self._keep / f"run-{alarm.number}.json").write_text(status)
            (self._keep / f"run-{alarm.number}.txt").write_text(alarm.said)
            (self._keep / f"run-{alarm.number}.log").write_text(self.dock.field.log[-20_000:])

    def _beside(self, event: str, child: subprocess.Popen[str]) -> Callable[[], None]:
        """What is to be done while a run is under way; the dice are thrown now, so that a seed means the same again."""
        dock, moment, lanes = self.dock, self._dice.random(), self._dice.choice((2, 4))
        known = set(dock.marked_files())

        def in_mid_way(act: Callable[[], None]) -> None:
            dock.await_marked_file(child, known)
            time.sleep(moment * 0.3)  # the moment is what is tried here, not waited for
            act()

        def act() -> None:
            match event:
                case "restart at some moment":
                    time.sleep(moment * 1.5)
                    dock.restart()
                case "restart in mid-way":
                    in_mid_way(dock.restart)
                case "SIGUSR1 and start":
                    in_mid_way(lambda: dock.restart(signal.SIGUSR1))
                case "SIGHUP":
                    in_mid_way(lambda: dock.tell(signal.SIGHUP))
                case "SIGHUP, changed":
                    changed = {"security": {"max_concurrent_transfers": lanes}}
                    in_mid_way(lambda: dock.reload(**changed, **(_DELAYED if self._delayed else {})))

        return act
