"""The commands of remedies, in the form in which they are right on this machine."""

from __future__ import annotations

import os
import re


def typed(remedy: str, *, user_manager: bool) -> str:
    """A remedy as it has to be typed: units of one user belong to ``systemctl --user``, and take no sudo."""
    if not user_manager:
        return remedy
    remedy = re.sub(r"\b(?:sudo )?systemctl (?!--user)", "systemctl --user ", remedy)
    return re.sub(r"\bjournalctl (?!--user)", "journalctl --user ", remedy)


def is_users_own(folder: str) -> bool:
    """Whether a state folder is that of a user's own units: it lies in the home of an ordinary user who asks."""
    home = os.path.expanduser("~")
    return os.geteuid() != 0 and folder.startswith(("/home/", "/run/user/")) and folder.startswith(f"{home}/")
