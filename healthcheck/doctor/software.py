"""The programs themselves: their configuration, Python and its packages, SQLite, and the locale."""

from __future__ import annotations

import locale
import os
import platform
import re
import sqlite3
import sys
from collections.abc import Iterator
from importlib import metadata

from celestial_nasops import __version__
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from healthcheck import causes, languages, systemctl
from healthcheck.doctor.case import Case
from healthcheck.doctor.finding import Finding, State

_DISTRIBUTION = "celestial-nasops"
# https://www.sqlite.org/wal.html#walreset: two processes, one checkpoint and one commit at a certain moment.
_WAL_RESET_BUG = ((3, 7, 0), (3, 51, 2))


def look_at_configuration(case: Case) -> Iterator[Finding]:
    """What of a configuration that is good its author should know all the same."""
    path = case.loaded.path
    for warning in case.loaded.warnings:
        yield Finding.of_cause("configuration", causes.CONFIG_WARNS, State.WARN, path=path, warning=warning)
    if not case.loaded.warnings:
        yield Finding.ok("configuration", say("{path} is good", path=path))


def look_at_versions(_case: Case) -> Iterator[Finding]:
    """Python's packages against what this version needs."""
    try:
        needs = [need for need in metadata.requires(_DISTRIBUTION) or [] if ";" not in need]
    except metadata.PackageNotFoundError:
        yield Finding.blind("versions", say("this program was not installed by pip, so what it needs is not recorded"))
        return
    told, bad = [f"Python {platform.python_version()}"], []
    for need in needs:
        name = re.split(r"[^A-Za-z0-9_.-]", need, maxsplit=1)[0]
        found = _version_of(name)
        told.append(f"{name} {found}")
        if not fits(found, need.removeprefix(name)):
            wanted = need.removeprefix(name).strip()
            bad.append(Finding.of_cause("versions", causes.PACKAGE_UNFIT, package=name, found=found, needed=wanted))
    yield from bad
    if not bad:
        yield Finding.ok("versions", f"smoke-check {__version__}, {', '.join(told)}")


def _version_of(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return say("not installed")


def fits(found: str, wanted: str) -> bool:
    """Whether a version meets a requirement such as ``>=2.6,<3``; the numbers alone are compared."""
    have = _numbers(found)
    for operator, limit in re.findall(r"(>=|<=|==|!=|<|>)\s*([0-9][0-9.]*)", wanted):
        length = max(len(have), len(_numbers(limit)))
        one, other = (numbers + (0,) * (length - len(numbers)) for numbers in (have, _numbers(limit)))
        if not {
            ">=": one >= other,
            "<=": one <= other,
            "==": one == other,
            "!=": one != other,
            "<": one < other,
            ">": one > other,
        }[operator]:
            return False
    return bool(have)


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def look_at_sqlite(_case: Case) -> Iterator[Finding]:
    """The library's version. Nearly all that are in use have the bug, and what mends it is up to the distribution."""
    first, last = _WAL_RESET_BUG
    version = sqlite3.sqlite_version
    if not first <= sqlite3.sqlite_version_info <= last:
        yield Finding.ok("sqlite", say("SQLite {version}", version=version))
        return
    yield Finding.ok(
        "sqlite",
        say(
            "SQLite {version} has the WAL-reset bug of 3.7.0 to 3.51.2, which very rarely damages a queue that two "
            "programs write at the same moment",
            version=version,
        ),
        say("nothing to do but to take updates: sudo apt-get upgrade libsqlite3-0"),
    )


def look_at_locale(case: Case) -> Iterator[Finding]:
    """Whether the locales that are asked for exist, and whether Chinese can be shown where it is wanted."""
    own = next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := os.environ.get(name))), "")
    asked = {say("this terminal"): own}
    if case.is_supervised:
        asked["systemd"] = _of_systemd(case)
    bad = []
    for name, wanted in asked.items():
        if wanted and not _exists(wanted):
            language = wanted.partition(".")[0].partition("@")[0]
            bad.append(
                Finding.of_cause(
                    "locale", causes.LOCALE_UNKNOWN, State.WARN, who=name, locale=wanted, language=language
                )
            )
    setting = languages.configured(case.loaded.path)
    if languages.chosen(setting, os.environ, can_show_chinese=True) == "zh" and not languages.shows_chinese(sys.stdout):
        bad.append(
            Finding.of_cause(
                "locale",
                causes.LOCALE_NOT_UTF8,
                State.WARN,
                who=say("this terminal"),
                locale=own,
                right="zh_CN.UTF-8",
            )
        )
    yield from bad
    if not bad:
        told = ", ".join(f"{name}: {wanted or 'C'}" for name, wanted in asked.items())
        yield Finding.ok("locale", say("{locales}; language: {setting}", locales=told, setting=setting))


def _of_systemd(case: Case) -> str:
    """The locale that systemd hands to its units."""
    limit = case.config.check_settings.daemon_status_timeout_seconds
    try:
        told = systemctl.pairs(systemctl.ask("show-environment", timeout_seconds=limit, users=case.is_users))
    except Fault:  # told by the look at the units
        return ""
    return next((value for name in ("LC_ALL", "LC_CTYPE", "LANG") if (value := told.get(name))), "")


def _exists(name: str) -> bool:
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, name)
    except locale.Error:
        return False
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return True
