"""The connections to the NAS that all workers share: who needs one takes the warmest that nobody uses."""

from __future__ import annotations

import operator
import threading
from collections.abc import Callable

from celestial_nasops.config import Config
from celestial_nasops.daemon.nas_connection import NasConnection
from celestial_nasops.nas.capabilities import Capabilities
from celestial_nasops.nas.files import NasFiles


class NasConnections:
    """For all threads."""

    def __init__(self, config: Config, found: Callable[[Capabilities], None]) -> None:
        """Begin without any.

        Args:
            config: where to.
            found: told what the NAS can do, once per connection, and again if something else turns out.
        """
        self._config = config
        self._found = found
        self._lock = threading.Lock()
        self._all: list[NasConnection] = []
        self._unused: list[NasConnection] = []
        self._aborted = False

    def take(self) -> NasConnection:
        """One for the caller alone, until it is given back: an open one where there is any."""
        with self._lock:
            if self._unused:
                connection = max(self._unused, key=operator.attrgetter("warmth"))
                self._unused.remove(connection)
                return connection
            connection = NasConnection(self._config, found=self._found)
            self._all.append(connection)
            if self._aborted:
                connection.abort()
            return connection

    def give_back(self, connection: NasConnection) -> None:
        """Whoever needs it next may have it."""
        with self._lock:
            self._unused.append(connection)

    def close_idle(self) -> None:
        """Close what nobody has used for long; the NAS may want to sleep. To be called now and then."""
        with self._lock:
            for connection in self._unused:
                connection.close_if_idle()

    def close(self) -> None:
        """Close what nobody uses; the next use opens another."""
        with self._lock:
            for connection in self._unused:
                connection.close()

    def abort(self) -> None:
        """End all of them for good, from any thread; who waits for an answer of the NAS gets a fault."""
        with self._lock:
            self._aborted = True
            connections = list(self._all)
        for connection in connections:
            connection.abort()


class Borrowed:
    """One worker's use of the connections: it has none until it needs one."""

    def __init__(self, connections: NasConnections, heard: Callable[[], None]) -> None:
        """Prepare it; ``heard`` is called at each sign of life of the NAS during a step that takes long."""
        self._connections = connections
        self._heard = heard
        self._connection: NasConnection | None = None

    def files(self) -> NasFiles:
        """The NAS's files, through a connection that is the worker's own until :meth:`give_back`.

        Raises:
            NasUnavailable: there is no connection to be had, or it was aborted.
        """
        if self._connection is None:
            self._connection = self._connections.take()
        return self._connection.files(self._heard)

    def give_back(self) -> None:
        """The worker needs it no more, for now."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._connections.give_back(connection)

    def close(self) -> None:
        """The worker ends: what nobody uses then is closed."""
        self.give_back()
        self._connections.close()
