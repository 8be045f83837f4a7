"""One run from its lock to its last word: status file, probes, clean-up, verdict."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import time
from collections.abc import Iterator
from typing import NamedTuple

from celestial_nasops import __version__, remedies
from celestial_nasops.config_file import Loaded
from celestial_nasops.fault import DatabaseFault, Fault
from celestial_nasops.language import say, spoken
from healthcheck import causes, cleanup, internal_error, pipeline, state_folder, status_file, strays
from healthcheck.beside import Beside
from healthcheck.context import Run, TargetOnce
from healthcheck.ledger import Ledger
from healthcheck.moments import RunClock, from_iso, iso
from healthcheck.nas_link import NasLink
from healthcheck.outcome import ExitCode, Outcome, ProbeResult, Verdict
from healthcheck.report import Report
from healthcheck.status_file import Outstanding, Previous, ProbeStatus, Status, StatusFile, printable
from healthcheck.stop import Nudge
from healthcheck.verdict import verdict

LOCK_NAME = "run.lock"
_RUNNING_MARGIN_SECONDS = 60
_CLEANUP_SECONDS = 8.0
_SHORTEST_CLEANUP_SECONDS = 0.5
_INTERRUPTED_CLEANUP_SECONDS = 3.0
_CLEAN_SECONDS = 60.0
_LOCK_TRIES, _LOCK_PAUSE_SECONDS = 5, 0.02


class NoVerdict(Exception):  # noqa: N818 - a verdict of its own
    """A run that could not leave a verdict in its state folder: the fault and the exit code that say so."""

    def __init__(self, fault: Fault, exit_code: ExitCode) -> None:
        self.fault = fault
        self.exit_code = exit_code
        super().__init__(fault.summary)


class Options(NamedTuple):
    """What a run is asked to do beyond its configuration. ``None``: as configured."""

    max_wait_minutes: float | None = None
    files: int = 1
    size_bytes: int | None = None
    insert: bool = True


def perform(loaded: Loaded, state_dir: str, options: Options, report: Report) -> Status:
    """Run once.

    Returns:
        The status as it was written.

    Raises:
        NoVerdict: another run is under way, or the state folder can't be written.
    """
    nudge = Nudge()
    nudge.catch_signals()
    with _lock(state_dir):
        status, files = StatusFile(state_dir), Ledger(state_dir)
        try:
            last = status.read_or_put_aside()
            files.load()
        except OSError as error:
            raise _unwritable(error, state_dir) from error
        run = _new_run(loaded, options, nudge, files, report)
        under_way = _running(run, last)
        report.run_begins(under_way)
        if status.put_aside is not None:
            run.note(f"an unreadable state file was put aside as {status.put_aside}")
            report.remark(say("an unreadable state file was put aside as {path}", path=status.put_aside))
        try:
            status.write(under_way)
        except Fault as fault:
            raise NoVerdict(fault, ExitCode.CANNOT_WRITE_STATUS) from fault
        try:
            finished = _follow_through(run, last, report)
        except NoVerdict:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the status file must not say that the run goes on
            summary = say("internal error: {error}", error=internal_error.described(error))
            finished = _finished(run, last, [], Verdict(Outcome.ERROR, ExitCode.INTERNAL, summary), [])
        finally:
            run.nas.close()
        try:
            status.write(finished)
        except Fault as fault:
            raise NoVerdict(fault, ExitCode.CANNOT_WRITE_STATUS) from fault
    return finished


def clean(loaded: Loaded, state_dir: str, report: Report) -> list[cleanup.Left]:
    """Settle every debt now, awaited deletions included, and whatever else carries the mark.

    Raises:
        NoVerdict: a run is under way, or the state folder can't be written.
    """
    with _lock(state_dir):
        ledger = Ledger(state_dir)
        try:
            ledger.load()
        except OSError as error:
            raise _unwritable(error, state_dir) from error
        run = _new_run(loaded, Options(), Nudge(), ledger, report)
        if ledger.put_aside is not None:
            report.remark(say("an unreadable ledger was put aside as {path}", path=ledger.put_aside))
        try:
            with contextlib.suppress(OSError):
                ledger.owe(strays.find(run, StatusFile(state_dir).read_or_put_aside()))
            until = time.monotonic() + _CLEAN_SECONDS
            return cleanup.clean(run, list(ledger.debts), lambda: until - time.monotonic())
        except Fault as fault:
            raise NoVerdict(fault, ExitCode.CANNOT_WRITE_STATUS) from fault
        finally:
            run.nas.close()


def _new_run(loaded: Loaded, options: Options, nudge: Nudge, ledger: Ledger, report: Report) -> Run:
    config = loaded.config
    if options.max_wait_minutes is not None:
        testing = config.testing.model_copy(update={"max_wait_minutes": options.max_wait_minutes})
        limited = config.model_copy(update={"testing": testing})
    else:
        limited = config
    now = time.time()
    target = TargetOnce(limited)
    return Run(
        config=limited,
        config_path=loaded.path,
        run_id=time.strftime("%Y%m%dT%H%M%SZ-", time.gmtime(now)) + os.urandom(4).hex(),
        started_at=now,
        clock=RunClock(limited.testing.max_wait_minutes * 60),
        nudge=nudge,
        ledger=ledger,
        target=target,
        nas=NasLink(limited, target, nudge),
        tell=report.tell,
        tick=report.tick,
        file_count=options.files,
        size_bytes=options.size_bytes or config.testing.test_file_size_bytes,
        insert=options.insert,
    )


def _follow_through(run: Run, last: Status | None, report: Report) -> Status:
    results: list[ProbeResult] = []
    _begin(run, pipeline.probe_names()[0], report)
    for result in pipeline.execute(run):
        results.append(result)
        report.probe(_probe_status(result))
        following = pipeline.probe_names()[len(results) :]
        if following:
            _begin(run, following[0], report)
    report.tell(say("cleaning up"))
    until = time.monotonic() + min(_CLEANUP_SECONDS, max(_SHORTEST_CLEANUP_SECONDS, run.clock.left()))

    def seconds_left() -> float:
        asked = run.nudge.seconds_since_asked()
        return min(until - time.monotonic(), _INTERRUPTED_CLEANUP_SECONDS - asked if asked else _CLEANUP_SECONDS)

    final = _with_stop(run, verdict(results))
    try:
        if run.ledger.put_aside is not None:
            final = _without_ledger(run, last, final)
        left = cleanup.clean(run, [d for d in run.ledger.debts if d.due == "cleanup"], seconds_left)
    except Fault as fault:
        raise NoVerdict(fault, ExitCode.CANNOT_WRITE_STATUS) from fault
    return _finished(run, last, results, final, left)


def _with_stop(run: Run, final: Verdict) -> Verdict:
    """Tell a run that was stopped before it had found anything from one that could not measure."""
    interrupted = final.root is not None and final.root.finding.cause == causes.INTERRUPTED.code
    if run.nudge.signal_name == signal.SIGTERM.name and interrupted and final.exit_code is ExitCode.NOT_MEASURED:
        return final._replace(exit_code=ExitCode.STOPPED)
    return final


def _begin(run: Run, probe: str, report: Report) -> None:
    report.begins(probe)
    # Once a probe: a run that was asked for more time than its unit allows gets it, one that hangs does not.
    report.extend(run.clock.left() + _RUNNING_MARGIN_SECONDS)


def _without_ledger(run: Run, last: Status | None, final: Verdict) -> Verdict:
    """Find by their mark the leftovers that a lost ledger named, and never call such a run all good."""
    found = ""
    try:
        lost = Beside(lambda: strays.find(run, last)).result(_CLEANUP_SECONDS)
        if lost is None:
            found = say("leftovers could not be looked for: {error}", error=say("a disk of this server gave no answer"))
        else:
            run.ledger.owe(lost)
            found = say("{count} marked file(s) were found by their names", count=len(lost))
    except (DatabaseFault, OSError) as error:
        found = say("leftovers could not be looked for: {error}", error=error)
    told = say(
        "the ledger could not be read and was put aside as {path}; {found}", path=run.ledger.put_aside, found=found
    )
    run.note(f"an unreadable ledger was put aside as {run.ledger.put_aside}")
    outcome = Outcome.WARN if final.exit_code is ExitCode.GOOD else final.outcome
    summary = say("{verdict}; {told}", verdict=final.summary, told=told)
    return Verdict(outcome, final.exit_code, summary, final.root)


def _running(run: Run, last: Status | None) -> Status:
    stale = run.started_at + pipeline.longest_run_seconds(run.config) + _RUNNING_MARGIN_SECONDS
    return Status(
        version=__version__,
        language=spoken(),
        run_id=run.run_id,
        host=os.uname().nodename,
        boot_id=status_file.boot_id(),
        state="running",
        outcome=None,
        exit_code=None,
        summary=say("under way"),
        started_at=iso(run.started_at),
        finished_at=None,
        duration_seconds=None,
        stale_after=iso(stale),
        consecutive_failures=last.consecutive_failures if last else 0,
        last_pass_at=last.last_pass_at if last else None,
        previous=_previous(last),
    )


def _finished(
    run: Run, last: Status | None, results: list[ProbeResult], final: Verdict, left: list[cleanup.Left]
) -> Status:
    now = time.time()
    good = final.exit_code is ExitCode.GOOD
    stopped = final.exit_code is ExitCode.STOPPED
    stale_at = now + run.config.check_settings.stale_after_minutes * 60
    if stopped:
        stale_at = min(stale_at, _stale_after_a_stop(last) or stale_at)
    proven = bool(run.followed) and all(one.copy_is == "right" for one in run.followed)
    awaited = [
        Outstanding(
            name=debt.name,
            due="deletion",
            due_at=iso(debt.delete_due_at) if debt.delete_due_at is not None else None,
            reason=say("the daemon deletes it after its delay"),
        )
        for debt in run.ledger.debts
        if debt.due == "deletion"
    ]
    unclean = [
        Outstanding(name=one.debt.name, due="cleanup", due_at=None, reason=printable(one.reason)) for one in left
    ]
    return _running(run, last).model_copy(
        update={
            "state": "finished",
            "outcome": final.outcome.value,
            "exit_code": int(final.exit_code),
            "summary": printable(final.summary),
            "root_probe": final.root.name if final.root else None,
            "finished_at": iso(now),
            "duration_seconds": round(run.clock.elapsed(), 3),
            "stale_after": iso(stale_at),
            "probes": [_probe_status(result) for result in results],
            "timeline": sorted(run.timeline, key=lambda event: event.at),
            "outstanding": awaited + unclean,
            "consecutive_failures": 0 if good else (last.consecutive_failures if last else 0) + 1,
            "last_pass_at": iso(now) if good and proven else (last.last_pass_at if last else None),
        }
    )


def _stale_after_a_stop(last: Status | None) -> float | None:
    """A run that was stopped proves nothing, so a verdict is due as if it had not been; None where there was none.

    Else a check that is stopped each time would look alive.
    """
    before = last if last is None or last.state == "finished" else last.previous
    return from_iso(before.stale_after) if before is not None else None


def _probe_status(result: ProbeResult) -> ProbeStatus:
    finding = result.finding
    return ProbeStatus(
        name=result.name,
        outcome=finding.outcome.value,
        started_at=iso(result.started_at),
        duration_seconds=round(result.duration_seconds, 4),
        summary=printable(finding.summary),
        cause=finding.cause,
        remedy=printable(remedies.here(finding.remedy)) if finding.remedy else finding.remedy,
        details=printable(finding.details),
    )


def _previous(last: Status | None) -> Previous | None:
    """The last verdict that was reached; a run that died before its own hands on the one before it."""
    if last is None or last.outcome is None or last.finished_at is None or last.exit_code is None:
        return last.previous if last else None
    return Previous(
        run_id=last.run_id,
        outcome=last.outcome,
        exit_code=last.exit_code,
        summary=last.summary,
        finished_at=last.finished_at,
        stale_after=last.stale_after,
    )


@contextlib.contextmanager
def _lock(state_dir: str) -> Iterator[None]:
    """One run at a time. The lock goes with the process, however it ends; only the file stays.

    Raises:
        NoVerdict: another run holds it, or it can't be taken.
    """
    path = os.path.join(state_dir, LOCK_NAME)
    try:
        os.makedirs(state_dir, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise _unwritable(error, state_dir) from error
    try:
        try:
            _take(fd)
        except BlockingIOError as error:
            holder = os.read(fd, 20).decode("ascii", "replace").strip() or "unknown"
            fault = Fault(causes.ALREADY_RUNNING, pid=holder, path=state_dir)
            raise NoVerdict(fault, ExitCode.ALREADY_RUNNING) from error
        with contextlib.suppress(OSError):  # a full disk shows at the status file, which matters
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(fd)


def _take(fd: int) -> None:
    """Take the lock. Whoever asks for the status holds it for a moment, which is no run."""
    for last_try in (False,) * (_LOCK_TRIES - 1) + (True,):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if last_try:
                raise
            time.sleep(_LOCK_PAUSE_SECONDS)


def is_under_way(state_dir: str) -> bool:
    """Whether a run holds the lock of a state folder now."""
    try:
        fd = os.open(os.path.join(state_dir, LOCK_NAME), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _unwritable(error: OSError, state_dir: str) -> NoVerdict:
    fault = state_folder.unwritable(error, str(error.filename or state_dir), state_dir)
    return NoVerdict(fault, ExitCode.CANNOT_WRITE_STATUS)
