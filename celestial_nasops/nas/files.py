"""What can be done with files on the NAS, whatever the way to them."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from celestial_nasops.fault import NasFault, NasUnavailable
from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.piece import Chunk
from celestial_nasops.nas.verification import VerificationLevel

SLOWEST_HASH_BYTES_PER_SECOND = 5e6
# To publish means to flush a folder, which waits for whatever else a busy disk is writing.
SLOWEST_FLUSH_SECONDS = 60.0


class RemoteStat(NamedTuple):
    """A regular file's size (bytes) and time of modification (Unix seconds)."""

    size: int
    modified: float


class RemoteCopy(NamedTuple):
    """A regular file's size (bytes), time of modification (Unix seconds), and SHA-256 (hex) of its content."""

    size: int
    modified: float
    sha256: str


class WrittenCopy(NamedTuple):
    """A file's size (bytes), and SHA-256 (hex) of what lies on the NAS, read back while it was written."""

    size: int
    sha256: str


class BatchWay(Protocol):
    """What some ways to the NAS can do for many small files at once; see ``ShellBatch``."""

    def unpack(
        self, folder: str, archive: Iterable[Chunk], *, below: str, size: int, stall_timeout_seconds: float
    ) -> dict[str, str]:
        """Unpack a tar archive into a new folder, and hash what lies there."""

    def publish(self, folder: str, names: Sequence[str], target_folder: str) -> set[str]:
        """Give files their final names, and tell which got them."""

    def remove_folders(self, prefix: str) -> None:
        """Remove private folders whose paths begin so."""


class NasFiles(abc.ABC):
    """Files on the NAS by their absolute paths, which may hold any bytes (as ``os.fsdecode`` gives them).

    Every method raises NasUnavailable when the NAS went silent or away, or its volume is full, read-only or gone; and
    NasFault when it was reached and could not do what was asked with this path.
    """

    @property
    @abc.abstractmethod
    def typed_after_ssh(self) -> str:
        """What to type after ``ssh`` to get there by hand, for messages."""

    @property
    @abc.abstractmethod
    def capabilities(self) -> Capabilities:
        """What this login can do; asking may take a round trip where nothing else was asked before."""

    @property
    def verification_level(self) -> VerificationLevel:
        """What :meth:`sha256` and :meth:`inspect` prove."""
        return self.capabilities.verification

    @abc.abstractmethod
    def stat(self, path: str) -> RemoteStat | None:
        """Look at a file; None where nothing is there."""

    @abc.abstractmethod
    def sha256(self, path: str, size: int) -> str:
        """Hash a file's content as it lies on the NAS.

        Args:
            path: the file.
            size: its size (bytes), which decides how long that may take.
        """

    @abc.abstractmethod
    def inspect(self, path: str, *, expected_size: int | None = None) -> RemoteCopy | None:
        """Look at a file and hash it; None where nothing is there.

        Args:
            path: the file.
            expected_size: the size (bytes) that a right copy has. A file of another one need not be hashed, its
                ``sha256`` may be empty then; so a NAS that claims any size can't make us read or wait for ever.
        """

    @abc.abstractmethod
    def inspect_first(self, paths: Sequence[str], *, expected_size: int | None = None) -> tuple[str, RemoteCopy] | None:
        """Look at and hash the first of some files that is there; None where none is. See :meth:`inspect`."""

    @abc.abstractmethod
    def sha256_of_all(self, sizes: Mapping[str, int]) -> dict[str, str]:
        """Hash many small files together, as they lie on the NAS, in a few round trips for all of them.

        Args:
            sizes: the paths, and the size of each (bytes) that a right copy has.

        Returns:
            The SHA-256 (hex) of those that are regular files of that size. One that is left out is not, or does not go
            together with others: :meth:`inspect` tells.
        """

    @abc.abstractmethod
    def make_folder(self, folder: str, *, below: str) -> None:
        """Make a folder and those above it, except for ``below``: where that is missing, a volume is not mounted.

        Raises:
            NasUnavailable: ``below`` does not exist, among other reasons.
        """

    @abc.abstractmethod
    def write(self, path: str, chunks: Iterable[bytes], *, stall_timeout_seconds: float) -> int:
        """Write a new file and flush it to the disk; what was at this path before is removed first.

        Args:
            path: where to; its folder is made where it is missing.
            chunks: the content. What this raises comes through, and a part of the file may lie at ``path`` then.
            stall_timeout_seconds: the longest time in which nothing moves.

        Returns:
            How many bytes lie at ``path`` by the NAS's own count.
        """

    @abc.abstractmethod
    def hash_segments(self, path: str, size: int, segment_bytes: int) -> list[str]:
        """Hash the consecutive segments of a file as they lie on the NAS, the last being the rest.

        Args:
            path: the file.
            size: how much of it (bytes).
            segment_bytes: a multiple of 64 KiB.

        Returns:
            The SHA-256 (hex) of each; none where no regular file is there.
        """

    @abc.abstractmethod
    def write_on(
        self,
        path: str,
        chunks: Iterable[Chunk],
        *,
        start: int,
        size: int,
        segment_bytes: int,
        stall_timeout_seconds: float,
    ) -> WrittenCopy:
        """Write a file from ``start`` to its end, read back what lies there meanwhile, and flush it to the disk.

        Args:
            path: where to; its folder is made where it is missing.
            chunks: the content from ``start`` on. What this raises comes through, and a part lies at ``path`` then.
            start: how much of what lies at ``path`` is right (bytes). With 0 that is removed, and a new file begun.
            size: of the whole file (bytes).
            segment_bytes: how much is written before it is read back; a multiple of 64 KiB.
            stall_timeout_seconds: the longest time in which nothing moves.

        Returns:
            What lies at ``path``, all of it.
        """

    @property
    def batch(self) -> BatchWay | None:
        """How to handle many small files at once, where that can be."""
        return None

    @abc.abstractmethod
    def publish(self, temporary: str, final: str) -> bool:
        """Give a file its final name in one step that never overwrites anything.

        Both names must be in the same folder.

        Returns:
            False where ``final`` exists already; the temporary file is still there then.
        """

    @abc.abstractmethod
    def remove(self, paths: Sequence[str]) -> int:
        """Remove files, never folders; those that are not there are fine.

        Returns:
            How many were there.
        """

    @abc.abstractmethod
    def remove_empty_folders(self, folder: str, *, below: str) -> None:
        """Remove a folder and those above it while they are empty, but never ``below`` itself."""

    @abc.abstractmethod
    def free_bytes(self, folder: str) -> int:
        """How many bytes this account can still write there."""

    def demand_folder(self, folder: str) -> None:
        """Prove that a folder is there, with its volume, also on a NAS that can't tell its free space.

        Raises:
            NasUnavailable: it is not.
        """
        try:
            self.free_bytes(folder)
        except NasUnavailable:
            raise
        except NasFault:
            pass  # it was looked at, and something else could not be told


def absolute(path: str) -> str:
    """Demand an absolute path.

    Raises:
        ValueError: it is none.
    """
    if not path.startswith("/") or "\0" in path:
        raise ValueError(f"not an absolute path: {path!r}")
    return path


def folder_below(folder: str, below: str) -> tuple[str, str]:
    """Both without a slash at their ends.

    Raises:
        ValueError: the one is not inside the other.
    """
    folder, below = folder.rstrip("/"), below.rstrip("/")
    if not folder.startswith(f"{below}/") or ".." in folder.split("/"):
        raise ValueError(f"{folder} is not below {below}")
    return folder, below
