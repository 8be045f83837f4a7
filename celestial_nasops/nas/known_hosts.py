"""Pinned host keys, read from known_hosts files as sshd(8) describes them, line by line.

paramiko's own reader gives up at marked lines, and knows neither revoked keys nor patterns.
"""

from __future__ import annotations

import base64
import binascii
import fnmatch
import hashlib
import hmac
import io
import re
from collections.abc import Iterable, Sequence
from enum import Enum, auto
from typing import NamedTuple

from celestial_nasops import regular_file


class HostKey(NamedTuple):
    """A public key of a server: its kind, such as ``ssh-ed25519``, and its encoded form."""

    kind: str
    blob: bytes

    def __str__(self) -> str:
        """The kind and the fingerprint, as ssh-keygen -l shows it."""
        digest = base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")
        return f"{self.kind} SHA256:{digest}"


class Marker(Enum):
    """What a line says of its key."""

    PINNED = auto()
    AUTHORITY = auto()
    REVOKED = auto()


class Entry(NamedTuple):
    """One line: for hosts that match ``names``, this key."""

    marker: Marker
    names: str
    key: HostKey
    file: str

    def matches(self, name: str) -> bool:
        """Whether this line speaks of ``name``; a negated pattern wins over all others of its line."""
        found = False
        for pattern in self.names.split(","):
            if pattern.startswith("!"):
                if _pattern_matches(pattern[1:], name):
                    return False
            elif _pattern_matches(pattern, name):
                found = True
        return found


class Judgement(Enum):
    """What the files say of the key that a server shows."""

    TRUSTED = auto()
    UNKNOWN = auto()
    CHANGED = auto()
    REVOKED = auto()


class KnownHosts:
    """The entries of some files."""

    def __init__(self, entries: Iterable[Entry] = (), unreadable: Iterable[str] = ()) -> None:
        self._entries = list(entries)
        self.unreadable = list(unreadable)

    @classmethod
    def read(cls, files: Sequence[str]) -> KnownHosts:
        """Read files; one that is missing holds nothing, one that can't be read is noted, as are no broken lines."""
        entries: list[Entry] = []
        unreadable: list[str] = []
        for path in files:
            try:
                with io.StringIO(regular_file.read(path).decode("utf-8", "replace")) as file:
                    entries += [entry for line in file if (entry := parse_line(line, path)) is not None]
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                unreadable.append(f"{path}: {error.strerror}")
        return cls(entries, unreadable)

    def pinned(self, name: str) -> list[Entry]:
        """The lines that pin a key for a name."""
        return [entry for entry in self._entries if entry.marker is Marker.PINNED and entry.matches(name)]

    def has_authority(self, name: str) -> bool:
        """Whether a line trusts an authority to certify the key of that name."""
        return any(entry.marker is Marker.AUTHORITY and entry.matches(name) for entry in self._entries)

    def revoked_in(self, key: HostKey) -> str | None:
        """The file that marks a key as revoked."""
        return next((e.file for e in self._entries if e.marker is Marker.REVOKED and e.key == key), None)

    def judge(self, name: str, key: HostKey, *, bare_name: str | None = None) -> Judgement:
        """Compare the key that a server shows with what is pinned.

        Args:
            name: the name as it stands in known_hosts, ``[host]:port`` where the port is not 22.
            key: the key shown.
            bare_name: the host's name without port. ssh accepts a key that is pinned for it, too.
        """
        names = [name] if bare_name in (None, name) else [name, str(bare_name)]
        for entry in self._entries:
            if entry.marker is Marker.REVOKED and entry.key == key and any(map(entry.matches, names)):
                return Judgement.REVOKED
        if any(entry.key == key for each in names for entry in self.pinned(each)):
            return Judgement.TRUSTED
        return Judgement.CHANGED if self.pinned(name) else Judgement.UNKNOWN


def parse_line(line: str, path: str) -> Entry | None:
    """Read one line; None for a comment, an empty and a broken one."""
    words = line.split()
    if not words or words[0].startswith("#"):
        return None
    marker = Marker.PINNED
    if words[0].startswith("@"):
        marks = {"@cert-authority": Marker.AUTHORITY, "@revoked": Marker.REVOKED}
        if words[0] not in marks:
            return None
        marker = marks[words.pop(0)]
    if len(words) < 3:
        return None
    names, kind, encoded = words[:3]
    try:
        blob = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return None
    return Entry(marker, names, HostKey(kind, blob), path)


def _pattern_matches(pattern: str, name: str) -> bool:
    if pattern.startswith("|1|"):
        try:
            salt, digest = (base64.b64decode(part, validate=True) for part in pattern[3:].split("|"))
        except (binascii.Error, ValueError):
            return False
        # HMAC-SHA1 is the file's format, not our choice
        return hmac.compare_digest(hmac.new(salt, name.encode(), hashlib.sha1).digest(), digest)
    # only * and ? are special, unlike in fnmatch
    return fnmatch.fnmatchcase(name, re.sub(r"\[", "[[]", pattern.lower()))
