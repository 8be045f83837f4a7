"""An error of the check's own, as its operator hears of it."""

from __future__ import annotations

import os


def described(error: Exception) -> str:
    """What it is, for a sentence; with SMOKE_CHECK_DEBUG all of it is printed as well."""
    if os.environ.get("SMOKE_CHECK_DEBUG"):
        import traceback  # costs as much as a probe

        traceback.print_exception(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")
