"""Which of a run's findings are one trouble. Pure values, no input or output; the rule is told in docs/status-file.md.

A finding is taken for a consequence only where that is sure enough to keep an operator from mending it for itself. What
says that media are in danger (a copy that is missing or wrong, a file deleted without one) is always named on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from celestial_nasops import causes as shared
from celestial_nasops.fault import Cause
from healthcheck import causes
from healthcheck.daemon_errors import code_in
from healthcheck.outcome import Outcome, ProbeResult

_BAD = (Outcome.FAIL, Outcome.ERROR, Outcome.WARN)
Values = Mapping[str, Any]
Condition = Callable[[Values, Values], bool]


class Consequence(NamedTuple):
    """A finding that another one explains. ``is_the_same``: it is the same trouble, met once more."""

    result: ProbeResult
    is_the_same: bool


class Trouble(NamedTuple):
    """One thing that is wrong: the finding that names it best, and what it brought about."""

    root: ProbeResult
    consequences: tuple[Consequence, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """The gravest outcome among them: a warning can be the root of a failure."""
        members = (self.root, *(one.result for one in self.consequences))
        return min((member.finding.outcome for member in members), key=_BAD.index)


def troubles(results: Sequence[ProbeResult]) -> list[Trouble]:
    """Gather the findings of a run into troubles, the gravest first and else in the order of the run."""
    bad = [result for result in results if result.finding.outcome in _BAD]
    parents = {id(result): _parent(result, bad) for result in bad}
    members: dict[int, list[Consequence]] = {id(result): [] for result in bad if parents[id(result)] is None}
    for result in bad:
        if (parent := parents[id(result)]) is not None:
            root = _root_of(parent, parents)
            members[id(root)].append(Consequence(result, _are_the_same(result, root)))
    found = [Trouble(result, tuple(members[id(result)])) for result in bad if id(result) in members]
    return sorted(found, key=lambda trouble: _BAD.index(trouble.outcome))


def _root_of(result: ProbeResult, parents: Mapping[int, ProbeResult | None]) -> ProbeResult:
    parent = parents[id(result)]
    return result if parent is None else _root_of(parent, parents)


def _parent(effect: ProbeResult, bad: Sequence[ProbeResult]) -> ProbeResult | None:
    """The finding that explains this one best: the same trouble met earlier, else the first that brought it about."""
    earlier = bad[: next(i for i, result in enumerate(bad) if result is effect)]
    for cause in earlier:
        if _are_the_same(effect, cause):
            return cause
    return next((cause for cause in bad if cause is not effect and _brought_about(effect, cause)), None)


# --- the same trouble ---


def _codes(*entries: Cause) -> frozenset[str]:
    return frozenset(entry.code for entry in entries)


# What a NAS that can't be reached looks like depends on the moment and on who looks.
UNREACHABLE = _codes(
    shared.NAS_NAME_UNKNOWN,
    shared.NAS_ALIAS_UNKNOWN,
    shared.NAS_NO_ROUTE,
    shared.NAS_REFUSED,
    shared.NAS_SILENT,
    shared.NAS_LOGIN_HANGS,
    shared.NAS_HUNG_UP,
    shared.NAS_CONNECTION_LOST,
    shared.NAS_PROXY_FAILED,
    shared.NAS_SSH_FAILED,
    causes.NOT_SSH,
    causes.NAS_NOT_ALLOWED,
)
DATABASE = _codes(
    shared.DATABASE_MISSING,
    shared.DATABASE_NOT_A_DATABASE,
    shared.DATABASE_CORRUPT,
    shared.DATABASE_LOCKED,
    shared.DATABASE_READ_ONLY,
    shared.DATABASE_NO_PERMISSION,
    shared.DATABASE_DISK_FULL,
    shared.DATABASE_NO_TABLE,
    shared.DATABASE_NO_COLUMN,
    shared.DATABASE_REPLACED,
    shared.DATABASE_FAILED,
)
NAS_FULL = _codes(shared.NAS_DISK_FULL, shared.NAS_OVER_QUOTA, shared.NAS_NO_ROOM, causes.NAS_IS_FULL)
DELETIONS_STOPPED = _codes(causes.DELETIONS_STOPPED, causes.DELETION_HELD_UP)
_FAMILIES = (UNREACHABLE, DATABASE, NAS_FULL, DELETIONS_STOPPED)


def _are_the_same(one: ProbeResult, other: ProbeResult) -> bool:
    """Whether two findings are of one kind, and not of two hosts, files or programs."""
    a, b = one.finding, other.finding
    if a.cause is None or b.cause is None:
        return False
    if a.cause != b.cause and not any(a.cause in family and b.cause in family for family in _FAMILIES):
        return False
    places = {"host", "program", "command", "error"}
    if a.cause.startswith(("database_", "folder_", "state_")):
        places.add("path")
    return all(a.details.get(place) in (None, b.details.get(place, a.details.get(place))) for place in places)


# --- what brings about what ---


class Rule(NamedTuple):
    """Findings of these causes bring about findings of those, if the condition holds for the details of the two."""

    causes: frozenset[str]
    effects: frozenset[str]
    condition: Condition = lambda _cause, _effect: True


DAEMON_DOWN = _codes(
    causes.DAEMON_NOT_FOUND,
    causes.DAEMON_MASKED,
    causes.DAEMON_INACTIVE,
    causes.DAEMON_FAILED,
    causes.DAEMON_KILLED,
    causes.DAEMON_OUT_OF_MEMORY,
    causes.DAEMON_ENDED,
    causes.DAEMON_CRASH_LOOP,
    causes.DAEMON_STARTING,
    causes.DAEMON_DEAD,
    causes.DAEMON_HUNG,
    shared.DAEMON_PAUSED,
)
_DAEMON_ENDED_BY_ITSELF = _codes(causes.DAEMON_FAILED, causes.DAEMON_ENDED, causes.DAEMON_CRASH_LOOP)
_FOLDER = _codes(
    shared.FOLDER_MISSING,
    shared.FOLDER_NOT_A_FOLDER,
    shared.FOLDER_NO_PERMISSION,
    shared.FOLDER_READ_ONLY,
    shared.FOLDER_SANDBOXED,
    shared.FOLDER_REPLACED,
    shared.FOLDER_FAILED,
)
_NAS_TAKES_NOTHING = NAS_FULL | _codes(shared.NAS_READ_ONLY, shared.NAS_BASE_MISSING, shared.NAS_NO_PERMISSION)
_NO_LOGIN = _codes(
    shared.NAS_HOST_KEY_UNKNOWN,
    shared.NAS_HOST_KEY_CHANGED,
    shared.NAS_HOST_KEY_REVOKED,
    shared.NAS_KEY_MISSING,
    shared.NAS_KEY_UNUSABLE,
    shared.NAS_KEY_REFUSED,
    shared.NAS_ACCOUNT_REFUSED,
    shared.NAS_NO_COMMON_ALGORITHM,
    shared.NAS_NO_SHELL,
    shared.NAS_SESSION_REFUSED,
)
_NOT_CARRIED = _codes(causes.NOT_PICKED_UP, causes.STUCK_HALF_WAY)
_OVERDUE = _codes(causes.DELETE_OVERDUE)


def _holds_the_lock(daemon: Values, locked: Values) -> bool:
    return f"pid {daemon.get('pid')} " in f"{locked.get('holder', '')} "


def _is_the_media_folder(folder: Values, _effect: Values) -> bool:
    return folder.get("setting") == "local_settings.media_path"


def _is_the_state_folder(folder: Values, _effect: Values) -> bool:
    return folder.get("setting") == "daemon_settings.state_path"


RULES = (
    # A daemon that hangs in the middle of a write holds the lock.
    Rule(_codes(causes.DAEMON_HUNG), _codes(shared.DATABASE_LOCKED), _holds_the_lock),
    # Without a daemon nothing is carried or deleted.
    Rule(DAEMON_DOWN, _OVERDUE | _NOT_CARRIED | _codes(causes.BACKLOG_OLD)),
    # A daemon with yesterday's configuration looks at other places; what it deletes is never explained away.
    Rule(
        _codes(
            causes.DAEMON_STALE_CONFIG,
            causes.DAEMON_STALE_CODE,
            causes.DAEMON_OTHER_CONFIG,
        ),
        _OVERDUE | _NOT_CARRIED | _codes(causes.COPY_WRONG_PATH),
    ),
    Rule(
        _codes(causes.DAEMON_OTHER_CONFIG, causes.DAEMON_WRONG_DATABASE, causes.DAEMON_WRONG_MEDIA),
        _OVERDUE | _NOT_CARRIED | _codes(causes.BACKLOG_OLD),
    ),
    # Another user may not touch what is here, leaves beside the queue what others can't use, and has no key of the NAS.
    Rule(
        _codes(causes.DAEMON_WRONG_USER),
        _OVERDUE
        | _NOT_CARRIED
        | _codes(
            causes.BACKLOG_OLD,
            causes.TRANSFER_FAILED,
            causes.TRANSFER_RETRYING,
            shared.DATABASE_NO_PERMISSION,
            shared.DATABASE_READ_ONLY,
            shared.FOLDER_NO_PERMISSION,
        ),
    ),
    # The daemon deletes nothing that it can't write down first.
    Rule(_codes(causes.DAEMON_CANNOT_WRITE_STATE, shared.PENDING_DELETES_UNSAVED), _OVERDUE),
    Rule(_FOLDER, _OVERDUE, _is_the_state_folder),
    # Nobody can delete in a media folder that is read-only or away, nor tell what was deleted there.
    Rule(_FOLDER, _OVERDUE | _codes(causes.MEDIA_FOLDER_AWAY), _is_the_media_folder),
    # What can't be carried waits.
    Rule(
        UNREACHABLE | DATABASE | _NO_LOGIN | _NAS_TAKES_NOTHING | _NOT_CARRIED | _codes(causes.TRANSFER_RETRYING),
        _codes(causes.BACKLOG_OLD),
    ),
)


def _brought_about(effect: ProbeResult, cause: ProbeResult) -> bool:
    a, b = cause.finding, effect.finding
    if a.cause is None or b.cause is None:
        return False
    for rule in RULES:
        if a.cause in rule.causes and b.cause in rule.effects and rule.condition(a.details, b.details):
            return True
    return _daemon_blames(effect, a.cause)


def _daemon_blames(effect: ProbeResult, code: str) -> bool:
    """Whether the daemon's own words, which a finding quotes, name a cause that another probe has found itself.

    The last error of a daemon that has failed explains its end only where it ended by itself, and not by a signal, and
    where it is one that a daemon ends for: a NAS that is away is none.
    """
    finding = effect.finding
    if finding.cause in _DAEMON_ENDED_BY_ITSELF:
        if finding.details.get("result", "exit-code") != "exit-code":
            return False
        blamed = code_in(str(finding.details.get("last_error", "")))
        return blamed is not None and blamed in DATABASE | _FOLDER and _of_one_kind(blamed, code)
    if finding.cause == causes.FILES_FAILED.code:
        blamed = code_in(str(finding.details.get("newest_failed_error", "")))
        return blamed is not None and _of_one_kind(blamed, code)
    return False


def _of_one_kind(one: str, other: str) -> bool:
    return one == other or any(one in family and other in family for family in _FAMILIES)
