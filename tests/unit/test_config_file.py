from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from celestial_nasops import config_file
from celestial_nasops.config import Config
from celestial_nasops.fault import ConfigFault

DATA = Path(__file__).parent.parent / "data"


def parsed(tree: object) -> config_file.Loaded:
    return config_file.parse(json.dumps(tree), "test.json")


def problems_of(tree: object) -> str:
    with pytest.raises(ConfigFault) as caught:
        parsed(tree)
    assert caught.value.code == "config_invalid"
    return str(caught.value)


# --- which file ---


def test_the_file_named_comes_first_then_the_environment_then_the_installed_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UNIFIED_CONFIG", "/from/environment.json")
    assert config_file.find("/named.json") == "/named.json"
    assert config_file.find(None) == "/from/environment.json"
    monkeypatch.setenv("UNIFIED_CONFIG", "")
    assert config_file.find(None) == "/etc/celestial-nasops/unified_config.json"
    monkeypatch.delenv("UNIFIED_CONFIG")
    assert config_file.find(None) == "/etc/celestial-nasops/unified_config.json"


# --- files that can't be read ---


def test_no_file(tmp_path: Path) -> None:
    path = str(tmp_path / "missing.json")
    with pytest.raises(ConfigFault) as caught:
        config_file.load(path)
    assert caught.value.code == "config_missing"
    assert caught.value.summary == f"there is no configuration at {path}"


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigFault) as caught:
        config_file.load(str(tmp_path))
    assert caught.value.code == "config_unreadable"
    assert caught.value.summary == f"the configuration {tmp_path} can't be read: it is a folder, not a file"
    assert caught.value.remedy == f"look at it with: ls -l {tmp_path}"


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes('{"description": "é"}'.encode("latin-1"))
    with pytest.raises(ConfigFault) as caught:
        config_file.load(str(path))
    assert caught.value.summary == f"the configuration {path} can't be read: not UTF-8 at byte 17"


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b'\xef\xbb\xbf{"nas_settings": {"port": 2222}}')
    loaded = config_file.load(str(path))
    assert loaded.config.nas_settings.port == 2222
    assert loaded.path == str(path)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "line 1, column 1: Expecting value"),
        ('{\n "a": 1,\n}', "line 3, column 1: Expecting property name enclosed in double quotes"),
        ("[1]", "an object is needed, found [1]"),
        ("null", "an object is needed, found null"),
        ("[" * 100_000, "it is nested too deeply"),
        ("1" * 5000, "it holds a number of thousands of digits"),
    ],
)
def test_what_is_no_json_object(text: str, reason: str) -> None:
    with pytest.raises(ConfigFault) as caught:
        config_file.parse(text, "test.json")
    assert caught.value.code == "config_not_json"
    assert caught.value.summary == f"the configuration test.json is not JSON: {reason}"
    assert caught.value.remedy == "mend that place, then try: smoke-check config check test.json"


# --- one mistake each ---

NAME = "a name without spaces that does not start with '-'"
ABSOLUTE = "an absolute path"
OPTIONAL_PATH = "an absolute path, one that starts with ~, or empty"
MISTAKES: list[tuple[str, object, str, str]] = [
    ("nas_settings.port", 0, "0", "at least 1"),
    ("nas_settings.port", 65536, "65536", "at most 65535"),
    ("nas_settings.port", "22", '"22"', "a whole number"),
    ("nas_settings.port", 22.5, "22.5", "a whole number"),
    ("nas_settings.port", True, "true", "a whole number"),
    ("nas_settings.port", None, "null", "a whole number"),
    ("nas_settings.host", "", '""', NAME),
    ("nas_settings.host", ["a"], '["a"]', "a text"),
    ("nas_settings.host", "\ud800", '"\\ud800"', "a text"),
    ("nas_settings.username", "edge sync", '"edge sync"', NAME),
    ("nas_settings.ssh_alias", "-oProxyCommand=x", '"-oProxyCommand=x"', f"{NAME}, or empty"),
    ("nas_settings.ssh_alias", "a\0b", '"a\\u0000b"', f"{NAME}, or empty"),
    ("nas_settings.ssh_config_path", "ssh_config", '"ssh_config"', OPTIONAL_PATH),
    ("nas_settings.known_hosts_path", "a", '"a"', OPTIONAL_PATH),
    ("nas_settings.base_path", "volume1", '"volume1"', ABSOLUTE),
    ("nas_settings.base_path", "", '""', ABSOLUTE),
    ("nas_settings.backup_path", "/EdgeBackup", '"/EdgeBackup"', "a relative folder without '..'"),
    ("nas_settings.backup_path", "a/../../b", '"a/../../b"', "a relative folder without '..'"),
    ("local_settings.media_path", "~/media", '"~/media"', ABSOLUTE),
    ("sync_settings.interval_minutes", 0, "0", "more than 0"),
    ("sync_settings.interval_minutes", "10", '"10"', "a number"),
    ("sync_settings.max_retry_attempts", -1, "-1", "at least 0"),
    ("sync_settings.retry_delay_seconds", -0.5, "-0.5", "at least 0"),
    ("sync_settings.retry_delay_seconds", float("nan"), "NaN", "a number"),
    ("sync_settings.sync_timeout_seconds", float("inf"), "Infinity", "a number"),
    ("sync_settings.sync_timeout_seconds", 10**400, "1" + "0" * 56 + "...", "a number"),
    ("sync_settings.delete_after_sync", 1, "1", "true or false"),
    ("sync_settings.delete_after_sync", "yes", '"yes"', "true or false"),
    ("sync_settings.temp_file_prefix", "tmp_", '"tmp_"', "a dot and up to 31 letters, digits, '.', '_' or '-'"),
    ("sync_settings.temp_file_prefix", ".a/b", '".a/b"', "a dot and up to 31 letters, digits, '.', '_' or '-'"),
    (
        "file_organization.date_format",
        "YY/MM",
        '"YY/MM"',
        "made of YYYY, MM, DD (or %Y, %m, %d), for example YYYY/MM/DD",
    ),
    (
        "file_organization.date_format",
        "YYYY/",
        '"YYYY/"',
        "made of YYYY, MM, DD (or %Y, %m, %d), for example YYYY/MM/DD",
    ),
    ("security.max_concurrent_transfers", 65, "65", "at most 64"),
    ("database_settings.db_path", "media.db", '"media.db"', ABSOLUTE),
    ("database_settings.db_path", "/a\0b", '"/a\\u0000b"', ABSOLUTE),
    ("testing.smoke_test_prefix", "测试", '"测试"', "up to 40 letters, digits, '_' or '-', a letter first"),
    (
        "testing.smoke_test_prefix",
        "test_20250122",
        '"test_20250122"',
        "a prefix without eight digits in a row, which would be read as a date",
    ),
    ("testing.test_file_extension", ".tar.gz", '".tar.gz"', "up to 10 letters or digits, such as .bin"),
    ("testing.test_file_size_bytes", 1, "1", "at least 256"),
    ("testing.test_file_size_bytes", 1 << 41, "2199023255552", "at most 1099511627776"),
    ("check_settings.stale_after_minutes", 1e7, "10000000.0", "at most 1000000"),
    ("sync_settings.interval_minutes", 20_000, "20000", "at most 10080"),
    ("check_settings.interval_minutes", 20_000, "20000", "at most 10080"),
    ("check_settings.first_run_minutes", 2000, "2000", "at most 1440"),
    ("check_settings.random_delay_seconds", 90_000, "90000", "at most 86400"),
    ("sync_settings.max_retry_attempts", 1001, "1001", "at most 1000"),
    ("testing.max_wait_minutes", 1e9, "1000000000.0", "at most 1440"),
    ("daemon_settings.supervisor", "docker", '"docker"', "'systemd', 'systemd-user' or 'none'"),
    ("daemon_settings.unit", "media-sync-daemon", '"media-sync-daemon"', "a unit's name that ends in .service"),
]


@pytest.mark.parametrize(("path", "value", "found", "right"), MISTAKES, ids=[f"{m[0]}={m[2][:20]}" for m in MISTAKES])
def test_one_mistake(path: str, value: object, found: str, right: str) -> None:
    section, key = path.split(".")
    expected = f"the configuration test.json has 1 problem(s): {path}: found {found}, should be {right}"
    assert problems_of({section: {key: value}}) == expected


@pytest.mark.parametrize("value", [None, 5, [], "text"])
@pytest.mark.parametrize("section", [*config_file.sections(), *config_file.VERSION_2_NAMES])
def test_a_section_that_is_no_object(section: str, value: object) -> None:
    expected = (
        f"the configuration test.json has 1 problem(s): {section}: found {json.dumps(value)}, should be an object"
    )
    assert problems_of({section: value}) == expected


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(ConfigFault) as caught:
        parsed(
            {
                "nas_settings": {"port": "22", "base_path": "volume1"},
                "database": {"path": 7},
                "smoke_test": [],
                "testing": {"max_wait_minutes": 0},
            }
        )
    assert caught.value.summary == (
        "the configuration test.json has 5 problem(s): "
        "smoke_test: found [], should be an object; "
        'nas_settings.port: found "22", should be a whole number; '
        'nas_settings.base_path: found "volume1", should be an absolute path; '
        "database.path: found 7, should be a text; "
        "testing.max_wait_minutes: found 0, should be more than 0"
    )
    assert caught.value.remedy == "mend them, then try: smoke-check config check test.json"


# --- names of version 2.0 ---

OLD_NAMES = [
    (section, key, target)
    for section, names in config_file.VERSION_2_NAMES.items()
    for key, target in names.items()
    if target is not None
]


@pytest.mark.parametrize(("section", "key", "target"), OLD_NAMES)
def test_a_problem_is_named_as_its_author_knows_it(section: str, key: str, target: tuple[str, str]) -> None:
    message = problems_of({section: {key: []}})
    assert message.startswith(f"the configuration test.json has 1 problem(s): {section}.{key}: found [], should be ")
    assert target[0] not in message


@pytest.mark.parametrize(("section", "key", "target"), OLD_NAMES)
def test_today_s_name_wins(section: str, key: str, target: tuple[str, str]) -> None:
    today, other = example(*target)
    loaded = parsed({section: {key: other}, target[0]: {target[1]: today}})
    assert getattr(getattr(loaded.config, target[0]), target[1]) == today
    assert loaded.warnings == [f"{section}.{key} is not used: {'.'.join(target)} is given, too, and wins"]
    assert parsed({section: {key: today}, target[0]: {target[1]: today}}).warnings == []


@pytest.mark.parametrize(("section", "key", "target"), OLD_NAMES)
def test_an_old_name_fills_what_today_s_section_leaves_out(section: str, key: str, target: tuple[str, str]) -> None:
    value, _ = example(*target)
    config = parsed({section: {key: value}, target[0]: {}}).config
    assert getattr(getattr(config, target[0]), target[1]) == value
    assert parsed({section: {key: None}}).config == Config()


def example(section: str, key: str) -> tuple[Any, Any]:
    """Two valid values, neither the default."""
    default = getattr(getattr(Config(), section), key)
    if isinstance(default, str):
        return default + "1", default + "2"
    return type(default)(default + 1), type(default)(default + 2)


def test_a_deployed_file_of_version_2_loads_unchanged() -> None:
    loaded = config_file.load(str(DATA / "config_v2.json"))
    assert loaded.config == Config.model_validate(
        {
            "security": {"ssh_key_path": "~/.ssh/id_ed25519"},
            "database_settings": {"db_path": "/data/edge/media_status.db", "connection_timeout": 20},
            "testing": {
                "smoke_test_prefix": "edge_probe",
                "test_file_extension": ".txt",
                "test_file_size_bytes": 2048,
                "max_wait_minutes": 12,
                "poll_interval_seconds": 20,
            },
        }
    )
    assert loaded.warnings == ["nobody reads the key storage_management", "nobody reads the key logging"]


# --- warnings ---


@pytest.mark.parametrize(
    ("tree", "warnings"),
    [
        ({"description": 1, "_metadata": 1, "testing": {"description": 1, "_x": 1}}, []),
        ({"tsting": 1}, ["nobody reads the key tsting; did you mean testing?"]),
        (
            {"testing": {"max_wait_minute": 1}},
            ["nobody reads the key testing.max_wait_minute; did you mean max_wait_minutes?"],
        ),
        (
            {"local_settings": {"db_path": 1}},
            ["nobody reads the key local_settings.db_path; did you mean database_settings.db_path?"],
        ),
        ({"database": {"max_retry": 1}}, ["nobody reads the key database.max_retry; did you mean max_retries?"]),
        ({"security": {"zzz": 1}}, ["nobody reads the key security.zzz"]),
        ({"new\nline": 1}, ["nobody reads the key new\\nline"]),
        (
            {"sync_settings": {"enable_checksum": False}},
            ["sync_settings.enable_checksum is false, which is not supported: it is always on"],
        ),
        (
            {"smoke_test": {"cleanup_test_files": False}},
            ["smoke_test.cleanup_test_files is false, which is not supported: a run leaves nothing behind"],
        ),
    ],
)
def test_warnings(tree: object, warnings: list[str]) -> None:
    assert parsed(tree).warnings == warnings


def test_a_key_given_twice() -> None:
    loaded = config_file.parse('{"nas_settings": {"port": 1, "port": 2}}', "test.json")
    assert loaded.config.nas_settings.port == 2
    assert loaded.warnings == ["the key port stands twice in one object; the last one counts"]


# --- the models ---


def test_a_fingerprint_changes_with_values_only() -> None:
    default = Config().fingerprint()
    assert parsed({}).config.fingerprint() == default
    assert parsed({"_note": 1, "sync_settings": {"interval_minutes": 10}}).config.fingerprint() == default
    assert parsed({"sync_settings": {"interval_minutes": 10.0}}).config.fingerprint() == default
    assert parsed({"sync_settings": {"interval_minutes": 11}}).config.fingerprint() != default


def test_a_verdict_that_would_be_stale_before_the_next_one_is_a_warning() -> None:
    check = {"stale_after_minutes": 31, "interval_minutes": 15, "random_delay_seconds": 60}
    loaded = config_file.parse(json.dumps({"check_settings": check}), "test.json")
    assert loaded.warnings == [
        "check_settings.stale_after_minutes is 31, so a verdict may be stale before the next one is due: with "
        "interval_minutes 15, random_delay_seconds 60 and testing.max_wait_minutes 15 it should be more than 31"
    ]
    check["stale_after_minutes"] = 32
    assert config_file.parse(json.dumps({"check_settings": check}), "test.json").warnings == []


def test_the_words_of_an_alert_command_are_texts_that_are_not_empty() -> None:
    with pytest.raises(ConfigFault) as caught:
        config_file.parse(json.dumps({"check_settings": {"alert_command": ["tell", "", 5]}}), "test.json")
    assert caught.value.problems == [
        'check_settings.alert_command.1: found "", should be a text that is not empty',
        "check_settings.alert_command.2: found 5, should be a text",
    ]
