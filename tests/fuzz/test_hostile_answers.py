"""What an SSH server can send: each ends in time, in bounded memory, and with a cause that has a name."""

from __future__ import annotations

import re
import resource
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest
from hypothesis import given, strategies as st

from celestial_nasops import causes
from celestial_nasops.fault import Cause, NasFault
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell_files import ShellFiles
from tests import hostile_nas as hostile
from tests.hostile_nas import GREETING, Answer, HostileNas, Raw, answer_with, greets_with, hostile_nas
from tests.waiting import eventually

PATHS = ["/volume1/a.smoke-check.bin", "/volume1/b.smoke-check.bin"]
TIMEOUT = 2.0
MEMORY_BYTES = 64 << 20
GOOD = b"1\n81a4 5 1737547200\n" + b"a" * 64 + b"  -\n"
OPERATIONS: dict[str, Callable[[NasFiles], Any]] = {
    "stat": lambda files: files.stat(PATHS[0]),
    "sha256": lambda files: files.sha256(PATHS[0], 5),
    "inspect_first": lambda files: files.inspect_first(PATHS),
    "sha256_of_all": lambda files: files.sha256_of_all(dict.fromkeys(PATHS, 5)),
    "make_folder": lambda files: files.make_folder("/volume1/x", below="/volume1"),
    "publish": lambda files: files.publish("/volume1/.tmp", "/volume1/x"),
    "remove": lambda files: files.remove(PATHS),
    "remove_empty_folders": lambda files: files.remove_empty_folders("/volume1/x/y", below="/volume1"),
    "free_bytes": lambda files: files.free_bytes("/volume1"),
    "write": lambda files: files.write("/volume1/x", [b"x" * 100], stall_timeout_seconds=TIMEOUT),
}


@pytest.fixture(scope="module")
def nas(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostileNas]:
    with hostile_nas(str(tmp_path_factory.mktemp("hostile"))) as nas:
        yield nas


class Client:
    """Files by way of one session, which is opened anew where it was lost."""

    def __init__(self, nas: HostileNas) -> None:
        self._nas = nas
        self._session: NasSession | None = None

    def files(self) -> NasFiles:
        if self._session is None or not self._session.alive:
            self.close()
            self._session = NasSession.open(self._nas.target(), timeout_seconds=TIMEOUT)
        return ShellFiles(self._session, timeout_seconds=TIMEOUT)

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


@pytest.fixture(scope="module")
def client(nas: HostileNas) -> Iterator[Client]:
    client = Client(nas)
    yield client
    client.close()


def resident_bytes() -> int:
    """How much memory this process, client and server in one, holds now."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


class Peak:
    """The most memory that was held while the block lasted, beyond what was held before."""

    def __enter__(self) -> Self:
        self._before = self._most = resident_bytes()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(0.01):
            self._most = max(self._most, resident_bytes())

    @property
    def bytes(self) -> int:
        return self._most - self._before


numbers = st.sampled_from(
    [b"0", b"-1", b"9" * 19, b"9" * 30, b"9" * 5000, b"f" * 400, b"1e9", b"", b"nan", b"\xd9\xa3"]
)
words = numbers | st.sampled_from(
    [b"81a4", b"41ed", b"a" * 64, b"  -\n", b"\n", b" ", b"\0", b"No such file or directory"]
)
outputs = st.lists(words | st.binary(max_size=8), max_size=12).map(b"".join) | st.tuples(*[numbers] * 4).map(
    lambda n: b"%b\n%b %b %b\n" % n + b"a" * 64 + b"  -\n"
)
outputs |= st.lists(
    st.sampled_from([f"{what} {path}\n".encode() for what in ("81a4 5", "81a4 6", "a" * 64 + " ") for path in PATHS])
).map(b"".join)
statuses = numbers | st.sampled_from([b"1", b"3", b"255"])


@given(output=outputs, status=statuses, before=st.binary(max_size=30), after=st.binary(max_size=30))
@pytest.mark.parametrize("operation", sorted(OPERATIONS))
def test_any_answer_is_understood_or_named(
    nas: HostileNas, client: Client, operation: str, output: bytes, status: bytes, before: bytes, after: bytes
) -> None:
    nas.answer = answer_with(output, status, before=before, after=after)
    value, fault = None, None
    try:
        value = OPERATIONS[operation](client.files())
    except NasFault as caught:
        fault = caught
    if fault is not None:
        assert fault.summary.isprintable()
        assert len(fault.summary) < 1000
        assert fault.code in {cause.code for cause in vars(causes).values() if isinstance(cause, Cause)}
    if operation == "sha256_of_all" and value is not None:
        assert value.keys() <= set(PATHS)
        assert set(value.values()) <= {"a" * 64}
    if operation in ("free_bytes", "write", "remove") and fault is None:
        assert isinstance(value, int)
        assert 0 <= value < 2**128


def test_a_right_answer_in_the_midst_of_noise(nas: HostileNas, client: Client) -> None:
    nas.answer = answer_with(GOOD, before=b"Welcome to DSM\n\x1b[31m", after=b"\nlogout")
    found = client.files().inspect_first(PATHS)
    assert found is not None
    assert (found[0], found[1].size, found[1].sha256) == (PATHS[0], 5, "a" * 64)


HUGE = b"9" * 5000
STAT = f"the NAS could not look at {PATHS[0]}: "
BEYOND_ITS_WINDOW = (
    r"the SSH connection to 127\.0\.0\.1 failed \(look at /volume1/a\.smoke-check\.bin\): "
    "more than the 2097152 bytes came that it was allowed to send"
)
# Its reader stops at the one bound; where a flood is faster than that, the connection ends at the other.
BEYOND_ALL = re.escape(STAT + "its answer is longer than 1048576 bytes") + "|" + BEYOND_ITS_WINDOW


@pytest.mark.parametrize(
    ("answer", "summary"),
    [
        (
            hostile.silent,
            r"the login of edge_sync on 127\.0\.0\.1 gave no answer within 2 s "
            r"\(look at /volume1/a\.smoke-check\.bin\)",
        ),
        (hostile.drip, r"127\.0\.0\.1 port \d+ gave no answer within 2 s \(look at /volume1/a\.smoke-check\.bin\)"),
        (hostile.flood, BEYOND_ALL),
        (hostile.flood_errors, BEYOND_ITS_WINDOW),
        (hostile.flood_in_frame, BEYOND_ALL),
        (hostile.no_status, re.escape(STAT + "the command was killed there")),
        (hostile.odd_status, "edge_sync on 127.0.0.1 gets no shell: bye"),
        (hostile.half_a_frame, re.escape(STAT + "its shell ended early with status 0")),
        (hostile.cut, r"the connection to 127\.0\.0\.1 was lost \(look at /volume1/a\.smoke-check\.bin\)"),
        (hostile.broken_message, r"the connection to 127\.0\.0\.1 was lost \(look at /volume1/a\.smoke-check\.bin\)"),
        (
            hostile.truncated_message,
            r"the login of edge_sync on 127\.0\.0\.1 gave no answer within 2 s .*|the connection .* was lost .*",
        ),
        (answer_with(b"", HUGE), "edge_sync on 127.0.0.1 gets no shell: .*|" + re.escape(STAT) + ".*"),
        (answer_with(b"f" * 20 + b" 5 5\n"), re.escape(STAT + "its answer was not understood: 'fffff") + ".*"),
        (answer_with(b"81a4 " + HUGE + b" 5\n"), re.escape(STAT + "its answer was not understood: '81a4 99") + ".*"),
        (answer_with(b"81a4 -5 5\n"), re.escape(STAT + "its answer was not understood: '81a4 -5 5'")),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_a_server_that_misbehaves_has_a_name(nas: HostileNas, client: Client, answer: Answer, summary: str) -> None:
    nas.answer = answer
    client.close()  # a login that has answered before is called otherwise when it falls silent
    files = client.files()
    begun = time.monotonic()
    with Peak() as peak, pytest.raises(NasFault) as caught:
        files.stat(PATHS[0])
    assert time.monotonic() - begun < TIMEOUT + 2
    assert re.fullmatch(summary, caught.value.summary), caught.value.summary
    assert peak.bytes < MEMORY_BYTES


def test_a_flood_after_the_answer_does_not_fill_the_memory(nas: HostileNas, client: Client) -> None:
    nas.answer = hostile.flood_afterwards
    files = client.files()
    with Peak() as peak:
        assert files.inspect_first(PATHS) is None
        eventually(lambda: client._session is None or not client._session.alive)
    assert peak.bytes < MEMORY_BYTES


def test_orders_are_not_taken(nas: HostileNas, client: Client) -> None:
    nas.answer = hostile.gives_orders
    assert client.files().inspect_first(PATHS) is None
    nas.answer = answer_with(GOOD)
    assert client.files().inspect_first(PATHS) is not None  # the connection is as good as before


def test_sessions_refused(nas: HostileNas, client: Client) -> None:
    files = client.files()
    nas.refuse_sessions = True
    try:
        with pytest.raises(NasFault) as caught:
            files.stat(PATHS[0])
    finally:
        nas.refuse_sessions = False
    assert caught.value.summary == "127.0.0.1 refuses to open another session: Resource shortage"


def test_commands_refused(nas: HostileNas, client: Client) -> None:
    files = client.files()
    nas.refuse_commands = True
    try:
        with pytest.raises(NasFault) as caught:
            files.stat(PATHS[0])
    finally:
        nas.refuse_commands = False
    assert caught.value.summary == "edge_sync on 127.0.0.1 gets no shell: it refuses to run commands"


KEXINIT = b"\0\0\0\x0c\x0a\x14" + b"\0" * 10


@pytest.mark.parametrize(
    ("raw", "summary"),
    [
        (greets_with(b"\xff\xfe\x00\r\n"), r"the SSH connection to 127\.0\.0\.1 failed \(SSH greeting\): .*decode.*"),
        (greets_with(b"hello\r\n", repeated=True), r"the SSH connection .* failed \(SSH greeting\): .*"),
        (
            greets_with(b"A" * 65536, repeated=True),
            r"the SSH connection to 127\.0\.0\.1 failed \(SSH greeting\): no greeting within its first 65536 bytes",
        ),
        (
            greets_with(b"a", repeated=True, pause=0.1),
            r"127\.0\.0\.1 port \d+ gave no answer within 2 s \(SSH greeting\)",
        ),
        (greets_with(b"SSH-1.5-old\r\n"), r"127\.0\.0\.1 and this server share no algorithm: Incompatible version .*"),
        (
            greets_with(b"SSH-2.0\r\n"),
            r"the SSH connection to 127\.0\.0\.1 failed \(key exchange\): Invalid SSH banner",
        ),
        (greets_with(GREETING + b"\0" * 64), r".*\(key exchange\).*"),
        (greets_with(GREETING + KEXINIT), r"127\.0\.0\.1 and this server share no algorithm: .*"),
        (greets_with(GREETING + b"\xa5" * 4096, repeated=True), r".*\(key exchange\).*"),
        (
            hostile.huge_packet,
            r"the SSH connection to 127\.0\.0\.1 failed \(key exchange\): a packet of 42949\d{5} bytes was announced",
        ),
    ],
)
def test_what_is_no_ssh_server_has_a_name(tmp_path: Path, raw: Raw, summary: str) -> None:
    with hostile_nas(str(tmp_path), raw=raw) as nas:
        begun = time.monotonic()
        with Peak() as peak, pytest.raises(NasFault) as caught:
            NasSession.open(nas.target(), timeout_seconds=TIMEOUT)
        assert time.monotonic() - begun < TIMEOUT + 5
    assert re.fullmatch(summary, caught.value.summary), caught.value.summary
    assert caught.value.summary.isprintable()
    assert peak.bytes < MEMORY_BYTES


@given(noise=st.binary(max_size=400), greeting=st.sampled_from([b"", GREETING, b"SSH-2.0-\xff\r\n", b"SSH-1.99-x\n"]))
def test_any_bytes_instead_of_ssh(tmp_path_factory: pytest.TempPathFactory, noise: bytes, greeting: bytes) -> None:
    def act(connection: Any, over: threading.Event) -> None:
        connection.sendall(greeting + noise)
        connection.close()

    with hostile_nas(str(tmp_path_factory.getbasetemp() / "raw"), raw=act) as nas:
        with pytest.raises(NasFault) as caught:
            NasSession.open(nas.target(), timeout_seconds=TIMEOUT)
        assert caught.value.summary.isprintable()
