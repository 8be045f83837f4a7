"""Files over a login of which nobody knows yet whether it gives a shell; the first thing that is done tells."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from celestial_nasops import causes
from celestial_nasops.fault import NasFault
from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.files import BatchWay, NasFiles, RemoteCopy, RemoteStat, WrittenCopy
from celestial_nasops.nas.piece import Chunk
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell_files import ShellFiles

T = TypeVar("T")


class UndecidedFiles(NasFiles):
    """Tries the shell with what is to be done anyway, and does it once more by SFTP where there is no shell."""

    def __init__(
        self,
        session: NasSession,
        shell: ShellFiles,
        decide: Callable[[NasFault | None], NasFiles],
        *,
        asks_shell: bool,
    ) -> None:
        """Nothing is asked yet.

        Args:
            session: the login.
            shell: its files by way of a shell.
            decide: chooses, told how the shell failed; None where it did not, or was not tried.
            asks_shell: whether the shell is to be tried.
        """
        self._session = session
        self._shell = shell
        self._decide = decide
        self._asks_shell = asks_shell
        self._decided: NasFiles | None = None

    @property
    def typed_after_ssh(self) -> str:
        return self._session.target.alias

    @property
    def capabilities(self) -> Capabilities:
        return self.decided().capabilities

    def decided(self) -> NasFiles:
        """The files by the way that was chosen; where nothing was done yet, at the cost of a command for its own sake.

        Raises:
            NasFault: neither way is to be had.
        """
        if self._decided is None:
            self._first(lambda files: files.capabilities)
        assert self._decided is not None
        return self._decided

    def stat(self, path: str) -> RemoteStat | None:
        return self._first(lambda files: files.stat(path))

    def sha256(self, path: str, size: int) -> str:
        return self._first(lambda files: files.sha256(path, size))

    def inspect(self, path: str, *, expected_size: int | None = None) -> RemoteCopy | None:
        return self._first(lambda files: files.inspect(path, expected_size=expected_size))

    def inspect_first(self, paths: Sequence[str], *, expected_size: int | None = None) -> tuple[str, RemoteCopy] | None:
        return self._first(lambda files: files.inspect_first(paths, expected_size=expected_size))

    def sha256_of_all(self, sizes: Mapping[str, int]) -> dict[str, str]:
        return self.decided().sha256_of_all(sizes)  # a shell leaves more out

    def make_folder(self, folder: str, *, below: str) -> None:
        self._first(lambda files: files.make_folder(folder, below=below))

    def write(self, path: str, chunks: Iterable[bytes], *, stall_timeout_seconds: float) -> int:
        # Decided beforehand: the chunks can be had only once.
        return self.decided().write(path, chunks, stall_timeout_seconds=stall_timeout_seconds)

    def hash_segments(self, path: str, size: int, segment_bytes: int) -> list[str]:
        return self._first(lambda files: files.hash_segments(path, size, segment_bytes))

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
        return self.decided().write_on(
            path,
            chunks,
            start=start,
            size=size,
            segment_bytes=segment_bytes,
            stall_timeout_seconds=stall_timeout_seconds,
        )

    @property
    def batch(self) -> BatchWay | None:
        return self.decided().batch

    def publish(self, temporary: str, final: str) -> bool:
        return self._first(lambda files: files.publish(temporary, final))

    def remove(self, paths: Sequence[str]) -> int:
        return self._first(lambda files: files.remove(paths))

    def remove_empty_folders(self, folder: str, *, below: str) -> None:
        self._first(lambda files: files.remove_empty_folders(folder, below=below))

    def free_bytes(self, folder: str) -> int:
        return self._first(lambda files: files.free_bytes(folder))

    def _first(self, act: Callable[[NasFiles], T]) -> T:
        if self._decided is not None:
            return act(self._decided)
        if not self._asks_shell:
            self._decided = self._decide(None)
            return act(self._decided)
        try:
            done = act(self._shell)
        except NasFault as fault:
            facts = self._session.shell_facts
            if facts is None and fault.code != causes.NAS_NO_SHELL.code:
                raise  # the connection's fault, which tells nothing of a shell
            self._decided = self._decide(None if facts else fault)
            if isinstance(self._decided, ShellFiles):
                raise
            return act(self._decided)
        if self._session.shell_facts is not None:  # not if there was nothing to do
            self._decided = self._decide(None)
        return done
