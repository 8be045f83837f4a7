"""The errors that our daemon records, ``[code] what happened``: in rows, in its state, in its log."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from celestial_nasops import language, recorded
from celestial_nasops.daemon_state import DaemonState
from celestial_nasops.durable import folder_fault
from celestial_nasops.fault import Cause, Fault
from healthcheck import causes

_NAMED = re.compile(r"(?:^|: )\[([a-z_]+)\] ")


@cache
def catalogue() -> dict[str, Cause]:
    """Every cause by its code."""
    return {**recorded.catalogue(), **{c.code: c for c in vars(causes).values() if isinstance(c, Cause)}}


class Told(NamedTuple):
    """What a recorded error says: its cause, None where it names none that is known; what happened; what mends it."""

    cause: Cause | None
    text: str
    remedy: str | None


def told(error: str, known: Mapping[str, str] = MappingProxyType({})) -> Told:
    """Read a recorded error.

    The daemon records in English, and no remedy. The sentence is taken apart by its own template, and both are said
    anew in the language that is spoken; one that does not fit its template, as after an upgrade, stays as it is.

    Args:
        error: as the daemon recorded it.
        known: values that remedies need and that stand in no sentence, such as ``target``; or, for an account that gets
            no shell, ``sftp`` and ``hidden_prefix``, what it does not see of paths.
    """
    cause, text = recorded.parted(error, catalogue())
    if cause is None:
        return Told(None, error, None)
    values = language.values_of(cause.summary, text)
    if values is None:
        return Told(cause, text, None)
    said = language.templates(cause.code, cause)
    values = {**known, **values}
    if "hidden_prefix" in known and "path" in values:
        values["seen"] = values["path"].removeprefix(known["hidden_prefix"])
    template = (said.remedy_by_sftp if "sftp" in known else "") or said.remedy
    needed = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    remedy = Fault(cause, **values).remedy if needed <= values.keys() else None
    return Told(cause, recorded.summary_of(cause, values), remedy)


def unsaved_deletions(state: DaemonState | None, folder: str) -> Told | None:
    """Why the daemon can't save its list of deletions; None where it can, or is another daemon.

    Args:
        state: what it tells.
        folder: of its state.
    """
    if state is None or not state.deletions_unsaved:
        return None
    number = re.search(r"\[Errno (\d+)\] ([^;]*)", state.deletions_unsaved)
    error = OSError(int(number[1]), number[2]) if number else OSError(state.deletions_unsaved)
    mends = folder_fault(error, folder, "daemon_settings.state_path").remedy
    return told(state.deletions_unsaved, {"remedy": mends})


def code_in(line: str) -> str | None:
    """The code that a line of the daemon names, as ``[code] what happened``, with or without a text before it."""
    named = _NAMED.search(line)
    return named[1] if named and named[1] in catalogue() else None
