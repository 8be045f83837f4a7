"""What the commands share: where the configuration and the state are, and how they complain."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

from healthcheck import languages

if TYPE_CHECKING:
    from celestial_nasops.fault import Fault
    from celestial_nasops.journal import Event

DEFAULT_STATE_DIR = "/var/lib/smoke-check"


def path_of_config(given: str | None) -> str:
    """The configuration's path; from now on its language is spoken."""
    from celestial_nasops import config_file

    path = config_file.find(given)
    languages.use(languages.configured(path), os.environ)
    return path


def complain(summary: str, remedy: str | None, code: str | None = None) -> None:
    """Say on standard error, and in the Status line of the unit that runs us, what is wrong and what mends it.

    Args:
        summary: what is wrong.
        remedy: what mends it.
        code: of the cause, where the catalogue has it.
    """
    from celestial_nasops.journal import ERROR
    from healthcheck import events
    from healthcheck.report import journal_of

    line = (f"[{code}] " if code else "") + summary + (f" -- {remedy}" if remedy else "")
    show(line)
    if journal_of(sys.stderr) is None:
        behind = f" [{code}]" if code else ""
        print(f"smoke-check: {summary}{behind}" + (f"\n  -> {remedy}" if remedy else ""), file=sys.stderr)
    else:
        fields = {"CAUSE": code, "SUMMARY": summary, "REMEDY": remedy}
        tell(events.of_cause(code) if code else None, ERROR, line, fields)


def complain_of(fault: Fault) -> None:
    """Say what is wrong, see :func:`complain`."""
    complain(fault.summary, fault.remedy, fault.code)


def tell(event: Event | None, priority: int, text: str, fields: Mapping[str, object]) -> None:
    """A record where standard error leads to the journal, else a line there."""
    from healthcheck.report import journal_of

    named = {f"SMOKE_CHECK_{name}": value for name, value in fields.items()}
    journal = journal_of(sys.stderr)
    if journal is None:
        print(f"smoke-check: {text}", file=sys.stderr)
    elif not (journal.send(event, priority, text, named) and journal.settle()):
        print(f"<{priority}>smoke-check: {text}", file=sys.stderr)


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
