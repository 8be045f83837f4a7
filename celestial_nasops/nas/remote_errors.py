"""What a failed command on the NAS means, told from the system's own words at the end of what it said."""

from __future__ import annotations

import posixpath

from celestial_nasops import causes
from celestial_nasops.fault import Fault, NasFault, NasUnavailable
from celestial_nasops.nas.target import SshTarget

_REASON_SHOWN_CHARACTERS = 300
NO_SUCH_FILE = ("No such file or directory", "Not a directory")
FILE_EXISTS = ("File exists", " is a directory")  # the latter is what BusyBox's ln says of a folder
NOT_EMPTY = ("Directory not empty", "File exists")
TAKES_NOTHING = "its volume has room, and its SFTP server takes not one byte more and does not say why"
TELLS_NOTHING = "its SFTP server takes not one byte more, and tells neither why nor how much is free"
_DISK_FULL = ("No space left on device",)
_OVER_QUOTA = ("Disk quota exceeded", "Quota exceeded", TAKES_NOTHING, TELLS_NOTHING)  # by glibc, by musl
_READ_ONLY = ("Read-only file system",)
# Of a disk, or of what is mounted there; as glibc and musl say it.
_FAILING = (
    *("Input/output error", "I/O error", "Stale file handle", "Stale NFS file handle"),
    *("Transport endpoint is not connected", "Socket not connected"),
)
_NO_PERMISSION = ("Permission denied", "Operation not permitted")
# A connection proves nothing about these, and they keep nobody from reading.
OF_WRITING = frozenset(cause.code for cause in (causes.NAS_DISK_FULL, causes.NAS_OVER_QUOTA, causes.NAS_READ_ONLY))


def ends_with(output: bytes, endings: tuple[str, ...]) -> bool:
    """Whether a tool's message ends with one of the system's error texts (strerror(3) in the C locale).

    Only the end counts: the file's name, which comes before it, may hold any text.
    """
    return output.rstrip().decode("utf-8", "replace").endswith(endings)


def is_of_the_path(fault: NasFault) -> bool:
    """Whether it tells of the path that was tried, and the rest of the NAS may do as well as ever."""
    return not isinstance(fault, NasUnavailable) or fault.code in OF_WRITING


def is_of_a_failing_disk(fault: Fault) -> bool:
    """Whether the NAS's own disk failed, or a mount of its: the file is not to blame, and others may do or not."""
    return fault.code == causes.NAS_COMMAND_FAILED.code and fault.values["reason"].endswith(_FAILING)


def fault_of(target: SshTarget, action: str, path: str, output: bytes, **by_sftp: str) -> NasFault:
    """The fault that a command's output means.

    Args:
        target: the NAS, for the message.
        action: what was tried, a verb: "write".
        path: what it was tried on.
        output: what the command said.
        by_sftp: what remedies need for an account without a shell; see Cause.
    """
    text = output.strip().decode("utf-8", "replace")
    reason = text.rpartition(": ")[2] or text or "it says nothing"
    if text.endswith(_DISK_FULL):
        return NasUnavailable(causes.NAS_DISK_FULL, path=path, reason=reason, target=target.alias, **by_sftp)
    if text.endswith(_OVER_QUOTA):
        values = {"username": target.username, "path": path, "reason": reason, "target": target.alias}
        return NasUnavailable(causes.NAS_OVER_QUOTA, **values, **by_sftp)
    if text.endswith(_READ_ONLY):
        return NasUnavailable(causes.NAS_READ_ONLY, path=path, target=target.alias, **by_sftp)
    if text.endswith(_NO_PERMISSION):
        folder = posixpath.dirname(path.rstrip("/")) or "/"
        return NasFault(
            causes.NAS_NO_PERMISSION,
            username=target.username,
            action=action,
            path=path,
            folder=folder,
            target=target.alias,
            **by_sftp,
        )
    whole = text[-_REASON_SHOWN_CHARACTERS:] or "it says nothing"
    return command_failed(target, action, path, whole, **by_sftp)


def command_failed(target: SshTarget, action: str, path: str, reason: str, **by_sftp: str) -> NasFault:
    """The fault of a command whose trouble has no name of its own."""
    return NasFault(causes.NAS_COMMAND_FAILED, action=action, path=path, reason=reason, target=target.alias, **by_sftp)
