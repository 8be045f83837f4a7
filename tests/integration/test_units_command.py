"""``smoke-check units``: real templates, the real command, and systemd's own opinion of what comes out."""

from __future__ import annotations

import getpass
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from celestial_nasops import process
from celestial_nasops.config import Config
from celestial_nasops.config_file import Loaded
from healthcheck import events, pipeline
from healthcheck.catalogue import BY_CODE, journal, journal_zh
from healthcheck.units import render
from tests.mounts import cannot

ROOT = Path(__file__).parent.parent.parent
TEMPLATES = ROOT / "systemd"
ALL_UNITS = [
    "smoke-check.service",
    "smoke-check.timer",
    "smoke-check-alert@.service",
    "smoke-check-watch.service",
    "smoke-check-watch.timer",
    "media-sync-daemon.service",
]
CATALOGUES = ["celestial-nasops.catalog", "celestial-nasops.zh.catalog"]


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A prefix whose programs exist, as verify demands."""
    folder = tmp_path / "opt" / "celestial-nasops"
    (folder / "venv" / "bin").mkdir(parents=True)
    for name in ("smoke-check", "media-sync-daemon"):
        (folder / "venv" / "bin" / name).write_text("#!/bin/sh\n")
        (folder / "venv" / "bin" / name).chmod(0o755)
    return folder


def configuration(folder: Path, sections: dict[str, dict[str, Any]]) -> Path:
    path = folder / "unified_config.json"
    tree: dict[str, dict[str, Any]] = {"nas_settings": {"ssh_alias": "", "host": "192.168.200.103"}}
    path.write_text(json.dumps({**tree, **sections}))
    return path


def units(prefix: Path, into: Path, config: Path, *options: str, user: str = "") -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "healthcheck", "units", "--templates", str(TEMPLATES), "--prefix", str(prefix)]
    argv += ["--user", user or getpass.getuser(), "--config", str(config), "--into", str(into), *options]
    return subprocess.run(argv, capture_output=True, text=True, timeout=30, stdin=subprocess.DEVNULL, check=False)


def made(prefix: Path, into: Path, config: Path, *options: str) -> dict[str, str]:
    """The units that were made, without their comments."""
    done = units(prefix, into, config, *options)
    assert (done.returncode, done.stderr) == (0, "")
    names = done.stdout.splitlines()
    assert sorted(names) == sorted(os.listdir(into))
    text = {name: (into / name).read_text() for name in names}
    assert not [name for name, content in text.items() if name not in CATALOGUES and re.search(r"@[A-Z_]+@", content)]
    return {name: re.sub(r"^#.*\n", "", content, flags=re.MULTILINE) for name, content in text.items()}


def setting(unit: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit, re.MULTILINE)


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "units"
    folder.mkdir()
    return folder


def test_every_unit_of_the_shipped_configuration(prefix: Path, into: Path, tmp_path: Path) -> None:
    config = configuration(tmp_path, {})
    all_units = made(prefix, into, config)
    assert list(all_units) == [*ALL_UNITS, *CATALOGUES]
    for name in CATALOGUES:
        assert (into / name).read_text() == (TEMPLATES / name).read_text()
    check = all_units["smoke-check.service"]
    assert setting(check, "ExecStart") == [f"{prefix}/venv/bin/smoke-check run --config {config}"]
    assert setting(check, "OnFailure") == ["smoke-check-alert@%N.service"]
    assert setting(check, "TimeoutStartSec") == ["960s"]
    assert setting(check, "IPAddressAllow") == ["localhost 192.168.200.103"]
    timer = dict(re.findall(r"^(\w+)=(.*)$", all_units["smoke-check.timer"], re.MULTILINE))
    assert (timer["OnBootSec"], timer["OnUnitInactiveSec"]) == ("180s", "900s")
    assert (timer["RandomizedDelaySec"], timer["AccuracySec"]) == ("60s", "1s")
    daemon = all_units["media-sync-daemon.service"]
    assert setting(daemon, "StateDirectory") == ["media-sync-daemon"]
    assert setting(daemon, "WatchdogSec") == ["120s"]
    assert setting(daemon, "RestartPreventExitStatus") == ["78 64"]
    assert setting(daemon, "WantedBy") == ["multi-user.target"]


def test_the_agent_alone_comes_without_the_daemon_s_unit(prefix: Path, into: Path, tmp_path: Path) -> None:
    config = configuration(tmp_path, {"daemon_settings": {"unit": "other-daemon.service"}})
    agent = made(prefix, into, config, "--agent-only")
    assert list(agent) == [*ALL_UNITS[:-1], *CATALOGUES]
    assert setting(agent["smoke-check.service"], "After") == ["network.target"]


def test_the_daemon_s_unit_has_the_configured_name(prefix: Path, into: Path, tmp_path: Path) -> None:
    config = configuration(tmp_path, {"daemon_settings": {"unit": "carrier@1.service", "state_path": "/srv/state"}})
    daemon = made(prefix, into, config)["carrier@1.service"]
    assert setting(daemon, "StateDirectory") == []
    assert setting(daemon, "ReadWritePaths") == ["-/data/temp/dji -/srv/state"]


def test_units_of_one_user_ask_for_nothing_that_takes_privileges(
    prefix: Path, into: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = made(prefix, into, configuration(tmp_path, {}), "--user-units")
    assert list(mine) == ALL_UNITS
    for name, content in mine.items():
        assert not re.search(
            r"^(User|Supplementary|Protect|Private|Capability|Bind|IPAddress|ReadWrite)", content, re.MULTILINE
        )
        assert ("WantedBy=default.target" in content) is (name == "media-sync-daemon.service")
    monkeypatch.setenv("HOME", "/")  # not what systemd takes for the home
    home = pwd.getpwuid(os.getuid()).pw_dir
    done = units(Path(f"{home}/.local/100%"), into, configuration(tmp_path, {}), "--user-units")
    assert done.returncode == 0
    [start] = setting((into / "smoke-check.service").read_text(), "ExecStart")
    assert start.startswith("%h/.local/100%%/venv/bin/smoke-check run ")


def test_odd_folders_are_quoted(prefix: Path, into: Path, tmp_path: Path) -> None:
    media, queue = '/data/媒体 100%/"dji"\\x', "/srv/$HOME:a;b/q.db"
    config = configuration(tmp_path, {"local_settings": {"media_path": media}, "database_settings": {"db_path": queue}})
    check = made(prefix, into, config)["smoke-check.service"]
    assert setting(check, "ReadWritePaths") == ['"-/data/媒体 100%%/\\"dji\\"\\\\x" "-/srv/$HOME:a;b"']


# --- what systemd thinks of them ---


@pytest.mark.parametrize("options", [(), ("--agent-only",), ("--user-units",)])
def test_systemd_analyze_verify_is_silent(prefix: Path, into: Path, tmp_path: Path, options: tuple[str, ...]) -> None:
    media = {"media_path": '/data/媒体 100%/"dji"\\x'}
    names = made(prefix, into, configuration(tmp_path, {"local_settings": media}), *options)
    mode = ["--user"] if "--user-units" in options else ["--system"]
    argv = ["env", f"XDG_RUNTIME_DIR={tmp_path}", "systemd-analyze", "verify", *mode]
    argv += [str(into / name) for name in names if name not in CATALOGUES]
    done = process.run(argv, timeout_seconds=60, understood_exit_codes=range(256))
    ours = [
        line for line in done.stderr.splitlines() if str(into) in line or "smoke-check" in line or "media-sync" in line
    ]
    assert (done.exit_code, ours) == (0, [])


@pytest.mark.parametrize(
    ("name", "most"),
    [("smoke-check.service", 1.3), ("media-sync-daemon.service", 1.0), ("smoke-check-watch.service", 0.3)],
)
def test_exposure_stays_as_low_as_promised(into: Path, tmp_path: Path, name: str, most: float) -> None:
    assert units(Path("/opt/celestial-nasops"), into, configuration(tmp_path, {}), user="daemon").returncode == 0
    argv = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(into / name)]
    said = process.run(argv, timeout_seconds=60).stdout
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", said)
    assert found is not None, said
    assert float(found[1]) <= most


def test_every_relaxation_says_what_needs_it() -> None:
    """A setting of the sandbox that lets something through has a comment in the lines above it."""
    relaxed = re.compile(
        r"^(SupplementaryGroups|RestrictAddressFamilies|ProtectProc=default|ProcSubset=all|SystemCallFilter=[^~@]|UMask=00[01-6])"
    )
    for name in ("smoke-check.service", "media-sync-daemon.service", "smoke-check-watch.service"):
        lines = (TEMPLATES / name).read_text().splitlines()
        for number, line in enumerate(lines):
            if relaxed.match(line):
                above = [other for other in lines[:number][-3:] if other.startswith("#")]
                assert above, f"{name}: {line}"


# --- deadlines ---


positive = st.floats(min_value=0.001, max_value=24 * 60, allow_nan=False)


@given(wait=positive, lock=positive, interval=positive, boot=positive)
@settings(max_examples=200)
def test_systemd_always_allows_more_time_than_a_run_may_take(
    wait: float, lock: float, interval: float, boot: float
) -> None:
    config = Config.model_validate(
        {
            "nas_settings": {"ssh_alias": "", "host": "10.0.0.1"},
            "testing": {"max_wait_minutes": wait},
            "database_settings": {"connection_timeout": lock},
            "check_settings": {"interval_minutes": interval, "first_run_minutes": boot},
        }
    )
    site = render.survey(Loaded(config, "/etc/c.json"), getpass.getuser(), "/opt/x")
    check = render.rendered((TEMPLATES / "smoke-check.service").read_text(), site)
    assert seconds(setting(check, "TimeoutStartSec")[0]) >= pipeline.longest_run_seconds(config) + 30
    daemon = render.rendered((TEMPLATES / "media-sync-daemon.service").read_text(), site)
    assert seconds(setting(daemon, "WatchdogSec")[0]) > lock + 30
    assert seconds(setting(daemon, "TimeoutStartSec")[0]) > lock + 30
    assert seconds(setting(daemon, "TimeoutStopSec")[0]) > 10
    timer = render.rendered((TEMPLATES / "smoke-check.timer").read_text(), site)
    assert seconds(setting(timer, "OnUnitInactiveSec")[0]) == pytest.approx(interval * 60, abs=0.001)
    watch = render.rendered((TEMPLATES / "smoke-check-watch.timer").read_text(), site)
    assert seconds(setting(watch, "OnActiveSec")[0]) > seconds(setting(timer, "OnBootSec")[0])


def seconds(span: str) -> float:
    number = re.fullmatch(r"(\d+)(m?s)", span)
    assert number is not None, span
    return int(number[1]) / (1000 if number[2] == "ms" else 1)


# --- what can go wrong ---


def test_a_bad_configuration_exits_with_78_and_makes_nothing(prefix: Path, into: Path, tmp_path: Path) -> None:
    done = units(prefix, into, configuration(tmp_path, {"testing": {"max_wait_minutes": 0}}))
    assert done.returncode == 78
    assert "testing.max_wait_minutes: found 0, should be more than 0" in done.stderr
    assert os.listdir(into) == []


def test_a_folder_that_no_unit_can_name_exits_with_78(prefix: Path, into: Path, tmp_path: Path) -> None:
    done = units(prefix, into, configuration(tmp_path, {"local_settings": {"media_path": "/data/a\nb"}}))
    assert done.returncode == 78
    assert "'/data/a\\nb' can't be written in a systemd unit" in done.stderr
    assert os.listdir(into) == []


def test_an_unknown_user_is_named(prefix: Path, into: Path, tmp_path: Path) -> None:
    done = units(prefix, into, configuration(tmp_path, {}), user="no-such-user")
    assert (done.returncode, done.stderr) == (
        1,
        "smoke-check: there is no user 'no-such-user' on this machine [user_unknown]\n"
        "  -> name the account that runs the daemon: --user NAME; those that exist: getent passwd\n",
    )


def test_missing_templates_and_folders_are_named(prefix: Path, into: Path, tmp_path: Path) -> None:
    config = configuration(tmp_path, {})
    done = units(prefix, into, config, "--templates", str(tmp_path / "gone"))
    assert done.returncode == 1
    path = tmp_path / "gone" / "smoke-check.service"
    assert f"the units can't be made from {path}: No such file or directory" in done.stderr
    done = units(prefix, tmp_path / "nowhere", config)
    assert done.returncode == 1
    assert f"{tmp_path}/nowhere/smoke-check.service can't be written: No such file or directory" in done.stderr


@pytest.mark.parametrize("written", [False, True])
def test_the_alias_is_resolved_with_the_eyes_of_the_service_user(
    prefix: Path, into: Path, tmp_path: Path, written: bool
) -> None:
    """The account's own ~/.ssh/config counts; here an account that has one, in a home of its own."""
    if os.geteuid() != 0:
        cannot("only root may look with another user's eyes")
    assert shutil.which("runuser")
    ssh_config = tmp_path / "ssh_config"
    ssh_config.write_text("Host nas-edge\n  HostName 10.9.8.7\n")
    for folder in (tmp_path, *tmp_path.parents[:3]):
        folder.chmod(0o755)
    nas = {"ssh_alias": "nas-edge", "ssh_config_path": str(ssh_config) if written else ""}
    done = units(prefix, into, configuration(tmp_path, {"nas_settings": nas}), user="nobody")
    assert (done.returncode, done.stderr) == (0, "")
    check = (into / "smoke-check.service").read_text()
    assert ("\nIPAddressAllow=localhost 10.9.8.7\n" in check) is written
    assert ("# No IPAddressDeny=: the NAS's name nas-edge has no address now" in check) is not written


# --- the message catalogue ---


@pytest.mark.parametrize(("tag", "name"), journal.NAMES.items())
def test_the_catalogues_are_made_from_events_and_causes(tag: str, name: str) -> None:
    made = (TEMPLATES / name).read_text()
    assert made == journal.document(tag), f"run: python -m healthcheck.catalogue.journal systemd/{name}"
    ids = re.findall(r"^-- ([0-9a-f]{32})$", made, re.MULTILINE)
    assert len(ids) == len(set(ids)) == len(events.all_events()) + len(journal.causes_of_their_own())
    assert not re.search(r"^[#;]", made.partition("-- ")[2], re.MULTILINE)  # journalctl would leave such lines out


def test_an_interruption_keeps_the_id_that_it_always_had() -> None:
    assert events.of_cause("interrupted") is events.INTERRUPTED
    codes = {entry.cause.code for entry in journal.causes_of_their_own()}
    assert BY_CODE.keys() - codes == {"interrupted"}


def test_the_id_of_a_cause_never_changes() -> None:
    assert events.of_cause("config_missing").message_id == "1f5cf8c787005f3197018aae48990c3d"
    assert events.of_cause("nas_refused").message_id == "d800baa9ba6c562e8371639f26a6e402"


def test_every_event_is_told_in_chinese() -> None:
    for name, event in events.all_events().items():
        title, meaning = journal_zh.EVENTS[name]
        for english, chinese in ((event.title, title), (event.meaning, meaning)):
            assert re.search(r"[\u4e00-\u9fff]", chinese)
            assert set(re.findall(r"@\w+@", chinese)) == set(re.findall(r"@\w+@", english)), name


def test_message_ids_are_128_random_bits_each_of_its_own() -> None:
    ids = [event.message_id for event in events.all_events().values()]
    assert all(re.fullmatch(r"[0-9a-f]{32}", one) for one in ids)
    assert len(set(ids)) == len(ids)
