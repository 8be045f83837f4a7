"""known_hosts as sshd(8) describes it."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from celestial_nasops.nas.known_hosts import Entry, HostKey, Judgement, KnownHosts, Marker, parse_line
from tests.nas_servers import fingerprint, make_key, public_key

KEY = HostKey("ssh-ed25519", b"one")
OTHER = HostKey("ssh-ed25519", b"two")
ENCODED = base64.b64encode(b"one").decode()


def known(*lines: str) -> KnownHosts:
    return KnownHosts(entry for line in lines if (entry := parse_line(line, "file")))


@pytest.mark.parametrize(
    ("names", "matching", "others"),
    [
        ("nas", ["nas"], ["nas2", "[nas]:22", "NAS."]),
        ("NAS.Example", ["nas.example"], []),
        ("a,b,c", ["a", "c"], ["a,b"]),
        ("*.example,!bad.example", ["nas.example"], ["bad.example", "example"]),
        ("!nas,*", ["other"], ["nas"]),
        ("nas?", ["nas1"], ["nas", "nas12"]),
        ("[nas]:2222", ["[nas]:2222"], ["nas", "n", "[nas]:22"]),
        ("[*]:2222", ["[nas]:2222"], ["[nas]:22"]),
        ("|1|broken|", [], ["nas"]),
        ("|1|!!|!!", [], ["nas"]),
    ],
)
def test_names(names: str, matching: list[str], others: list[str]) -> None:
    entry = Entry(Marker.PINNED, names, KEY, "file")
    assert [name for name in [*matching, *others] if entry.matches(name)] == matching


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  ",
        "# nas ssh-ed25519 AAAA",
        "nas",
        "nas ssh-ed25519",
        "nas ssh-ed25519 %%%",
        "@other nas ssh-ed25519 AAAA",
        "@revoked",
        "@revoked nas ssh-ed25519",
    ],
)
def test_broken_lines_say_nothing(line: str) -> None:
    assert parse_line(line, "file") is None


def test_lines_are_read_with_tabs_and_comments() -> None:
    line = f"\t@revoked\tnas,other \tssh-ed25519  {ENCODED} a comment\n"
    assert parse_line(line, "file") == Entry(Marker.REVOKED, "nas,other", KEY, "file")


@pytest.mark.parametrize(
    ("lines", "judgement"),
    [
        ([], Judgement.UNKNOWN),
        ([f"other ssh-ed25519 {ENCODED}"], Judgement.UNKNOWN),
        ([f"[nas]:2222 ssh-ed25519 {ENCODED}"], Judgement.TRUSTED),
        ([f"nas ssh-ed25519 {ENCODED}"], Judgement.TRUSTED),
        (["[nas]:2222 ssh-ed25519 b3RoZXI="], Judgement.CHANGED),
        (["nas ssh-ed25519 b3RoZXI="], Judgement.UNKNOWN),
        (["[nas]:2222 ssh-ed25519 b3RoZXI=", f"[nas]:2222 ssh-ed25519 {ENCODED}"], Judgement.TRUSTED),
        (["[nas]:2222 ssh-rsa b3RoZXI="], Judgement.CHANGED),
        ([f"[nas]:2222 ssh-ed25519 {ENCODED}", f"@revoked * ssh-ed25519 {ENCODED}"], Judgement.REVOKED),
        ([f"@revoked other ssh-ed25519 {ENCODED}"], Judgement.UNKNOWN),
        ([f"@cert-authority [nas]:2222 ssh-ed25519 {ENCODED}"], Judgement.UNKNOWN),
    ],
)
def test_judgements(lines: list[str], judgement: Judgement) -> None:
    assert known(*lines).judge("[nas]:2222", KEY, bare_name="nas") is judgement


def test_with_an_alias_for_the_key_the_host_s_name_does_not_count() -> None:
    assert known(f"nas ssh-ed25519 {ENCODED}").judge("the-nas", KEY) is Judgement.UNKNOWN


def test_a_key_is_shown_as_ssh_keygen_shows_it(tmp_path: Path) -> None:
    for kind in ("ed25519", "ecdsa", "rsa"):
        path = str(tmp_path / kind)
        make_key(path, kind)
        entry = parse_line(f"nas {public_key(path)}", "file")
        assert entry is not None
        assert str(entry.key) == fingerprint(path)


def test_missing_files_hold_nothing_and_bytes_that_are_no_text_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_bytes(b"\xff\xfe\n" + f"nas ssh-ed25519 {ENCODED}\n".encode())
    files = KnownHosts.read([str(tmp_path / "none"), str(path), str(tmp_path)])
    assert [entry.file for entry in files.pinned("nas")] == [str(path)]
    assert files.unreadable == [f"{tmp_path}: it is a folder, not a file"]
