"""The commands of remedies, in the form in which they are right on this machine.

The catalogue has them as an administrator types them where the units are the system's. :func:`settle` says whose
installation this is, as soon as that is known; from then on every fault has its remedy in the right form.
"""

from __future__ import annotations

import os
import pwd
import re
import shlex
from collections.abc import Mapping

from celestial_nasops import accounts

# Where a command begins, in a sentence of either language, and which ones go by an account's own ~/.ssh.
_BY_ITS_ACCOUNT = re.compile(r"(^|[:;|&] |[(（：；])((?:ssh|sftp|ssh-copy-id|ssh-keygen) )")
_SHELLS_OF_NOBODY = ("nologin", "false")

# What is otherwise where the units are one user's. All that these commands touch is that user's own then; what belongs
# to the machine or to another account (mount, chown, apt-get, ...) takes root all the same.
_OF_ONE_USER = (
    (re.compile(r"\bsudo (?=(?:systemctl|media-sync-daemon|smoke-check (?:run|clean)|chmod|kill) )"), ""),
    (re.compile(r"\bsudo \./install\.sh(?: --user [^\s;；]+)?"), "./install.sh --user-units"),
    (re.compile(r"\b(systemctl|busctl) (?!--user)"), r"\1 --user "),
    # The kernel speaks to the system's journal alone.
    (re.compile(r"\bjournalctl (?!--user|-k)"), "journalctl --user "),
)

# Where the configuration is not the one that our commands find by themselves, they have to be told, unless they are.
_OURS = re.compile(
    r"\bmedia-sync-daemon(?= (?:queue|requeue|receipts|verify|pause|resume)\b(?!'))|"
    r"\bsmoke-check (?:run|clean|doctor)\b(?![^:;；]* --config )"
)

# What goes through two shells, this server's and the NAS's, and the values there that are paths of the NAS.
_ON_THE_NAS = re.compile(r"ssh \{target\} [^;,|；，]*")
_PATH_THERE = re.compile(r"\{(path|folder|base)\}")
# Commands and lists of words, which are in a shell's form already; the last one stands between quotes.
_IN_FORM = frozenset({"command", "places", "remedy", "seen"})

_of_one_user = False
_config = ""


class _Word(str):
    """A value that is one word for a shell if it is a path; with the format ``there`` for a second shell, too."""

    __slots__ = ()

    def __format__(self, spec: str) -> str:
        if not self.startswith("/"):
            return str(self)
        once = shlex.quote(self)
        return shlex.quote(once) if spec == "there" else once


def filled(template: str, values: Mapping[str, str]) -> str:
    """A remedy of the catalogue with its values: whatever is in the name of a file, its command can be typed."""
    template = _ON_THE_NAS.sub(lambda command: _PATH_THERE.sub(r"{\1:there}", command[0]), template)
    return template.format_map({name: value if name in _IN_FORM else _Word(value) for name, value in values.items()})


def typed(remedy: str, *, user_manager: bool, account: str = "", config: str = "") -> str:
    """A remedy as it has to be typed; one that is so already stays as it is.

    Args:
        remedy: as the catalogue has it.
        user_manager: whether the units are those of one user: they belong to ``systemctl --user``, and take no sudo.
        account: whose alias, keys and known hosts the commands need, where it is not that of whoever types them.
        config: the configuration, where our own commands don't find it by themselves.
    """
    if config:
        remedy = _OURS.sub(lambda command: f"{command[0]} --config {shlex.quote(config)}", remedy)
    if account:
        remedy = _BY_ITS_ACCOUNT.sub(rf"\1sudo -u {shlex.quote(account)} \2", remedy)
    if user_manager:
        for command, right in _OF_ONE_USER:
            remedy = command.sub(right, remedy)
        if not account:
            remedy = remedy.replace(f"sudo -u {shlex.quote(accounts.name_of(os.geteuid()))} ", "")
    return remedy


def settle(*, user_manager: bool, config: str = "") -> None:
    """From now on :func:`here` gives what is right where the units are one user's, or are the system's.

    Args:
        user_manager: as for :func:`typed`.
        config: as for :func:`typed`.
    """
    global _of_one_user, _config
    _of_one_user, _config = user_manager, config


def here(remedy: str) -> str:
    """A remedy as it has to be typed in the installation that :func:`settle` was told of: until then, a system's."""
    account = account_of_nobody() if _BY_ITS_ACCOUNT.search(remedy) else ""
    return typed(remedy, user_manager=_of_one_user, account=account, config=_config)


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
