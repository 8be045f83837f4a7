"""A disk that never answers, for tests: a file system of FUSE's behind which there is no program."""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterator

from tests.mounts import cannot

_MNT_DETACH = 2
_NOSUID_NODEV = 2 | 4


@contextlib.contextmanager
def hung_disk(folder: str) -> Iterator[None]:
    """Whoever looks into the folder while the block lasts waits, in the kernel, until it is over or he is killed.

    One at a time: who waits for another one's hold on the folder can't even be killed.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    try:
        device = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        cannot(f"needs root and /dev/fuse: {error}")
    try:
        options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
        if libc.mount(b"hung", os.fsencode(folder), b"fuse", _NOSUID_NODEV, options.encode()):
            cannot(f"needs root that may mount: {os.strerror(ctypes.get_errno())}")
        try:
            yield
        finally:
            libc.umount2(os.fsencode(folder), _MNT_DETACH)
    finally:
        os.close(device)  # ends the waiting of all who still wait
