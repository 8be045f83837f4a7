"""Bundles on machines: brought there, unpacked, and made into other versions of themselves."""

from __future__ import annotations

import io
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.system.machines import Machine, Ran

FOLDER = "/root/nasops"
HOME = "/var/lib/celestial-nasops"
USER = "media-sync"
# What a machine writes by itself, while one looks.
_UNSTEADY = ("/proc", "/sys", "/run", "/dev", "/tmp", "/var/log/journal", "/var/lib/systemd/catalog", "/root/nasops")


def bring(edge: Machine, archive: Path | bytes, folder: str = FOLDER) -> None:
    """Bring a bundle to a machine, as an operator would with a stick, and unpack it."""
    content = archive if isinstance(archive, bytes) else archive.read_bytes()
    edge.write("/run/bundle.tar.gz", content)
    edge.shell(f"rm -rf {folder}; mkdir {folder}; tar -xzf /run/bundle.tar.gz -C {folder} --strip-components=1")


def another_version(archive: Path, added: Mapping[str, str]) -> bytes:
    """The bundle with lines added to modules of its own wheel, such as ``{"healthcheck/cli.py": "boom"}``."""
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        [wheel] = Path(folder).glob("*/wheels/celestial_nasops-*.whl")
        with zipfile.ZipFile(wheel) as old:
            contents = {info: old.read(info) for info in old.infolist()}
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
            for info, content in contents.items():
                new.writestr(info, content + added.get(info.filename, "").encode())
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz", compresslevel=1) as tar:
            [top] = os.listdir(folder)
            tar.add(os.path.join(folder, top), top)
        return made.getvalue()


def install(edge: Machine, *argv: str, environment: Mapping[str, str] | None = None, folder: str = FOLDER) -> Ran:
    """Run install.sh, and return what it said, whatever its exit code."""
    values = [f"{name}={value}" for name, value in (environment or {}).items()]
    return edge.run("env", *values, f"{folder}/install.sh", *argv, check=False, timeout=300)


def everything(edge: Machine) -> set[str]:
    """All files of a machine: kind, mode, owner, path and target of a link; and its accounts."""
    skipped = " -o ".join(f"-path {path}" for path in _UNSTEADY)
    listed = edge.shell(f"find / \\( {skipped} -o -name 'systemd-private-*' \\) -prune -o -printf '%M %u %g %p %l\\n'")
    accounts = edge.shell("cat /etc/passwd /etc/group /etc/shadow")
    return set(listed.splitlines()) | set(accounts.splitlines())
