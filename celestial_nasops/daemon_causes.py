"""The causes that only the daemon and its operator's commands meet; a part of ``causes``."""

from __future__ import annotations

from celestial_nasops.fault import Cause

# --- starting ---
DAEMON_ALREADY_RUNS = Cause(
    "daemon_already_runs",
    "another media-sync-daemon (pid {pid}) runs with the state folder {path}",
    "look at it: systemctl status media-sync-daemon",
)
STATE_CORRUPT = Cause(
    "state_corrupt",
    "{path} could not be read: {reason}",
    "look at it: cat {path}",
)

# --- carrying ---
FILE_HASH_DIFFERS = Cause(
    "file_hash_differs",
    "{path} has the SHA-256 {found}, its row says {expected}",
    "see whether the file is the one that its program meant; to send it all the same, set "
    "sync_settings.wrong_file_hash to note",
)
NAS_NO_ROOM = Cause(
    "nas_no_room",
    "{path} waits for room on the NAS: {needed} needed, {free} free",
    "free space or raise the quota there, the rest goes by itself: ssh {target} df -h {base}",
)
NAS_STORED_BESIDE = Cause(
    "nas_stored_beside",
    "{taken} has other content on the NAS and is not overwritten; {path} was stored beside it as {beside}",
    "nothing is lost; compare the two on the NAS, and see why one name was given twice",
)
DAEMON_PAUSED = Cause(
    "daemon_paused",
    "the daemon is paused since {since} by {by} ({reason}): nothing is carried or deleted",
    "let it go on: sudo media-sync-daemon resume",
)

# --- deletion ---
PENDING_DELETES_CORRUPT = Cause(
    "pending_deletes_corrupt",
    "{path} could not be read ({reason}); it was put aside as {aside} and rebuilt from the database",
    "nothing to do; nothing is deleted without a fresh verification",
)
PENDING_DELETES_UNSAVED = Cause(
    "pending_deletes_unsaved",
    "{count} scheduled deletion(s) can't be saved: {reason}; nothing is deleted until they are",
    "make the folder writable for the daemon: {remedy}",
)
DELETE_LOCAL_CHANGED = Cause(
    "delete_local_changed",
    "{path} is not deleted, for it may be another file than the one that was sent ({what})",
    "see what it is: ls -l {path}; to have it sent, give it a row of its own or delete it by hand",
)
DELETE_CHECKSUM_UNKNOWN = Cause(
    "delete_checksum_unknown",
    "{path} is not deleted: the checksum '{checksum}' in pending_deletes.json is neither SHA-256 nor MD5",
    "compare the file with its copy on the NAS and delete it by hand",
)
DELETE_COPY_MISSING = Cause(
    "delete_copy_missing",
    "{path} is not deleted: its copy {remote_path} is gone from the NAS",
    "find out who removed the copy; to have the file sent again: sudo media-sync-daemon requeue {path}",
)
DELETE_COPY_DIFFERS = Cause(
    "delete_copy_differs",
    "{path} is not deleted: its copy {remote_path} has {found}, expected {expected}",
    "find out what changed the copy; to have the file sent again: sudo media-sync-daemon requeue {path}",
)
DELETE_UNPROVEN = Cause(
    "delete_unproven",
    "nothing is deleted: this NAS lets a copy be verified by {level} only, and {required} is required",
    "give the account a shell on the NAS; or, to take less for proof, set sync_settings.required_verification_level to "
    "{level} in unified_config.json, then: sudo systemctl reload media-sync-daemon",
)
DELETE_FAILED = Cause(
    "delete_failed",
    "{path} could not be deleted: {reason}",
    "let the daemon write in that folder: {remedy}",
)
MEDIA_MARKER_MISSING = Cause(
    "media_marker_missing",
    "{path} is not the folder that it was: {what}; nothing is deleted until a person has looked",
    "see that the right disk is mounted: findmnt -T {path}; ls -la {path}; then: sudo media-sync-daemon resume",
)
NAS_MARKER_MISSING = Cause(
    "nas_marker_missing",
    "{path} on the NAS is not the folder that it was: {what}; nothing is deleted until a person has looked",
    "see that the right volume is mounted: ssh {target} ls -la {path}; then: sudo media-sync-daemon resume",
)
QUEUE_REPLACED = Cause(
    "queue_replaced",
    "{path} is not the queue that it was: it was deleted or replaced, and what waited in the old one waits in none "
    "now; nothing is deleted until a person has looked",
    "put the old file back while the daemon is stopped (sudo systemctl stop media-sync-daemon), and it counts again; "
    "or have what waited in it queued again, then: sudo media-sync-daemon resume",
)
UNUSUAL_DELETIONS = Cause(
    "unusual_deletions",
    "{due} file(s) are to be deleted after {deleted} in the last 24 hours, which is far more than usual (at most "
    "{usual} a day); nothing is deleted until a person has looked",
    "look what they are: sudo media-sync-daemon queue; if that is right: sudo media-sync-daemon resume",
)
GUARD_CORRUPT = Cause(
    "guard_corrupt",
    "{path} could not be read ({reason}) and was put aside as {aside}; nothing is deleted until a person has looked",
    "see that the right disk is mounted and the NAS the right one, then: sudo media-sync-daemon resume",
)

# --- the operator's commands ---
WRONG_USER = Cause(
    "wrong_user",
    "{user} may not do this: the queue and the daemon's state in {path} belong to {owner}",
    "do it as that user, else the daemon loses its files: sudo media-sync-daemon {command}",
)
REQUEUE_NO_ROW = Cause(
    "requeue_no_row",
    "the queue has no row for {path}",
    "give the path as the queue has it; those that failed are listed by: sudo media-sync-daemon queue",
)
REQUEUE_IN_HAND = Cause(
    "requeue_in_hand",
    "{path} is being carried at the moment",
    "wait for it: sudo media-sync-daemon queue",
)
REQUEUE_WAITS = Cause(
    "requeue_waits",
    "{path} is not sent yet and waits in the queue already ({status})",
    "see what is ahead of it: sudo media-sync-daemon queue",
)
