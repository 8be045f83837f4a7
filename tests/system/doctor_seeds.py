"""What a seeded misconfiguration is, and what the doctor should say of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.system.site import DAEMON, Site

STATE = "/var/lib/media-sync-daemon"
TIMER, WATCH_TIMER = "smoke-check.timer", "smoke-check-watch.timer"
LOOKS = (
    *("configuration", "versions", "sqlite", "locale", "daemon", "units", "daemon_sandbox", "check_sandbox"),
    *("folders", "space", "queue", "ssh", "key", "host_key"),
    *("nas", "nas_folder", "nas_space", "nas_abilities", "nas_clock"),
)
RESTART = f"sudo systemctl restart {DAEMON}"


def edit(unit: str, line: str) -> str:
    return f"sudo systemctl edit {unit}, add the lines [Service] and {line}, save, then: sudo systemctl restart {unit}"


@dataclass(frozen=True)
class Line:
    """What the doctor should say of one look."""

    state: str
    name: str
    summary: str
    cause: str | None
    remedy: str | None

    def __str__(self) -> str:
        code = f" [{self.cause}]" if self.cause else ""
        below = f"\n{'':24} -> {self.remedy}" if self.remedy else ""
        return f"{self.state:<8} {self.name:<15} {self.summary}{code}{below}"


def because(name: str, *of: str) -> tuple[Line, ...]:
    return tuple(Line("skipped", one, f"because of {name}", None, None) for one in of)


@dataclass(frozen=True)
class Seed:
    """A misconfiguration.

    Attributes:
        id: the test's.
        plant: a script for the edge server, or what is done to the site.
        lines: all that is not ok.
        mend: a script in place of the first line's remedy, which is typed otherwise.
        exit_code: the command's.
    """

    id: str
    plant: str | Callable[[Site], object]
    lines: tuple[Line, ...]
    mend: str | Callable[[Site], object] | None = None
    exit_code: int = 1


def drop_in(unit: str, *lines: str) -> Callable[[Site], None]:
    return lambda site: site.drop_in(unit, *lines)


def on_nas(script: str) -> Callable[[Site], object]:
    return lambda site: site.nas.shell(script)
