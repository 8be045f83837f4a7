"""The run's own connection to the NAS, opened in the background while the daemon works."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable

from celestial_nasops.config import Config
from celestial_nasops.fault import Fault, NasRefusal, NasUnavailable
from celestial_nasops.language import say
from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import SshTarget
from healthcheck import causes, internal_error
from healthcheck.stop import Nudge

_RETRY_SECONDS = 2.0


class NasLink:
    """Opens a session in a thread of its own, again after transient faults, never again after a refusal.

    Args:
        config: how long to wait, and how the NAS is set up.
        resolve: says where the NAS is; called in that thread before each attempt.
        nudge: poked when something has changed.

    Attributes:
        capabilities: what the NAS can do, once that was found out.
    """

    def __init__(self, config: Config, resolve: Callable[[], SshTarget], nudge: Nudge) -> None:
        self._config = config
        self._resolve = resolve
        self._nudge = nudge
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None
        self._session: NasSession | None = None
        self._fault: Fault | None = None
        self._gave_up = False
        nas = config.nas_settings
        self._address = (nas.ssh_alias or nas.host, nas.port)  # until it is resolved
        self.capabilities: Capabilities | None = None

    def start(self) -> None:
        """Begin to connect, if that has not begun."""
        with self._changed:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._connect, name="nas-link", daemon=True)
                try:
                    self._thread.start()
                except RuntimeError as error:  # the system has no thread left for us
                    self._crashed(error)

    @property
    def refusal(self) -> Fault | None:
        """The fault that ended all trying: a key or host key that won't do, a bad alias, or an error of our own."""
        with self._changed:
            return self._fault if self._gave_up else None

    def files(self, timeout_seconds: float) -> NasFiles:
        """The NAS's files, once connected.

        Raises:
            NasRefusal: it can't work.
            Fault: it did not work within ``timeout_seconds``; the last cause.
        """
        self.start()
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while self._session is None and not self._gave_up and not self._closed.is_set():
                left = deadline - time.monotonic()
                if left <= 0:
                    break
                self._changed.wait(left)
            if self._session is not None:
                per_command = min(self._config.security.connection_timeout_seconds, max(1.0, timeout_seconds))
                nas = self._config.nas_settings
                return open_files(self._session, nas, timeout_seconds=per_command, found=self._found)
            raise self._fault or self._not_yet(timeout_seconds)

    def _found(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities

    def lost(self) -> None:
        """Give up a session that has failed and connect anew."""
        with self._changed:
            session, self._session, self._thread = self._session, None, None
        if session is not None:
            session.abort()
        self.start()

    def close(self) -> None:
        """End the connection, and every wait for it."""
        self._closed.set()
        with self._changed:
            session, self._session = self._session, None
            self._changed.notify_all()
        if session is not None:
            with contextlib.suppress(Fault):
                session.close()

    def _connect(self) -> None:
        while not self._closed.is_set():
            try:
                timeout = self._config.security.connection_timeout_seconds
                target = self._resolve()
                self._address = (target.host, target.port)
                session = NasSession.open(target, timeout_seconds=timeout)
            except Fault as fault:
                self._failed(fault, for_good=isinstance(fault, NasRefusal))
                if self._gave_up or self._closed.wait(_RETRY_SECONDS):
                    return
                continue
            except Exception as error:  # noqa: BLE001 - the NAS is not to blame for an SSH library that won't load
                self._crashed(error)
                return
            with self._changed:
                if self._closed.is_set():
                    session.abort()
                    return
                self._session, self._fault = session, None
                self._changed.notify_all()
            self._nudge.poke()
            return

    def _crashed(self, error: Exception) -> None:
        what, told = say("the connection to the NAS"), internal_error.described(error)
        self._failed(Fault(causes.PROBE_CRASHED, probe=what, error=told), for_good=True)

    def _failed(self, fault: Fault, *, for_good: bool) -> None:
        with self._changed:
            self._fault, self._gave_up = fault, for_good
            self._changed.notify_all()
        self._nudge.poke()

    def _not_yet(self, timeout_seconds: float) -> Fault:
        from celestial_nasops import causes

        host, port = self._address
        stage = say("the connection was not up yet")
        return NasUnavailable(causes.NAS_SILENT, host=host, port=port, seconds=round(timeout_seconds, 1), stage=stage)
