"""The systemd service that this process belongs to, from the control group that systemd makes for it."""

from __future__ import annotations

import os


def name(path: str = "/proc/self/cgroup", *, of_system_only: bool = False) -> str | None:
    """The name of our service, None where we were started by hand.

    Args:
        path: the control groups of this process, cgroups(7).
        of_system_only: leave out the services of ``systemctl --user``.
    """
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            groups = [
                line.rstrip("\n").split(":", 2)[2] for line in file if line.startswith(("0::", "1:name=systemd:"))
            ]
    except (OSError, IndexError):
        return None
    for group in groups:
        last = os.path.basename(group)
        if not last.endswith(".service") or last.startswith("user@"):  # "user@" is what runs a user's services
            continue
        if not (of_system_only and "/user.slice/" in group):
            return last
    return None
