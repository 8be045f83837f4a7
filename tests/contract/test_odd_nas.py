"""A NAS that means harm, or falls silent: nothing is read, kept or waited for without end."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.nas.capabilities import Way
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from tests.contract.ways import odd_server, opened
from tests.nas_profiles import sftp_only_server
from tests.nas_servers import openssh_server

# --- servers that mean harm ---


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("greedy", "a request to read was answered by a packet of kind 103"),
        ("oversize", "the answer is not SFTP"),
        ("cut_short", "an answer ends in the middle"),
        ("answers_others", "an answer to nothing that was asked"),
        ("wrong_kind", "a request to open was answered by a packet of kind 105"),
    ],
)
def test_nonsense_ends_the_connection(tmp_path: Path, how: str, reason: str) -> None:
    with odd_server(tmp_path, how) as server, opened(server) as (files, _):
        Path(server.files, "x").write_bytes(b"content")
        with pytest.raises(NasUnavailable) as caught:
            files.inspect(f"{server.files}/x")
        assert caught.value.cause is causes.NAS_SSH_FAILED
        assert caught.value.values["reason"] == reason
        with pytest.raises(NasUnavailable):
            files.stat(f"{server.files}/x")


@pytest.mark.parametrize("how", ["greedy", "endless", "trickle"])
def test_of_many_those_that_are_answered_oddly_are_left_out(tmp_path: Path, how: str) -> None:
    with odd_server(tmp_path, how) as server, opened(server, access="sftp", base_path="/") as (files, _):
        for name in ("x", "y"):
            Path(server.files, name).write_bytes(b"content")
        assert files.sha256_of_all({f"{server.files}/x": 7, f"{server.files}/y": 7}) == {}


@pytest.mark.parametrize("how", ["oversize", "cut_short", "answers_others", "wrong_kind"])
def test_nonsense_among_many_answers_ends_the_connection(tmp_path: Path, how: str) -> None:
    with odd_server(tmp_path, how) as server, opened(server) as (files, _):
        Path(server.files, "x").write_bytes(b"content")
        with pytest.raises(NasUnavailable) as caught:
            files.sha256_of_all({f"{server.files}/x": 7})
        assert caught.value.cause is causes.NAS_SSH_FAILED


def test_a_server_that_chatters_first_is_none(tmp_path: Path) -> None:
    with odd_server(tmp_path, "chatters") as server, opened(server) as (files, _):
        with pytest.raises(NasUnavailable) as caught:
            files.stat(f"{server.files}/x")
        assert caught.value.cause is causes.NAS_NO_SHELL


def test_a_size_without_end_is_not_read(tmp_path: Path) -> None:
    with odd_server(tmp_path, "endless") as server, opened(server, access="sftp", base_path="/") as (files, _):
        Path(server.files, "x").write_bytes(b"content")
        found = files.inspect(f"{server.files}/x", expected_size=7)
        assert found is not None
        assert (found.size, found.sha256) == (1 << 62, "")


def test_a_trickle_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    with odd_server(tmp_path, "trickle") as server:
        Path(server.files, "x").write_bytes(b"x" * 1000)
        with NasSession.open(server.target(), timeout_seconds=10) as session:
            files = open_files(session, server.config().nas_settings, timeout_seconds=1)
            began = time.monotonic()
            with pytest.raises(NasUnavailable) as caught:
                files.inspect(f"{server.files}/x")
            assert time.monotonic() - began < 10
            assert caught.value.cause is causes.NAS_SILENT
            assert not session.alive


def test_a_shell_that_claims_any_size_is_not_waited_for(tmp_path: Path) -> None:
    tools = tmp_path / "tools"
    tools.mkdir()
    for name, does in (("stat", f"echo 81a4 {1 << 62} 1"), ("sha256sum", "exec /bin/sleep 60")):
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)
    environment = [f'"PATH={tools}:{os.environ["PATH"]}"']
    with openssh_server(tmp_path / "nas", environment=environment) as server:
        Path(server.files, "x").write_bytes(b"content")
        with NasSession.open(server.target(), timeout_seconds=10) as session:
            files = open_files(session, server.config().nas_settings, timeout_seconds=1)
            began = time.monotonic()
            claimed = files.inspect(f"{server.files}/x", expected_size=7)  # of another size: it needs no hash
            assert claimed is not None
            assert (claimed.size, claimed.sha256) == (1 << 62, "")
            (tools / "stat").write_text("#!/bin/sh\necho 81a4 7 1\n")
            with pytest.raises(NasUnavailable) as caught:
                files.inspect(f"{server.files}/x", expected_size=7)
            assert caught.value.cause is causes.NAS_SILENT
            assert time.monotonic() - began < 10


# --- waits that are bounded ---


def test_a_long_reading_back_gives_signs_of_life(tmp_path: Path) -> None:
    with sftp_only_server(tmp_path / "nas") as server:
        Path(server.files, "x").write_bytes(bytes(10 * 32_000))
        heard: list[float] = []
        with NasSession.open(server.target(), timeout_seconds=10) as session:
            files = open_files(
                session,
                server.config().nas_settings,
                timeout_seconds=10,
                heard=lambda: heard.append(time.monotonic()),
            )
            assert files.inspect(f"{server.files}/x") is not None
        assert len(heard) == 10


def test_a_server_frozen_in_mid_upload(tmp_path: Path) -> None:
    with sftp_only_server(tmp_path / "nas") as server, opened(server) as (files, _):
        assert files.capabilities.way is Way.SFTP

        def source() -> Iterator[bytes]:
            yield b"x"
            server.freeze()
            while True:
                yield b"x" * (1 << 20)

        path = f"{server.files}/x"
        with pytest.raises(NasUnavailable) as caught:
            files.write(path, source(), stall_timeout_seconds=0.5)
        assert caught.value.cause is causes.NAS_SILENT
        assert str(caught.value) == f"127.0.0.1 port {server.port} gave no answer within 0.5 s (write {path})"


def test_a_connection_cut_in_mid_upload(tmp_path: Path) -> None:
    with sftp_only_server(tmp_path / "nas") as server, opened(server) as (files, _):
        assert files.capabilities.way is Way.SFTP

        def source() -> Iterator[bytes]:
            yield b"x"
            server.cut_connections()
            while True:
                yield b"x" * (1 << 20)

        path = f"{server.files}/x"
        with pytest.raises(NasUnavailable) as caught:
            files.write(path, source(), stall_timeout_seconds=10)
        assert caught.value.cause is causes.NAS_CONNECTION_LOST
        assert str(caught.value) == f"the connection to 127.0.0.1 was lost (write {path})"


def test_a_source_may_take_its_time(tmp_path: Path) -> None:
    with sftp_only_server(tmp_path / "nas") as server, opened(server) as (files, _):
        assert files.capabilities.way is Way.SFTP

        def source() -> Iterator[bytes]:
            for _ in range(3):
                time.sleep(0.3)  # slower than the NAS may be
                yield b"x"

        assert files.write(f"{server.files}/x", source(), stall_timeout_seconds=0.2) == 3
