"""The models of ``unified_config.json``, one file for all programs of an edge server; ``config_file`` fills them.

Every key has a default, so a file states only what differs. A description ends in its key's unit, where it has one.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

_ABSOLUTE_PATH = r"^/[^\x00]*$"
_OPTIONAL_PATH = r"^(|[/~][^\x00]*)$"
_NAME = r"^[^\s\x00-][^\s\x00]*$"  # no leading "-": ssh would take it for an option
_OPTIONAL_NAME = r"^(|[^\s\x00-][^\s\x00]*)$"
_TEMPORARY_PREFIX = r"^\.[A-Za-z0-9._-]{1,31}$"
_TEST_PREFIX = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"
_EXTENSION = r"^\.?[A-Za-z0-9]{1,10}$"
_BEGINNING = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"
_ENDING = r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
_UNIT = r"^[A-Za-z0-9:_.@\\-]+\.service$"
_ARGUMENT = r"^[^\x00]+$"

PATTERNS_IN_WORDS = {
    _ABSOLUTE_PATH: "an absolute path",
    _OPTIONAL_PATH: "an absolute path, one that starts with ~, or empty",
    _NAME: "a name without spaces that does not start with '-'",
    _OPTIONAL_NAME: "a name without spaces that does not start with '-', or empty",
    _TEMPORARY_PREFIX: "a dot and up to 31 letters, digits, '.', '_' or '-'",
    _TEST_PREFIX: "up to 40 letters, digits, '_' or '-', a letter first",
    _EXTENSION: "up to 10 letters or digits, such as .bin",
    _BEGINNING: "a time of day such as 07:00",
    _ENDING: "a time of day such as 22:00, or 24:00",
    _UNIT: "a unit's name that ends in .service",
    _ARGUMENT: "a text that is not empty",
}

_AbsolutePath = Annotated[str, Field(pattern=_ABSOLUTE_PATH)]
_OptionalPath = Annotated[str, Field(pattern=_OPTIONAL_PATH)]
_Word = Annotated[str, Field(pattern=_ARGUMENT)]
# A longer time is a slip of the hand, and more than the system can wait (poll(2) counts milliseconds in an int).
_LONGEST = 1_000_000
_Positive = Annotated[float, Field(gt=0, le=_LONGEST, allow_inf_nan=False)]
_NotNegative = Annotated[float, Field(ge=0, le=_LONGEST, allow_inf_nan=False)]


class Section(BaseModel):
    """One section of the file. Types are strict: the text "10" is no number here."""

    # Built when first used: as a part of the whole each section is built once, and not a second time for itself.
    # Defaults are validated so that they get the type of a value from a file: 10 and 10.0 have one fingerprint.
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", validate_default=True, defer_build=True)


class NasSettings(Section):
    """Where the NAS is, and where on it the media go."""

    host: str = Field(
        "192.168.200.103", pattern=_NAME, description="NAS address or name, used where ssh_alias is empty"
    )
    port: int = Field(22, ge=1, le=65535, description="SSH port, used where ssh_alias is empty")
    username: str = Field("edge_sync", pattern=_NAME, description="NAS account, used where ssh_alias is empty")
    ssh_alias: str = Field(
        "nas-edge",
        pattern=_OPTIONAL_NAME,
        description="Host entry of the ssh configuration, resolved as ssh itself does it",
    )
    ssh_config_path: _OptionalPath = Field("", description="ssh configuration file; empty: the ones that ssh reads")
    known_hosts_path: _OptionalPath = Field("", description="file of pinned host keys; empty: the ones that ssh reads")
    access: Literal["auto", "shell", "sftp"] = Field(
        "auto", description="how files there are handled; auto: by a shell where the account gets one, else by SFTP"
    )
    base_path: _AbsolutePath = Field(
        "/volume1/homes/edge_sync/drone_media", description="folder on the NAS, as a shell there sees it; must exist"
    )
    backup_path: str = Field(
        "EdgeBackup", description="folder below base_path, relative and without '..'; may be empty"
    )
    reserve_bytes: int = Field(
        64 << 20, ge=0, description="space that uploads leave free on the NAS; what would take it waits (bytes)"
    )

    @field_validator("backup_path")
    @classmethod
    def _stays_below_base(cls, value: str) -> str:
        if value.startswith("/") or ".." in value.split("/") or "\0" in value:
            raise ValueError("a relative folder without '..'")
        return value


class LocalSettings(Section):
    """Folders of the edge server."""

    media_path: _AbsolutePath = Field("/data/temp/dji/media/", description="where the dock's files land")
    temp_path: _AbsolutePath = Field("/data/temp/dji/temp/", description="belongs to other programs; not read here")
    log_path: _AbsolutePath = Field(
        "/data/temp/dji/logs/", description="belongs to other programs; these two log to the journal"
    )


class BandwidthLimit(Section):
    """One line of the timetable: so much at most from then to then. Past midnight is fine."""

    model_config = ConfigDict(extra="forbid")

    begins: str = Field(pattern=_BEGINNING, description="this server's time of day at which it begins")
    ends: str = Field(pattern=_ENDING, description="this server's time of day at which it ends")
    megabytes_per_second: _Positive = Field(description="1,000,000 bytes a second, for all transfers together")

    @property
    def minutes(self) -> tuple[int, int]:
        """When it begins and ends, in minutes since midnight."""
        begins, ends = (int(moment[:2]) * 60 + int(moment[3:]) for moment in (self.begins, self.ends))
        return begins, ends

    def covers(self) -> set[int]:
        """The minutes of the day in which it holds."""
        begins, ends = self.minutes
        return set(range(begins, ends)) if begins < ends else {*range(begins, 24 * 60), *range(ends)}


class SyncSettings(Section):
    """How media-sync-daemon carries and deletes."""

    interval_minutes: float = Field(
        10,
        gt=0,
        le=7 * 24 * 60,
        allow_inf_nan=False,
        description="longest time between two looks at the queue (minutes)",
    )
    max_retry_attempts: int = Field(
        3,
        ge=0,
        le=1000,
        description="further tries after a failure of a file's own; a NAS that is away or whose disk fails costs none",
    )
    retry_delay_seconds: _NotNegative = Field(5, description="first pause between tries, doubled each time (seconds)")
    enable_checksum: bool = Field(True, description="always on: every copy is verified by SHA-256")
    delete_after_sync: bool = Field(True, description="delete the local file after its verified copy's delay")
    safe_delete_delay_minutes: _NotNegative = Field(30, description="time from completed to deletion (minutes)")
    sync_timeout_seconds: _Positive = Field(
        300, description="a transfer that moves nothing for this long is given up (seconds)"
    )
    enable_atomic_transfer: bool = Field(True, description="always on: a copy appears complete or not at all")
    temp_file_prefix: str = Field(
        ".tmp_", pattern=_TEMPORARY_PREFIX, description="how the name of an unfinished upload begins"
    )
    verify_remote_before_delete: bool = Field(True, description="always on: no deletion without a fresh verification")
    required_verification_level: Literal["hash", "read_back", "size"] = Field(
        "read_back",
        description="what must at least prove a copy before its local file is deleted: hash, a SHA-256 that the NAS "
        "computes; read_back, or one over its bytes as they are read back, the most that a NAS without a shell can "
        "give; size, or the number of bytes alone, which proves no content",
    )
    wrong_file_hash: Literal["refuse_own", "refuse", "note"] = Field(
        "refuse_own",
        description="what becomes of a file whose row has a file_hash that is not its SHA-256: refuse_own refuses rows "
        "of our own programs, and notes it for others, whose hashes may be of another kind; refuse refuses all; note "
        "none",
    )
    unusual_deletions: int = Field(
        2000,
        ge=1,
        description="so many deletions in 24 hours are never held up; more are, until a person resumes them, if they "
        "are more than five times those of the busiest of the last 30 days",
    )
    bandwidth_limits: list[BandwidthLimit] = Field(
        [],
        description='timetable for what all transfers may use together, such as {"begins": "07:00", "ends": "22:00", '
        '"megabytes_per_second": 5}; past midnight is fine, an overlap is not; at other times there is no limit; '
        "reread on SIGHUP",
    )

    @field_validator("bandwidth_limits")
    @classmethod
    def _do_not_overlap(cls, value: list[BandwidthLimit]) -> list[BandwidthLimit]:
        minutes = [minute for limit in value for minute in limit.covers()]
        if len(set(minutes)) != len(minutes):
            raise ValueError("times that do not overlap")
        return value


class FileOrganization(Section):
    """Folders by date on the NAS."""

    enable_date_structure: bool = Field(True, description="put files in folders by date")
    date_format: str = Field(
        "YYYY/MM/DD", description="made of YYYY, MM, DD or %Y, %m, %d, with /, -, _ or nothing between"
    )

    @field_validator("date_format")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if not re.fullmatch(r"(?:(?:YYYY|MM|DD|%Y|%m|%d)[/_-]?)+(?<![/])", value):
            raise ValueError("made of YYYY, MM, DD (or %Y, %m, %d), for example YYYY/MM/DD")
        return value

    @property
    def strftime_format(self) -> str:
        """``date_format`` in the form that ``strftime`` takes."""
        return self.date_format.replace("YYYY", "%Y").replace("MM", "%m").replace("DD", "%d")


class Security(Section):
    """SSH limits and keys."""

    ssh_key_path: _OptionalPath = Field("", description="private key; empty: the ones that ssh would use")
    connection_timeout_seconds: _Positive = Field(30, description="longest wait for one step of a connection (seconds)")
    max_concurrent_transfers: int = Field(3, ge=1, le=64, description="files carried at the same time")


class DatabaseSettings(Section):
    """The queue."""

    db_path: _AbsolutePath = Field(
        "/data/temp/dji/media_status.db", description="the SQLite file of the queue, shared with other writers"
    )
    connection_timeout: _Positive = Field(30, description="longest wait of the daemon for a lock (seconds)")


class Testing(Section):
    """The marked file, and how long a run may follow it."""

    smoke_test_prefix: str = Field(
        "smoketest",
        pattern=_TEST_PREFIX,
        description="how the name of a test file begins; no eight digits in a row, for that is a date",
    )
    test_file_extension: str = Field(".bin", pattern=_EXTENSION, description="how it ends")
    test_file_size_bytes: int = Field(1024, ge=256, le=1 << 40, description="size of a test file (bytes)")
    max_wait_minutes: float = Field(
        15, gt=0, le=24 * 60, allow_inf_nan=False, description="a run ends within this time (minutes)"
    )
    poll_interval_seconds: _Positive = Field(
        30, description="longest time between two looks of a waiting run (seconds)"
    )

    @field_validator("smoke_test_prefix")
    @classmethod
    def _holds_no_date(cls, value: str) -> str:
        if re.search(r"\d{8}", value):
            raise ValueError("a prefix without eight digits in a row, which would be read as a date")
        return value


class DaemonSettings(Section):
    """How media-sync-daemon is run and where it keeps its state."""

    supervisor: Literal["systemd", "systemd-user", "none"] = Field(
        "systemd",
        description="who runs the daemon: systemd, systemd-user (systemctl --user), or none: its state file is asked",
    )
    unit: str = Field("media-sync-daemon.service", pattern=_UNIT, description="the daemon's unit")
    state_path: _AbsolutePath = Field(
        "/var/lib/media-sync-daemon", description="folder of pending_deletes.json, the state file and the lock"
    )
    heartbeat_seconds: _Positive = Field(10, description="time between two signs of life in the state file (seconds)")


class CheckSettings(Section):
    """What smoke-check allows and warns about."""

    daemon_status_timeout_seconds: _Positive = Field(
        5, description="deadline of the probe daemon_status; a restart that systemd tells of has 20 more (seconds)"
    )
    ping_timeout_seconds: _Positive = Field(5, description="deadline of the probe ping (seconds)")
    database_timeout_seconds: _Positive = Field(1, description="longest wait for the queue's lock (seconds)")
    file_insert_timeout_seconds: _Positive = Field(30, description="deadline of the probe file_insert (seconds)")
    backlog_warn_minutes: _Positive = Field(
        120, description="a ready file waiting longer than this is a warning (minutes)"
    )
    failed_warn_hours: _Positive = Field(24, description="a file that failed this recently is a warning (hours)")
    delete_grace_minutes: _NotNegative = Field(15, description="how late a due deletion may be (minutes)")
    negative_proof: Literal["auto", "on", "off"] = Field(
        "auto",
        description="send a second marked file whose recorded hash is wrong on purpose, and see that it is neither "
        "published nor deleted: auto, where the daemon is ours and works with the present configuration; on, for any "
        "daemon; off. Never where sync_settings.wrong_file_hash is note, for then it is right to take it",
    )
    language: Literal["auto", "en", "zh"] = Field(
        "auto",
        description="of all that the check, the daemon's commands and install.sh say: English, Simplified Chinese, or "
        "the locale's",
    )
    stale_after_minutes: _Positive = Field(60, description="a verdict older than this is stale (minutes)")
    interval_minutes: float = Field(
        15,
        gt=0,
        le=7 * 24 * 60,
        allow_inf_nan=False,
        description="time from the end of a run to the next, put into the timer (minutes)",
    )
    first_run_minutes: float = Field(
        3,
        gt=0,
        le=24 * 60,
        allow_inf_nan=False,
        description="time from boot to the first run, put into the timer (minutes)",
    )
    random_delay_seconds: float = Field(
        60,
        ge=0,
        le=24 * 3600,
        allow_inf_nan=False,
        description="longest random delay of a run, which keeps a fleet apart (seconds)",
    )
    alert_command: list[_Word] = Field(
        [], description="program and arguments for alerts, run without a shell; empty: one line in the journal"
    )

    @property
    def longest_interval_minutes(self) -> float:
        """From the end of a run to the start of the next one, the random delay included."""
        return self.interval_minutes + self.random_delay_seconds / 60


class Config(Section):
    """The whole configuration."""

    nas_settings: NasSettings = Field(default_factory=NasSettings)
    local_settings: LocalSettings = Field(default_factory=LocalSettings)
    sync_settings: SyncSettings = Field(default_factory=SyncSettings)
    file_organization: FileOrganization = Field(default_factory=FileOrganization)
    security: Security = Field(default_factory=Security)
    database_settings: DatabaseSettings = Field(default_factory=DatabaseSettings)
    testing: Testing = Field(default_factory=Testing)
    daemon_settings: DaemonSettings = Field(default_factory=DaemonSettings)
    check_settings: CheckSettings = Field(default_factory=CheckSettings)

    def fingerprint(self) -> str:
        """SHA-256 over the values that the daemon uses, so that it can be told whether it uses the present ones.

        Comments, the order of keys and what concerns the check alone don't change it.
        """
        values = self.model_dump(exclude={"testing", "check_settings"})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
