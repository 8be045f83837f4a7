"""What the check says of a bad network, and when."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator

import pytest

from tests.system.site import CHECK, Site

Fault = Callable[[Site], contextlib.AbstractContextManager[None]]


@contextlib.contextmanager
def frozen_sshd(site: Site) -> Iterator[None]:
    site.nas.run("systemctl", "kill", "--signal=SIGSTOP", "--kill-who=all", "ssh.service")
    try:
        yield
    finally:
        site.nas.run("systemctl", "kill", "--signal=SIGCONT", "--kill-who=all", "ssh.service")


FAULTS: dict[str, tuple[Fault, str, str]] = {
    "link cut": (
        lambda site: site.network.cut("nas"),
        "nas_no_route",
        "no way to 10.77.0.3 port 22: ",
    ),
    "blackhole": (
        lambda site: site.network.filtered("nas", "drop"),
        "nas_silent",
        "10.77.0.3 port 22 gave no answer within ",
    ),
    "refused": (
        lambda site: site.network.filtered("nas", "tcp dport 22 reject with tcp reset"),
        "nas_refused",
        "10.77.0.3 refuses connections on port 22, although it answers ping in ",
    ),
    "frozen sshd": (
        frozen_sshd,
        "nas_silent",
        "10.77.0.3 port 22 gave no answer within ",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_network_is_named_in_time_and_forgotten_when_mended(site: Site, name: str) -> None:
    fault, cause, summary = FAULTS[name]
    with fault(site):
        began = time.monotonic()
        told = site.check()
        seconds = time.monotonic() - began
        ping = told.probe("ping")
        assert (ping["outcome"], ping["cause"]) == ("fail", cause), told.status
        assert ping["summary"].startswith(summary), ping
        assert ping["duration_seconds"] < 6
        assert seconds < 15
        assert (told.result, told.exit_code) == ("exit-code", 1)
        assert told.status_text.startswith(f"FAIL ping: {summary}"), told.status_text
        assert [told.outcomes[name] for name in ("file_insert", "remote_verify", "local_delete")] == ["skipped"] * 3
        assert site.failed_units() == [CHECK]
    told = site.check()
    assert (told.result, told.exit_code) == ("success", 0), told.status
    assert site.failed_units() == []
    assert site.litter() == []


def test_a_slow_link_that_loses_frames_raises_no_alarm(site: Site) -> None:
    with site.network.poor(delay_ms=150, loss=0.02):  # each way
        for _ in range(2):
            told = site.check()
            assert (told.result, told.exit_code, told.status["outcome"]) == ("success", 0, "pass"), told.status
    assert site.litter() == []


def test_an_echo_that_is_lost_is_no_wall(site: Site) -> None:
    with site.network.filtered("nas", "icmp type echo-request limit rate 1/day burst 1 packets drop"):
        told = site.check()
    assert told.outcomes["ping"] == "pass", told.probe("ping")
