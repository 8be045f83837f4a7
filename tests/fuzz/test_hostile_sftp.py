"""Whatever an SFTP server answers is understood or has a name, in time."""

from __future__ import annotations

import contextlib
import itertools
import struct
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from celestial_nasops.config import NasSettings
from celestial_nasops.fault import NasFault
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.sftp_packets import FLUSH, FREE_SPACE, HARD_LINK, Kind, string
from tests.hostile_nas import Answer, HostileNas, Request, flood, hostile_nas

TIMEOUT = 1.0
VERSION = struct.pack(">I", 3) + b"".join(string(name) + string(b"1") for name in (HARD_LINK, FLUSH, FREE_SPACE))
FILE = struct.pack(">IQI", 1 | 4, 5, 0o100644)
HUGE = struct.pack(">IQI", 1 | 4, 2**64 - 1, 0o100644)
FOLDER = struct.pack(">II", 4, 0o40755)
SPACE = struct.pack(">11Q", *[2**64 - 1] * 11)
STATUS = [struct.pack(">I", number) + string(b"\x1b[31mwhy") + string(b"") for number in (0, 1, 2, 3, 4, 8, 2**32 - 1)]
Reply = tuple[int, bytes]
OPERATIONS: dict[str, Callable[[NasFiles], Any]] = {
    "stat": lambda files: files.stat("/volume1/a"),
    "inspect_first": lambda files: files.inspect_first(["/volume1/a", "/volume1/b"]),
    "sha256_of_all": lambda files: files.sha256_of_all({"/volume1/a": 5, "/volume1/b": 5}),
    "make_folder": lambda files: files.make_folder("/volume1/x/y", below="/volume1"),
    "publish": lambda files: files.publish("/volume1/.tmp", "/volume1/x"),
    "remove": lambda files: files.remove(["/volume1/a", "/volume1/b"]),
    "remove_empty_folders": lambda files: files.remove_empty_folders("/volume1/x/y", below="/volume1"),
    "free_bytes": lambda files: files.free_bytes("/volume1"),
    "write": lambda files: files.write("/volume1/x", [b"x" * 100], stall_timeout_seconds=TIMEOUT),
}
kinds = st.sampled_from([Kind.STATUS, Kind.HANDLE, Kind.DATA, Kind.NAME, Kind.ATTRS, Kind.EXTENDED_REPLY, 0, 255])
bodies = st.sampled_from(
    [*STATUS, string(b"handle"), string(b"x" * 5), FILE, HUGE, FOLDER, SPACE, struct.pack(">I", 2**32 - 1)]
) | st.binary(max_size=40)
ATTRIBUTES = (FILE, HUGE, FOLDER)
OTHERS = ((Kind.HANDLE, string(b"h")), (Kind.DATA, string(b"x" * 5)), (Kind.EXTENDED_REPLY, SPACE))
likely = st.sampled_from(
    [*((Kind.STATUS, status) for status in STATUS), *((Kind.ATTRS, seen) for seen in ATTRIBUTES), *OTHERS]
)


def speaks(replies: Sequence[Reply], version: bytes = VERSION) -> Answer:
    """SFTP, with these answers in turn, each to the request that is the next."""

    def act(request: Request) -> None:
        heard = _Heard(request)
        heard.packet()
        request.say(struct.pack(">IB", len(version) + 1, Kind.VERSION) + version)
        for kind, body in itertools.cycle(replies):
            number = heard.packet()[1:5]
            if not number:
                return
            request.say(struct.pack(">IB", len(body) + 5, kind) + number + body)

    return act


class _Heard:
    def __init__(self, request: Request) -> None:
        self._channel = request.channel

    def packet(self) -> bytes:
        size = self._exactly(4)
        return self._exactly(struct.unpack(">I", size)[0]) if size else b""

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._channel.recv(count - len(data))
            if not piece:
                return b""
            data += piece
        return data


@pytest.fixture(scope="module")
def nas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileNas]:
    with hostile_nas(str(tmp_path_factory.mktemp("hostile"))) as nas:
        yield nas


def fault_of(nas: HostileNas, operation: str) -> NasFault | None:
    """What comes of an operation over a connection of its own."""
    settings = NasSettings(base_path="/volume1", access="sftp")
    begun = time.monotonic()
    fault = None
    with contextlib.closing(NasSession.open(nas.target(), timeout_seconds=5)) as session:
        try:
            OPERATIONS[operation](open_files(session, settings, timeout_seconds=TIMEOUT))
        except NasFault as caught:
            fault = caught
    assert time.monotonic() - begun < 8
    return fault


@given(replies=st.lists(likely | st.tuples(kinds, bodies), min_size=1, max_size=8))
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_any_answer_is_understood_or_named(nas: HostileNas, operation: str, replies: list[Reply]) -> None:
    nas.subsystem = speaks(replies)
    fault = fault_of(nas, operation)
    if fault is not None:
        assert fault.summary.isprintable()
        assert len(fault.summary) < 1000


@settings(max_examples=max(8, settings().max_examples // 10))  # it waits half a second for a connection that stands
@given(version=st.binary(max_size=60))
def test_any_beginning_is_understood_or_named(nas: HostileNas, version: bytes) -> None:
    nas.subsystem = speaks([(Kind.STATUS, STATUS[2])], version)
    fault = fault_of(nas, "stat")
    if fault is not None:
        assert fault.summary.isprintable()


@pytest.mark.parametrize(
    "said", [b"Welcome!\n" * 100, struct.pack(">I", 2**32 - 1), struct.pack(">I", 0), struct.pack(">IB", 2**18, 2)]
)
def test_what_is_no_sftp_has_a_name(nas: HostileNas, said: bytes) -> None:
    nas.subsystem = lambda request: request.say(said)
    fault = fault_of(nas, "stat")
    assert fault is not None
    assert fault.code in ("nas_no_sftp", "nas_login_hangs")


def test_a_flood_has_a_name(nas: HostileNas) -> None:
    nas.subsystem = flood
    fault = fault_of(nas, "stat")
    assert fault is not None
    assert fault.code in ("nas_no_sftp", "nas_ssh_failed")


def test_a_refusal_that_means_nothing_has_a_name(nas: HostileNas) -> None:
    nas.subsystem = speaks([(Kind.STATUS, STATUS[1])])
    fault = fault_of(nas, "free_bytes")
    assert fault is not None
    assert fault.summary == "the NAS could not look for /volume1: \\x1b[31mwhy (SFTP status 1)"
    assert fault.remedy == f"try it by hand: ssh -F {nas.ssh_config} nas-edge ls -ld /volume1"


def test_no_sftp(nas: HostileNas) -> None:
    nas.subsystem = None
    fault = fault_of(nas, "stat")
    assert fault is not None
    assert fault.code == "nas_no_sftp"
