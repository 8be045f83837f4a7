"""What the tests of failing connections share."""

from __future__ import annotations

import time

import pytest

from celestial_nasops.fault import Cause, NasFault
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import SshTarget


def refused(
    target: SshTarget, cause: Cause, summary: str, remedy: str, *, kind: type[NasFault], timeout_seconds: float = 5
) -> None:
    """Opening a session fails just so, and in time."""
    started = time.monotonic()
    with pytest.raises(NasFault) as caught:
        NasSession.open(target, timeout_seconds=timeout_seconds)
    assert time.monotonic() - started < timeout_seconds + 3
    fault = caught.value
    assert (fault.cause, fault.summary, fault.remedy) == (cause, summary, remedy)
    assert type(fault) is kind
