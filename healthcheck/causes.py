"""The causes that only the check can name. With ``celestial_nasops.causes`` they are the whole catalogue."""

from __future__ import annotations

from celestial_nasops.fault import Cause
from healthcheck.daemon_causes import (
    DAEMON_CANNOT_WRITE_STATE as DAEMON_CANNOT_WRITE_STATE,
    DAEMON_CRASH_LOOP as DAEMON_CRASH_LOOP,
    DAEMON_DEAD as DAEMON_DEAD,
    DAEMON_ENDED as DAEMON_ENDED,
    DAEMON_FAILED as DAEMON_FAILED,
    DAEMON_HUNG as DAEMON_HUNG,
    DAEMON_INACTIVE as DAEMON_INACTIVE,
    DAEMON_KILLED as DAEMON_KILLED,
    DAEMON_MASKED as DAEMON_MASKED,
    DAEMON_NOT_FOUND as DAEMON_NOT_FOUND,
    DAEMON_OTHER_CONFIG as DAEMON_OTHER_CONFIG,
    DAEMON_OUT_OF_MEMORY as DAEMON_OUT_OF_MEMORY,
    DAEMON_STALE_CODE as DAEMON_STALE_CODE,
    DAEMON_STALE_CONFIG as DAEMON_STALE_CONFIG,
    DAEMON_STARTING as DAEMON_STARTING,
    DAEMON_WRONG_DATABASE as DAEMON_WRONG_DATABASE,
    DAEMON_WRONG_MEDIA as DAEMON_WRONG_MEDIA,
    DAEMON_WRONG_USER as DAEMON_WRONG_USER,
    DELETIONS_STOPPED as DELETIONS_STOPPED,
    NAS_IS_FULL as NAS_IS_FULL,
    SYSTEMD_UNAVAILABLE as SYSTEMD_UNAVAILABLE,
)
from healthcheck.doctor.causes import (
    CONFIG_WARNS as CONFIG_WARNS,
    DOCTOR_BLIND as DOCTOR_BLIND,
    FILE_OF_ANOTHER as FILE_OF_ANOTHER,
    FILE_OPEN_TO_OTHERS as FILE_OPEN_TO_OTHERS,
    KEY_OPEN_TO_OTHERS as KEY_OPEN_TO_OTHERS,
    LOCALE_NOT_UTF8 as LOCALE_NOT_UTF8,
    LOCALE_UNKNOWN as LOCALE_UNKNOWN,
    MODE_TOO_TIGHT as MODE_TOO_TIGHT,
    NAS_CHANGED as NAS_CHANGED,
    NAS_CLOCK_OFF as NAS_CLOCK_OFF,
    PACKAGE_UNFIT as PACKAGE_UNFIT,
    SANDBOX_IN_THE_WAY as SANDBOX_IN_THE_WAY,
    SANDBOX_PATH_MISSING as SANDBOX_PATH_MISSING,
    SANDBOX_SINGLE_FILE as SANDBOX_SINGLE_FILE,
    SPACE_LOW as SPACE_LOW,
    UNIT_ENDED_TOO_SOON as UNIT_ENDED_TOO_SOON,
    UNIT_MISSING as UNIT_MISSING,
    UNIT_NEVER_ENDED as UNIT_NEVER_ENDED,
    UNIT_NOT_RELOADED as UNIT_NOT_RELOADED,
    UNIT_OFF as UNIT_OFF,
    USERS_DIFFER as USERS_DIFFER,
)

# --- ping ---
ICMP_BLOCKED = Cause(
    "icmp_blocked",
    "{host} does not answer ping, although its SSH port does",
    "nothing is broken; to have ping answered, allow ICMP echo on the NAS and between",
)
NOT_SSH = Cause(
    "not_ssh",
    "what answers on {host} port {port} is no SSH server: it says {banner}",
    "correct the port in the ssh configuration, or nas_settings.port: ssh -v -p {port} {host}",
)
NAS_NOT_ALLOWED = Cause(
    "nas_not_allowed",
    "{unit} may not speak to {host} ({address}): it was made when the NAS had another address, and allows {allowed}",
    "make the units anew: sudo ./install.sh; what they allow: systemctl show --property=IPAddressAllow {unit}",
)

# --- database ---
BACKLOG_OLD = Cause(
    "backlog_old",
    "{ready} file(s) wait to be carried; the oldest for {age_minutes} min: {oldest}",
    "see what the daemon does: systemctl status {unit}; journalctl -u {unit} -n 50",
)
FILES_FAILED = Cause(
    "files_failed",
    "{failed} file(s) have failed for good; the newest {age_minutes} min ago: {newest}: {error}",
    "mend what that says, then have it sent again: sudo media-sync-daemon requeue {newest}; or all: "
    "sudo media-sync-daemon requeue --failed",
)

# --- file_insert ---
# what the media folder and the database can do wrong stands in celestial_nasops.causes

# --- remote_verify ---
TRANSFER_FAILED = Cause(
    "transfer_failed",
    "the daemon gave up on {file}: {error}",
    "mend what that says; more: journalctl -u {unit} -n 50",
)
TRANSFER_RETRYING = Cause(
    "transfer_retrying",
    "the daemon could not deliver {file} within {waited_seconds} s and keeps trying: {error}",
    "mend what that says; more: journalctl -u {unit} -n 50",
)
NOT_PICKED_UP = Cause(
    "not_picked_up",
    "the daemon did not touch {file} within {waited_seconds} s, and nothing else was in its hands",
    "see what it does: systemctl status {unit}; does it use the database {database}?",
)
STUCK_HALF_WAY = Cause(
    "stuck_half_way",
    "the daemon took {file} {stuck_seconds} s ago and has not finished it",
    "see what it does: journalctl -u {unit} -n 50; if it hangs: sudo systemctl restart {unit}",
)
TRANSFER_SLOW = Cause(
    "transfer_slow",
    "{file} is on its way and was not done within {waited_seconds} s: {bytes_done} of {bytes_total} bytes",
    "nothing is broken; give a file of this size more time: sudo smoke-check run --max-wait-minutes N, or raise "
    "testing.max_wait_minutes in unified_config.json",
)
DAEMON_BUSY = Cause(
    "daemon_busy",
    "the daemon works on other files, {file} did not get its turn within {waited_seconds} s: {evidence}",
    "nothing is broken; if it is always so, raise testing.max_wait_minutes in unified_config.json",
)
DAEMON_RESTARTED = Cause(
    "daemon_restarted",
    "the daemon was restarted or ended {seconds} s ago, while {file} waited for it, which is too short to judge it",
    "the next run will tell; to have one now: sudo systemctl start smoke-check.service",
)
ROW_VANISHED = Cause(
    "row_vanished",
    "the row of {file} disappeared from the queue before it was completed",
    "see who else writes to the queue: sudo fuser -v {database}",
)
ROW_REMOVED = Cause(
    "row_removed",
    "the row of {file} was removed from the queue; its copy on the NAS is right",
    "if the daemon removes what it has delivered, nothing is broken; else see who does: sudo fuser -v {database}",
)
STATUS_UNKNOWN = Cause(
    "status_unknown",
    "the row of {file} has the status '{status}', which means nothing to this check",
    "see which program wrote it: sudo fuser -v {database}",
)
COPY_MISSING = Cause(
    "copy_missing",
    "the row of {file} says completed, but there is no copy at {expected}",
    "stop the daemon before more is deleted: sudo systemctl stop {unit}; then look where it puts its files",
)
COPY_WRONG_PATH = Cause(
    "copy_wrong_path",
    "the copy of {file} lies at {found} instead of {expected}",
    "set nas_settings.base_path, nas_settings.backup_path and file_organization alike for all programs",
)
COPY_WRONG_DAY = Cause(
    "copy_wrong_day",
    "the copy of {file} lies in the folder of another day: {found} instead of {expected}",
    "let the daemon go by the date in a file's name, and by this server's time zone: timedatectl; "
    "systemctl show --property=Environment {unit}; after a change: sudo systemctl restart {unit}",
)
COPY_WRONG_SIZE = Cause(
    "copy_wrong_size",
    "the copy at {expected} has {found_bytes} bytes instead of {expected_bytes}",
    "stop the daemon before more is deleted: sudo systemctl stop {unit}; then check the NAS's disks",
)
COPY_WRONG_CONTENT = Cause(
    "copy_wrong_content",
    "the copy at {expected} has the right size and other content (SHA-256 {found_sha256}, sent {expected_sha256})",
    "stop the daemon before more is deleted: sudo systemctl stop {unit}; then check the NAS's disks and memory",
)

PUBLISHED_THOUGH_WRONG = Cause(
    "published_though_wrong",
    "{file} was published as {path} although its content is not what its row records",
    "stop the daemon, for it deletes what it takes for right: sudo systemctl stop {unit}; "
    "then install the right one: sudo ./install.sh",
)
COMPLETED_THOUGH_WRONG = Cause(
    "completed_though_wrong",
    "{file} was marked as completed although its content is not what its row records, and there is no copy of it",
    "stop the daemon, for it deletes what it takes for delivered: sudo systemctl stop {unit}; "
    "then install the right one: sudo ./install.sh",
)

# --- local_delete ---
DELETED_UNVERIFIED = Cause(
    "deleted_unverified",
    "{file} was deleted on this server although its content is not what its row records, so it was never verified",
    "stop the daemon and whatever else cleans {folder} at once: sudo systemctl stop {unit}",
)
DELETION_SCHEDULED_UNVERIFIED = Cause(
    "deletion_scheduled_unverified",
    "the daemon's list {path} holds {file} for deletion although its content is not what its row records",
    "stop the daemon before it deletes media that it has not verified: sudo systemctl stop {unit}",
)
DELETED_BEFORE_VERIFIED = Cause(
    "deleted_before_verified",
    "{file} was deleted on this server before the daemon had completed it",
    "stop the daemon and whatever else cleans {folder} at once: sudo systemctl stop {unit}",
)
DELETED_WITHOUT_COPY = Cause(
    "deleted_without_copy",
    "{file} is gone from this server and its copy {remote_path} is {what}: it exists nowhere any more",
    "stop the daemon at once, before media are lost: sudo systemctl stop {unit}; then look at the NAS",
)
DELETED_TOO_EARLY = Cause(
    "deleted_too_early",
    "{file} was deleted {early_seconds} s before its delay of {delay_minutes} min was over; its copy is right",
    "see that sync_settings.safe_delete_delay_minutes is the daemon's too, and what else cleans {folder}: "
    "sudo systemctl restart {unit}",
)
DELETED_THOUGH_OFF = Cause(
    "deleted_though_off",
    "{file} was deleted on this server although sync_settings.delete_after_sync is off",
    "restart the daemon so that it reads the configuration: sudo systemctl restart {unit}; and see what else cleans up",
)
MEDIA_FOLDER_AWAY = Cause(
    "media_folder_away",
    "whether {file} was deleted can't be told: {folder} is not there, or is another volume now",
    "mount the media disk, or create the folder: findmnt -T {folder}; ls -ld {folder}",
)
DELETION_HELD_UP = Cause(
    "deletion_held_up",
    "{file} is not deleted, as the daemon deletes nothing until a person has looked: {reason}",
    "look at what that names, then: sudo media-sync-daemon resume; until then the disk fills up",
)
DELETE_OVERDUE = Cause(
    "delete_overdue",
    "{file} should have been deleted {overdue_minutes} min ago and is still on this server",
    "see the daemon's pending deletions and its log, else the disk fills up: journalctl -u {unit} -n 50",
)
LOCAL_FILE_REPLACED = Cause(
    "local_file_replaced",
    "{file} on this server is not the one that was sent: user {owner} has put it back after its deletion, or changed "
    "it, at {since}",
    "see which program of that user writes in {folder}, for it does the same to media: sudo lsof +D {folder}",
)
COPY_LOST_BEFORE_DELETE = Cause(
    "copy_lost_before_delete",
    "the verified copy {remote_path} of {file} is {what} now; the file is still on this server",
    "find out who changes files on the NAS; the daemon keeps what it can't verify",
)

# --- the run itself ---
PROBE_TIMED_OUT = Cause(
    "probe_timed_out",
    "{probe} had no result after {seconds} s and was given up",
    "a disk or a program hangs; see: dmesg | tail; and run it again: sudo systemctl start smoke-check",
)
PROBE_CRASHED = Cause(
    "probe_crashed",
    "{probe} stopped with an internal error: {error}",
    "this is a fault of smoke-check; run it with SMOKE_CHECK_DEBUG=1 and report what it prints",
)
INTERRUPTED = Cause(
    "interrupted",
    "the run was ended by {signal} before {probe} was done",
    "nothing is broken; start it again: sudo systemctl start smoke-check",
)
STATE_UNWRITABLE = Cause(
    "state_unwritable",
    "{path} can't be written: {reason}",
    "let the check write there: {remedy}",
)
ALREADY_RUNNING = Cause(
    "already_running",
    "another run (pid {pid}) is under way with the state folder {path}",
    "wait for it: journalctl -fu smoke-check",
)

# --- before an installation ---
NO_SSH_ALIAS = Cause(
    "no_ssh_alias",
    "user {user} has no ssh alias '{alias}' in {path}",
    "write it, with the NAS's address and account: {command}",
)
NO_SSH_KEY = Cause(
    "no_ssh_key",
    "user {user} has no key {path} to log in to the NAS with",
    "make one: {command}; then add the line in {path}.pub to ~/.ssh/authorized_keys of {account}",
)
HOST_KEY_NOT_PINNED = Cause(
    "host_key_not_pinned",
    "no host key of {name} is pinned in {path}",
    "pin it: {command}; then compare it with the one that the NAS shows: ssh-keygen -l -f {path}",
)
OF_ANOTHER = Cause(
    "of_another",
    "{path} belongs to {owner}, and user {user} may not write it ({setting})",
    "run as its owner: sudo ./install.sh --user {owner}; or give it away: sudo chown {user} {path}",
)
OF_NO_ACCOUNT = Cause(
    "of_no_account",
    "{path} belongs to {owner}, and user {user} may not write it ({setting})",
    "give it to that user; root can use it as before: sudo chown {user} {path}",
)
FOLDER_ON_READ_ONLY_DISK = Cause(
    "folder_on_read_only_disk",
    "{path} is on a file system that is mounted read-only ({setting})",
    "see why: findmnt -T {path}; or correct {setting} in unified_config.json",
)

# --- the units ---
ALERT_FAILED = Cause(
    "alert_failed",
    "check_settings.alert_command has not told anybody: {reason}",
    "mend that, then try it: sudo systemctl start smoke-check-alert@smoke-check.service",
)
NOT_FOR_UNITS = Cause(
    "not_for_units",
    "'{value}' can't be written in a systemd unit, because of a control character or half a character",
    "give the folder or file another name, in unified_config.json too",
)
USER_UNKNOWN = Cause(
    "user_unknown",
    "there is no user '{user}' on this machine",
    "name the account that runs the daemon: --user NAME; those that exist: getent passwd",
)
TEMPLATES_UNUSABLE = Cause(
    "templates_unusable",
    "the units can't be made from {path}: {reason}",
    "name the folder systemd/ of this version with --templates; ls -l {path}",
)
UNITS_UNWRITABLE = Cause(
    "units_unwritable",
    "{path} can't be written: {reason}",
    "name a folder that exists and is yours with --into: ls -ld {folder}",
)
