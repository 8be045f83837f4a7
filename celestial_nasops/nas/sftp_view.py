"""What an SFTP login sees: the configured paths, perhaps without their beginning."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

from celestial_nasops.nas.files import absolute
from celestial_nasops.nas.sftp_client import SftpClient
from celestial_nasops.nas.sftp_errors import Refused
from celestial_nasops.nas.sftp_packets import Attributes, Status


@dataclass(frozen=True, slots=True)
class View:
    """Looks with the paths of the configuration; ``hidden_prefix`` is what of them is not seen."""

    client: SftpClient
    hidden_prefix: str = ""

    def seen(self, path: str) -> bytes:
        """A path as this login sees it."""
        hidden = self.hidden_prefix
        absolute(path)
        return os.fsencode(path.removeprefix(hidden) if hidden and path.startswith(f"{hidden}/") else path)

    def look(self, path: str, *, follow: bool = False) -> Attributes | None:
        """What lies at a path; None where nothing does."""
        try:
            return self.client.attributes(self.seen(path), follow=follow)
        except Refused as refused:
            if refused.status == Status.NO_SUCH_FILE:
                return None
            raise

    def is_folder(self, path: str) -> bool:
        """Whether a folder lies there, or a link to one."""
        found = self.look(path, follow=True)
        return found is not None and stat.S_ISDIR(found.mode)


def find_hidden_prefix(client: SftpClient, base_path: str) -> str | None:
    """How much of the configured base path SFTP doesn't see; None where the base is not found.

    Only where the path's first folder isn't there at all is the rest looked for: a first folder that is there means
    that this login sees what a shell sees, and what is missing below it is not mounted.
    """
    view, parts = View(client), base_path.strip("/").split("/")
    for count in range(len(parts)):
        try:
            if view.is_folder("/" + "/".join(parts[count:])):
                return "".join(f"/{part}" for part in parts[:count])
            if count == 0 and view.look(f"/{parts[0]}") is not None:
                return None
        except Refused as refused:
            if refused.status != Status.PERMISSION_DENIED:
                raise
            if count == 0:
                return None
    return None
