"""The deleter sleeps until something falls due, however far away that is."""

from __future__ import annotations

import json

from tests.daemon_field import NAME, Field
from tests.waiting import eventually


def test_a_date_that_no_lock_can_wait_for_holds_nobody_up(field: Field) -> None:
    field.configure(sync_settings={"safe_delete_delay_minutes": 0.01})
    far = "20250122_far.jpg"
    entry = {"local_file_path": str(field.media / far), "remote_file_path": str(field.remote(far))}
    field.list_path.write_text(json.dumps([{**entry, "local_checksum": "", "scheduled_time": 1e11}]))
    with field.daemon():
        field.put()
        eventually(lambda: not (field.media / NAME).exists() or None, 30)
    assert [left["local_file_path"] for left in field.pending()] == [entry["local_file_path"]]
