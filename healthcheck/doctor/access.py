"""What a unit's sandbox lets a program see and write, from its effective properties. Pure values; see systemd.exec(5).

The deepest setting that speaks of a path decides, of two on the same path the stricter one. What is hidden is shown
again by BindPaths= and BindReadOnlyPaths= alone: ReadWritePaths= lets nobody write what can't be seen.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

Properties = Mapping[str, str]

PROPERTIES = (
    "BindPaths",
    "BindReadOnlyPaths",
    "CacheDirectory",
    "InaccessiblePaths",
    "LogsDirectory",
    "PrivateTmp",
    "ProtectHome",
    "ProtectSystem",
    "ReadOnlyPaths",
    "ReadWritePaths",
    "RootDirectory",
    "RootImage",
    "RuntimeDirectory",
    "StateDirectory",
    "TemporaryFileSystem",
)
_SYSTEM = {
    "strict": ("/",),
    "full": ("/usr", "/boot", "/efi", "/etc"),
    "yes": ("/usr", "/boot", "/efi"),
}
_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - no file is made there
_DIRECTORIES = {
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
    "RuntimeDirectory": "/run",
}


class Grant(IntEnum):
    """What a setting gives, the stricter the less."""

    HIDDEN = 0
    READ = 1
    WRITE = 2


@dataclass(frozen=True, slots=True)
class Rule:
    """One setting about one path. ``shows``: it brings into sight what another one hides."""

    path: str
    grant: Grant
    line: str
    shows: bool = False


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What keeps a program from a path: the line of the unit, and the line that would mend it."""

    line: str
    right: str
    is_hidden: bool


def rules_of(unit: Properties) -> list[Rule]:
    """All that a unit says of paths."""
    return list(_rules(unit))


def _rules(unit: Properties) -> Iterator[Rule]:
    system, home = unit.get("ProtectSystem", "no"), unit.get("ProtectHome", "no")
    for path in _SYSTEM.get(system, ()):
        yield Rule(path, Grant.READ, f"ProtectSystem={system}")
    if home != "no":
        grant = Grant.READ if home == "read-only" else Grant.HIDDEN
        for path in _HOMES:
            yield Rule(path, grant, f"ProtectHome={home}")
    if unit.get("PrivateTmp", "no") not in ("no", ""):
        for path in _TEMPORARY:
            yield Rule(path, Grant.HIDDEN, f"PrivateTmp={unit['PrivateTmp']}")
    for name, above in _DIRECTORIES.items():
        for word in words(unit.get(name, "")):
            yield Rule(f"{above}/{word.partition(':')[0]}", Grant.WRITE, f"{name}={word}")
    grants = {"ReadWritePaths": Grant.WRITE, "ReadOnlyPaths": Grant.READ, "InaccessiblePaths": Grant.HIDDEN}
    for name, grant in grants.items():
        for path in named(unit, name):
            yield Rule(path, grant, f"{name}={path}")
    for word in re.split(r" (?=/)", unit.get("TemporaryFileSystem", "")):  # printed without quotes
        path = word.partition(":")[0]
        if path:
            yield Rule(path, Grant.HIDDEN, f"TemporaryFileSystem={path}")
    for name, grant in {"BindPaths": Grant.WRITE, "BindReadOnlyPaths": Grant.READ}.items():
        for path in named(unit, name):
            yield Rule(path, grant, f"{name}={path}", shows=True)


def named(unit: Properties, name: str, *, optional: bool = True) -> list[str]:
    """The paths that a setting names, as the unit sees them; without ``optional`` those alone that must be there."""
    text = unit.get(name, "")
    if name.startswith("Bind"):
        found = [(part, *_bound(part.lstrip("-"))) for part in re.split(r":(?:no)?rbind(?: |$)", text) if part]
    else:
        found = [(word, word.lstrip("-+"), word.lstrip("-+")) for word in words(text)]
    if optional:
        return [os.path.normpath(inside) for _, _, inside in found]
    return [os.path.normpath(outside) for word, outside, _ in found if not word.startswith(("-", "+-"))]


def _bound(pair: str) -> tuple[str, str]:
    """Source and destination of a bind mount; they are printed without quotes, and mostly are the same."""
    half = len(pair) // 2
    if pair[:half] == pair[half + 1 :]:
        return pair[:half], pair[:half]
    outside, _, inside = pair.partition(":")
    return outside, inside


def words(text: str) -> list[str]:
    """The words of a list as ``systemctl show`` prints it, in quotes where they hold a space."""
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def obstacle(path: str, rules: Sequence[Rule], *, writes: bool) -> Obstacle | None:
    """What keeps a program from seeing, or from writing, a path; None where nothing does."""
    path = os.path.normpath(path)
    above = [rule for rule in rules if lies_in(path, rule.path)]
    seen = max((r for r in above if r.grant is Grant.HIDDEN or r.shows), key=_weight, default=None)
    if seen is not None and seen.grant is Grant.HIDDEN:
        bind = "BindPaths" if writes else "BindReadOnlyPaths"
        return Obstacle(seen.line, _mended(seen, path, f"{bind}={path}"), is_hidden=True)
    written = max((r for r in above if r.grant is not Grant.HIDDEN), key=_weight, default=None)
    if writes and written is not None and written.grant is Grant.READ:
        return Obstacle(written.line, _mended(written, path, f"ReadWritePaths={path}"), is_hidden=False)
    return None


def _mended(rule: Rule, path: str, added: str) -> str:
    """The line to add. What forbids this very path is not outweighed by another line, so its list is emptied."""
    return f"{rule.line.partition('=')[0]}=" if rule.path == path else added


def _weight(rule: Rule) -> tuple[int, int]:
    return len(rule.path.rstrip("/")), -rule.grant


def lies_in(path: str, folder: str) -> bool:
    """Whether a path is a folder or lies somewhere in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
