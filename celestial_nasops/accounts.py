"""The accounts of this machine, and going on as another of them."""

from __future__ import annotations

import os
import pwd


def name_of(uid: int) -> str:
    """The name of an account, or its number where it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def become(uid: int, gid: int) -> None:
    """Go on as another account, its home and its groups included; only root can.

    Args:
        uid: the account, which need not be known any more.
        gid: its group where it is not known.

    Raises:
        OSError: the kernel refuses.
    """
    try:
        account = pwd.getpwuid(uid)
    except KeyError:
        os.setgroups([])
    else:
        os.initgroups(account.pw_name, account.pw_gid)
        os.environ.update(HOME=account.pw_dir, USER=account.pw_name, LOGNAME=account.pw_name)
    os.setgid(gid)
    os.setuid(uid)
