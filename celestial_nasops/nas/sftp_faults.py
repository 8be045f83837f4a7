"""Why an SFTP server refused something: it tells little of that, so it is looked up right afterwards."""

from __future__ import annotations

import contextlib
import os
import posixpath
import secrets
from dataclasses import dataclass

from celestial_nasops.fault import NasFault
from celestial_nasops.nas import remote_errors
from celestial_nasops.nas.sftp_errors import Refused
from celestial_nasops.nas.sftp_packets import FLUSH, FREE_SPACE, WRITE_NEW, Space, Status
from celestial_nasops.nas.sftp_view import View
from celestial_nasops.nas.target import SshTarget

_NEEDS_SPACE = {"write", "make the folder", "publish"}


@dataclass(frozen=True, slots=True)
class Faults:
    """The same faults, in the same words, as by a shell; with remedies for an account that has none."""

    target: SshTarget
    view: View

    def of_refusal(self, refused: Refused, action: str, path: str) -> NasFault:
        """What it means that an action was refused; looks around for that."""
        reason = self._reason(refused, action, path)
        return remote_errors.fault_of(self.target, action, path, reason.encode(), **self.by_sftp(path))

    def failed(self, action: str, path: str, reason: str) -> NasFault:
        """The fault of an action whose trouble has no name of its own."""
        return remote_errors.command_failed(self.target, action, path, reason, **self.by_sftp(path))

    def by_sftp(self, path: str) -> dict[str, str]:
        """What remedies need; see Cause."""
        return {"sftp": f"sftp -b - {self.target.sftp_alias}", "seen": os.fsdecode(self.view.seen(path))}

    def _reason(self, refused: Refused, action: str, path: str) -> str:
        """In the words of strerror(3), where the status and a look around tell so much."""
        said = f"the SFTP server says only '{refused.text}' (status {refused.status})"
        match refused.status:
            case Status.NO_SUCH_FILE:
                return "No such file or directory"
            case Status.PERMISSION_DENIED:
                return "Permission denied"
            case Status.OP_UNSUPPORTED:
                return "Operation not supported"
            case Status.BAD_MESSAGE:  # OpenSSH's for ENAMETOOLONG and EINVAL
                return f"{said}, as for a name that is too long or not allowed there"
            case Status.FAILURE:
                with contextlib.suppress(Refused):
                    return self._reason_of_failure(action, path) or said
        return said

    def _reason_of_failure(self, action: str, path: str) -> str:
        space = self._space_around(path)
        if space is not None and space.read_only:
            return "Read-only file system"
        if space is not None and space.is_exhausted and action in _NEEDS_SPACE:
            return "No space left on device"
        if action in ("remove", "write") and self.view.is_folder(path):
            return "Is a directory"
        if action in _NEEDS_SPACE and self._takes_nothing(posixpath.dirname(path)):
            return remote_errors.TELLS_NOTHING if space is None else remote_errors.TAKES_NOTHING
        return ""

    def _takes_nothing(self, folder: str) -> bool:
        """Whether not even one byte of another file is taken there, as by a quota that is used up or on a full disk."""
        while not self.view.is_folder(folder):
            folder = posixpath.dirname(folder)
        client = self.view.client
        seen = self.view.seen(f"{folder.rstrip('/')}/.{secrets.token_hex(6)}")
        try:
            handle = client.open_handle(seen, WRITE_NEW)
            try:
                writer = client.writer(handle)
                writer.write(b"\0")
                writer.settle()
                if FLUSH in client.extensions:
                    client.flush(handle)
            finally:
                client.close_handle(handle)
        except Refused as refused:
            return refused.status == Status.FAILURE
        finally:
            list(client.remove_all([seen]))
        return False

    def _space_around(self, path: str) -> Space | None:
        """What is left of the file system of a path, which need not be there."""
        if FREE_SPACE not in self.view.client.extensions:
            return None
        while True:
            try:
                return self.view.client.space(self.view.seen(path))
            except Refused as refused:
                if refused.status != Status.NO_SUCH_FILE or path == "/":
                    raise
            path = posixpath.dirname(path)
