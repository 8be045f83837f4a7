"""What systemd's properties and the daemon's own state file amount to, as a table."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

import pytest

from celestial_nasops import daemon_state
from celestial_nasops.causes import STATE_CORRUPT
from celestial_nasops.config import Config
from celestial_nasops.daemon_state import DaemonState, ReadOnlyFolder
from celestial_nasops.fault import LocalFault
from healthcheck.probes.daemon_status import (
    Elsewhere,
    Life,
    elsewhere,
    has_just_ended,
    judge_foreign,
    judge_life,
    judge_running,
    read_only_folder,
)
from healthcheck.state_folder import Obstacle

UNIT = "media-sync-daemon.service"
NOW = 1_737_540_900.0
STATE = DaemonState(
    pid=42,
    process_start_ticks=1,
    started_at=NOW - 3600,
    version="0.1.0",
    code_path="/opt/x",
    code_fingerprint="code",
    config_path="/etc/x.json",
    config_fingerprint="config",
    heartbeat_at=NOW - 2,
    heartbeat_boottime=0,
    heartbeat_seconds=10,
    doing="idle; 0 waiting",
)
ALIVE = Life(STATE, runs=True, stopped=False, code_on_disk="code", config_now="config", silent_seconds=2)


def test_a_daemon_that_is_gone_may_be_in_a_restart_for_some_seconds_only() -> None:
    gone = ALIVE._replace(runs=False)
    assert has_just_ended(gone)
    assert has_just_ended(gone._replace(silent_seconds=19.9))
    assert not has_just_ended(gone._replace(silent_seconds=20))
    assert not has_just_ended(gone._replace(silent_seconds=-5))  # of another boot
    assert not has_just_ended(ALIVE)
    assert not has_just_ended(None)


def life(value: Life | LocalFault | None) -> tuple[str, str | None, str]:
    finding = judge_life(value, UNIT, "/etc/x.json", "/var/lib/d")
    return finding.outcome.value, finding.cause, finding.summary


def test_a_living_daemon_is_well() -> None:
    summary = "running (pid 42) with the installed code and the present configuration; idle; 0 waiting"
    assert life(ALIVE) == ("pass", None, summary)


@pytest.mark.parametrize(
    ("value", "outcome", "cause", "summary"),
    [
        (None, "fail", "daemon_dead", "media-sync-daemon does not run: there is no state file in /var/lib/d"),
        (
            LocalFault(STATE_CORRUPT, path="/var/lib/d/daemon_state.json", reason="pid: wrong"),
            "error",
            "state_corrupt",
            "/var/lib/d/daemon_state.json could not be read: pid: wrong",
        ),
        (
            ALIVE._replace(runs=False),
            "fail",
            "daemon_dead",
            "media-sync-daemon does not run: process 42, which wrote /var/lib/d/daemon_state.json, is gone",
        ),
        (
            ALIVE._replace(stopped=True),
            "fail",
            "daemon_hung",
            "the daemon (pid 42) gives no sign of life for 2 s, its process is stopped by a signal",
        ),
        (
            ALIVE._replace(silent_seconds=36),
            "fail",
            "daemon_hung",
            "the daemon (pid 42) gives no sign of life for 36 s, it was doing: idle; 0 waiting",
        ),
        (
            ALIVE._replace(silent_seconds=36, obstacle=Obstacle("[Errno 30] Read-only file system", "-")),
            "warn",
            "daemon_cannot_write_state",
            "the daemon (pid 42) runs, and can't write its state in /var/lib/d: [Errno 30] Read-only file system",
        ),
        (
            ALIVE._replace(code_on_disk="newer"),
            "warn",
            "daemon_stale_code",
            "the daemon (pid 42) still runs the code from before the upgrade",
        ),
        (
            ALIVE._replace(config_now="edited"),
            "warn",
            "daemon_stale_config",
            "the daemon (pid 42) does not use the present configuration /etc/x.json",
        ),
    ],
)
def test_daemons_that_are_not_well(
    value: Life | LocalFault | None, outcome: str, cause: str | None, summary: str
) -> None:
    assert life(value) == (outcome, cause, summary)


# --- its places ---

MEDIA = Elsewhere("local_settings.media_path", "/media/old", "/media/new")
DATABASE = Elsewhere("database_settings.db_path", "/old.db", "/new.db")


@pytest.mark.parametrize(
    ("other_config", "places", "outcome", "cause", "summary"),
    [
        (
            False,
            (MEDIA,),
            "fail",
            "daemon_wrong_media",
            "the daemon (pid 42) takes its files from the folder /media/old, and /etc/x.json says /media/new by now",
        ),
        (
            False,
            (DATABASE, MEDIA),
            "fail",
            "daemon_wrong_database",
            "the daemon (pid 42) takes its files from the database /old.db, and /etc/x.json says /new.db by now",
        ),
        (
            True,
            (DATABASE, MEDIA),
            "fail",
            "daemon_other_config",
            "the daemon (pid 42) was started with /etc/other.json, this check with /etc/x.json, and they differ: "
            "database_settings.db_path is /old.db there and /new.db here, "
            "local_settings.media_path is /media/old there and /media/new here",
        ),
        (
            True,
            (),
            "warn",
            "daemon_other_config",
            "the daemon (pid 42) was started with /etc/other.json, this check with /etc/x.json, and they differ: "
            "not in the media folder or the database",
        ),
    ],
)
def test_a_daemon_that_works_elsewhere(
    other_config: bool, places: tuple[Elsewhere, ...], outcome: str, cause: str, summary: str
) -> None:
    state = dataclasses.replace(STATE, config_path="/etc/other.json")
    away = ALIVE._replace(
        state=state, config_now="edited", other_config=other_config, elsewhere=places, code_on_disk="newer"
    )
    if not places:
        away = away._replace(code_on_disk="code")
    assert life(away) == (outcome, cause, summary)


def test_another_file_that_says_the_same_is_no_other_configuration() -> None:
    assert life(ALIVE._replace(other_config=True))[0] == "pass"


def test_places_are_one_wherever_links_lead_and_older_daemons_do_not_tell_theirs(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    config = Config.model_validate(
        {
            "local_settings": {"media_path": f"{tmp_path}/link"},
            "database_settings": {"db_path": f"{tmp_path}/link/q.db"},
        }
    )
    told = dataclasses.replace(STATE, media_path=f"{tmp_path}/real/", db_path=f"{tmp_path}/real/q.db")
    assert elsewhere(told, config) == ()
    assert elsewhere(STATE, config) == ()
    told = dataclasses.replace(told, media_path=f"{tmp_path}/\0", db_path="/other.db")
    assert [place.setting for place in elsewhere(told, config)] == [
        "database_settings.db_path",
        "local_settings.media_path",
    ]


def test_a_late_heartbeat_is_no_alarm_and_unreadable_code_neither() -> None:
    late = ALIVE._replace(silent_seconds=34, code_on_disk=None)
    assert life(late)[0] == "pass"


def test_another_daemon_is_judged_by_its_age_only() -> None:
    assert judge_foreign(42, NOW - 10, NOW - 20, UNIT, "/c").outcome.value == "pass"
    stale = judge_foreign(42, NOW - 20, NOW - 10, UNIT, "/c")
    assert (stale.outcome.value, stale.cause) == ("warn", "daemon_stale_config")
    assert judge_foreign(42, None, NOW, UNIT, "/c").outcome.value == "pass"
    # systemctl told the start without its fraction of a second.
    assert judge_foreign(42, NOW, NOW + 0.9, UNIT, "/c").outcome.value == "pass"
    assert judge_foreign(42, NOW, NOW + 1, UNIT, "/c").outcome.value == "warn"


# --- [Errno 30] ---

REPLACED = ReadOnlyFolder("/data", "database_settings.db_path", "folder_replaced", UNIT, "/")


def test_a_daemon_tells_of_read_only_folders_in_its_state_file() -> None:
    state = dataclasses.replace(ALIVE.state, read_only=(REPLACED,))
    found = read_only_folder(state, "idle", "/var/lib/d", UNIT)
    assert found is not None
    finding = judge_life(ALIVE._replace(state=state, read_only=found), UNIT, "/c", "/var/lib/d")
    assert (finding.outcome, finding.cause, finding.summary, finding.remedy) == (
        "fail",
        "folder_replaced",
        f"/data is read-only for {UNIT} (database_settings.db_path): [Errno 30] Read-only file system; the folder was "
        "replaced while the unit runs, and its sandbox allows only the old one",
        f"sudo systemctl restart {UNIT}",
    )


def test_where_it_can_not_write_that_file_it_tells_systemd() -> None:
    line = "idle; 0 waiting; [folder_sandboxed] /var/lib/d is read-only for ..."
    found = read_only_folder(ALIVE.state, line, "/var/lib/d", UNIT)
    assert found is not None
    hung = ALIVE._replace(silent_seconds=600, read_only=found)
    assert judge_life(hung, UNIT, "/c", "/var/lib/d").cause == "folder_sandboxed"
    stopped = hung._replace(stopped=True)
    assert judge_life(stopped, UNIT, "/c", "/var/lib/d").cause == "daemon_hung"


def test_a_folder_that_only_the_check_can_not_write_is_not_the_daemons() -> None:
    other = "idle; 0 waiting; [folder_sandboxed] /var/lib/d-other is read-only for ..."
    assert read_only_folder(ALIVE.state, other, "/var/lib/d", UNIT) is None


def test_a_paused_daemon_is_a_failure_that_names_who_when_and_how_to_go_on() -> None:
    at = time.time()
    state = dataclasses.replace(STATE, paused_by="anna", paused_at=at, paused_reason="the link is needed")
    finding = judge_life(ALIVE._replace(state=state), UNIT, "/c.json", "/state")
    since = time.strftime("%H:%M", time.localtime(at))
    assert (finding.outcome.value, finding.cause) == ("fail", "daemon_paused")
    assert finding.summary == (
        f"the daemon is paused since {since} by anna (the link is needed): nothing is carried or deleted"
    )
    assert finding.remedy == "let it go on: sudo media-sync-daemon resume"


def test_a_daemon_whose_deletions_are_stopped_is_a_warning() -> None:
    state = dataclasses.replace(STATE, deletions_stopped="[media_marker_missing] /m is not the folder that it was")
    finding = judge_life(ALIVE._replace(state=state), UNIT, "/c.json", "/state")
    assert (finding.outcome.value, finding.cause) == ("warn", "deletions_stopped")
    assert finding.summary == (
        f"the daemon (pid {state.pid}) carries files and deletes none, until a person has looked: "
        "[media_marker_missing] /m is not the folder that it was"
    )


def test_a_daemon_that_can_not_save_its_deletions_is_a_warning_with_what_mends_it() -> None:
    said = (
        "2 scheduled deletion(s) can't be saved: [Errno 28] No space left on device; nothing is deleted until they are"
    )
    state = dataclasses.replace(STATE, deletions_unsaved=f"[pending_deletes_unsaved] {said}")
    finding = judge_life(ALIVE._replace(state=state), UNIT, "/c.json", "/state")
    assert (finding.outcome.value, finding.cause, finding.summary) == ("warn", "pending_deletes_unsaved", said)
    assert finding.remedy == (
        "make the folder writable for the daemon: free space there; what fills it: sudo du -xhd2 / | sort -h | tail; "
        "where no inode is free: sudo du -xd2 --inodes / | sort -n | tail"
    )


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"heartbeat_boottime": float("-inf")}, "heartbeat_boottime: Input should be a finite number"),
        ({"heartbeat_seconds": float("nan")}, "heartbeat_seconds: Input should be a finite number"),
        ({"started_at": 1e300}, "started_at: Input should be less than or equal to 100000000000"),
    ],
)
def test_a_state_that_can_t_be_reckoned_with_is_corrupt(tmp_path: Path, change: dict[str, float], reason: str) -> None:
    path = tmp_path / daemon_state.FILE_NAME
    path.write_text(json.dumps(dataclasses.asdict(STATE) | change))
    with pytest.raises(LocalFault) as caught:
        daemon_state.read(str(tmp_path))
    assert (caught.value.code, caught.value.summary) == ("state_corrupt", f"{path} could not be read: {reason}")


def test_what_the_daemon_says_can_t_reach_the_terminal_s_controls() -> None:
    said = ALIVE._replace(state=dataclasses.replace(STATE, doing="\x1b[2Jall good"))
    finding = judge_life(said, UNIT, "c", "f")
    assert finding.summary.endswith("; \\x1b[2Jall good")


def test_numbers_that_are_none_are_no_crash_of_the_check() -> None:
    finding = judge_running({"MainPID": "many"}, None, UNIT, "/etc/c.json", "/state", NOW)
    assert finding.summary == "running (pid 0); it keeps no state file, so more is not known"
