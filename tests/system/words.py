"""What several tests on machines read: the lines of ``systemctl status``, and the records of alerts."""

from __future__ import annotations

import re
from typing import Any

from healthcheck import events
from tests.system.machines import Machine
from tests.system.site import CHECK


def status_of(edge: Machine, unit: str = CHECK) -> tuple[str, list[str]]:
    """The Status line that ``systemctl status`` shows, and the messages of its log lines."""
    shown = edge.run("systemctl", "status", "--no-pager", unit, check=False).stdout
    head, _, log = shown.partition("\n\n")
    line = re.search(r'^ +Status: "(.*)"$', head, re.MULTILINE)
    assert line is not None, shown
    return line[1], [re.sub(r"^.*? edge \S+?\[\d+\]: ", "", one) for one in log.splitlines()]


def alerts(edge: Machine) -> list[dict[str, Any]]:
    """The records of alerts, once there is one."""
    matches = (f"MESSAGE_ID={events.ALERT.message_id}",)
    edge.wait_for_journal(lambda: edge.records(*matches), *matches)
    return edge.records(*matches)
