"""Finds and reads ``unified_config.json``: both generations of names, every problem at once, in an operator's words."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from celestial_nasops import causes, regular_file, remedies
from celestial_nasops.config import PATTERNS_IN_WORDS, Config, Section
from celestial_nasops.fault import ConfigFault, shown
from celestial_nasops.language import phrase, say

DEFAULT_PATH = "/etc/celestial-nasops/unified_config.json"
ALWAYS_ON = ("enable_checksum", "enable_atomic_transfer", "verify_remote_before_delete")

# Deployed files of version 2.0 name these otherwise. None: accepted, and without a meaning here.
VERSION_2_NAMES: dict[str, dict[str, tuple[str, str] | None]] = {
    "database": {
        "path": ("database_settings", "db_path"),
        "connection_timeout_seconds": ("database_settings", "connection_timeout"),
        "max_retries": None,
    },
    "smoke_test": {
        "test_file_prefix": ("testing", "smoke_test_prefix"),
        "test_file_extension": ("testing", "test_file_extension"),
        "default_file_size_bytes": ("testing", "test_file_size_bytes"),
        "default_wait_minutes": ("testing", "max_wait_minutes"),
        "poll_interval_seconds": ("testing", "poll_interval_seconds"),
        "cleanup_test_files": None,
    },
}


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, the file it came from, and what the file holds that its author should know about."""

    config: Config
    path: str
    warnings: list[str] = field(default_factory=list)


def find(path: str | None) -> str:
    """The configuration to use: the one named, else ``$UNIFIED_CONFIG``, else the installed one: a user's own first."""
    return path or os.environ.get("UNIFIED_CONFIG") or _installed()


def _installed() -> str:
    """The one that commands find where nothing names another: sudo hands no environment on."""
    return _of_this_user() or DEFAULT_PATH


def _of_this_user() -> str | None:
    """Where ``install.sh --user-units`` has put the configuration of an ordinary user's own installation."""
    folder = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    path = os.path.join(folder, "celestial-nasops", os.path.basename(DEFAULT_PATH))
    return path if os.geteuid() != 0 and os.path.exists(path) else None


def begin(path: str) -> Loaded:
    """Load the configuration that this process works with; remedies are those of its installation from now on.

    Raises:
        ConfigFault: as :func:`load`.
    """
    elsewhere = "" if path == _installed() else os.path.abspath(path)
    remedies.settle(user_manager=remedies.is_users_own(path), config=elsewhere)
    loaded = load(path)
    remedies.settle(user_manager=loaded.config.daemon_settings.supervisor == "systemd-user", config=elsewhere)
    return loaded


def load(path: str) -> Loaded:
    """Read and check a configuration.

    Raises:
        ConfigFault: missing, unreadable, no JSON, or wrong values; then with all problems at once.
    """
    try:
        text = regular_file.read(path).decode("utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigFault(causes.CONFIG_MISSING, path=path) from error
    except OSError as error:
        raise ConfigFault(causes.CONFIG_UNREADABLE, path=path, reason=error.strerror or str(error)) from error
    except UnicodeDecodeError as error:
        raise ConfigFault(
            causes.CONFIG_UNREADABLE, path=path, reason=say("not UTF-8 at byte {number}", number=error.start)
        ) from error
    return parse(text, path)


def parse(text: str, path: str) -> Loaded:
    """Check the text of a configuration; ``path`` is only named in messages.

    Raises:
        ConfigFault: as for :func:`load`.
    """
    warnings: list[str] = []
    raw = _read_json(text, path, warnings)
    known = {name: set(section.model_fields) for name, section in sections().items()}
    for section, content in raw.items():
        if section in known:
            warnings += _unread_keys(section, content, known[section])
        elif section in VERSION_2_NAMES:
            warnings += _unread_keys(section, content, VERSION_2_NAMES[section])
    warnings += _unread_keys("", raw, {*known, *VERSION_2_NAMES})

    tree = _Tree(raw)
    problems = list(tree.problems)
    try:
        config = Config.model_validate(tree.today)
    except ValidationError as error:
        problems += [tree.problem(detail) for detail in error.errors(include_url=False)]
    if problems:
        fault = ConfigFault(causes.CONFIG_INVALID, path=path, count=len(problems), problems="; ".join(problems))
        fault.problems, fault.warnings = problems, warnings + tree.warnings
        raise fault
    warnings += tree.warnings
    warnings += [
        say("{key} is false, which is not supported: it is always on", key=f"sync_settings.{key}")
        for key in ALWAYS_ON
        if getattr(config.sync_settings, key) is False
    ]
    warnings += _too_soon_stale(config)
    return Loaded(config, path, warnings)


def _too_soon_stale(config: Config) -> list[str]:
    """A warning where a verdict would be called stale although the timer works as it should."""
    check, longest = config.check_settings, config.testing.max_wait_minutes
    needed = check.longest_interval_minutes + longest
    if check.stale_after_minutes > needed:
        return []
    return [
        say(
            "check_settings.stale_after_minutes is {given}, so a verdict may be stale before the next one is due: with "
            "interval_minutes {interval}, random_delay_seconds {delay} and testing.max_wait_minutes {longest} it "
            "should be more than {needed}",
            given=_plain(check.stale_after_minutes),
            interval=_plain(check.interval_minutes),
            delay=_plain(check.random_delay_seconds),
            longest=_plain(longest),
            needed=_plain(round(needed, 2)),
        )
    ]


def sections() -> dict[str, type[Section]]:
    """The model of each section, in the file's order."""
    found = {name: info.annotation for name, info in Config.model_fields.items()}
    return {name: model for name, model in found.items() if isinstance(model, type) and issubclass(model, Section)}


def _read_json(text: str, path: str, warnings: list[str]) -> dict[str, Any]:
    def object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for key, value in pairs:
            if key in seen:
                warnings.append(say("the key {key} stands twice in one object; the last one counts", key=key))
            seen[key] = value
        return seen

    try:
        raw = json.loads(text, object_pairs_hook=object_of)
    except json.JSONDecodeError as error:
        reason = say(
            "line {line}, column {column}: {what}", line=error.lineno, column=error.colno, what=phrase(error.msg)
        )
    except RecursionError:
        reason = say("it is nested too deeply")
    except ValueError:  # Python's limit on the digits of one number
        reason = say("it holds a number of thousands of digits")
    else:
        if isinstance(raw, dict):
            return raw
        reason = say("an object is needed, found {found}", found=_found(raw))
    raise ConfigFault(causes.CONFIG_NOT_JSON, path=path, reason=reason)


class _Tree:
    """The file's content under today's names, and under which path its author knows each value."""

    def __init__(self, raw: dict[str, Any]) -> None:
        self.warnings: list[str] = []
        self.problems: list[str] = []
        self._origins: dict[str, str] = {}
        given = {name: raw.get(name, {}) for name in sections()}
        self.today = {name: dict(content) if isinstance(content, dict) else content for name, content in given.items()}
        for old_section, names in VERSION_2_NAMES.items():
            content = raw.get(old_section, {})
            if not isinstance(content, dict):
                self.problems.append(_wrong(old_section, content, say("an object")))
                continue
            for old_key, target in names.items():
                # null stands for "not given" in the deployed files
                if target is not None and content.get(old_key) is not None:
                    self._take_over(f"{old_section}.{old_key}", content[old_key], *target)
            if content.get("cleanup_test_files") is False:
                key = f"{old_section}.cleanup_test_files"
                self.warnings.append(
                    say("{key} is false, which is not supported: a run leaves nothing behind", key=key)
                )

    def _take_over(self, old_path: str, value: object, section: str, key: str) -> None:
        target = self.today[section]
        if not isinstance(target, dict):
            return  # the model will complain about the section
        if key not in target:
            target[key] = value
            self._origins[f"{section}.{key}"] = old_path
        elif target[key] != value:
            wins = f"{section}.{key}"
            self.warnings.append(say("{key} is not used: {wins} is given, too, and wins", key=old_path, wins=wins))

    def problem(self, detail: ErrorDetails) -> str:
        path = ".".join(str(part) for part in detail["loc"])
        return _wrong(self._origins.get(path, path), detail["input"], _right(detail))


def _wrong(path: str, value: object, right: str) -> str:
    return say("{path}: found {found}, should be {right}", path=path, found=_found(value), right=right)


def _unread_keys(section: str, content: object, known: Iterable[str]) -> list[str]:
    """A warning for each key that neither these programs nor the file's conventions know."""
    unread = (
        [key for key in content if key not in known and not key.startswith("_") and key != "description"]
        if isinstance(content, dict)
        else []
    )
    prefix = f"{section}." if section else ""
    return [say("nobody reads the key {key}", key=prefix + key) + _hint(key, known) for key in unread]


def _hint(key: str, known: Iterable[str]) -> str:
    import difflib  # only here: most files have no unknown key

    elsewhere = [f"{name}.{key}" for name, model in sections().items() if key in model.model_fields]
    near = elsewhere or difflib.get_close_matches(key, sorted(known), n=1)
    return say("; did you mean {codes}?", codes=near[0]) if near else ""


def _found(value: object) -> str:
    text = shown(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= 60 else text[:57] + "..."


def _plain(number: float) -> str:
    return f"{number:.15g}"  # 1440 for 1440.0, and no exponent below 10**15


def _right(detail: ErrorDetails) -> str:
    """What would be right, from pydantic's error type (https://docs.pydantic.dev/latest/errors/validation_errors/)."""
    limits = detail.get("ctx", {})
    match detail["type"]:
        case "int_type" | "int_from_float":
            return say("a whole number")
        case "float_type" | "finite_number":
            return say("a number")
        case "string_type" | "string_unicode":
            return say("a text")
        case "list_type":
            return say("a list")
        case "bool_type":
            return say("true or false")
        case "greater_than":
            return say("more than {number}", number=_plain(limits["gt"]))
        case "greater_than_equal":
            return say("at least {number}", number=_plain(limits["ge"]))
        case "less_than_equal":
            return say("at most {number}", number=_plain(limits["le"]))
        case "string_pattern_mismatch":
            return phrase(PATTERNS_IN_WORDS[limits["pattern"]])
        case "literal_error":
            return str(limits["expected"]).replace(" or ", say(" or "))
        case "model_type" | "model_attributes_type":
            return say("an object")
        case "missing":
            return say("given {key}, too", key=detail["loc"][-1])
        case "extra_forbidden":
            return say("left out: nobody reads this key")
        case "value_error":
            return phrase(str(limits["error"]))
        case _:
            return str(detail["msg"])
