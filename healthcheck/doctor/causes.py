"""The causes that only the doctor names; a part of ``healthcheck.causes``."""

from __future__ import annotations

from celestial_nasops.fault import Cause

# --- the programs ---
CONFIG_WARNS = Cause(
    "config_warns",
    "the configuration {path}: {warning}",
    "correct that place, then try: smoke-check config check {path}",
)
PACKAGE_UNFIT = Cause(
    "package_unfit",
    "the Python package {package} is {found}, and {needed} is needed",
    "install this version's own packages again: sudo ./install.sh",
)
LOCALE_UNKNOWN = Cause(
    "locale_unknown",
    "{who} asks for the locale {locale}, which this server does not have",
    "make it: sudo localedef -i {language} -f UTF-8 {locale}; or take one that is there: sudo localectl set-locale "
    "LANG=C.UTF-8",
)
LOCALE_NOT_UTF8 = Cause(
    "locale_not_utf8",
    "{who} asks for the locale {locale}, which is not UTF-8, so Chinese can't be shown and is said in English",
    "take one that is: sudo localectl set-locale LANG={right}",
)

# --- who looks ---
DOCTOR_BLIND = Cause(
    "doctor_blind",
    "the programs run as user {user}, and only that user or root sees what they see; this is user {own}",
    "sudo smoke-check doctor --config {config_path}",
)
USERS_DIFFER = Cause(
    "users_differ",
    "{unit} runs as {user} and {other_unit} as {other_user}: what the one leaves beside the queue, the other can't use",
    "let both run as one user: sudo ./install.sh --user {other_user}",
)

# --- the units ---
UNIT_MISSING = Cause(
    "unit_missing",
    "systemd has no usable unit {unit} ({load})",
    "put it in place: sudo ./install.sh; what is there: systemctl cat {unit}",
)
UNIT_OFF = Cause(
    "unit_off",
    "{unit} does not do its work: it is {enabled}, {active}",
    "sudo systemctl enable --now {unit}",
)
UNIT_NOT_RELOADED = Cause(
    "unit_not_reloaded",
    "systemd uses {unit} as it was before it was changed on the disk",
    "sudo systemctl daemon-reload && sudo systemctl restart {unit}",
)
UNIT_ENDED_TOO_SOON = Cause(
    "unit_ended_too_soon",
    "systemd ends {unit} after {seconds} s ({property}), and it may take {needed} s ({setting})",
    "sudo systemctl edit {unit}, add the lines [Service] and {property}={right}s, save, then: "
    "sudo systemctl restart {unit}",
)
UNIT_NEVER_ENDED = Cause(
    "unit_never_ended",
    "systemd never ends {unit} (TimeoutStartSec=infinity): one run that hangs stops its timer for ever",
    "sudo systemctl edit {unit}, add the lines [Service] and TimeoutStartSec={right}s, save, then: "
    "sudo systemctl restart {unit}",
)
SANDBOX_IN_THE_WAY = Cause(
    "sandbox_in_the_way",
    "{unit} can't {action} {path} ({setting}): {line} keeps it from that",
    "sudo systemctl edit {unit}, add the lines [Service] and {right}, save, then: sudo systemctl restart {unit}",
)
SANDBOX_PATH_MISSING = Cause(
    "sandbox_path_missing",
    "{unit} can't start (status 226/NAMESPACE): {line} names {path}, which does not exist",
    "create it: sudo install -d -o {user} {path}; then: sudo systemctl restart {unit}",
)
SANDBOX_SINGLE_FILE = Cause(
    "sandbox_single_file",
    "{unit} may write the single file {path} (ReadWritePaths), which can't be replaced so, and makes none beside it",
    "sudo systemctl edit {unit}, name the folder in its place: ReadWritePaths={folder}, save, then: "
    "sudo systemctl restart {unit}",
)

# --- files and room ---
KEY_OPEN_TO_OTHERS = Cause(
    "key_open_to_others",
    "others than its owner may use the key {path} (mode {mode}), so ssh refuses to use it",
    "sudo chmod 600 {path}",
)
FILE_OPEN_TO_OTHERS = Cause(
    "file_open_to_others",
    "every user of this server may change {path} (mode {mode})",
    "sudo chmod o-w {path}",
)
FILE_OF_ANOTHER = Cause(
    "file_of_another",
    "user {user} can't read {path}: it belongs to {owner} (mode {mode})",
    "sudo chown {user} {path}",
)
MODE_TOO_TIGHT = Cause(
    "mode_too_tight",
    "{path} has the mode {mode}, so its own user may not write it ({setting})",
    "sudo chmod {right} {path}",
)
SPACE_LOW = Cause(
    "space_low",
    "little room is left in {path} ({setting}): {free} of {total}",
    "see what takes it: df -h {path}; df -i {path}; and what waits to be deleted: sudo media-sync-daemon queue",
)

# --- the NAS ---
NAS_CHANGED = Cause(
    "nas_changed",
    "the NAS is not what the daemon found at its last connection: {before}; and now: {now}",
    "see what was switched on or off there; then let the daemon connect anew: sudo systemctl restart {unit}",
)
NAS_CLOCK_OFF = Cause(
    "nas_clock_off",
    "the clock of {host} is {seconds} s {direction} this server's",
    "let both keep the time: sudo timedatectl set-ntp true; on the NAS (DSM: Control Panel, Regional Options, Time) "
    "switch on NTP; see: ssh {target} date; date",
)
