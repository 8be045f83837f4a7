"""Files on the NAS for an account that gets no shell: by SFTP, and verified by reading back."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import posixpath
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from celestial_nasops import causes
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.files import (
    SLOWEST_FLUSH_SECONDS,
    SLOWEST_HASH_BYTES_PER_SECOND,
    NasFiles,
    RemoteCopy,
    RemoteStat,
    WrittenCopy,
    absolute,
    folder_below,
)
from celestial_nasops.nas.piece import Chunk
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.sftp_batch import SftpBatch
from celestial_nasops.nas.sftp_client import SftpClient
from celestial_nasops.nas.sftp_errors import Refused
from celestial_nasops.nas.sftp_faults import Faults
from celestial_nasops.nas.sftp_packets import FLUSH, FREE_SPACE, PIECE_BYTES, READ, WRITE, WRITE_NEW, Status
from celestial_nasops.nas.sftp_view import View
from celestial_nasops.nas.watchdog import Watchdog

_SLOWEST_READING_BYTES_PER_SECOND = 5e4  # over the network, and not on the NAS; it bounds what trickles in for ever


class SftpFiles(NasFiles):
    """By way of SFTP, which OpenSSH's server and its extensions stand behind, or another one without them.

    The server tells little of why it refuses something, so that is looked up right afterwards.
    """

    def __init__(
        self,
        session: NasSession,
        client: SftpClient,
        capabilities: Capabilities,
        *,
        timeout_seconds: float,
        changed: Callable[[Capabilities], None],
        heard: Callable[[], None],
    ) -> None:
        """Use a session.

        Args:
            session: the login.
            client: its SFTP channel.
            capabilities: what it can do.
            timeout_seconds: bounds each step that moves no data.
            changed: called when something turns out that was not known before.
            heard: called whenever the NAS has given a sign of life.
        """
        self._session = session
        self._client = client
        self._view = View(client, capabilities.hidden_prefix)
        self._faults = Faults(session.target, self._view)
        self._capabilities = capabilities
        self._timeout_seconds = timeout_seconds
        self._changed = changed
        self._heard = heard

    @property
    def typed_after_ssh(self) -> str:
        return self._session.target.alias

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def stat(self, path: str) -> RemoteStat | None:
        with self._step("look at", path):
            return self._look(path)

    def sha256(self, path: str, size: int) -> str:
        with self._step("hash", path) as watchdog:
            return self._read_back(path, size, "hash", watchdog)

    def inspect(self, path: str, *, expected_size: int | None = None) -> RemoteCopy | None:
        found = self.inspect_first([path], expected_size=expected_size)
        return found[1] if found else None

    def inspect_first(self, paths: Sequence[str], *, expected_size: int | None = None) -> tuple[str, RemoteCopy] | None:
        for path in paths:
            with self._step("look at", path) as watchdog:
                found = self._look(path)
                if found is None:
                    continue
                if expected_size not in (None, found.size):
                    return path, RemoteCopy(found.size, found.modified, "")
                try:
                    sha256 = self._read_back(path, found.size, "look at", watchdog)
                except Refused as refused:
                    if refused.status == Status.NO_SUCH_FILE:
                        return None  # it went away between two looks
                    raise
                return path, RemoteCopy(found.size, found.modified, sha256)
        return None

    def sha256_of_all(self, sizes: Mapping[str, int]) -> dict[str, str]:
        if not sizes:
            return {}
        action, path = "look at", next(iter(sizes))
        with self._step(action, path) as watchdog:
            heard = self._bounded(sum(sizes.values()), f"{action} {path}", watchdog)
            return SftpBatch(self._client, self._view, heard).sha256_of_all(sizes)

    def make_folder(self, folder: str, *, below: str) -> None:
        with self._step("make the folder", absolute(folder)) as watchdog:
            self._demand_base(below)
            self._make_all(folder, watchdog)

    def write(self, path: str, chunks: Iterable[bytes], *, stall_timeout_seconds: float) -> int:
        with self._step("write", path, stall_timeout_seconds) as watchdog:
            written = self._written(self._create(path, watchdog), chunks, 0, watchdog)
        if isinstance(written, BaseException):
            raise written
        return written

    def hash_segments(self, path: str, size: int, segment_bytes: int) -> list[str]:
        digests: list[hashlib._Hash] = []
        with self._step("hash", path) as watchdog:
            found = self._view.look(path)
            if found is None or not stat.S_ISREG(found.mode):
                return []
            count = 0
            for piece in self._content(path, size, "hash", watchdog):
                while piece:
                    if count % segment_bytes == 0:
                        digests.append(hashlib.sha256())
                    fitting = piece[: segment_bytes - count % segment_bytes]
                    digests[-1].update(fitting)
                    count += len(fitting)
                    piece = piece[len(fitting) :]
        return [digest.hexdigest() for digest in digests]

    def write_on(
        self,
        path: str,
        chunks: Iterable[Chunk],
        *,
        start: int,
        size: int,
        segment_bytes: int,  # noqa: ARG002 - all of it is read back in the end
        stall_timeout_seconds: float,
    ) -> WrittenCopy:
        with self._step("write", path, stall_timeout_seconds) as watchdog:
            handle = self._open_part(path, start) if start else self._create(path, watchdog)
            written = self._written(handle, map(bytes, chunks), start, watchdog)
            if written == size:
                return WrittenCopy(size, self._read_back(path, size, "write", watchdog))
        if isinstance(written, BaseException):
            raise written
        return WrittenCopy(written, "")

    def publish(self, temporary: str, final: str) -> bool:
        old, new = self._view.seen(temporary), self._view.seen(final)
        with self._step("publish", final, self._timeout_seconds + SLOWEST_FLUSH_SECONDS):
            if not (self._capabilities.hard_links and self._linked(old, new)):
                if self._view.look(final) is not None:
                    return False
                self._client.rename_new(old, new)
                self._flush_folder(posixpath.dirname(new))
                if self._capabilities.hard_links:
                    self._capabilities = dataclasses.replace(self._capabilities, hard_links=False)
                    self._changed(self._capabilities)
                return True
            for refused in self._client.remove_all([old]):
                if refused is not None:
                    raise refused
            self._flush_folder(posixpath.dirname(new))
        return True

    def remove(self, paths: Sequence[str]) -> int:
        if not paths:
            return 0
        count, failed = 0, None
        with self._step("remove", paths[0]) as watchdog:
            outcomes = self._client.remove_all([self._view.seen(path) for path in paths])
            for path, refused in zip(paths, outcomes, strict=True):
                watchdog.progress()
                if refused is None:
                    count += 1
                elif refused.status != Status.NO_SUCH_FILE:
                    failed = failed or (path, refused)
            if failed is not None:
                raise self._faults.of_refusal(failed[1], "remove", failed[0])
        return count

    def remove_empty_folders(self, folder: str, *, below: str) -> None:
        folder, below = folder_below(folder, below)
        with self._step("remove the empty folder", folder) as watchdog:
            path = folder
            while path != below and path:
                try:
                    self._client.remove_folder(self._view.seen(path))
                except Refused as refused:
                    if refused.status != Status.NO_SUCH_FILE:
                        if self._client.holds_something(self._view.seen(path)):
                            return
                        raise
                watchdog.progress()
                path = path.rpartition("/")[0]

    def free_bytes(self, folder: str) -> int:
        action = "measure the free space of"
        with self._step(action, folder):
            self._demand_base(folder)
            if FREE_SPACE not in self._client.extensions:
                reason = f"its SFTP server doesn't tell, for it lacks {FREE_SPACE.decode()}"
                raise self._faults.failed(action, folder, reason)
            return self._client.space(self._view.seen(folder)).bytes

    # --- the parts ---

    def _look(self, path: str) -> RemoteStat | None:
        found = self._view.look(path)
        if found is None:
            return None
        if not stat.S_ISREG(found.mode):
            raise self._faults.failed("look at", path, "it is not a regular file")
        return RemoteStat(found.size, float(found.modified))

    def _read_back(self, path: str, size: int, action: str, watchdog: Watchdog) -> str:
        digest, count = hashlib.sha256(), 0
        for piece in self._content(path, size, action, watchdog):
            digest.update(piece)
            count += len(piece)
        now = self._look(path)
        if now is None or (count, now.size) != (size, size):
            by_now = min(count, now.size) if now is not None else 0
            raise self._faults.failed(action, path, f"it has {by_now} bytes by now and had {size}")
        return digest.hexdigest()

    def _content(self, path: str, size: int, action: str, watchdog: Watchdog) -> Iterator[bytes]:
        """Read as many bytes as a file is known to have, and no more; in a time that is bounded, too."""
        heard = self._bounded(size, f"{action} {path}", watchdog)
        handle = self._client.open_handle(self._view.seen(path), READ)
        try:
            for piece in self._client.read(handle, size):
                heard()
                yield piece
        finally:
            self._close_quietly(handle)

    def _bounded(self, size: int, stage: str, watchdog: Watchdog) -> Callable[[], None]:
        """What is to be called at each answer while so many bytes are read; it raises where that takes too long."""
        seconds = self._timeout_seconds + size / _SLOWEST_READING_BYTES_PER_SECOND
        end = time.monotonic() + seconds

        def heard() -> None:
            watchdog.progress()
            self._heard()
            if time.monotonic() > end:
                raise self._too_slow(seconds, stage)

        return heard

    def _open_part(self, path: str, start: int) -> bytes:
        """Open a part of a file to go on with it."""
        if self._look(path) is None:
            raise Refused(Status.NO_SUCH_FILE, "it went away")
        handle = self._client.open_handle(self._view.seen(path), WRITE)
        try:
            self._client.truncate(handle, start)
        except BaseException:
            self._close_quietly(handle)
            raise
        return handle

    def _written(self, handle: bytes, chunks: Iterable[bytes], start: int, watchdog: Watchdog) -> int | BaseException:
        """Write to an open file, flush and close it; its size, or what the source of the content raised."""
        try:
            failed = self._fill(handle, chunks, start, watchdog)
            if failed is None:
                size = self._client.attributes_of(handle).size
                watchdog.progress(size / SLOWEST_HASH_BYTES_PER_SECOND)
                if FLUSH in self._client.extensions:
                    self._client.flush(handle)
        except BaseException:
            self._close_quietly(handle)
            raise
        if failed is not None:
            self._close_quietly(handle)
            return failed
        self._client.close_handle(handle)  # some file systems tell only now that they could not keep what they took
        return size

    def _create(self, path: str, watchdog: Watchdog) -> bytes:
        seen = self._view.seen(path)
        for refused in self._client.remove_all([seen]):
            if refused is not None and refused.status != Status.NO_SUCH_FILE:
                raise refused
        try:
            return self._client.open_handle(seen, WRITE_NEW)
        except Refused as refused:
            if refused.status != Status.NO_SUCH_FILE:
                raise
        # It was there a moment ago; one that is empty may have been tidied away by somebody else.
        self._make_all(posixpath.dirname(path), watchdog)
        return self._client.open_handle(seen, WRITE_NEW)

    def _fill(self, handle: bytes, chunks: Iterable[bytes], start: int, watchdog: Watchdog) -> BaseException | None:
        """Write a file's content, and return what the source of it raised."""
        writer, source = self._client.writer(handle, start), iter(chunks)
        try:
            while True:
                watchdog.pause()
                try:
                    chunk = next(source, None)
                except BaseException as error:  # noqa: BLE001 - raised again by the caller
                    return error
                finally:
                    watchdog.progress()
                if chunk is None:
                    break
                for begin in range(0, len(chunk), PIECE_BYTES):
                    writer.write(chunk[begin : begin + PIECE_BYTES])
                    watchdog.progress()
            while writer.settle():
                watchdog.progress()
                self._heard()
            return None
        finally:
            writer.drop()

    def _linked(self, old: bytes, new: bytes) -> bool:
        """Give a file its second name; False where that name is taken, or links are not to be had there."""
        try:
            self._client.link(old, new)
        except Refused as refused:
            if refused.status == Status.NO_SUCH_FILE:
                raise
            return False
        return True

    def _make_all(self, folder: str, watchdog: Watchdog) -> None:
        missing = []
        path = folder.rstrip("/")
        while path and not self._view.is_folder(path):
            missing.append(path)
            path = posixpath.dirname(path).rstrip("/")
            watchdog.progress()
        for path in reversed(missing):
            try:
                self._client.make_folder(self._view.seen(path))
            except Refused:
                if not self._view.is_folder(path):  # somebody else may have made it at the same time
                    raise
            watchdog.progress()

    def _demand_base(self, base: str) -> None:
        if not self._view.is_folder(base):
            raise NasUnavailable(
                causes.NAS_BASE_MISSING, path=base, target=self._session.target.alias, **self._faults.by_sftp(base)
            )

    def _flush_folder(self, folder: bytes) -> None:
        """As far as the server goes along with it: the protocol knows no such thing, OpenSSH's server does it."""
        if FLUSH not in self._client.extensions:
            return
        with contextlib.suppress(Refused):
            handle = self._client.open_handle(folder or b"/", READ)
            try:
                self._client.flush(handle)
            finally:
                self._client.close_handle(handle)

    def _close_quietly(self, handle: bytes) -> None:
        with contextlib.suppress(Refused, EOFError, OSError):
            self._client.close_handle(handle)

    # --- what went wrong ---

    @contextlib.contextmanager
    def _step(self, action: str, path: str, timeout_seconds: float | None = None) -> Iterator[Watchdog]:
        absolute(path)
        seconds = self._timeout_seconds if timeout_seconds is None else timeout_seconds
        with self._session.bounded(seconds, action=action, path=path) as watchdog:
            try:
                yield watchdog
            except Refused as refused:
                raise self._faults.of_refusal(refused, action, path) from refused

    def _too_slow(self, seconds: float, stage: str) -> NasUnavailable:
        self._session.abort()
        host, port = self._session.target.host, self._session.target.port
        return NasUnavailable(causes.NAS_SILENT, host=host, port=port, seconds=round(seconds), stage=stage)
