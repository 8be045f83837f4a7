"""Stops all deletions when the folders, the queue or the numbers are not what they were, until a person has looked.

Either side has a marker: a small hidden file that the daemon writes once and remembers. A folder without it is another
folder, such as the mount point of a disk that is not mounted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any, NoReturn

from celestial_nasops import causes, regular_file
from celestial_nasops.config import Config
from celestial_nasops.daemon.board import coded
from celestial_nasops.daemon_events import DELETIONS_GO_ON, DELETIONS_STOPPED, journalled
from celestial_nasops.durable import folder_fault, put_aside, write_atomically
from celestial_nasops.fault import Cause, Fault, LocalFault, NasFault, NasUnavailable, shown
from celestial_nasops.journal import Event
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.paths import MARKER_NAME as MARKER_NAME
from celestial_nasops.receipts import ReceiptsDb

STATE_NAME = "deletion_guard.json"

_LIMIT_BYTES = 4096
_STALL_SECONDS = 30.0
_DAY_SECONDS = 86_400.0
_USUAL_DAYS = 30
_USUAL_FACTOR = 5
_TEXT = """\
This marks the folder for media-sync-daemon, which deletes nothing on its edge server while the mark is missing here.
It is no media. Leave it where it is.
{identity}
"""

log = logging.getLogger(__name__)


class DeletionsStopped(Fault):
    """Nothing is deleted until a person has looked."""


class DeletionGuard:
    """For all threads. Its state is in a file of the daemon's own, so a restart releases nothing.

    Attributes:
        stopped: why nothing is deleted; None where nothing stands against it.
    """

    def __init__(self, folder: str, config: Config, changed: Callable[[], None] = lambda: None) -> None:
        """Read what is remembered.

        Args:
            folder: the daemon's state folder.
            config: names the folders to guard.
            changed: called when deletions are stopped or released.
        """
        self._path = os.path.join(folder, STATE_NAME)
        self._changed = changed
        self._lock = threading.RLock()
        self._at_nas = threading.Lock()
        self._markers: dict[str, str] = {}
        self._released_at, self._released_files = 0.0, 0
        self._stopped_key = ""
        self.stopped: DeletionsStopped | None = None
        self.stopped_at = 0.0
        self._unread: str | None = None
        self.configure(config)
        self._read()

    def configure(self, config: Config) -> None:
        """Take over new settings."""
        with self._lock:
            self._media = config.local_settings.media_path.rstrip("/") or "/"
            nas = config.nas_settings
            self._base = nas.base_path.rstrip("/") or "/"
            self._temporary = config.sync_settings.temp_file_prefix + "marker." + uuid.uuid4().hex[:12]
            self._nas_key = f"nas:{nas.ssh_alias or nas.host}:{self._base}"
            self._media_key = f"media:{self._media}"
            self._never_unusual = config.sync_settings.unusual_deletions

    # --- the checks ---

    def check(self) -> None:
        """Check that deletions are not stopped.

        Raises:
            DeletionsStopped: they are.
            LocalFault: what is remembered can't be read or put aside.
        """
        with self._lock:
            if self._unread is not None:
                self._put_aside(self._unread)
            if self.stopped is not None:
                raise self.stopped

    def check_media(self) -> None:
        """Check that the media folder is the one that it was, and mark it where it is seen for the first time.

        Raises:
            DeletionsStopped: it is not.
            LocalFault: it can't be marked.
        """
        self.check()
        with self._lock:
            found, known = self._local_marker(), self._markers.get(self._media_key)
            if found is not None and found == known:
                return
            if known is not None:
                self._stop(causes.MEDIA_MARKER_MISSING, self._media_key, path=self._media, what=_lost(found))
            if found is None:
                content = _content()
                self._write_local_marker(content)
                found = hashlib.sha256(content).hexdigest()
            self._remember(self._media_key, found)

    def media_is_away(self) -> bool:
        """Whether the media folder lacks the marker that it had, so that a missing file says nothing.

        That is told, and stops the deletions.
        """
        with self._lock:
            known = self._markers.get(self._media_key)
            if known is None or self._local_marker() == known:
                return False
        with contextlib.suppress(Fault):
            self.check_media()
        return True

    @property
    def knows_nas(self) -> bool:
        """Whether the folder on the NAS was seen before."""
        with self._lock:
            return self._nas_key in self._markers

    def check_nas(self, files: NasFiles) -> None:
        """Check that the folder on the NAS is the one that it was, and mark it where it is seen for the first time.

        Raises:
            DeletionsStopped: it is not.
            NasFault: it can't be looked at or marked.
            LocalFault: what is remembered can't be saved.
        """
        self.check()
        with self._at_nas:  # two that mark it at once would take the temporary file from each other
            with self._lock:
                key, base, known = self._nas_key, self._base, self._markers.get(self._nas_key)
            marker = _marker_in(base)
            found = _remote_marker(files, marker)
            if found is not None and found == known:
                return
            if found is None:
                files.demand_folder(base)  # raises where the folder itself is away, which needs no person
            if known is not None:
                target = files.typed_after_ssh
                self._stop(causes.NAS_MARKER_MISSING, key, path=base, what=_lost(found), target=target)
            if found is None:
                found = self._write_remote_marker(files, marker)
            self._remember(key, found)

    def find_nas(self, files: NasFiles) -> None:
        """Look whether the folder on the NAS is the one that it was, and leave everything as it is.

        Raises:
            NasUnavailable: it is not, or it is away.
            NasFault: it can't be looked at.
        """
        with self._lock:
            base, known = self._base, self._markers.get(self._nas_key)
        files.demand_folder(base)
        found = None if known is None else _remote_marker(files, _marker_in(base))
        if found != known:
            raise NasUnavailable(causes.NAS_MARKER_MISSING, path=base, what=_lost(found), target=files.typed_after_ssh)

    def check_queue(self, path: str, identity: str) -> None:
        """Check that the queue is the one that it was, and remember it where it is seen for the first time.

        The old one may be put back; then it is as if nothing had been.

        Args:
            path: where it lies.
            identity: what tells it from another that is made in its place.

        Raises:
            DeletionsStopped: it is not.
            LocalFault: what is remembered can't be read or saved.
        """
        with self._lock:
            key = f"queue:{path}"
            known = self._markers.get(key)
            if known == identity and self._stopped_key == key:
                self.stopped, self._stopped_key = None, ""
                self._save()
                told = journalled(DELETIONS_GO_ON)
                log.warning("deletions go on, the queue %s is the old one again", shown(path), extra=told)
            self.check()
            if known is None:
                self._remember(key, identity)
            elif known != identity:
                self._stop(causes.QUEUE_REPLACED, key, path=path)

    def check_count(self, due: int, receipts: ReceiptsDb) -> None:
        """Check that no more is to be deleted than usual.

        Args:
            due: how many files are to be deleted now.
            receipts: tell how many usually are.

        Raises:
            DeletionsStopped: it is far more.
            DatabaseFault: the receipts can't be read.
        """
        self.check()
        now = time.time()
        deleted = receipts.deleted_since(max(now - _DAY_SECONDS, self._released_at))
        if deleted + due <= max(self._never_unusual, self._released_files):
            return
        usual = receipts.most_deleted_on_a_day(now - (_USUAL_DAYS + 1) * _DAY_SECONDS, now - _DAY_SECONDS)
        if deleted + due > usual * _USUAL_FACTOR:
            self._stop(causes.UNUSUAL_DELETIONS, "count", due=due, deleted=deleted, usual=usual)

    # --- a person ---

    def release(self, pending: int) -> str:
        """Let deletions go on with the folders and numbers as they are now.

        Args:
            pending: how many are; so many are not unusual from now on.

        Returns:
            Why they were stopped; empty where they were not.

        Raises:
            LocalFault: that can't be saved.
        """
        with self._lock:
            if self._unread is not None:
                with contextlib.suppress(DeletionsStopped):
                    self._put_aside(self._unread)
            if self.stopped is None:
                return ""
            why, key = coded(self.stopped), self._stopped_key
            before = self._state()
            self._markers.pop(key, None)
            self._released_at, self._released_files = time.time(), pending
            self.stopped, self._stopped_key = None, ""
            try:
                self._save()
            except LocalFault:
                self._take(before)
                raise
        told = journalled(DELETIONS_GO_ON)
        log.warning("deletions go on, a person has released them; they had been stopped: %s", why, extra=told)
        self._changed()
        return why

    # --- inside ---

    def _stop(self, cause: Cause, key: str, **values: object) -> NoReturn:
        with self._lock:
            self.stopped, self._stopped_key = DeletionsStopped(cause, **values), key
            self.stopped_at = time.time()
            _tell(self.stopped, DELETIONS_STOPPED)
            stopped = self.stopped
            try:
                self._save()
            except LocalFault as fault:  # then it holds in this process, and is found again by the next
                _tell(fault)
        self._changed()
        raise stopped

    def _remember(self, key: str, marker: str) -> None:
        with self._lock:
            before = self._markers.get(key)
            self._markers[key] = marker
            try:
                self._save()
            except LocalFault:
                if before is None:
                    self._markers.pop(key)
                raise

    def _local_marker(self) -> str | None:
        try:
            fd = os.open(f"{self._media}/{MARKER_NAME}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return hashlib.sha256(os.read(fd, _LIMIT_BYTES)).hexdigest()
        except OSError:
            return None
        finally:
            os.close(fd)

    def _write_local_marker(self, content: bytes) -> None:
        try:
            write_atomically(f"{self._media}/{MARKER_NAME}", content)
        except OSError as error:
            raise folder_fault(error, self._media, "local_settings.media_path") from error

    def _write_remote_marker(self, files: NasFiles, marker: str) -> str:
        """Mark the folder on the NAS, or take the mark that another edge server has put there meanwhile."""
        content, temporary = _content(), f"{os.path.dirname(marker)}/{self._temporary}"
        try:
            files.write(temporary, [content], stall_timeout_seconds=_STALL_SECONDS)
            is_published = files.publish(temporary, marker)
        except NasFault:
            with contextlib.suppress(NasFault):
                files.remove([temporary])
            raise
        if not is_published:
            files.remove([temporary])
        found = _remote_marker(files, marker)
        if found is None:
            raise NasFault(causes.NAS_COPY_DIFFERS, path=marker, found="nothing", expected=f"{len(content)} bytes")
        return found

    def _read(self) -> None:
        try:
            self._take(json.loads(regular_file.read(self._path)))
        except FileNotFoundError:
            pass
        except OSError as error:
            self._unread = error.strerror or str(error)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            self._unread = f"{type(error).__name__}: {error}"
        if self._unread is not None:
            # Nothing is taken for right until the file was put aside; see check.
            self._markers = {}

    def _put_aside(self, reason: str) -> NoReturn:
        try:
            aside = put_aside(self._path, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
        except FileNotFoundError:
            aside = "nothing"
        except OSError as error:
            raise folder_fault(error, os.path.dirname(self._path), "daemon_settings.state_path") from error
        self._unread = None
        self._stop(causes.GUARD_CORRUPT, "state", path=self._path, reason=reason, aside=aside)

    def _state(self) -> dict[str, Any]:
        stopped = self.stopped and {
            "code": self.stopped.code,
            "values": self.stopped.values,
            "key": self._stopped_key,
            "at": self.stopped_at,
        }
        released = {"at": self._released_at, "files": self._released_files}
        return {"markers": self._markers, "stopped": stopped, "released": released}

    def _take(self, state: dict[str, Any]) -> None:
        markers, stopped, released = state["markers"], state["stopped"], state["released"]
        self._markers = {str(key): str(value) for key, value in markers.items()}
        self._released_at, self._released_files = float(released["at"]), int(released["files"])
        self.stopped = None
        if stopped is not None:
            self._stopped_key, self.stopped_at = str(stopped["key"]), float(stopped["at"])
            self.stopped = DeletionsStopped(getattr(causes, stopped["code"].upper()), **stopped["values"])

    def _save(self) -> None:
        content = json.dumps(self._state(), indent=1, ensure_ascii=True).encode()
        try:
            write_atomically(self._path, content)
        except OSError as error:
            raise folder_fault(error, os.path.dirname(self._path), "daemon_settings.state_path") from error


def _tell(fault: Fault, event: Event | None = None) -> None:
    log.error("%s; %s", coded(fault), fault.remedy, extra=journalled(event, fault))


def _marker_in(base: str) -> str:
    return f"{base.rstrip('/')}/{MARKER_NAME}"


def _lost(found: str | None) -> str:
    return f"its marker {MARKER_NAME} is " + ("missing" if found is None else "another one")


def _content() -> bytes:
    return _TEXT.format(identity=uuid.uuid4()).encode()


def _remote_marker(files: NasFiles, marker: str) -> str | None:
    copy = files.inspect(marker)
    return None if copy is None else copy.sha256 or f"{copy.size} bytes"
