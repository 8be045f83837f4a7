"""What a tool on the NAS says is told by its cause, whichever C library its words are from."""

from __future__ import annotations

import pytest

from celestial_nasops.nas import remote_errors
from celestial_nasops.nas.target import SshTarget

TARGET = SshTarget("nas", "10.0.0.2", 22, "u", (), ())


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("No space left on device", "nas_disk_full"),
        ("Disk quota exceeded", "nas_over_quota"),
        ("Quota exceeded", "nas_over_quota"),  # musl's strerror(3)
        ("Read-only file system", "nas_read_only"),
        ("Permission denied", "nas_no_permission"),
        ("Operation not permitted", "nas_no_permission"),
        ("Input/output error", "nas_command_failed"),
    ],
)
def test_the_end_of_what_was_said_is_the_cause(words: str, code: str) -> None:
    fault = remote_errors.fault_of(TARGET, "write", "/v/x", f"dd: /v/x: {words}\n".encode())
    assert fault.code == code


def test_a_name_that_holds_the_words_is_no_cause() -> None:
    fault = remote_errors.fault_of(TARGET, "write", "/v/x", b"dd: /v/Quota exceeded: Is a directory\n")
    assert fault.code == "nas_command_failed"


@pytest.mark.parametrize(
    "words",
    [
        *("Input/output error", "I/O error", "Stale file handle", "Stale NFS file handle"),
        *("Transport endpoint is not connected", "Socket not connected"),
    ],
)
def test_a_disk_that_fails_is_known_by_its_words(words: str) -> None:
    fault = remote_errors.fault_of(TARGET, "flush", "/v/x", f"sync: error syncing '/v/x': {words}\n".encode())
    assert remote_errors.is_of_a_failing_disk(fault)


def test_another_failure_is_of_no_disk() -> None:
    fault = remote_errors.fault_of(TARGET, "flush", "/v/x", b"sync: /v/x: File name too long\n")
    assert not remote_errors.is_of_a_failing_disk(fault)
