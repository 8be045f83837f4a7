"""Misconfigurations of units and their sandboxes, for the doctor to find."""

from __future__ import annotations

from tests.system.doctor_seeds import RESTART, TIMER, WATCH_TIMER, Line, Seed, drop_in, edit
from tests.system.site import CHECK, DAEMON, DATABASE, HOME, MEDIA

SEEDS = (
    # --- the units ---
    Seed(
        "a unit is not as it is on the disk",
        f"touch /etc/systemd/system/{DAEMON}",
        (
            Line(
                "warn",
                "units",
                f"systemd uses {DAEMON} as it was before it was changed on the disk",
                "unit_not_reloaded",
                f"sudo systemctl daemon-reload && {RESTART}",
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the timer is off",
        f"systemctl disable --quiet --now {TIMER}",
        (
            Line(
                "fail",
                "units",
                f"{TIMER} does not do its work: it is disabled, inactive",
                "unit_off",
                f"sudo systemctl enable --now {TIMER}",
            ),
        ),
    ),
    Seed(
        "the daemon does not start at boot",
        f"systemctl disable --quiet {DAEMON}",
        (
            Line(
                "warn",
                "units",
                f"{DAEMON} does not do its work: it is disabled, active",
                "unit_off",
                f"sudo systemctl enable --now {DAEMON}",
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the watch's timer is gone",
        f"systemctl stop {WATCH_TIMER}; mv /etc/systemd/system/{WATCH_TIMER} /root; systemctl daemon-reload",
        (
            Line(
                "fail",
                "units",
                f"systemd has no usable unit {WATCH_TIMER} (not-found)",
                "unit_missing",
                f"put it in place: sudo ./install.sh; what is there: systemctl cat {WATCH_TIMER}",
            ),
        ),
        mend=f"mv /root/{WATCH_TIMER} /etc/systemd/system; systemctl daemon-reload; systemctl start {WATCH_TIMER}",
    ),
    Seed(
        "the check runs as another user",
        drop_in(CHECK, "User=root"),
        (
            Line(
                "fail",
                "units",
                f"{CHECK} runs as root and {DAEMON} as media-sync: what the one leaves beside the queue, the other "
                "can't use",
                "users_differ",
                "let both run as one user: sudo ./install.sh --user media-sync",
            ),
        ),
        mend=drop_in(CHECK),
    ),
    Seed(
        "the check runs as a user that is not there",
        drop_in(CHECK, "User=pilot"),
        (
            Line(
                "fail",
                "units",
                "there is no user 'pilot' on this machine",
                "user_unknown",
                "name the account that runs the daemon: --user NAME; those that exist: getent passwd",
            ),
        ),
        mend=drop_in(CHECK),
    ),
    Seed(
        "systemd ends a run too soon",
        drop_in(CHECK, "TimeoutStartSec=30s"),
        (
            Line(
                "fail",
                "units",
                f"systemd ends {CHECK} after 30 s (TimeoutStartSec), and it may take 60 s (testing.max_wait_minutes)",
                "unit_ended_too_soon",
                edit(CHECK, "TimeoutStartSec=120s"),
            ),
        ),
    ),
    Seed(
        "systemd never ends a run",
        drop_in(CHECK, "TimeoutStartSec=infinity"),
        (
            Line(
                "warn",
                "units",
                f"systemd never ends {CHECK} (TimeoutStartSec=infinity): one run that hangs stops its timer for ever",
                "unit_never_ended",
                edit(CHECK, "TimeoutStartSec=120s"),
            ),
        ),
        exit_code=0,
    ),
    Seed(
        "the daemon is stopped",
        f"systemctl stop {DAEMON}",
        (
            Line(
                "fail",
                "daemon",
                f"{DAEMON} is not running (inactive, dead)",
                "daemon_inactive",
                f"sudo systemctl start {DAEMON}; and so that it starts at boot: sudo systemctl enable {DAEMON}",
            ),
        ),
        mend=f"systemctl start {DAEMON}",
    ),
    # --- the sandboxes ---
    Seed(
        "a folder is not granted",
        drop_in(CHECK, "ReadWritePaths=", f"ReadWritePaths={MEDIA}"),
        (
            Line(
                "fail",
                "check_sandbox",
                f"/data/temp/dji is read-only for {CHECK} (database_settings.db_path): [Errno 30] Read-only file "
                "system; the unit's sandbox forbids to write there",
                "folder_sandboxed",
                edit(CHECK, "ReadWritePaths=/data/temp/dji"),
            ),
        ),
    ),
    Seed(
        "a folder is made read-only",
        drop_in(DAEMON, f"ReadOnlyPaths={MEDIA}"),
        (
            Line(
                "fail",
                "daemon_sandbox",
                f"{DAEMON} can't write in {MEDIA} (local_settings.media_path): ReadOnlyPaths={MEDIA} keeps it from "
                "that",
                "sandbox_in_the_way",
                edit(DAEMON, "ReadOnlyPaths="),
            ),
        ),
    ),
    Seed(
        "what ssh needs is hidden",
        drop_in(CHECK, f"TemporaryFileSystem={HOME}"),
        (
            Line(
                "fail",
                "check_sandbox",
                f"{CHECK} can't see {HOME}/.ssh (ssh): TemporaryFileSystem={HOME} keeps it from that",
                "sandbox_in_the_way",
                edit(CHECK, f"BindReadOnlyPaths={HOME}/.ssh"),
            ),
        ),
    ),
    Seed(
        "a single file is granted",
        drop_in(DAEMON, f"ReadWritePaths={DATABASE}"),
        (
            Line(
                "fail",
                "daemon_sandbox",
                f"{DAEMON} may write the single file {DATABASE} (ReadWritePaths), which can't be replaced so, and "
                "makes none beside it",
                "sandbox_single_file",
                f"sudo systemctl edit {DAEMON}, name the folder in its place: ReadWritePaths=/data/temp/dji, save, "
                f"then: {RESTART}",
            ),
        ),
        mend=drop_in(DAEMON, "ReadWritePaths=/data/temp/dji"),
    ),
    Seed(
        "a unit names a folder that is not there",
        drop_in(DAEMON, "ReadWritePaths=/srv/gone"),
        (
            Line(
                "fail",
                "daemon_sandbox",
                f"{DAEMON} can't start (status 226/NAMESPACE): ReadWritePaths names /srv/gone, which does not exist",
                "sandbox_path_missing",
                f"create it: sudo install -d -o media-sync /srv/gone; then: {RESTART}",
            ),
        ),
        mend=f"mkdir -p /srv/gone; systemctl restart {DAEMON}",
    ),
)
