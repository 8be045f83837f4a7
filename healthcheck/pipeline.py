"""The order of the probes, what blocks what, and the deadline that no probe can overrun.

Each probe runs in a thread of its own, so that the main thread is always free to hear a signal and to end the run.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from celestial_nasops.config import Config
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from celestial_nasops.process import ProcessFault
from healthcheck import causes, internal_error
from healthcheck.context import Run
from healthcheck.outcome import Finding, Outcome, ProbeResult
from healthcheck.probes import daemon_status, database, file_insert, local_delete, ping, remote_verify
from healthcheck.stop import Interrupted

_SLACK_SECONDS = 1.0  # a probe bounds itself; this long after its deadline it is given up
_INTERRUPTED_SECONDS = 2.0  # how long a probe may take to notice that the run is to end


class Probe(NamedTuple):
    """A probe, its deadline in seconds, and the probes without whose pass it is not tried."""

    name: str
    measure: Callable[[Run], Finding]
    timeout_seconds: Callable[[Run], float]
    needs: tuple[str, ...] = ()


def _database_seconds(run: Run) -> float:
    # waiting for the lock, then the look at the queue: each may take its second
    return 2 * run.config.check_settings.database_timeout_seconds


PROBES = (
    Probe("daemon_status", daemon_status.probe, daemon_status.timeout_seconds),
    Probe("ping", ping.probe, lambda run: run.config.check_settings.ping_timeout_seconds),
    Probe("database", database.probe, _database_seconds),
    # Nothing is put into a pipeline that won't carry it.
    Probe(
        "file_insert",
        file_insert.probe,
        file_insert.timeout_seconds,
        needs=("daemon_status", "ping", "database"),
    ),
    Probe("remote_verify", remote_verify.probe, lambda run: run.clock.left_to_wait(), needs=("file_insert",)),
    Probe("local_delete", local_delete.probe, lambda run: run.clock.left_to_wait()),
)


def probe_names() -> list[str]:
    """The probes' names, in their order."""
    return [probe.name for probe in PROBES]


def longest_run_seconds(config: Config) -> float:
    """The time by which a run has ended whatever happens; what supervises it must allow more."""
    return config.testing.max_wait_minutes * 60


def execute(run: Run) -> Iterator[ProbeResult]:
    """Run the probes in their order and yield each result as it comes. Never raises; a run that ends early says so."""
    results: dict[str, ProbeResult] = {}
    for probe in PROBES:
        started, begun = time.time(), time.monotonic()
        finding = _why_not(probe, run, results) or _bounded(probe, run)
        results[probe.name] = ProbeResult(probe.name, started, time.monotonic() - begun, finding)
        yield results[probe.name]


def _why_not(probe: Probe, run: Run, results: dict[str, ProbeResult]) -> Finding | None:
    if run.nudge.asked.is_set():
        if any(result.finding.cause == causes.INTERRUPTED.code for result in results.values()):
            return Finding.skipped(say("the run was ended by {signal}", signal=run.nudge.signal_name))
        return _interrupted(probe, run)
    if not run.insert and probe.name in ("file_insert", "remote_verify"):
        return Finding.skipped(say("--no-insert: no file is sent"))
    for name in probe.needs:
        finding = results[name].finding
        if finding.outcome in (Outcome.FAIL, Outcome.ERROR):
            return Finding.skipped(say("because of {probe}", probe=name))
        if finding.outcome is Outcome.SKIPPED and name == "file_insert":
            return finding  # skipped for the same reason
    return None


def _bounded(probe: Probe, run: Run) -> Finding:
    """Let a probe run until its deadline; whatever happens becomes a finding."""
    done: queue.SimpleQueue[Finding] = queue.SimpleQueue()
    timeout = min(probe.timeout_seconds(run), run.clock.left_to_wait())

    def body() -> None:
        done.put(_measured(probe, run))

    # A thread that hangs in the kernel can't be ended; as a daemon thread it can't hold the run either.
    run.worker = run.ledger.writer = threading.Thread(target=body, name=probe.name, daemon=True)
    try:
        run.worker.start()
        return _result_in_time(probe, run, done, timeout)
    except RuntimeError as error:  # threading's, where the system has no thread left for us
        return _crashed(probe, error)
    finally:
        run.worker = run.ledger.writer = threading.current_thread()


def _result_in_time(probe: Probe, run: Run, done: queue.SimpleQueue[Finding], timeout: float) -> Finding:
    deadline = time.monotonic() + timeout + _SLACK_SECONDS
    while True:
        if run.nudge.asked.is_set():
            deadline = min(deadline, time.monotonic() + _INTERRUPTED_SECONDS)
        run.tick()
        try:
            # A signal wakes the probe, which answers at once; the slices are for one that is stuck elsewhere.
            return done.get(timeout=max(0.0, min(deadline - time.monotonic(), 0.5)))
        except queue.Empty:
            if time.monotonic() < deadline:
                continue
            if run.nudge.asked.is_set():
                return _interrupted(probe, run)
            return Finding.of_cause(causes.PROBE_TIMED_OUT, Outcome.ERROR, probe=probe.name, seconds=round(timeout, 1))


def _measured(probe: Probe, run: Run) -> Finding:
    try:
        return probe.measure(run)
    except Interrupted:
        return _interrupted(probe, run)
    except ProcessFault as fault:
        return Finding.of_fault(fault, Outcome.ERROR)
    except Fault as fault:
        return Finding.of_fault(fault, Outcome.ERROR if fault.cause is causes.PROBE_CRASHED else Outcome.FAIL)
    except Exception as error:  # noqa: BLE001 - one probe that breaks must not discard the others' results
        return _crashed(probe, error)


def _crashed(probe: Probe, error: Exception) -> Finding:
    return Finding.of_cause(
        causes.PROBE_CRASHED, Outcome.ERROR, probe=probe.name, error=internal_error.described(error)
    )


def _interrupted(probe: Probe, run: Run) -> Finding:
    name = run.nudge.signal_name or say("a signal")
    return Finding.of_cause(causes.INTERRUPTED, Outcome.ERROR, signal=name, probe=probe.name)
