"""A worker's own connection to the NAS: opened when it is needed, kept open, closed when it was idle for long."""

from __future__ import annotations

import threading
import time

from celestial_nasops import causes
from celestial_nasops.config import Config
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import resolve
from celestial_nasops.process import ProcessFault

_IDLE_SECONDS = 300.0


class NasConnection:
    """For one thread; :meth:`abort` from any."""

    def __init__(self, config: Config, *, timeout_seconds: float | None = None) -> None:
        """Prepare it; ``timeout_seconds`` for one step, where that shall not be the configured one."""
        self._config = config
        self._timeout_seconds = timeout_seconds or config.security.connection_timeout_seconds
        self._lock = threading.Lock()
        self._session: NasSession | None = None
        self._used_at = 0.0
        self._aborted = False

    def files(self) -> NasFiles:
        """The NAS's files, through a connection that is opened anew where it was lost.

        Raises:
            NasUnavailable: there is no connection to be had, or it was aborted.
        """
        self._used_at = time.monotonic()
        session = self._session
        if session is None or not session.alive or self._aborted:
            self.close()
            session = self._open()
        return open_files(session, self._config.nas_settings, timeout_seconds=self._timeout_seconds)

    def close_if_idle(self) -> None:
        """Close it where it was not used for some minutes; the NAS may want to sleep."""
        if self._session is not None and time.monotonic() - self._used_at > _IDLE_SECONDS:
            self.close()

    def close(self) -> None:
        """Close it; the next use opens another."""
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def abort(self) -> None:
        """End it for good, from any thread; who waits for an answer of the NAS gets a fault."""
        self._aborted = True
        self.close()

    def _open(self) -> NasSession:
        try:
            target = resolve(self._config)
        except ProcessFault as fault:
            raise NasUnavailable(fault.cause, **fault.values) from fault
        session = NasSession.open(target, timeout_seconds=self._timeout_seconds)
        with self._lock:
            if not self._aborted:
                self._session = session
                return session
        session.close()
        raise NasUnavailable(
            causes.NAS_CONNECTION_LOST, host=target.host, stage="the daemon stops", target=target.alias
        )
