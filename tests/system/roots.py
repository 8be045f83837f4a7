"""The disks that machines boot from: a Debian root, built once and cached, and layers above it."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.system import host

BOOKWORM, TRIXIE = "bookworm", "trixie"
# Bare on purpose: what an edge server or a NAS has, and nothing that hides a missing dependency.
_PACKAGES = (
    *("systemd", "systemd-sysv", "dbus", "libpam-systemd", "python3", "python3-venv"),
    *("openssh-server", "openssh-client", "iputils-ping", "iproute2"),
    *("sqlite3", "rsync", "procps", "nftables", "ca-certificates"),
)
_BUILD_SECONDS = 1200
_OLD_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Disk:
    """What a machine boots from, and never writes to: folders laid over each other, the topmost first."""

    suite: str
    layers: tuple[Path, ...]


def cache() -> Path:
    """The folder of everything that takes long to make; ``$CELESTIAL_TEST_CACHE`` moves it."""
    folder = Path(os.environ.get("CELESTIAL_TEST_CACHE") or "/var/cache/celestial-nasops-tests")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def root(suite: str) -> Disk:
    """A minimal Debian of that suite. The first call takes a minute and the network."""
    key = fingerprint(suite, *_PACKAGES)
    return Disk(suite, (cached(f"{suite}-{key}", lambda folder: _debootstrap(suite, folder)),))


def cached(name: str, make: Callable[[Path], None]) -> Path:
    """A folder of the cache, made where it is missing: under a temporary name, by one process, all or nothing."""
    folder = cache() / name
    if folder.exists():
        os.utime(folder)
        return folder
    with _lock(cache() / f".{name}.lock"):
        if not folder.exists():
            building = Path(tempfile.mkdtemp(prefix=f".{name}.", dir=cache()))
            building.chmod(0o755)
            try:
                make(building)
                building.rename(folder)
            finally:
                shutil.rmtree(building, ignore_errors=True)
    return folder


def forget_old(pattern: str) -> None:
    """Remove what has not been used for a day; of some things there is another one for every change of the checkout."""
    for path in [*cache().glob(pattern), *cache().glob(f".{pattern}.lock")]:
        with contextlib.suppress(FileNotFoundError):  # another process does the same
            if time.time() - path.stat().st_mtime > _OLD_SECONDS:
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()


def fingerprint(*parts: str | bytes) -> str:
    """A short name for what something was made from."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode() if isinstance(part, str) else part)
        digest.update(b"\0")
    return digest.hexdigest()[:12]


def _debootstrap(suite: str, folder: Path) -> None:
    packages = f"--include={','.join(_PACKAGES)}"
    host.call("debootstrap", "--variant=minbase", packages, suite, folder, timeout=_BUILD_SECONDS)
    for left in ("etc/hostname", "etc/resolv.conf"):  # the building machine's
        (folder / left).unlink(missing_ok=True)
    shutil.rmtree(folder / "var/cache/apt/archives")


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
