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
    given = arguments.state_dir or os.environ.get("STATE_DIRECTORY", "").split(":")[0] or DEFAULT_STATE_DIR
    return os.path.abspath(given)
