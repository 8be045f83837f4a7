"""What systemctl, journalctl and ssh print, whatever that is; known_hosts files and keys, whatever is in them."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from celestial_nasops import process
from celestial_nasops.config import Config
from celestial_nasops.fault import Fault, NasRefusal
from celestial_nasops.nas import identity, known_hosts, target as ssh_target
from celestial_nasops.nas.known_hosts import HostKey, KnownHosts
from healthcheck import daemon_unit, systemctl
from healthcheck.probes import daemon_status
from tests.fuzz.trees import ODD_TEXTS, damaged
from tests.nas_servers import make_key

NOW = 1737547200.0
NUMBERS = ("", "0", "-1", "42", "9" * 30, "9" * 5000, "nan", "inf", "-inf", "1e400", "٣", "0x10", "1_000", "@", "@nan")
UNIT = {
    "LoadState": ("loaded", "masked", "not-found", "error", ""),
    "ActiveState": ("active", "failed", "activating", "inactive", "reloading", ""),
    "SubState": ("running", "auto-restart", "dead", "failed", "exited", ""),
    "Result": ("success", "exit-code", "signal", "oom-kill"),
    "ExecMainCode": NUMBERS,
    "ExecMainStatus": NUMBERS,
    "ExecMainStartTimestamp": NUMBERS,
    "MainPID": NUMBERS,
    "NRestarts": NUMBERS,
    "StatusText": ODD_TEXTS,
    "User": ("media-sync", "0", *NUMBERS, *ODD_TEXTS),
    "UID": NUMBERS,
}
SSH = {
    "hostname": ("127.0.0.1", "nas", "", "a..b", "x" * 300, "\0", "無"),
    "port": ("22", "", "0", "-1", "65536", "9" * 5000, "ssh", "٢٢"),
    "user": ("edge_sync", "", "-x", "\0"),
    "identityfile": ("~/.ssh/id", "none", "%d/x", "%", "%Z", "${HOME}/x", "\0", ""),
    "userknownhostsfile": ("~/a /b c", "none", "", "\0"),
    "hostkeyalias": ("", "x"),
    "proxycommand": ("none", "nc %h %p", "%", ""),
    "proxyjump": ("none", "", "a,b", ",", "ssh://x"),
}


def lines(table: dict[str, tuple[str, ...]], between: str) -> st.SearchStrategy[str]:
    """Output with some of the keys, each with one of its values or any text, and lines of noise."""
    line = st.sampled_from(sorted(table)).flatmap(
        lambda key: (st.sampled_from(table[key]) | st.text(max_size=10)).map(lambda value: f"{key}{between}{value}")
    )
    return st.lists(line | st.text(max_size=20), max_size=14).map("\n".join)


@pytest.fixture(scope="module")
def play() -> Iterator[Path]:
    """A folder first on PATH whose programs print the file ``says``."""
    with tempfile.TemporaryDirectory(dir="/dev/shm", prefix="fuzz-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        for program in ("systemctl", "journalctl", "ssh"):
            (folder / program).write_text('#!/bin/sh\nexec cat "${0%/*}/says"\n')
            (folder / program).chmod(0o755)
        patch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        yield folder


@given(output=lines(UNIT, "=") | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_systemctl(play: Path, output: str) -> None:
    judge_systemd(play, output.encode())


@pytest.mark.parametrize("key", sorted(UNIT))
def test_systemctl_with_each_odd_value(play: Path, key: str) -> None:
    good = {k: v[0] for k, v in UNIT.items()}
    for value in (*NUMBERS, *ODD_TEXTS):
        for active in ("active", "failed"):
            judge_unit({**good, "ActiveState": active, key: value})
    judge_systemd(play, b"ActiveState=failed\n" + b"StatusText=" + b"x" * 3_000_000)


def judge_systemd(play: Path, output: bytes) -> None:
    (play / "says").write_bytes(output)
    [properties] = systemctl.show(["media-sync-daemon.service"], timeout_seconds=5).values()
    judge_unit(properties)


def judge_unit(properties: dict[str, str]) -> None:
    """All that is made of a unit's properties."""
    unit = "media-sync-daemon.service"
    finding = daemon_unit.judge(
        properties, NOW, unit, lambda: daemon_unit.last_error(unit, properties, users=False), "media-sync"
    )
    daemon_unit.user_of(1, properties)
    if finding is None:
        finding = daemon_status.judge_running(properties, None, unit, "/etc/x.json", "/state", NOW)
    assert finding.summary.isprintable()
    assert len(finding.summary) < 15_000
    json.dumps(finding.details, allow_nan=False)


@given(output=lines(SSH, " ") | st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")))
def test_ssh_g(play: Path, output: str) -> None:
    resolve(play, output)


@pytest.mark.parametrize("key", sorted(SSH))
def test_ssh_g_with_each_odd_value(play: Path, key: str) -> None:
    good = {k: v[0] for k, v in SSH.items()}
    resolve(play, "\n".join(f"{k} {v}" for k, v in good.items() if k != key))
    for value in SSH[key]:
        resolve(play, "\n".join(f"{k} {v}" for k, v in {**good, key: value}.items()))


def resolve(play: Path, output: str) -> None:
    """A target that can be used, or a fault that names what is wrong."""
    (play / "says").write_text(output, encoding="utf-8", errors="surrogateescape")
    try:
        target = ssh_target.resolve(Config())
    except NasRefusal as fault:
        said = fault
    else:
        assert 0 < target.port < 65536
        assert target.host
        assert target.username
        texts = (target.host, target.username, *target.identity_files, *target.known_hosts_files)
        assert not any("\0" in text for text in (*texts, *(target.proxy_command or ())))
        return
    assert said.summary.startswith("the SSH connection to nas-edge failed (ssh configuration): ")


KEY = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + b"k" * 32).decode()
HASHED = "|1|" + base64.b64encode(b"s" * 20).decode() + "|" + base64.b64encode(b"d" * 20).decode()
NAMES = ("nas", "[nas]:22", "!nas", "*", "?", "*a*a*a*a*a*a*a*a*b", HASHED, "|1|x", "|1||")
WORDS = ("@revoked", "@cert-authority", "@x", *NAMES)
known_lines = st.lists(
    st.sampled_from((*WORDS, "ssh-ed25519", KEY, KEY[:-3], "=", "無", "#", "a," * 300, "[" * 50)) | st.text(max_size=8),
    max_size=6,
).map(" ".join)


@given(content=st.lists(known_lines, max_size=6).map("\n".join).map(str.encode) | st.binary(max_size=80))
def test_known_hosts(play: Path, content: bytes) -> None:
    path = play / "known_hosts"
    path.write_bytes(content)
    hosts = KnownHosts.read([str(path), str(play)])
    key = HostKey("ssh-ed25519", base64.b64decode(KEY))
    for name in ("nas", "[nas]:22", "a" * 40):
        hosts.judge(name, key, bare_name="nas")
        hosts.has_authority(name)
        str([str(entry.key) for entry in hosts.pinned(name)])
    hosts.revoked_in(key)


def test_a_pattern_that_is_hard_to_match_takes_no_time() -> None:
    import time

    begun = time.monotonic()
    known_hosts._pattern_matches("*a" * 2000 + "b", "a" * 255)
    assert time.monotonic() - begun < 1


@pytest.fixture(scope="module")
def keys(play: Path) -> list[bytes]:
    """Good private keys of all kinds, one with a passphrase."""
    found = []
    for kind in ("ed25519", "ecdsa", "rsa"):
        make_key(str(play / kind), kind)
        found.append((play / kind).read_bytes())
    make_key(str(play / "locked"), passphrase="secret")
    return [*found, (play / "locked").read_bytes()]


@given(data=st.data())
def test_key_files(play: Path, keys: list[bytes], data: st.DataObject) -> None:
    good = data.draw(st.sampled_from(keys))
    if data.draw(st.booleans()):
        content = data.draw(damaged(good) | st.binary(max_size=200))
    else:  # inside the armour, where a change is no mere syntax error
        head, *body, tail = good.strip().splitlines()
        inner = data.draw(damaged(base64.b64decode(b"".join(body))))
        content = b"\n".join([head, base64.encodebytes(inner).strip(), tail, b""])
    path = play / "key"
    path.write_bytes(content)
    try:
        key = identity._read(str(path))
    except NasRefusal as refusal:
        fault: Fault | None = refusal
    else:
        fault = None
        assert key.asbytes()
    if fault is not None:
        assert fault.code == "nas_key_unusable"
        assert fault.summary.startswith(f"the key {path} can't be used: ")


def test_endless_output_of_a_program(play: Path) -> None:
    (play / "ssh").write_text("#!/bin/sh\nexec yes hostname\n")
    with pytest.raises(process.ProcessFault) as caught:
        process.run(["ssh", "-G", "x"], timeout_seconds=1)
    assert str(caught.value) == "ssh -G x gave no answer within 1 s and was killed"


def test_a_last_line_without_end(play: Path) -> None:
    (play / "ssh").write_text("#!/bin/sh\nhead -c 900000 /dev/zero | tr '\\0' x >&2\nexit 3\n")
    with pytest.raises(process.ProcessFault) as caught:
        process.run(["ssh"], timeout_seconds=5)
    assert str(caught.value) == f"ssh ended with exit code 3: {'x' * 2048} ... {'x' * 2048}"
