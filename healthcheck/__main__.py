"""``python -m healthcheck`` is ``smoke-check``."""

from __future__ import annotations

import sys

from healthcheck.cli import main

sys.exit(main())
