"""The embedded NAS's keys, and the files with which its client finds and trusts it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from celestial_nasops.nas import ssh_library

if TYPE_CHECKING:
    import paramiko

ALIAS = "nas-edge"
USERNAME = "edge_sync"


@dataclass(frozen=True, slots=True)
class NasAccount:
    """One account with one key, on a server with one host key, all kept in ``folder``."""

    folder: str
    host_key: paramiko.PKey
    client_key: paramiko.PKey

    @classmethod
    def make(cls, folder: str) -> NasAccount:
        """Make the keys, or take those that are there already.

        Raises:
            OSError: the folder can't be written.
        """
        os.makedirs(os.path.join(folder, "keys"), mode=0o700, exist_ok=True)
        return cls(folder, _key(_host_key_path(folder)), _key(_client_key_path(folder)))

    def admits(self, username: str, key: paramiko.PKey) -> bool:
        """Whether this user with this key may log in."""
        return username == USERNAME and key.asbytes() == self.client_key.asbytes()

    def write_client_files(self, port: int) -> None:
        """Write ``known_hosts`` and ``ssh_config`` for a server on that port of 127.0.0.1."""
        known_hosts = os.path.join(self.folder, "known_hosts")
        key = self.host_key
        _write(known_hosts, f"[127.0.0.1]:{port} {key.get_name()} {key.get_base64()}\n")
        settings = (
            f"Host {ALIAS}",
            "HostName 127.0.0.1",
            f"Port {port}",
            f"User {USERNAME}",
            f"IdentityFile {_quoted(_client_key_path(self.folder))}",
            "IdentitiesOnly yes",
            f"UserKnownHostsFile {_quoted(known_hosts)}",
            "GlobalKnownHostsFile none",
            "StrictHostKeyChecking yes",
        )
        _write(os.path.join(self.folder, "ssh_config"), "\n    ".join(settings) + "\n")


def _host_key_path(folder: str) -> str:
    return os.path.join(folder, "keys", "host_key")


def _client_key_path(folder: str) -> str:
    return os.path.join(folder, "keys", "client_key")


def _key(path: str) -> paramiko.PKey:
    if not os.path.exists(path):
        # paramiko reads this kind of key and does not make it; what makes it comes with paramiko
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        text = Ed25519PrivateKey.generate().private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        _write(path, text.decode())
    key: paramiko.PKey = ssh_library.load().Ed25519Key.from_private_key_file(path)
    return key


def _write(path: str, text: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)


def _quoted(path: str) -> str:
    """A path as a word of ssh_config(5), where ``%`` begins a token."""
    return '"' + path.replace("%", "%%") + '"'
