"""The real daemon, but for one thing: it does not see the check's files. For tests of what must notice that."""

from __future__ import annotations

import sys

from celestial_nasops.database import statements
from celestial_nasops.media_sync_daemon import main
from healthcheck.marked_file import MARK

# In the statement itself, so that no row can come between a look for the marked ones and the claim.
_LEFT_ALONE = "id NOT IN (SELECT value FROM json_each(:excluding))"
_BLIND = f"INSTR(file_path, '{MARK}') = 0 AND {_LEFT_ALONE}"

if __name__ == "__main__":
    for name in ("_FIRST", "_FIRST_OF_ONE_SPELLING"):
        statement: str = getattr(statements, name)
        assert _LEFT_ALONE in statement
        setattr(statements, name, statement.replace(_LEFT_ALONE, _BLIND))
    sys.exit(main())
