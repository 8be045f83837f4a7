"""Does the queue open, fit, and take a write at once? And what waits in it?"""

from __future__ import annotations

from celestial_nasops.language import say
from celestial_nasops.media_status_db import Backlog
from healthcheck import causes, daemon_errors
from healthcheck.context import Run
from healthcheck.moments import lasting
from healthcheck.outcome import Finding, Outcome


def probe(run: Run) -> Finding:
    """Open the database, take and give back a write, and look at the backlog."""
    with run.open_database() as database:
        database.prove_writable()
        backlog = database.backlog()
    check = run.config.check_settings
    return judge(
        backlog,
        backlog_warn_seconds=check.backlog_warn_minutes * 60,
        failed_warn_seconds=check.failed_warn_hours * 3600,
        unit=run.config.daemon_settings.unit,
        database=run.config.database_settings.db_path,
    )


def judge(
    backlog: Backlog, *, backlog_warn_seconds: float, failed_warn_seconds: float, unit: str, database: str
) -> Finding:
    """Weigh what waits: an old backlog is a warning, and so is a file that failed for good not long ago."""
    details = {
        "ready": backlog.ready,
        "ready_bytes": backlog.ready_bytes,
        "transferring": backlog.transferring,
        "failed": backlog.failed,
        "oldest_ready_path": backlog.oldest_ready_path,
        "oldest_ready_age_seconds": backlog.oldest_ready_age_seconds,
        "newest_failed_path": backlog.newest_failed_path,
        "newest_failed_age_seconds": backlog.newest_failed_age_seconds,
        "newest_failed_error": backlog.newest_failed_error,
    }
    warning = None
    oldest, newest_failed = backlog.oldest_ready_age_seconds, backlog.newest_failed_age_seconds
    if oldest is not None and oldest > backlog_warn_seconds:
        warning = Finding.of_cause(
            causes.BACKLOG_OLD,
            Outcome.WARN,
            ready=backlog.ready,
            age_minutes=round(oldest / 60),
            oldest=backlog.oldest_ready_path,
            unit=unit,
        )
    elif newest_failed is not None and newest_failed < failed_warn_seconds:
        warning = Finding.of_cause(
            causes.FILES_FAILED,
            Outcome.WARN,
            failed=backlog.failed,
            age_minutes=round(newest_failed / 60),
            newest=backlog.newest_failed_path,
            error=_told(backlog.newest_failed_error) or say("no reason given"),
            database=database,
        )
    if warning is not None:
        return Finding(Outcome.WARN, warning.summary, warning.cause, warning.remedy, details)
    summary = say("opens and takes writes; {ready} file(s) wait", ready=backlog.ready)
    if backlog.ready and oldest is not None:
        summary += say(", the oldest for {time}", time=lasting(oldest))
    if backlog.failed:
        summary += say(", {failed} failed earlier", failed=backlog.failed)
    return Finding.good(summary, **details)


def _told(error: str | None) -> str:
    cause, text, _ = daemon_errors.told(error or "")
    return f"[{cause.code}] {text}" if cause is not None else text
