"""The one import of paramiko, done when the first connection is opened and not before."""

from __future__ import annotations

import logging
import sys
import threading
from types import ModuleType

_lock = threading.Lock()


def load() -> ModuleType:
    """Import paramiko, quietly and without what is not needed, and return it.

    paramiko wants the package invoke only to read ``Match exec`` from ssh configurations, which ``ssh -G`` does here.
    It takes a missing invoke as "no Match exec", and its import is a third of the whole cost.
    """
    with _lock:
        loaded = sys.modules.get("paramiko")
        if loaded is not None:
            return loaded
        blocked = "invoke" not in sys.modules
        if blocked:
            # None makes an import of that name fail: https://docs.python.org/3/reference/import.html#the-module-cache
            sys.modules["invoke"] = None  # type: ignore[assignment]
        try:
            import paramiko
        finally:
            if blocked:
                del sys.modules["invoke"]
        # It logs tracebacks, which would end up on stderr. What an operator needs is in our faults.
        logging.getLogger("paramiko").setLevel(logging.CRITICAL)
        return paramiko
