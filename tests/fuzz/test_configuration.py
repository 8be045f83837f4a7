"""Configurations of any content: refused with their problems by name, or good for a run."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from celestial_nasops import config_file
from celestial_nasops.config import Config
from celestial_nasops.fault import ConfigFault
from healthcheck import pipeline
from healthcheck.moments import iso
from tests.fuzz.trees import damaged, documents, each_odd, encoded, near

ROOT = Path(__file__).parents[2]
SHIPPED = (ROOT / "unified_config.json").read_bytes()
VERSION_2 = (ROOT / "tests" / "data" / "config_v2.json").read_bytes()
FULL: dict[str, Any] = json.loads(Config().model_dump_json())
CODES = ("config_missing", "config_unreadable", "config_not_json", "config_invalid")


@given(
    content=near(FULL).map(encoded)
    | near(json.loads(VERSION_2)).map(encoded)
    | damaged(SHIPPED)
    | documents
    | st.sampled_from([b"[" * 100_000, b'{"a":' * 100_000, b"9" * 5000, SHIPPED.decode().encode("utf-16")])
)
def test_configuration(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "config.json"
    path.write_bytes(content)
    check(str(path))


def test_configuration_with_each_odd_value(tmp_path: Path) -> None:
    path, failed = tmp_path / "config.json", []
    for tree in (*each_odd(FULL), *each_odd(json.loads(VERSION_2))):
        path.write_bytes(encoded(tree))
        try:
            check(str(path))
        except Exception as error:  # noqa: BLE001 - told below
            changed = {s: v for s, v in tree.items() if v != FULL.get(s)}
            failed.append(f"{type(error).__name__}: {str(error)[:200]}: {str(changed)[:300]}")
    assert not failed, f"{len(failed)} failed:\n" + "\n".join(failed[:200])


def check(path: str) -> None:
    try:
        loaded = config_file.load(path)
    except ConfigFault as caught:
        fault = caught
    else:
        assert all(warning.isprintable() for warning in loaded.warnings)
        use(loaded.config)
        return
    assert fault.code in CODES
    assert fault.summary.startswith(f"the configuration {path} ")
    assert fault.summary.isprintable()
    assert all(problem.isprintable() for problem in fault.problems)
    assert len(fault.summary) < 15_000


def use(config: Config) -> None:
    """What programs do with numbers and names: clocks, sockets and waits must take them."""
    assert config.fingerprint()
    iso(1.7e9 + pipeline.longest_run_seconds(config) + 60)
    iso(1.7e9 + config.check_settings.stale_after_minutes * 60)
    iso(1.7e9 + config.sync_settings.safe_delete_delay_minutes * 60 + config.check_settings.delete_grace_minutes * 60)
    check, sync = config.check_settings, config.sync_settings
    seconds = (
        *(check.daemon_status_timeout_seconds, check.ping_timeout_seconds, check.database_timeout_seconds),
        *(check.file_insert_timeout_seconds, config.security.connection_timeout_seconds),
        *(config.database_settings.connection_timeout, config.testing.poll_interval_seconds),
        *(sync.sync_timeout_seconds, sync.retry_delay_seconds, sync.interval_minutes * 60),
        *(config.daemon_settings.heartbeat_seconds, config.testing.max_wait_minutes * 60),
    )
    for limit in seconds:
        assert 2 * limit * 1000 < 2**31, "poll(2) counts milliseconds in an int"
        with socket.socket() as one:
            one.settimeout(limit)
    assert sync.max_retry_attempts <= 1000, "the pause doubles with each"
