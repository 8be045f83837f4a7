"""``python -m healthcheck`` is ``smoke-check``."""

from __future__ import annotations

from healthcheck.cli import entry

entry()
