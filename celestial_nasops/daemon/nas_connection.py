"""A connection to the NAS: opened when it is needed, kept open, closed when it was idle for long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from celestial_nasops import causes
from celestial_nasops.config import Config
from celestial_nasops.fault import NasUnavailable
from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.ssh_child import SshChild
from celestial_nasops.nas.target import resolve
from celestial_nasops.process import ProcessFault

_IDLE_SECONDS = 300.0
_SPARE_IDLE_SECONDS = 20.0


class NasConnection:
    """For one thread at a time; :meth:`abort` from any."""

    def __init__(
        self,
        config: Config,
        *,
        timeout_seconds: float | None = None,
        found: Callable[[Capabilities], None] = lambda _: None,
    ) -> None:
        """Prepare it.

        Args:
            config: where to.
            timeout_seconds: for one step, where that shall not be the configured one.
            found: told what the NAS can do, once per connection, and again if something else turns out.
        """
        self._config = config
        self._found = found
        self._timeout_seconds = timeout_seconds or config.security.connection_timeout_seconds
        self._lock = threading.Lock()
        self._session: NasSession | None = None
        self._child: SshChild | None = None
        self._used_at = 0.0
        self._aborted = False

    @property
    def warmth(self) -> tuple[bool, bool, float]:
        """The greater, the sooner it can be used: whether it is open, and for large data, too, and when it was used."""
        session, child = self._session, self._child
        return session is not None and session.alive, child is not None and child.is_open, self._used_at

    def files(self, heard: Callable[[], None] = lambda: None) -> NasFiles:
        """The NAS's files, through a connection that is opened anew where it was lost.

        Args:
            heard: called at each sign of life of the NAS during a step that takes long.

        Raises:
            NasUnavailable: there is no connection to be had, or it was aborted.
        """
        self._used_at = time.monotonic()
        session = self._session
        if session is None or not session.alive or self._aborted:
            self.close()
            session = self._open()
        return open_files(
            session,
            self._config.nas_settings,
            timeout_seconds=self._timeout_seconds,
            child=self._child,
            found=self._found,
            heard=heard,
        )

    def close_if_idle(self) -> None:
        """Close what was not used for some minutes; the NAS may want to sleep."""
        idle_seconds = time.monotonic() - self._used_at
        if self._child is not None and idle_seconds >= _SPARE_IDLE_SECONDS:
            self._child.close()
        if self._session is not None and idle_seconds >= _IDLE_SECONDS:
            self.close()

    def close(self) -> None:
        """Close it; the next use opens another."""
        self._close_session()
        if self._child is not None:
            self._child.close()

    def abort(self) -> None:
        """End it for good, from any thread; who waits for an answer of the NAS gets a fault."""
        self._aborted = True
        with self._lock:
            child = self._child
        if child is not None:
            child.abort()
        self._close_session()

    def _close_session(self) -> None:
        with self._lock:
            session, self._session = self._session, None
        if session is not None:
            session.close()

    def _open(self) -> NasSession:
        try:
            target = resolve(self._config)
        except ProcessFault as fault:
            raise NasUnavailable(fault.cause, **fault.values) from fault
        session = NasSession.open(target, timeout_seconds=self._timeout_seconds)
        with self._lock:
            if not self._aborted:
                self._session = session
                if self._child is None or self._child.target != target:
                    self._child = SshChild(target, timeout_seconds=self._timeout_seconds)
                return session
        session.close()
        raise NasUnavailable(
            causes.NAS_CONNECTION_LOST, host=target.host, stage="the daemon stops", target=target.alias
        )
