"""The real daemon, but for one thing: it does not see the check's files. For tests of what must notice that."""

from __future__ import annotations

import sys
from collections.abc import Collection

from celestial_nasops.daemon import crew
from celestial_nasops.database.records import Appetite, FileRecord
from celestial_nasops.media_status_db import MediaStatusDB
from celestial_nasops.media_sync_daemon import main
from healthcheck.marked_file import MARK


class BlindQueue(MediaStatusDB):
    """Hands out what carries no mark."""

    def claim_ready(
        self,
        appetite: Appetite,
        *,
        small_only: bool = False,
        excluding: Collection[int] = (),
        fitting_bytes: int | None = None,
    ) -> list[FileRecord]:
        excluding = [*excluding, *(record.id for record in self.records_named_like(MARK))]
        return super().claim_ready(appetite, small_only=small_only, excluding=excluding, fitting_bytes=fitting_bytes)


if __name__ == "__main__":
    crew.MediaStatusDB = BlindQueue  # type: ignore[attr-defined]  # that is the one thing
    sys.exit(main())
