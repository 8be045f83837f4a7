"""What the commands share: where the configuration and the state are, and how they complain."""

from __future__ import annotations

import argparse
import os
import sys

from healthcheck import languages

DEFAULT_STATE_DIR = "/var/lib/smoke-check"


def path_of_config(given: str | None) -> str:
    """The configuration's path; from now on its language is spoken."""
    from celestial_nasops import config_file

    path = config_file.find(given)
    languages.use(languages.configured(path), os.environ)
    return path


def complain(summary: str, remedy: str | None) -> None:
    """Say on standard error, and in the Status line of the unit that runs us, what is wrong and what mends it."""
    from healthcheck.report import writes_to_journal

    show(summary + (f" -- {remedy}" if remedy else ""))
    mark = "<3>" if writes_to_journal(sys.stderr) else ""
    print(f"{mark}smoke-check: {summary}" + (f"\n{mark}  -> {remedy}" if remedy else ""), file=sys.stderr)


def show(text: str) -> None:
    """Put a text in the Status line of the unit that runs us."""
    if "NOTIFY_SOCKET" in os.environ:
        from celestial_nasops.notify import Notifier

        Notifier().status(text)


def state_dir(arguments: argparse.Namespace) -> str:
    """The check's own folder."""
    # systemd separates several state directories by colons, systemd.exec(5)
    given = arguments.state_dir or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    return os.path.abspath(given or _state_dir_of_this_user() or DEFAULT_STATE_DIR)


def _state_dir_of_this_user() -> str | None:
    """The one of an ordinary user's own units, see systemd.exec(5): before systemd 254 below the configuration."""
    name, get = os.path.basename(DEFAULT_STATE_DIR), os.environ.get
    bases = get("XDG_STATE_HOME") or "~/.local/state", get("XDG_CONFIG_HOME") or "~/.config"
    folders = [os.path.join(os.path.expanduser(base), name) for base in bases]
    return next((folder for folder in folders if os.geteuid() != 0 and os.path.isdir(folder)), None)
