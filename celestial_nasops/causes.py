"""The catalogue of causes that the programs of this package can name. ``healthcheck.causes`` adds its own."""

from __future__ import annotations

from celestial_nasops.daemon_causes import (
    DAEMON_ALREADY_RUNS as DAEMON_ALREADY_RUNS,
    DAEMON_PAUSED as DAEMON_PAUSED,
    DELETE_CHECKSUM_UNKNOWN as DELETE_CHECKSUM_UNKNOWN,
    DELETE_COPY_DIFFERS as DELETE_COPY_DIFFERS,
    DELETE_COPY_MISSING as DELETE_COPY_MISSING,
    DELETE_FAILED as DELETE_FAILED,
    DELETE_LOCAL_CHANGED as DELETE_LOCAL_CHANGED,
    DELETE_UNPROVEN as DELETE_UNPROVEN,
    FILE_HASH_DIFFERS as FILE_HASH_DIFFERS,
    GUARD_CORRUPT as GUARD_CORRUPT,
    MEDIA_MARKER_MISSING as MEDIA_MARKER_MISSING,
    NAS_MARKER_MISSING as NAS_MARKER_MISSING,
    NAS_NO_ROOM as NAS_NO_ROOM,
    NAS_STORED_BESIDE as NAS_STORED_BESIDE,
    PENDING_DELETES_CORRUPT as PENDING_DELETES_CORRUPT,
    PENDING_DELETES_UNSAVED as PENDING_DELETES_UNSAVED,
    QUEUE_REPLACED as QUEUE_REPLACED,
    REQUEUE_IN_HAND as REQUEUE_IN_HAND,
    REQUEUE_NO_ROW as REQUEUE_NO_ROW,
    REQUEUE_WAITS as REQUEUE_WAITS,
    STATE_CORRUPT as STATE_CORRUPT,
    UNUSUAL_DELETIONS as UNUSUAL_DELETIONS,
    WRONG_USER as WRONG_USER,
)
from celestial_nasops.fault import Cause

# --- configuration ---
CONFIG_MISSING = Cause(
    "config_missing",
    "there is no configuration at {path}",
    "name the file with --config FILE or UNIFIED_CONFIG=FILE, or put one at /etc/celestial-nasops/unified_config.json",
)
CONFIG_UNREADABLE = Cause(
    "config_unreadable",
    "the configuration {path} can't be read: {reason}",
    "look at it with: ls -l {path}",
)
CONFIG_NOT_JSON = Cause(
    "config_not_json",
    "the configuration {path} is not JSON: {reason}",
    "mend that place, then try: smoke-check config check {path}",
)
CONFIG_INVALID = Cause(
    "config_invalid",
    "the configuration {path} has {count} problem(s): {problems}",
    "mend them, then try: smoke-check config check {path}",
)

# --- child processes ---
PROGRAM_MISSING = Cause(
    "program_missing",
    "the program {program} is not installed",
    "install it: sudo apt-get install {package}",
)
PROGRAM_UNUSABLE = Cause(
    "program_unusable",
    "the program {program} can't be started: {reason}",
    "run it by hand: {command}",
)
PROGRAM_TIMED_OUT = Cause(
    "program_timed_out",
    "{command} gave no answer within {seconds} s and was killed",
    "run it by hand and see where it hangs: {command}",
)
PROGRAM_FAILED = Cause(
    "program_failed",
    "{command} ended with exit code {exit_code}: {output}",
    "run it by hand: {command}",
)

# --- the database ---
DATABASE_MISSING = Cause(
    "database_missing",
    "there is no database at {path}",
    "check database_settings.db_path in unified_config.json; the daemon creates the file when it starts: "
    "sudo systemctl restart media-sync-daemon",
)
DATABASE_NOT_A_DATABASE = Cause(
    "database_not_a_database",
    "{path} is not an SQLite database",
    "check database_settings.db_path in unified_config.json, and what the file is: file {path}",
)
DATABASE_CORRUPT = Cause(
    "database_corrupt",
    "the database {path} is damaged: {reason}",
    "stop its writers, keep a copy of it, then recover what can be read: "
    "sqlite3 {path} .dump | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 {path}.recovered",
)
DATABASE_LOCKED = Cause(
    "database_locked",
    "the database {path} stayed locked for {seconds} s by {holder}",
    "see what that process does: sudo fuser -v {path}",
)
DATABASE_READ_ONLY = Cause(
    "database_read_only",
    "the database {path} can be read but not written: user {user} may not write {places} (owner {owner}, mode {mode})",
    "SQLite must write the file and its whole folder, as the daemon's user; if {user} is that user: "
    "sudo chown {user} {places} && sudo chmod u+rwX {places}",
)
DATABASE_NO_PERMISSION = Cause(
    "database_no_permission",
    "user {user} may not open the database {path} and the files beside it",
    "they must belong to the daemon's user, as whom the check runs, too: ls -l {path}*; ls -ld {folder}",
)
DATABASE_DISK_FULL = Cause(
    "database_disk_full",
    "no space left for the database {path}: {free} of {total} free on {mount_point} ({device})",
    "free space there; what fills it: sudo du -xhd2 {mount_point} | sort -h | tail",
)
DATABASE_NO_TABLE = Cause(
    "database_no_table",
    "the database {path} has no table {table}",
    "check database_settings.db_path in unified_config.json; the daemon creates the table when it starts: "
    "sudo systemctl restart media-sync-daemon",
)
DATABASE_NO_COLUMN = Cause(
    "database_no_column",
    "table {table} in {path} lacks: {columns}",
    'add what is missing, for example: sqlite3 {path} "ALTER TABLE {table} ADD COLUMN {first_column} TEXT"',
)
DATABASE_REPLACED = Cause(
    "database_replaced",
    "the database {path} was deleted or replaced while it was open; what is written to the old one is lost",
    "restart its users so that they open the new file: sudo systemctl restart media-sync-daemon",
)
DATABASE_FAILED = Cause(
    "database_failed",
    "the database {path} failed: {reason}",
    "look at it with: sqlite3 {path} 'PRAGMA quick_check'",
)
RECEIPT_UNREADABLE = Cause(
    "receipt_unreadable",
    "the receipt {row_id} in {path} can't be understood: its {column} is none that this version writes",
    "see what it is, and who wrote it: sqlite3 {path} 'SELECT * FROM media_transfer_receipts WHERE id = {row_id}'",
)
ROW_EXISTS = Cause(
    "row_exists",
    "the queue has a row for {file_path} already",
    "look at it: sqlite3 {path} 'SELECT * FROM media_transfer_status' | grep -F {file_path}",
)
ROW_CHANGED = Cause(
    "row_changed",
    "row {row_id} is not '{expected}' any more; another program has changed or removed it",
    "see who writes to the queue: sudo fuser -v {path}",
)

# --- folders and files of the edge server ---
FOLDER_MISSING = Cause(
    "folder_missing",
    "the folder {path} does not exist ({setting})",
    "create it, or correct {setting} in unified_config.json: sudo install -d -o {user} {path}",
)
FOLDER_NOT_A_FOLDER = Cause(
    "folder_not_a_folder",
    "{path} is not a folder ({setting})",
    "correct {setting} in unified_config.json, or look at what is there: ls -ld {path}",
)
FOLDER_NO_PERMISSION = Cause(
    "folder_no_permission",
    "user {user} may not write in {path} ({setting})",
    "give the folder to that user: sudo chown {user} {path}",
)
FOLDER_READ_ONLY = Cause(
    "folder_read_only",
    "{path} is read-only ({setting}): [Errno 30] Read-only file system; what is mounted at {mount_point} is read-only",
    "see why, then mount it for writing: dmesg | tail; sudo mount -o remount,rw {mount_point}",
)
FOLDER_SANDBOXED = Cause(
    "folder_sandboxed",
    "{path} is read-only for {unit} ({setting}): [Errno 30] Read-only file system; the unit's sandbox forbids to write "
    "there",
    "sudo systemctl edit {unit}, add the lines [Service] and ReadWritePaths={path}, save, then: "
    "sudo systemctl restart {unit}",
)
FOLDER_REPLACED = Cause(
    "folder_replaced",
    "{path} is read-only for {unit} ({setting}): [Errno 30] Read-only file system; the folder was replaced while the "
    "unit runs, and its sandbox allows only the old one",
    "sudo systemctl restart {unit}",
)
FOLDER_FULL = Cause(
    "folder_full",
    "no space left in {path} ({setting}): {reason}; {free} of {total} free on {mount_point} ({device})",
    "free space there; what fills it: sudo du -xhd2 {mount_point} | sort -h | tail; where no inode is free: "
    "sudo du -xd2 --inodes {mount_point} | sort -n | tail",
)
FOLDER_FAILED = Cause(
    "folder_failed",
    "{path} can't be written ({setting}): {reason}",
    "look at it: ls -ld {path}; findmnt -T {path}; dmesg | tail",
)
FILE_MISSING = Cause(
    "file_missing",
    "{path} is in the queue but not on this server",
    "see who removed it; if it is not coming back, remove its row from the queue",
)
FILE_REFUSED = Cause(
    "file_refused",
    "{path} is not sent: {reason}",
    "look at it: ls -ld {path}",
)
FILE_UNREADABLE = Cause(
    "file_unreadable",
    "{path} can't be read: {reason}",
    "look at it: ls -l {path}; dmesg | tail",
)
FILE_SIZE_DIFFERS = Cause(
    "file_size_differs",
    "{path} has {found} bytes, its row says {expected}",
    "see whether its download was complete before the row said so",
)
FILE_CHANGED = Cause(
    "file_changed",
    "{path} changed while it was sent",
    "nothing to do: it is sent again when it rests",
)

# --- reaching the NAS ---
NAS_ALIAS_UNKNOWN = Cause(
    "nas_alias_unknown",
    "ssh knows no host '{alias}' and no such name can be resolved",
    "add 'Host {alias}' to {ssh_config}, or correct nas_settings.ssh_alias in unified_config.json; see: ssh -G {alias}",
)
NAS_NAME_UNKNOWN = Cause(
    "nas_name_unknown",
    "the name {host} can't be resolved: {reason}",
    "check the name and this server's DNS: getent hosts {host}",
)
NAS_NO_ROUTE = Cause(
    "nas_no_route",
    "no way to {host} port {port}: {reason}",
    "check this server's network: ip route get {host}",
)
NAS_REFUSED = Cause(
    "nas_refused",
    "{host} refuses connections on port {port}",
    "see that SSH is on (DSM: Control Panel, Terminal & SNMP) and that the port is right: ssh -v -p {port} {host}",
)
NAS_SILENT = Cause(
    "nas_silent",
    "{host} port {port} gave no answer within {seconds} s ({stage})",
    "see that the NAS is on and awake, and that no firewall is in between: ssh -v -p {port} {host}",
)
NAS_HUNG_UP = Cause(
    "nas_hung_up",
    "{host} port {port} closed the connection ({stage}): {reason}",
    "the NAS may have too many connections or have blocked this address (DSM: Control Panel, Security, Protection); "
    "try: ssh -v -p {port} {host}",
)
NAS_HOST_KEY_UNKNOWN = Cause(
    "nas_host_key_unknown",
    "the host key of {host} is not in {known_hosts}; it shows {seen}",
    "compare that fingerprint with the NAS's own, seen there by sudo ssh-keygen -lf {key_file}, "
    "then log in once and accept it: ssh {target}",
)
NAS_HOST_KEY_CHANGED = Cause(
    "nas_host_key_changed",
    "the host key of {host} has changed: {seen}, expected {expected} from {known_hosts}",
    "find out why (a new NAS, or somebody in between?); the NAS itself shows its own by "
    "sudo ssh-keygen -lf {key_file}; if it is right: "
    "ssh-keygen -R '{known_hosts_name}' -f {known_hosts} && ssh {target}",
)
NAS_HOST_KEY_REVOKED = Cause(
    "nas_host_key_revoked",
    "{host} shows a host key that {known_hosts} marks as revoked: {seen}",
    "don't log in there; give the NAS a new host key, or find out who answers in its place: ssh -v {target}",
)
NAS_KEY_MISSING = Cause(
    "nas_key_missing",
    "there is no key to log in to {host} with: {paths}",
    "make one and install it: ssh-keygen -t ed25519 -N '' -f {path} && ssh-copy-id -i {path} {target}; "
    "or set security.ssh_key_path in unified_config.json",
)
NAS_KEY_UNUSABLE = Cause(
    "nas_key_unusable",
    "the key {path} can't be used: {reason}",
    "it must be a private key of user {user} without passphrase: sudo chown {user} {path}; "
    "ssh-keygen -p -N '' -f {path}",
)
NAS_KEY_REFUSED = Cause(
    "nas_key_refused",
    "{host} refuses the key {path} for user {username}",
    "install the key on the NAS: ssh-copy-id -i {path} {target}; if it is there, see on the NAS that nobody else may "
    "write the home and its .ssh, and that the account is not locked: ls -ld ~{username} ~{username}/.ssh; "
    "sudo passwd -S {username}",
)
NAS_ACCOUNT_REFUSED = Cause(
    "nas_account_refused",
    "{host} ends the login of {username} and says: {output}",
    "see on the NAS whether the account is expired or locked (DSM: Control Panel, User & Group): "
    "sudo chage -l {username}; sudo passwd -S {username}",
)
NAS_LOGIN_HANGS = Cause(
    "nas_login_hangs",
    "the login of {username} on {host} gave no answer within {seconds} s ({stage})",
    "see what it waits for there (a disk that wakes up or fails, a profile, a directory service): "
    "ssh -v {target} uptime; if that hangs as well, restart the NAS",
)
NAS_NO_COMMON_ALGORITHM = Cause(
    "nas_no_common_algorithm",
    "{host} and this server share no algorithm: {reason}",
    "allow one of them on the NAS (DSM: Control Panel, Terminal & SNMP, Advanced), or update it; what it has now, "
    "there: sudo sshd -T | grep -iE 'ciphers|macs|algorithms'",
)
NAS_NO_SHELL = Cause(
    "nas_no_shell",
    "{username} on {host} gets no shell: {output}",
    "on the NAS switch SFTP on (DSM: Control Panel, File Services, FTP, SFTP), or give the account a shell "
    "(DSM gives one to members of administrators only); try: sftp {target}",
)
NAS_NO_SFTP = Cause(
    "nas_no_sftp",
    "{username} on {host} gets no SFTP: {reason}",
    "switch it on (DSM: Control Panel, File Services, FTP, SFTP) and allow it to the account, "
    "or set nas_settings.access to auto in unified_config.json; try: sftp {target}",
)
NAS_SESSION_REFUSED = Cause(
    "nas_session_refused",
    "{host} refuses to open another session: {reason}",
    "raise MaxSessions in the NAS's sshd_config, and restart its SSH service; what it is now, there: "
    "sudo sshd -T | grep -i maxsessions",
)
NAS_CONNECTION_LOST = Cause(
    "nas_connection_lost",
    "the connection to {host} was lost ({stage})",
    "check the network and the NAS: ping {host}; ssh {target}",
)
NAS_PROXY_FAILED = Cause(
    "nas_proxy_failed",
    "the way to {host} through {proxy} failed: {reason}",
    "try it by hand: ssh -v {target}",
)
NAS_SSH_FAILED = Cause(
    "nas_ssh_failed",
    "the SSH connection to {host} failed ({stage}): {reason}",
    "try it by hand: ssh -v {target}",
)

# --- files on the NAS ---
NAS_DISK_FULL = Cause(
    "nas_disk_full",
    "no space left on the NAS for {path}: {reason}",
    "free space or raise the quota there: ssh {target} df -h",
    "free space or raise the quota there: echo 'df -h \"{seen}\"' | {sftp}",
)
NAS_OVER_QUOTA = Cause(
    "nas_over_quota",
    "the NAS takes no more from {username} for {path}: {reason}",
    "raise the quota there, or free space that counts in it, the rest goes by itself (DSM: Control Panel, User & Group "
    "or Shared Folder, Edit, Quota); df does not show a quota, but this, where the NAS has it: ssh {target} quota -s",
    "raise the quota there, or free space that counts in it, the rest goes by itself (DSM: Control Panel, User & Group "
    "or Shared Folder, Edit, Quota); where there is none, look at the volume: Storage Manager",
)
NAS_READ_ONLY = Cause(
    "nas_read_only",
    "the NAS volume of {path} is read-only",
    "look at the volume's state in DSM's Storage Manager: ssh {target} mount",
    "look at the volume's state in DSM's Storage Manager",
)
NAS_NO_PERMISSION = Cause(
    "nas_no_permission",
    "{username} may not {action} {path} on the NAS",
    "give the account read and write permission on the folder: ssh {target} ls -ld {folder}",
    "give the account read and write permission on the folder {folder}: echo 'ls -la \"{seen}\"' | {sftp}",
)
NAS_BASE_MISSING = Cause(
    "nas_base_missing",
    "the folder {path} does not exist on the NAS; is its volume mounted?",
    "mount the volume, or create the folder if this NAS is new: ssh {target} mkdir -p {path}",
    "mount the volume, or create the folder if this NAS is new; what the account sees: echo 'ls -la /' | {sftp}",
)
NAS_NAME_TAKEN = Cause(
    "nas_name_taken",
    "{path} exists on the NAS with other content and is not overwritten",
    "compare the two and rename one: ssh {target} ls -l {path}",
)
NAS_COPY_DIFFERS = Cause(
    "nas_copy_differs",
    "what arrived at {path} is not what was sent: {found}, expected {expected}",
    "it is sent again; if this repeats, check the NAS's memory and disks",
)
NAS_COMMAND_FAILED = Cause(
    "nas_command_failed",
    "the NAS could not {action} {path}: {reason}",
    "try it by hand: ssh {target} ls -ld {path}",
    "try it by hand: echo 'ls -la \"{seen}\"' | {sftp}",
)
