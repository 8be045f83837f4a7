"""A NAS whose disk fails: no file is given up for it, and those whose place is good arrive."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from celestial_nasops.media_status_db import TransferStatus
from tests.daemon_field import Field
from tests.nas_servers import Server, openssh_server
from tests.waiting import eventually


@pytest.fixture
def nas(tmp_path: Path) -> Iterator[Server]:
    """Its disk has a bad place under each file that is called ``bad``, as long as there is a file ``broken``."""
    tools, broken = tmp_path / "tools", tmp_path / "broken"
    tools.mkdir()
    broken.touch()
    (tools / "sync").write_text(
        f'#!/bin/sh\n[ -e {broken} ] || exec /usr/bin/sync "$@"\ncase $1 in *_bad.*) '
        'echo "sync: error syncing \'$1\': Input/output error" >&2; exit 1 ;; esac\nexec /usr/bin/sync "$@"\n'
    )
    (tools / "sync").chmod(0o755)
    environment = [f'"PATH={tools}:{os.environ["PATH"]}"']
    with openssh_server(tmp_path / "nas", environment=environment) as server:
        yield server


def test_a_bad_place_costs_no_try_and_holds_up_no_other_file(tmp_path: Path, field: Field) -> None:
    field.configure(sync_settings={"max_retry_attempts": 0, "retry_delay_seconds": 0.2})
    with field.daemon() as daemon:
        bad = field.put("20250122_bad.mp4")
        daemon.says("tried again in 0.4 s: .*20250122_bad.mp4")
        field.becomes(field.put("20250122_good.mp4"), TransferStatus.COMPLETED)
        eventually(lambda: field.row(bad).transfer_status is TransferStatus.PENDING)
        record = field.row(bad)
        assert record.transfer_retry_count == 0
        assert "[nas_command_failed]" in str(record.last_error_message)
        assert str(record.last_error_message).endswith(": Input/output error")
        (tmp_path / "broken").unlink()
        assert field.becomes(bad, TransferStatus.COMPLETED).transfer_retry_count == 0
