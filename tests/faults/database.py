"""The queue's file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from tests.faults.disks import disk, fill
from tests.faults.table import Breaks, fault, no_alarm
from tests.system.site import CONFIG, DAEMON, DATABASE, MEDIA, USER, Site

FOLDER = "/data/temp/dji"
RESTART = f"systemctl restart {DAEMON}"


@contextlib.contextmanager
def another_file(site: Site, makes_it: str) -> Iterator[None]:
    """Put another file in its place, and back in the end."""
    site.edge.shell(f"mkdir {FOLDER}/kept; cp -a {DATABASE}* {FOLDER}/kept/; rm {DATABASE}*; {makes_it}")
    yield
    site.edge.shell(
        f"systemctl stop {DAEMON}; rm -f {DATABASE}*; mv {FOLDER}/kept/* {FOLDER}/; systemctl start {DAEMON}"
    )


def can_not_be_written(path: str, owner: str, mode: str) -> Callable[[Breaks], Breaks]:
    """The fault of a queue that can be read alone, because of one path."""
    return fault(
        probe="database",
        cause="database_read_only",
        says=(
            f"the database {DATABASE} can be read but not written: user {USER} may not write {path} (owner {owner}, "
            f"mode {mode})"
        ),
        remedy=(
            f"SQLite must write the file and its whole folder, as the daemon's user; if {USER} is that user: "
            f"sudo chown {USER} {path} && sudo chmod u+rwX {path}"
        ),
    )


@fault(
    probe="database",
    cause="database_not_a_database",
    says="/data/temp/dji/media_status.db is not an SQLite database",
    remedy=(
        "check database_settings.db_path in unified_config.json, and what the file is: file "
        "/data/temp/dji/media_status.db"
    ),
)
def not_a_database(site: Site) -> Iterator[None]:
    """The file is no database."""
    with another_file(site, f"install -o {USER} -m 644 {CONFIG} {DATABASE}"):
        yield


@fault(
    probe="database",
    cause="database_corrupt",
    says="the database /data/temp/dji/media_status.db is damaged: database disk image is malformed",
    remedy=(
        "stop its writers, keep a copy of it, then recover what can be read: sqlite3 "
        "/data/temp/dji/media_status.db .dump | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 "
        "/data/temp/dji/media_status.db.recovered"
    ),
)
def corrupt_page(site: Site) -> Iterator[None]:
    """A page of the file is damaged."""
    site.put("20250122_101500_x.mp4")
    site.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    site.edge.shell(
        f"cp -a {DATABASE} {DATABASE}.kept; tr '\\0' '\\377' </dev/zero | "
        f"dd of={DATABASE} bs=4096 seek=1 count=3 iflag=fullblock conv=notrunc status=none"
    )
    yield
    site.edge.shell(
        f"systemctl stop {DAEMON}; rm -f {DATABASE} {DATABASE}-*; mv {DATABASE}.kept {DATABASE};"
        f"systemctl start {DAEMON}"
    )


@fault(
    probe="database",
    cause="database_no_column",
    says="table media_transfer_status in /data/temp/dji/media_status.db lacks: last_error_message",
    remedy=(
        'add what is missing, for example: sqlite3 /data/temp/dji/media_status.db "ALTER TABLE '
        'media_transfer_status ADD COLUMN last_error_message TEXT"'
    ),
)
def wrong_schema(site: Site) -> Iterator[None]:
    """A column of the table is missing."""
    site.sql("ALTER TABLE media_transfer_status RENAME COLUMN last_error_message TO error")
    yield
    site.edge.shell(f'sqlite3 {DATABASE} "ALTER TABLE media_transfer_status ADD COLUMN last_error_message TEXT"')


@fault(
    probe="database",
    cause="database_locked",
    says="the database /data/temp/dji/media_status.db stayed locked for 1 s by pid {pid} (python3)",
    remedy="see what that process does: sudo fuser -v /data/temp/dji/media_status.db",
)
def locked(site: Site) -> Iterator[None]:
    """Another program keeps it locked."""
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('locked', flush=True); sys.stdin.read()"
    )
    locker = site.edge.start("python3", "-c", script, DATABASE, user=USER)
    try:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        yield
    finally:
        locker.communicate()  # it ends with its input


@can_not_be_written(DATABASE, "root", "644")
def read_only_file(site: Site) -> Iterator[None]:
    """The file may not be written."""
    site.edge.shell(f"chown root: {DATABASE}; chmod 644 {DATABASE}")
    yield
    site.edge.shell(f"chown {USER}: {DATABASE}")


@can_not_be_written(FOLDER, "root", "755")
def read_only_folder(site: Site) -> Iterator[None]:
    """The file's folder may not be written."""
    site.edge.shell(f"chown root: {FOLDER}; chmod 755 {FOLDER}")
    yield
    site.edge.shell(f"chown {USER}: {FOLDER}")


@can_not_be_written(f"{DATABASE}-shm", "nobody", "644")
def shm_of_another_user(site: Site) -> Iterator[None]:
    """Another user's program left a -shm that is its own."""
    site.edge.shell(f"chown nobody: {DATABASE}-shm; chmod 644 {DATABASE}-shm")
    yield
    site.edge.shell(f"chown {USER}: {DATABASE}-shm")


@fault(
    probe="database",
    cause="database_no_permission",
    says="user media-sync may not open the database /data/temp/dji/media_status.db and the files beside it",
    remedy="they must belong to the daemon's user, as whom the check runs, too: ls -l /data/temp/dji/media_status.db*; "
    "ls -ld /data/temp/dji",
)
def not_readable(site: Site) -> Iterator[None]:
    """The file may not be read."""
    site.edge.shell(f"chown root: {DATABASE}; chmod 600 {DATABASE}")
    yield
    site.edge.shell(f"chown {USER}: {DATABASE}")


@fault(
    probe="database",
    cause="database_disk_full",
    says=(
        "no space left for the database /data/temp/dji/media_status.db: {free} of 8.4 MB free on /data/temp/dji (tmpfs)"
    ),
    remedy="free space there; what fills it: sudo du -xhd2 /data/temp/dji | sort -h | tail",
)
def disk_full(site: Site) -> Iterator[None]:
    """The disk of the queue is full."""
    site.edge.run("systemctl", "stop", DAEMON)
    with disk(site.edge, FOLDER, "size=8m,mode=755"):
        site.edge.run("systemctl", "start", DAEMON)
        filler = fill(site.edge, FOLDER)
        yield
        site.edge.shell(f"rm {filler}")
        site.edge.run("systemctl", "stop", DAEMON)
    site.edge.run("systemctl", "start", DAEMON)


@no_alarm()
def a_million_rows(site: Site) -> Iterator[None]:
    """A million files have gone their way."""
    site.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
        "INSERT INTO media_transfer_status (file_path, file_name, file_size, download_status, transfer_status) "
        f"SELECT '{MEDIA}/' || i || '.mp4', i || '.mp4', 5000000, 'completed', 'completed' FROM n"
    )
    yield
