"""What the doctor makes of values: what a sandbox lets through, time spans, versions, exit codes."""

from __future__ import annotations

import pytest

from celestial_nasops.config import Config
from celestial_nasops.config_file import Loaded
from healthcheck.doctor import access, examine
from healthcheck.doctor.case import Case
from healthcheck.doctor.examine import Look
from healthcheck.doctor.finding import Finding, State, exit_code
from healthcheck.doctor.software import fits
from healthcheck.doctor.units import in_seconds

STRICT = {"ProtectSystem": "strict", "ProtectHome": "yes", "PrivateTmp": "yes"}


@pytest.mark.parametrize(
    ("unit", "path", "writes", "line", "right"),
    [
        ({}, "/data/media", True, None, None),
        ({"ProtectSystem": "no", "ProtectHome": "no", "PrivateTmp": "no"}, "/home/x", True, None, None),
        (STRICT, "/data/media", False, None, None),
        (STRICT, "/data/media", True, "ProtectSystem=strict", "ReadWritePaths=/data/media"),
        ({**STRICT, "ReadWritePaths": "-/data"}, "/data/media", True, None, None),
        ({**STRICT, "ReadWritePaths": "-/data/med"}, "/data/media", True, "ProtectSystem=strict", None),
        ({**STRICT, "ReadWritePaths": '/x "-/data/a b"'}, "/data/a b", True, None, None),
        ({"ProtectSystem": "full"}, "/data/media", True, None, None),
        ({"ProtectSystem": "full"}, "/etc/x", True, "ProtectSystem=full", "ReadWritePaths=/etc/x"),
        ({"ProtectSystem": "yes"}, "/etc/x", True, None, None),
        ({"ReadWritePaths": "/data", "ReadOnlyPaths": "/data"}, "/data", True, "ReadOnlyPaths=/data", "ReadOnlyPaths="),
        ({"ReadOnlyPaths": "/data"}, "/data/x", True, "ReadOnlyPaths=/data", "ReadWritePaths=/data/x"),
        ({"ReadOnlyPaths": "/data"}, "/data/x", False, None, None),
        ({"InaccessiblePaths": "-/srv"}, "/srv/x", False, "InaccessiblePaths=/srv", "BindReadOnlyPaths=/srv/x"),
        (STRICT, "/home/x/.ssh", False, "ProtectHome=yes", "BindReadOnlyPaths=/home/x/.ssh"),
        # What is hidden is not shown by leave to write in it.
        ({**STRICT, "ReadWritePaths": "/home/x/media"}, "/home/x/media", True, "ProtectHome=yes", None),
        ({**STRICT, "BindPaths": "-/home/x/media:/home/x/media:rbind"}, "/home/x/media", True, None, None),
        (
            {**STRICT, "BindReadOnlyPaths": "-/home/x/.ssh:/home/x/.ssh:rbind"},
            "/home/x/.ssh",
            True,
            "BindReadOnlyPaths=/home/x/.ssh",
            None,
        ),
        ({**STRICT, "BindReadOnlyPaths": "/home/a b:/home/a b:rbind /x:/y:norbind"}, "/home/a b/c", False, None, None),
        ({"ProtectHome": "read-only"}, "/home/x", False, None, None),
        ({"ProtectHome": "read-only"}, "/home/x", True, "ProtectHome=read-only", "ReadWritePaths=/home/x"),
        ({"ProtectHome": "tmpfs"}, "/root/x", False, "ProtectHome=tmpfs", "BindReadOnlyPaths=/root/x"),
        ({"PrivateTmp": "yes"}, "/tmp/media", True, "PrivateTmp=yes", "BindPaths=/tmp/media"),
        ({"TemporaryFileSystem": "/a b:ro /c"}, "/a b/x", False, "TemporaryFileSystem=/a b", None),
        ({**STRICT, "StateDirectory": "x y:link"}, "/var/lib/y/z", True, None, None),
    ],
)
def test_what_a_sandbox_lets_through(
    unit: dict[str, str], path: str, writes: bool, line: str | None, right: str | None
) -> None:
    found = access.obstacle(path, access.rules_of(unit), writes=writes)
    assert (found.line if found else None) == line
    if found is not None and right is not None:
        assert found.right == right


def test_what_a_unit_demands_to_be_there() -> None:
    unit = {"ReadWritePaths": "-/a +/b +-/c -+/d", "BindPaths": "/e:/f:rbind -/g:/g:rbind"}
    assert access.named(unit, "ReadWritePaths", optional=False) == ["/b"]
    assert access.named(unit, "BindPaths", optional=False) == ["/e"]
    assert access.named(unit, "BindPaths") == ["/f", "/g"]
    assert access.words('"not closed') == ['"not', "closed"]


@pytest.mark.parametrize(
    ("span", "seconds"),
    [
        ("30s", 30),
        ("1min 30.500000s", 90.5),
        ("2h 3ms", 7200.003),
        ("1w 1d", 691_200),
        ("infinity", None),
        ("", None),
        ("soon", None),
        ("3 parsecs", None),
    ],
)
def test_a_time_span_of_systemd(span: str, seconds: float | None) -> None:
    assert in_seconds(span) == seconds


@pytest.mark.parametrize(
    ("found", "wanted", "good"),
    [
        ("3.4", ">=3.4,<6", True),
        ("5.1.0", "<6,>=3.4", True),
        ("6.0", "<6,>=3.4", False),
        ("6", "<6.0", False),
        ("3.3.9", ">=3.4", False),
        ("0.3.2.post1", ">=0.3.2,<1", True),
        ("2.12.0", "!=2.12", False),
        ("1.0", "==1", True),
        ("not installed", ">=1", False),
    ],
)
def test_a_version_and_what_is_wanted(found: str, wanted: str, good: bool) -> None:
    assert fits(found, wanted) is good


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 1),
        (["ok"], 0),
        (["ok", "warn"], 0),
        (["ok", "unknown", "warn"], 2),
        (["unknown", "fail"], 1),
    ],
)
def test_exit_codes_are_those_of_a_run(states: list[str], code: int) -> None:
    assert exit_code([Finding("x", State(state), "y") for state in states]) == code


def case() -> Case:
    return Case(Loaded(Config(), "/x"), "/state")


def test_a_look_that_breaks_does_not_discard_the_others() -> None:
    def breaks(_case: Case) -> object:
        raise ZeroDivisionError("x")

    [found] = examine._bounded(Look("odd", breaks), case())  # type: ignore[arg-type]
    assert (found.state, found.cause) == (State.UNKNOWN, "probe_crashed")
    assert found.summary == "could not look: odd stopped with an internal error: ZeroDivisionError: x"


def test_a_look_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    held = threading.Event()
    monkeypatch.setattr(examine, "_LOOK_SECONDS", 0.05)
    [found] = examine._bounded(Look("odd", lambda _case: iter([held.wait()])), case())  # type: ignore[list-item]
    held.set()
    assert (found.state, found.cause) == (State.UNKNOWN, "probe_timed_out")
    assert found.summary == "could not look: odd had no result after 0.1 s and was given up"
