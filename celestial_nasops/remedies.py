"""The commands of remedies, in the form in which they are right on this machine.

The catalogue has them as an administrator types them where the units are the system's. :func:`settle` says whose
installation this is, as soon as that is known; from then on every fault has its remedy in the right form.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex

from celestial_nasops import accounts

# Where a command begins, in a sentence of either language, and which ones go by an account's own ~/.ssh.
_BY_ITS_ACCOUNT = re.compile(r"(^|[:;|&] |[(（：；])((?:ssh|sftp|ssh-copy-id|ssh-keygen) )")
_SHELLS_OF_NOBODY = ("nologin", "false")

# What is otherwise where the units are one user's. All that these commands touch is that user's own then; what belongs
# to the machine or to another account (mount, chown, apt-get, ...) takes root all the same.
_OF_ONE_USER = (
    (re.compile(r"\bsudo (?=(?:systemctl|media-sync-daemon|chmod|kill) )"), ""),
    (re.compile(r"\bsudo \./install\.sh(?: --user [^\s;；]+)?"), "./install.sh --user-units"),
    (re.compile(r"\b(systemctl|busctl) (?!--user)"), r"\1 --user "),
    # The kernel speaks to the system's journal alone.
    (re.compile(r"\bjournalctl (?!--user|-k)"), "journalctl --user "),
)

_of_one_user = False


def typed(remedy: str, *, user_manager: bool, account: str = "") -> str:
    """A remedy as it has to be typed; one that is so already stays as it is.

    Args:
        remedy: as the catalogue has it.
        user_manager: whether the units are those of one user: they belong to ``systemctl --user``, and take no sudo.
        account: whose alias, keys and known hosts the commands need, where it is not that of whoever types them.
    """
    if account:
        remedy = _BY_ITS_ACCOUNT.sub(rf"\1sudo -u {shlex.quote(account)} \2", remedy)
    if user_manager:
        for command, right in _OF_ONE_USER:
            remedy = command.sub(right, remedy)
        if not account:
            remedy = remedy.replace(f"sudo -u {shlex.quote(accounts.name_of(os.geteuid()))} ", "")
    return remedy


def settle(*, user_manager: bool) -> None:
    """From now on :func:`here` gives what is right where the units are one user's, or are the system's."""
    global _of_one_user
    _of_one_user = user_manager


def here(remedy: str) -> str:
    """A remedy as it has to be typed in the installation that :func:`settle` was told of: until then, a system's."""
    account = account_of_nobody() if _BY_ITS_ACCOUNT.search(remedy) else ""
    return typed(remedy, user_manager=_of_one_user, account=account)


def account_of_nobody() -> str:
    """The account of this process if it is a service's, so that whoever reads a remedy is another; else empty."""
    try:
        own = pwd.getpwuid(os.geteuid())
    except KeyError:
        return ""
    return own.pw_name if os.path.basename(own.pw_shell) in _SHELLS_OF_NOBODY else ""


def is_users_own(path: str) -> bool:
    """Whether a state folder or configuration is that of a user's own units: it is in the ordinary user's home."""
    home = os.path.expanduser("~")
    return os.geteuid() != 0 and path.startswith(("/home/", "/run/user/")) and path.startswith(f"{home}/")
