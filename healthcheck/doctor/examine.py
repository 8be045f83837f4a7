"""The looks in their order, each bounded in time and none in the way of the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from celestial_nasops.config_file import Loaded
from celestial_nasops.fault import Fault
from healthcheck import causes
from healthcheck.beside import Beside
from healthcheck.doctor import folders, nas, queue, software, ssh, units
from healthcheck.doctor.case import Case, open_case, see_as_programs_do
from healthcheck.doctor.finding import Finding

_LOOK_SECONDS = 10.0  # what this server tells at once, unless a disk or a program hangs


@dataclass(frozen=True, slots=True)
class Look:
    """One look. ``needs_eyes``: it is worth something only with the eyes of the account that runs the programs."""

    name: str
    act: Callable[[Case], Iterator[Finding]]
    needs_eyes: bool = True


# The daemon is looked at before root becomes its user, for root may read the journal.
AS_ASKED = (
    Look("configuration", software.look_at_configuration, needs_eyes=False),
    Look("versions", software.look_at_versions, needs_eyes=False),
    Look("sqlite", software.look_at_sqlite, needs_eyes=False),
    Look("locale", software.look_at_locale, needs_eyes=False),
    Look("daemon", units.look_at_daemon, needs_eyes=False),
    Look("units", units.look_at_units, needs_eyes=False),
)
AS_PROGRAMS = (
    Look("sandbox", units.look_at_sandboxes),
    Look("folders", folders.look_at_folders),
    Look("space", folders.look_at_space, needs_eyes=False),
    Look("queue", queue.look_at_queue),
    Look("ssh", ssh.look_at_ssh),
    Look("nas", nas.look_at_nas),
)


def examine(loaded: Loaded, state_dir: str) -> Iterator[Finding]:
    """Look at everything. Nothing is written, made or removed, on either machine.

    Where this is root it goes on as the account of the programs, and stays that.
    """
    case = open_case(loaded, state_dir)
    for look in AS_ASKED:
        yield from _bounded(look, case)
    see_as_programs_do(case)
    for look in AS_PROGRAMS:
        yield from _bounded(look, case)


def _bounded(look: Look, case: Case) -> list[Finding]:
    if look.needs_eyes and case.foreign_eyes is not None:
        eyes = case.foreign_eyes
        return [Finding.blind(look.name, eyes.summary, eyes.remedy, eyes.code)]
    seconds = _LOOK_SECONDS + (nas.longest_seconds(case.config) if look.name == "nas" else 0)
    try:
        found = Beside(lambda: list(look.act(case))).result(seconds)
    except Fault as fault:
        return [Finding.of_fault(look.name, fault)]
    except Exception as error:
        if os.environ.get("SMOKE_CHECK_DEBUG"):
            raise
        crashed = Fault(causes.PROBE_CRASHED, probe=look.name, error=f"{type(error).__name__}: {error}")
        return [Finding.blind(look.name, crashed.summary, crashed.remedy, crashed.code)]
    if found is None:
        hung = Fault(causes.PROBE_TIMED_OUT, probe=look.name, seconds=round(seconds, 1))
        return [Finding.blind(look.name, hung.summary, hung.remedy, hung.code)]
    return found
