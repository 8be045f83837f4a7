"""Many small files read back over SFTP at once: what one round trip is waited for is asked of many files in it."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from celestial_nasops.nas.sftp_client import SftpClient
from celestial_nasops.nas.sftp_packets import PIECE_BYTES, READ, Attributes
from celestial_nasops.nas.sftp_view import View

# So many are open at a time; servers allow at least twice as many.
_OPEN_AT_ONCE = 50

T = TypeVar("T")


@dataclass(slots=True)
class _File:
    path: str
    seen: bytes
    size: int
    handle: bytes = b""
    is_whole: bool = True
    digest: hashlib._Hash = field(default_factory=hashlib.sha256)


@dataclass(frozen=True, slots=True)
class SftpBatch:
    """For one thread.

    Attributes:
        client: the channel.
        view: what of the paths is seen there.
        heard: called at each answer.
    """

    client: SftpClient
    view: View
    heard: Callable[[], None]

    def sha256_of_all(self, sizes: Mapping[str, int]) -> dict[str, str]:
        """See ``NasFiles.sha256_of_all``; what the server refuses is left out."""
        files = [_File(path, self.view.seen(path), size) for path, size in sizes.items()]
        found: dict[str, str] = {}
        for begin in range(0, len(files), _OPEN_AT_ONCE):
            found |= self._read_back(files[begin : begin + _OPEN_AT_ONCE])
        return found

    def _read_back(self, files: list[_File]) -> dict[str, str]:
        files = self._fitting(files)
        handles = self._each(self.client.open_all((file.seen for file in files), READ))
        opened = []
        for file, handle in zip(files, handles, strict=True):
            if handle is not None:
                file.handle = handle
                opened.append(file)
        asked = [(file, offset) for file in opened for offset in range(0, file.size, PIECE_BYTES)]
        lengths = [min(PIECE_BYTES, file.size - offset) for file, offset in asked]
        requests = ((file.handle, offset, length) for (file, offset), length in zip(asked, lengths, strict=True))
        for (file, _), length, piece in zip(asked, lengths, self._each(self.client.read_all(requests)), strict=True):
            if piece is None or len(piece) != length:  # a server may give less than was asked for
                file.is_whole = False
            else:
                file.digest.update(piece)
        self.client.close_all(file.handle for file in opened)
        # One that has grown meanwhile was not read to its end.
        return {file.path: file.digest.hexdigest() for file in self._fitting([f for f in opened if f.is_whole])}

    def _fitting(self, files: list[_File]) -> list[_File]:
        """Those that are regular files of the size that they shall have."""
        looks = self._each(self.client.attributes_of_all(file.seen for file in files))
        return [file for file, found in zip(files, looks, strict=True) if _fits(found, file.size)]

    def _each(self, answers: Iterator[T]) -> Iterator[T]:
        for answer in answers:
            self.heard()
            yield answer


def _fits(found: Attributes | None, size: int) -> bool:
    return found is not None and stat.S_ISREG(found.mode) and found.size == size
