"""The kinds of events in the journal, the check's and the daemon's; ``journalctl -x`` explains them with these words.

A message id never changes and never gets another meaning. ``healthcheck.catalogue.journal`` makes the catalogues.
"""

from __future__ import annotations

from celestial_nasops import daemon_events
from celestial_nasops.journal import Event, event_of_cause
from healthcheck import causes

RUN_STARTED = Event(
    "59fa5a6b746548ba92a2fa64e018478a",
    "A run of the smoke check has begun",
    """The check sends one small marked file through the real way of the media and follows it to the end.
What it finds comes as one record a probe, and at last the verdict:

    journalctl -u smoke-check SMOKE_CHECK_RUN_ID=@SMOKE_CHECK_RUN_ID@""",
)
PROBE_FINISHED = Event(
    "f5284e39d4594710bf212dcfc203bdeb",
    "The probe @SMOKE_CHECK_PROBE@ came to: @SMOKE_CHECK_OUTCOME@",
    """pass: proven. warn: proven, and something needs attention. fail: broken. error: could not be measured, which is
neither good nor bad. skipped: not tried, because of what the line names. deferred: good so far, a later run has the
last word.

Where something is wrong the line ends in the command that mends it. The values measured are in the status file:

    smoke-check status --json""",
)
RUN_ENDED = Event(
    "80adcd39b4e649a1a2d86887af86d583",
    "The smoke check's verdict: @SMOKE_CHECK_OUTCOME@",
    """A verdict names the root cause first; "also" stands before trouble that has nothing to do with it. Exit code 0:
media arrive, and nothing is deleted before its copy was verified. 1: a probe failed. 2: none failed, but one could
not measure.

The whole run:             journalctl -u smoke-check SMOKE_CHECK_RUN_ID=@SMOKE_CHECK_RUN_ID@
When it last went well:    journalctl SMOKE_CHECK_EXIT_CODE=0 -n 1
Once it is mended, again:  sudo systemctl start smoke-check""",
)
INTERRUPTED = Event(
    "2541b5282bcc4e789e33ffcc2507c610",
    "A run of the smoke check was ended from outside",
    """A signal ended the run before the probe @SMOKE_CHECK_PROBE@ was done: "systemctl stop", a shutdown, or a start
that took too long. Nothing is broken; what the run had made is removed, or written down for the next run to remove.

    sudo systemctl start smoke-check""",
)
REMARK = Event(
    "c193a02503e44083b943990578ef8479",
    "The smoke check has a remark on its configuration or its state folder",
    """The run goes on. A key that nobody reads is often a slip of the pen:

    smoke-check config check""",
)
ALERT = Event(
    "7cbc67080e9341bd844f127e9b5c25da",
    "The unit @SMOKE_CHECK_FAILED_UNIT@ has failed",
    """Result @SMOKE_CHECK_RESULT@, exit status @SMOKE_CHECK_EXIT_STATUS@. What it said, in the very run that failed:

    journalctl _SYSTEMD_INVOCATION_ID=@SMOKE_CHECK_INVOCATION_ID@
    systemctl status @SMOKE_CHECK_FAILED_UNIT@

To be told otherwise than by this record name a program in check_settings.alert_command of unified_config.json.""",
)
ALERT_NOT_SENT = Event(
    "203e55619a3e4e819daf8612496e6b94",
    "Nobody was told that @SMOKE_CHECK_FAILED_UNIT@ has failed",
    """The program in check_settings.alert_command could not be started, took longer than a minute, or ended with an
exit code other than 0. Try it by hand, as the user of the check:

    sudo systemctl start 'smoke-check-alert@smoke-check.service'""",
)
CHECK_STALE = Event(
    "d0a1eb704a0248e2878b2a54fc9dbb40",
    "The smoke check has stopped running",
    """There is no verdict that counts today, so nobody knows whether media still reach the NAS. Is the timer on?

    systemctl list-timers smoke-check.timer
    sudo systemctl enable --now smoke-check.timer
    sudo systemctl start smoke-check""",
)


def all_events() -> dict[str, Event]:
    """Every kind by its name."""
    own = {name: value for name, value in globals().items() if isinstance(value, Event)}
    return own | daemon_events.all_events()


def of_cause(code: str) -> Event:
    """The kind of a record that tells of a cause. An interruption had one before there were causes."""
    return INTERRUPTED if code == causes.INTERRUPTED.code else event_of_cause(code)
