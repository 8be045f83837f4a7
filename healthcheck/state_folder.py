"""What keeps the check from writing in its own folder, and what mends that."""

from __future__ import annotations

import errno

from celestial_nasops.durable import folder_fault, user_name
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from healthcheck import causes

_SETTING = "--state-dir"


def unwritable(error: OSError, path: str, folder: str) -> Fault:
    """The fault of a file of the state folder.

    Args:
        error: what the kernel said.
        path: the file.
        folder: the state folder.
    """
    if error.errno in (errno.EACCES, errno.EPERM):
        # Also a single file may be somebody else's, after a run as root.
        remedy = say(
            "give the folder and all in it to the user of the check: sudo chown -R {user} {folder}",
            user=user_name(),
            folder=folder,
        )
    else:
        remedy = folder_fault(error, folder, _SETTING).remedy
    reason = error.strerror or str(error)
    return Fault(causes.STATE_UNWRITABLE, path=path, reason=reason, remedy=remedy)
