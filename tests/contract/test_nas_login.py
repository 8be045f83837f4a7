"""Host keys and our own keys: every way in which a login is refused, by the NAS or by us, with its whole message."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from celestial_nasops import causes
from celestial_nasops.durable import user_name
from celestial_nasops.fault import Cause, NasRefusal
from celestial_nasops.nas import identity
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import SshTarget
from tests.contract.opening import refused
from tests.nas_servers import Server, embedded_server, fingerprint, make_key, openssh_server, pin, public_key

pytestmark = pytest.mark.usefixtures("nothing_stays_open")


def test_host_key_unknown(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as server:
        os.unlink(server.known_hosts)
        target = server.target()
        refused(
            target,
            causes.NAS_HOST_KEY_UNKNOWN,
            f"the host key of 127.0.0.1 is not in {server.known_hosts}; it shows "
            f"{fingerprint(f'{server.folder}/host_ed25519')}",
            "compare that fingerprint with the NAS's own, seen there by sudo ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub, then log in once and accept it: "
            f"ssh -F {server.ssh_config} nas-edge",
            kind=NasRefusal,
        )
        assert not os.path.exists(server.known_hosts)


def test_host_key_certified_only(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as server:
        Path(server.known_hosts).write_text(f"@cert-authority * {public_key(f'{server.folder}/host_ed25519')}\n")
        with pytest.raises(NasRefusal) as caught:
            NasSession.open(server.target(), timeout_seconds=5)
    assert caught.value.cause is causes.NAS_HOST_KEY_UNKNOWN
    assert caught.value.values["known_hosts"] == (
        f"{server.known_hosts} (which names an authority for it; certified host keys are not supported, "
        "pin the key itself)"
    )


def test_known_hosts_unreadable(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as server:
        os.unlink(server.known_hosts)
        os.mkdir(server.known_hosts)
        with pytest.raises(NasRefusal) as caught:
            NasSession.open(server.target(), timeout_seconds=5)
    assert caught.value.cause is causes.NAS_HOST_KEY_UNKNOWN
    assert f"(can't be read: {server.known_hosts}: it is a folder, not a file)" in str(caught.value)


@pytest.mark.parametrize("kind", ["ed25519", "rsa"])
def test_host_key_changed(tmp_path: Path, kind: str) -> None:
    """Whether the pinned key is of the same kind or of one that the server does not have any more."""
    with openssh_server(tmp_path / "nas") as server:
        other = make_key(str(tmp_path / "other"), kind)
        pin(server, [other])
        refused(
            server.target(),
            causes.NAS_HOST_KEY_CHANGED,
            f"the host key of 127.0.0.1 has changed: {fingerprint(f'{server.folder}/host_ed25519')}, expected "
            f"{fingerprint(str(tmp_path / 'other'))} from {server.known_hosts}",
            "find out why (a new NAS, or somebody in between?); the NAS itself shows its own by sudo ssh-keygen -lf "
            "/etc/ssh/ssh_host_ed25519_key.pub; if it is right: "
            f"ssh-keygen -R '[127.0.0.1]:{server.port}' -f {server.known_hosts} && ssh -F {server.ssh_config} nas-edge",
            kind=NasRefusal,
        )


def test_host_key_revoked(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas") as server:
        with open(server.known_hosts, "a") as file:
            file.write(f"@revoked * {public_key(f'{server.folder}/host_ed25519')}\n")
        refused(
            server.target(),
            causes.NAS_HOST_KEY_REVOKED,
            f"127.0.0.1 shows a host key that {server.known_hosts} marks as revoked: "
            f"{fingerprint(f'{server.folder}/host_ed25519')}",
            "don't log in there; give the NAS a new host key, or find out who answers in its place: "
            f"ssh -v -F {server.ssh_config} nas-edge",
            kind=NasRefusal,
        )


def test_the_pinned_kind_of_host_key_is_asked_for(tmp_path: Path) -> None:
    with openssh_server(tmp_path / "nas", host_key_kinds=["ed25519", "ecdsa", "rsa"]) as server:
        for kind in ("rsa", "ecdsa", "ed25519"):
            pin(server, [public_key(f"{server.folder}/host_{kind}")])
            with NasSession.open(server.target(), timeout_seconds=10) as session:
                assert session.alive


def make_one(path: str, target: SshTarget) -> str:
    return (
        f"make one and install it: ssh-keygen -t ed25519 -N '' -f {path} && ssh-copy-id -i {path} {target.alias}; "
        "or set security.ssh_key_path in unified_config.json"
    )


def test_key_missing(sshd: Server) -> None:
    target = replace(sshd.target(), identity_files=("/none/a", "/none/b"))
    refused(
        target,
        causes.NAS_KEY_MISSING,
        "there is no key to log in to 127.0.0.1 with: /none/a, /none/b",
        make_one("/none/a", target),
        kind=NasRefusal,
    )
    refused(
        replace(target, identity_files=()),
        causes.NAS_KEY_MISSING,
        "there is no key to log in to 127.0.0.1 with: none is configured",
        make_one(os.path.expanduser("~/.ssh/id_ed25519"), target),
        kind=NasRefusal,
    )


def unusable(path: str, reason: str) -> tuple[Cause, str, str]:
    return (
        causes.NAS_KEY_UNUSABLE,
        f"the key {path} can't be used: {reason}",
        f"it must be a private key of user {user_name()} without passphrase: sudo chown {user_name()} {path}; "
        f"ssh-keygen -p -N '' -f {path}",
    )


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_key_with_a_passphrase(sshd: Server, tmp_path: Path, kind: str) -> None:
    path = str(tmp_path / "key")
    make_key(path, kind, passphrase="secret")
    target = replace(sshd.target(), identity_files=("/none/a", path))
    refused(target, *unusable(path, "it has a passphrase"), kind=NasRefusal)


@pytest.mark.parametrize("content", [b"", b"no key\n", b"\xff\xfe\x00", b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"])
def test_key_that_is_none(sshd: Server, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    target = replace(sshd.target(), identity_files=(str(path),))
    reason = "it is no private key of the kinds ed25519, ecdsa and rsa"
    refused(target, *unusable(str(path), reason), kind=NasRefusal)


def test_key_that_makes_the_library_stumble(sshd: Server, tmp_path: Path) -> None:
    path = tmp_path / "key"
    make_key(str(path), "ecdsa")
    head, *body, tail = path.read_bytes().splitlines()
    point = b"nistp256\0\0\0\x41"
    inner = base64.b64decode(b"".join(body)).replace(point + b"\x04", point + b"\x02")[:-1] + b"\xff"
    path.write_bytes(b"\n".join([head, base64.b64encode(inner), tail, b""]))
    target = replace(sshd.target(), identity_files=(str(path),))
    reason = "it is no private key of the kinds ed25519, ecdsa and rsa"
    refused(target, *unusable(str(path), reason), kind=NasRefusal)


def test_key_that_is_a_public_one(sshd: Server) -> None:
    path = f"{sshd.client_key}.pub"
    reason = "it is no private key of the kinds ed25519, ecdsa and rsa"
    refused(replace(sshd.target(), identity_files=(path,)), *unusable(path, reason), kind=NasRefusal)


def test_key_that_is_a_folder(sshd: Server, tmp_path: Path) -> None:
    target = replace(sshd.target(), identity_files=(str(tmp_path),))
    refused(target, *unusable(str(tmp_path), "it is a folder, not a file"), kind=NasRefusal)


def test_key_that_this_user_may_not_read(sshd: Server, tmp_path: Path, need_root: None) -> None:
    path = str(tmp_path / "key")
    shutil.copy(sshd.client_key, path)
    os.chmod(path, 0o600)
    target = replace(sshd.target(), identity_files=(path,))
    NasSession.open(target, timeout_seconds=10).close()
    folder, modes = tmp_path, []
    while folder != Path("/"):  # the other user must get as far as the key
        modes.append((folder, folder.stat().st_mode))
        folder.chmod(folder.stat().st_mode | 0o711)
        folder = folder.parent
    os.seteuid(65534)
    try:
        cause, summary, remedy = unusable(path, "Permission denied")
        # An account that can't log in: whoever reads this is another.
        refused(target, cause, summary, remedy.replace("ssh-keygen", "sudo -u nobody ssh-keygen"), kind=NasRefusal)
    finally:
        os.seteuid(0)
        for folder, mode in modes:
            folder.chmod(mode)


@pytest.mark.parametrize("start", [openssh_server, embedded_server])
def test_key_refused(start: Callable[[str], contextlib.AbstractContextManager[Server]], tmp_path: Path) -> None:
    other = str(tmp_path / "other")
    make_key(other)
    with start(str(tmp_path / "nas")) as server:
        target = replace(server.target(), identity_files=(other,))
        refused(
            target,
            causes.NAS_KEY_REFUSED,
            f"127.0.0.1 refuses the key {other} for user {server.username}",
            f"install the key on the NAS: ssh-copy-id -i {other} {target.alias}; if it is there, see on the NAS that "
            "nobody else may write the home and its .ssh, and that the account is not locked: "
            f"ls -ld ~{server.username} ~{server.username}/.ssh; sudo passwd -S {server.username}",
            kind=NasRefusal,
        )


def test_a_refused_key_is_the_only_one_tried(sshd: Server, tmp_path: Path) -> None:
    """DSM blocks an address after a few failures, so the good key in second place must not be tried."""
    other = str(tmp_path / "other")
    make_key(other)
    with pytest.raises(NasRefusal) as caught:
        NasSession.open(replace(sshd.target(), identity_files=(other, sshd.client_key)), timeout_seconds=5)
    assert caught.value.cause is causes.NAS_KEY_REFUSED


def test_user_unknown(sshd: Server) -> None:
    with pytest.raises(NasRefusal) as caught:
        NasSession.open(replace(sshd.target(), username="no-such-user"), timeout_seconds=10)
    assert caught.value.cause is causes.NAS_KEY_REFUSED
    assert str(caught.value).endswith(" for user no-such-user")


def test_server_wants_more_than_a_key(tmp_path: Path) -> None:
    settings = ["AuthenticationMethods publickey,keyboard-interactive", "KbdInteractiveAuthentication yes"]
    with openssh_server(tmp_path / "nas", settings=settings) as server:
        refused(
            server.target(),
            causes.NAS_SSH_FAILED,
            "the SSH connection to 127.0.0.1 failed (login): the key is accepted, but keyboard-interactive is wanted "
            "too",
            f"try it by hand: ssh -v {server.target().alias}",
            kind=NasRefusal,
        )


@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_other_kinds_of_key_log_in(tmp_path: Path, kind: str) -> None:
    with openssh_server(tmp_path / "nas") as server:
        path = str(tmp_path / "key")
        Path(server.folder, "authorized_keys").write_text(make_key(path, kind) + "\n")
        with NasSession.open(replace(server.target(), identity_files=(path,)), timeout_seconds=10) as session:
            assert session.exec("echo in", timeout_seconds=10).output == b"in\n"


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa", "rsa"])
def test_keys_without_a_comment_load_whatever_their_length(sshd: Server, tmp_path: Path, kind: str) -> None:
    for number in range(2 if kind == "ed25519" else 12):
        path = str(tmp_path / f"{number}")
        public = make_key(path, kind)
        _, key = identity.load(replace(sshd.target(), identity_files=(path,)))
        assert f"{key.get_name()} {key.get_base64()}" == public
        assert key.can_sign()
