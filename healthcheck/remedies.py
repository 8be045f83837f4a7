"""The commands of remedies, in the form in which they are right on this machine."""

from __future__ import annotations

import os
import pwd
import re
import shlex

# Where a command begins, in a sentence of either language, and which ones go by an account's own ~/.ssh.
_BY_ITS_ACCOUNT = re.compile(r"(^|[:;|&] |[(（：；])((?:ssh|sftp|ssh-copy-id|ssh-keygen) )")
_SHELLS_OF_NOBODY = ("nologin", "false")


def typed(remedy: str, *, user_manager: bool, account: str = "") -> str:
    """A remedy as it has to be typed.

    Args:
        remedy: as the catalogue has it.
        user_manager: whether the units are those of one user: they belong to ``systemctl --user``, and take no sudo.
        account: whose alias, keys and known hosts the commands need, where it is not that of whoever types them.
    """
    if account:
        remedy = _BY_ITS_ACCOUNT.sub(rf"\1sudo -u {shlex.quote(account)} \2", remedy)
    if not user_manager:
        return remedy
    remedy = re.sub(r"\b(?:sudo )?systemctl (?!--user)", "systemctl --user ", remedy)
    return re.sub(r"\bjournalctl (?!--user)", "journalctl --user ", remedy)


def account_of_nobody() -> str:
    """The account of this process if it is a service's, so that whoever reads a remedy is another; else empty."""
    try:
        own = pwd.getpwuid(os.geteuid())
    except KeyError:
        return ""
    return own.pw_name if os.path.basename(own.pw_shell) in _SHELLS_OF_NOBODY else ""


def is_users_own(folder: str) -> bool:
    """Whether a state folder is that of a user's own units: it lies in the home of an ordinary user who asks."""
    home = os.path.expanduser("~")
    return os.geteuid() != 0 and folder.startswith(("/home/", "/run/user/")) and folder.startswith(f"{home}/")
