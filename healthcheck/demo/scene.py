"""The whole field in a temporary folder: an embedded NAS, a fresh queue, the real daemon, and the real agent's run."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from typing import Any

from celestial_nasops import daemon_state, process
from celestial_nasops.wakeup import Wakeup, settle
from healthcheck.status_file import FILE_NAME

_START_SECONDS = 20.0


class SceneFault(Exception):  # noqa: N818 - a fault of the demonstration itself
    """A part of the scene did not start."""


def demonstrate() -> int:
    """Build the scene, run the agent in it, show the status file, and leave nothing behind.

    Returns:
        The agent's exit code.
    """
    folder = tempfile.mkdtemp(prefix="smoke-check-demo-")
    # A demonstration that is interrupted or terminated cleans up as well.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda got, _frame: sys.exit(128 + got))
    try:
        with embedded_scene(folder) as (config_path, state_dir):
            sys.stdout.write(
                "A real media-sync-daemon and an embedded NAS run; smoke-check follows one marked file:\n\n"
            )
            argv = [sys.executable, "-m", "healthcheck", "run", "--config", config_path, "--state-dir", state_dir]
            sys.stdout.flush()
            code = process.run_attached(argv)
            path = os.path.join(state_dir, FILE_NAME)
            if os.path.exists(path):
                with open(path, encoding="utf-8") as file:
                    sys.stdout.write(f"\nThe status file, {FILE_NAME}:\n\n{file.read()}")
            return code
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def embedded_scene(folder: str) -> Iterator[tuple[str, str]]:
    """Start the embedded NAS and the daemon; gives the configuration's path and the check's state folder.

    Raises:
        SceneFault: one of them did not start; its own last words are in the message.
    """
    nas_folder, log = os.path.join(folder, "nas"), os.path.join(folder, "log")
    argv = [sys.executable, "-m", "healthcheck.demo.embedded_nas", "--folder", nas_folder]
    with process.Service(argv, log_path=log) as nas:
        if not nas.first_line(_START_SECONDS).startswith("ready "):
            raise SceneFault(f"the embedded NAS did not start: {_last_words(log)}")
        config_path = write_config(folder, nas_folder, demo_settings())
        argv = [sys.executable, "-m", "celestial_nasops.media_sync_daemon", "--config", config_path]
        with process.Service(argv, log_path=log) as daemon:
            _wait_for_daemon(os.path.join(folder, "daemon-state"), daemon, log)
            yield config_path, os.path.join(folder, "check-state")


def demo_settings() -> dict[str, dict[str, Any]]:
    """What differs from the defaults, so that the delayed deletion falls due while one watches."""
    return {
        "sync_settings": {"safe_delete_delay_minutes": 0.01},
        "testing": {"max_wait_minutes": 1},
    }


def write_config(folder: str, nas_folder: str, settings: dict[str, dict[str, Any]]) -> str:
    """Make the scene's folders and its configuration, and return the path of that."""
    base = os.path.join(nas_folder, "volume1", "drone_media")
    tree: dict[str, dict[str, Any]] = {
        "nas_settings": {
            "ssh_alias": "nas-edge",
            "ssh_config_path": os.path.join(nas_folder, "ssh_config"),
            "base_path": base,
        },
        "local_settings": {"media_path": os.path.join(folder, "media")},
        "database_settings": {"db_path": os.path.join(folder, "database", "media_status.db")},
        "daemon_settings": {
            "supervisor": "none",
            "state_path": os.path.join(folder, "daemon-state"),
            "heartbeat_seconds": 1,
        },
    }
    for section, values in settings.items():
        tree.setdefault(section, {}).update(values)
    for path in (base, *(os.path.join(folder, name) for name in ("media", "database", "daemon-state", "check-state"))):
        os.makedirs(path, exist_ok=True)
    config_path = os.path.join(folder, "unified_config.json")
    with open(config_path, "w", encoding="utf-8") as file:
        json.dump(tree, file, indent=2)
    return config_path


def _wait_for_daemon(state_folder: str, daemon: process.Service, log: str) -> None:
    def look() -> bool | None:
        return True if daemon.exit_code() is not None or daemon_state.read(state_folder) is not None else None

    with Wakeup(state_folder) as wakeup:
        settle(look, wakeup, _START_SECONDS)
    if daemon.exit_code() is not None or daemon_state.read(state_folder) is None:
        raise SceneFault(f"the daemon did not start: {_last_words(log)}")


def _last_words(log: str) -> str:
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.read().strip().splitlines()
    return lines[-1] if lines else "it said nothing"
