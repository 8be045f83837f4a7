"""What systemd is told. Outside systemd every call does nothing."""

from __future__ import annotations

import os

import sdnotify

# systemd drops a datagram of more than 4096 bytes whole (NOTIFY_BUFFER_MAX); nobody reads more than this in one line.
_STATUS_LIMIT_BYTES = 1000
# A systemd that hears nothing, stopped or stuck in a reload, must not hold the one who keeps the deadlines.
_SEND_SECONDS = 0.5


class Notifier:
    """The one user of the package sdnotify."""

    def __init__(self) -> None:
        self._notifier = sdnotify.SystemdNotifier()
        if self._notifier.socket is not None:
            self._notifier.socket.settimeout(_SEND_SECONDS)
        # Both may be inherited from a service that started us as its child: then the watchdog waits for it, not for us.
        usec, pid = os.environ.get("WATCHDOG_USEC", ""), os.environ.get("WATCHDOG_PID", "")
        ours = usec.isdecimal() and int(usec) > 0 and pid in ("", str(os.getpid()))
        # systemd recommends to report at half the interval (sd_watchdog_enabled(3))
        self.watchdog_interval_seconds: float | None = int(usec) / 2e6 if ours else None

    def _tell(self, message: str) -> None:
        # The package encodes latin-1 and drops what doesn't fit; handed the UTF-8 bytes as latin-1 text it passes them
        # on unharmed.
        self._notifier.notify(message.encode("utf-8", "replace").decode("latin-1"))

    def ready(self) -> None:
        """Say that the start is done."""
        self._tell("READY=1")

    def status(self, text: str) -> None:
        """Show one line in ``systemctl status``."""
        line = " ".join(text.split()).encode("utf-8", "replace")[:_STATUS_LIMIT_BYTES]
        self._tell("STATUS=" + line.decode("utf-8", "ignore"))  # a character that was cut in two is left out

    def watchdog(self) -> None:
        """Say that the program is alive."""
        self._tell("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the end has begun."""
        self._tell("STOPPING=1")

    def extend_timeout(self, seconds: float) -> None:
        """Ask for that many more seconds, from now, before systemd calls the start or stop hung."""
        self._tell(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")
