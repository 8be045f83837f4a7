"""Who gives orders, and as whom they are carried out.

A command that touches the queue as another user than the daemon's leaves files beside it that the daemon may not write.
"""

from __future__ import annotations

import os
import shlex

from celestial_nasops import accounts, causes
from celestial_nasops.config import Config
from celestial_nasops.durable import folder_faults, user_name
from celestial_nasops.fault import LocalFault


def who() -> str:
    """The name of the person behind this command, as far as it can be told."""
    return os.environ.get("SUDO_USER") or user_name()


def become_the_daemon_s_user(config: Config, *typed: str) -> None:
    """Go on as the user that the daemon's state belongs to; only root can become another.

    Args:
        config: names the state folder.
        typed: the words of the command, for the message; those that are empty were not typed.

    Raises:
        LocalFault: this is another user, or there is no such folder.
    """
    path = config.daemon_settings.state_path
    with folder_faults(path, "daemon_settings.state_path"):
        owner = os.stat(path)
    if owner.st_uid == os.geteuid():
        return
    if os.geteuid() != 0:
        command = shlex.join(word for word in typed if word)
        raise LocalFault(
            causes.WRONG_USER, user=user_name(), path=path, owner=accounts.name_of(owner.st_uid), command=command
        )
    accounts.become(owner.st_uid, owner.st_gid)
