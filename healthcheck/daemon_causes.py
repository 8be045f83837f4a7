"""The causes that the probe daemon_status names; a part of ``causes``."""

from __future__ import annotations

from celestial_nasops.fault import Cause

DAEMON_NOT_FOUND = Cause(
    "daemon_not_found",
    "systemd knows no unit {unit}",
    "install the daemon's unit, or correct daemon_settings.unit in unified_config.json; see: systemctl list-unit-files",
)
DAEMON_MASKED = Cause(
    "daemon_masked",
    "{unit} is masked, so it can't be started",
    "sudo systemctl unmask {unit} && sudo systemctl start {unit}",
)
DAEMON_INACTIVE = Cause(
    "daemon_inactive",
    "{unit} is not running ({state})",
    "sudo systemctl start {unit}; and so that it starts at boot: sudo systemctl enable {unit}",
)
DAEMON_FAILED = Cause(
    "daemon_failed",
    "{unit} has failed ({result}, {exit_status}); its last error: {last_error}",
    "mend what that says, then: sudo systemctl restart {unit}; more: journalctl -u {unit} -n 50",
)
DAEMON_KILLED = Cause(
    "daemon_killed",
    "{unit} was killed by {exit_status} ({result}) and is now {state}",
    "see whether the kernel did it, as memory ran out: journalctl -k -g 'Killed process' -n 5; else who did: "
    "journalctl -n 50 -u {unit}; if it does not come back by itself: sudo systemctl restart {unit}",
)
DAEMON_OUT_OF_MEMORY = Cause(
    "daemon_out_of_memory",
    "{unit} was killed because memory ran out (oom-kill) and is now {state}",
    "see who takes the memory: ps -eo rss,comm --sort=-rss | head; what the kernel said: journalctl -k -g oom -n 50; "
    "if it does not come back by itself: sudo systemctl restart {unit}",
)
DAEMON_ENDED = Cause(
    "daemon_ended",
    "{unit} has ended by itself and is to be started again: {state}; its last error: {last_error}",
    "mend what that says, it is started again by itself; more: journalctl -u {unit} -n 50",
)
DAEMON_CRASH_LOOP = Cause(
    "daemon_crash_loop",
    "{unit} keeps crashing: {restarts} restart(s), {state}; its last error: {last_error}",
    "mend what that says, then: sudo systemctl reset-failed {unit} && sudo systemctl restart {unit}; more: "
    "journalctl -u {unit} -n 50",
)
DAEMON_WRONG_USER = Cause(
    "daemon_wrong_user",
    "{unit} is run as user {user}, and this check as {own_user}: {evidence}",
    "sudo systemctl edit {unit}, add the lines [Service] and User={own_user}, save, then: "
    "sudo systemctl reset-failed {unit} && sudo systemctl restart {unit}; or, if {user} is right: "
    "sudo ./install.sh --user {user}",
)
DAEMON_STARTING = Cause(
    "daemon_starting",
    "{unit} is {state}, not running yet",
    "wait for it, or see what holds it: systemctl status {unit}",
)
DAEMON_DEAD = Cause(
    "daemon_dead",
    "media-sync-daemon does not run: {evidence}",
    "start it: media-sync-daemon --config {config_path}",
)
DAEMON_HUNG = Cause(
    "daemon_hung",
    "the daemon (pid {pid}) gives no sign of life for {silent_seconds} s, {evidence}",
    "sudo systemctl restart {unit}; if it was stopped by a signal: sudo kill -CONT {pid}",
)
DAEMON_CANNOT_WRITE_STATE = Cause(
    "daemon_cannot_write_state",
    "the daemon (pid {pid}) runs, and can't write its state in {folder}: {reason}",
    "make the folder writable, for nothing is deleted until it is: {remedy}",
)
DAEMON_STALE_CODE = Cause(
    "daemon_stale_code",
    "the daemon (pid {pid}) still runs the code from before the upgrade",
    "sudo systemctl restart {unit}",
)
DAEMON_STALE_CONFIG = Cause(
    "daemon_stale_config",
    "the daemon (pid {pid}) does not use the present configuration {config_path}",
    "sudo systemctl restart {unit}",
)
DAEMON_WRONG_DATABASE = Cause(
    "daemon_wrong_database",
    "the daemon (pid {pid}) takes its files from the database {theirs}, and {config_path} says {ours} by now",
    "correct database_settings.db_path there, or let both use it: sudo ./install.sh",
)
DAEMON_WRONG_MEDIA = Cause(
    "daemon_wrong_media",
    "the daemon (pid {pid}) takes its files from the folder {theirs}, and {config_path} says {ours} by now",
    "correct local_settings.media_path there, or let both use it: sudo ./install.sh",
)
DAEMON_OTHER_CONFIG = Cause(
    "daemon_other_config",
    "the daemon (pid {pid}) was started with {their_config}, this check with {config_path}, and they differ: "
    "{differences}",
    "see where --config {their_config} comes from and change it to {config_path}: systemctl cat {unit}; then: "
    "sudo systemctl daemon-reload && sudo systemctl restart {unit}",
)
DELETIONS_STOPPED = Cause(
    "deletions_stopped",
    "the daemon (pid {pid}) carries files and deletes none, until a person has looked: {reason}",
    "look at what that names, then: sudo media-sync-daemon resume; until then the disk fills up",
)
NAS_IS_FULL = Cause(
    "nas_is_full",
    "the daemon (pid {pid}) can't send everything: {reason}",
    "free space on the NAS or raise the quota there; the rest goes by itself",
)
SYSTEMD_UNAVAILABLE = Cause(
    "systemd_unavailable",
    "systemd could not be asked about {unit}: {reason}",
    "see whether the bus hangs: busctl --timeout=5 list; if so: sudo systemctl restart dbus; where the daemon runs "
    "without systemd set daemon_settings.supervisor to none",
)
