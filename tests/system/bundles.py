"""What tests of install.sh do with bundles: make another version, run its install.sh, and look at all of a disk."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from tests.system.machines import Machine, Ran

# What a machine writes by itself, and what is no file on its disk.
_OWN = ("/dev", "/proc", "/run", "/sys", "/tmp", "/var/log/journal", "/var/tmp", "/root")
# Here the contents count, too.
_COMPARED = ("/etc", "/opt", "/usr/local")


def another_version(archive: Path, added: Mapping[str, str]) -> bytes:
    """The bundle with text added to files of it: ``unified_config.json``, or modules of its own wheel."""
    with tempfile.TemporaryDirectory(prefix="celestial-version-") as folder:
        # Not by tarfile, whose filters, without which newer ones warn, came with 3.11.4: Debian 12 has 3.11.2.
        subprocess.run(["tar", "-xf", archive, "-C", folder], check=True, timeout=60)
        [top] = os.listdir(folder)
        [wheel] = Path(folder, top, "wheels").glob("celestial_nasops-*.whl")
        with zipfile.ZipFile(wheel) as old:
            contents = {info: old.read(info) for info in old.infolist()}
        with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as new:
            for info, content in contents.items():
                new.writestr(info, content + added.get(info.filename, "").encode())
        missing = {name for name in added if name not in {info.filename for info in contents}}
        for name in missing:
            with Path(folder, top, name).open("a", encoding="utf-8") as file:
                file.write(added[name])
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w:gz", compresslevel=1) as tar:
            tar.add(os.path.join(folder, top), top)
        return made.getvalue()


def run_installer(edge: Machine, *argv: str, fail_at: str = "") -> Ran:
    """Run install.sh of the bundle that was brought there, and return what it said, whatever its exit code."""
    return edge.run("env", f"INSTALL_FAIL_AT={fail_at}", "/root/nasops/install.sh", *argv, check=False, timeout=300)


def everything(edge: Machine) -> set[str]:
    """All that lies on a disk, with kind, mode, owner and target; what is configured, and accounts, to the byte."""
    skip = [word for path in _OWN for word in ("-path", path, "-o")][:-1]
    listed = edge.find("/", "-xdev", "(", *skip, ")", "-prune", "-o", "-printf", "%y %m %u:%g %p -> %l\\n")
    return {*listed, *edge.find(*_COMPARED, "-type", "f", "!", "-name", "*-", "-exec", "sha256sum", "{}", "+")}
