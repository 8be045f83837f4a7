"""State that must survive: written beside its place, flushed, renamed, and the folder flushed."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import stat
from collections.abc import Iterator

from celestial_nasops import accounts, causes, read_only
from celestial_nasops.fault import LocalFault


def fsync_folder(folder: str) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def write_atomically(path: str, content: bytes, *, mode: int = 0o644, durable: bool = True) -> None:
    """Replace a file so that a reader sees the old or the new content, never a part.

    The temporary name is fixed, so a writer that was killed leaves at most one, which the next write takes over. Each
    such path must therefore have a single writer at a time.

    Args:
        path: the file to replace.
        content: what it shall hold.
        mode: its permission bits, whatever the umask says.
        durable: whether it must survive a power cut; heartbeats need not.

    Raises:
        OSError: the old content is untouched then; only where the folder can't be flushed, the new one is in its place.
    """
    temporary = path + ".new"
    fd = _open_for_writing(temporary, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.rename(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if durable:
        fsync_folder(os.path.dirname(path) or ".")


def _open_for_writing(path: str, mode: int) -> int:
    """Open a file of ours; what else lies there, such as a FIFO that nobody reads, gives way."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, mode)
    except OSError as error:
        if error.errno != errno.ENXIO:  # a FIFO without a reader, a socket, a device without a driver
            raise
    else:
        if stat.S_ISREG(os.fstat(fd).st_mode):
            return fd
        os.close(fd)
    os.unlink(path)
    return os.open(path, flags | os.O_EXCL, mode)


def put_aside(path: str, moment: str) -> str:
    """Move an unreadable file out of the way without losing it or one put aside before, and return its new name."""
    name = f"{path}.corrupt-{moment}"
    names = itertools.chain([name], (f"{name}-{number}" for number in itertools.count(2)))
    aside = next(candidate for candidate in names if not os.path.lexists(candidate))
    os.rename(path, aside)
    fsync_folder(os.path.dirname(path) or ".")
    return aside


@contextlib.contextmanager
def folder_faults(folder: str, setting: str) -> Iterator[None]:
    """Turn what the kernel says about writing in ``folder`` into a fault that names the folder and its setting.

    Raises:
        LocalFault: for every OSError raised inside.
    """
    try:
        yield
    except OSError as error:
        raise folder_fault(error, folder, setting) from error


def folder_fault(error: OSError, folder: str, setting: str) -> LocalFault:
    """The fault that an OSError on a folder, or on a file in it, means to an operator."""
    values = {"path": folder, "setting": setting, "user": user_name()}
    reason = error.strerror or str(error)
    match error.errno:
        case errno.ENOENT:
            return LocalFault(causes.FOLDER_MISSING, **values)
        case errno.ENOTDIR:
            return LocalFault(causes.FOLDER_NOT_A_FOLDER, **values)
        case errno.EACCES | errno.EPERM:
            return LocalFault(causes.FOLDER_NO_PERMISSION, **values)
        case errno.EROFS:
            return read_only.fault_of(folder, setting)
        case errno.ENOSPC | errno.EDQUOT:
            from celestial_nasops import full_disk  # only where there is none left

            return full_disk.fault_of(folder, setting, reason)
        case _:
            return LocalFault(causes.FOLDER_FAILED, reason=reason, **values)


def prove_folder(folder: str, setting: str) -> None:
    """Prove that files can be written, flushed, renamed and removed in a folder, rather than ask its mode.

    Args:
        folder: the folder.
        setting: the configuration key that names it, for the message.

    Raises:
        LocalFault: it does not exist, is read-only, full, or not ours to write.
    """
    path = os.path.join(folder, ".celestial-nasops-proof")
    with folder_faults(folder, setting):
        write_atomically(path, b"proof")
        os.unlink(path)
    read_only.proven(folder)


def user_name() -> str:
    """The name of the user we run as, or its number where it has no name."""
    # The environment's LOGNAME and USER may be those of somebody else, who called sudo or su.
    return accounts.name_of(os.geteuid())
