"""Small libraries that are preloaded into the programs of one row, and change for them alone what the kernel says."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.mounts import cannot


def compiled(source: str, folder: Path) -> str:
    """Compile a source that lies beside this file into a folder; the library, for LD_PRELOAD."""
    compiler = shutil.which("cc")
    if compiler is None:
        cannot(f"{source} can't be preloaded without a C compiler: sudo apt-get install gcc libc6-dev")
    library = folder / Path(source).with_suffix(".so")
    path = Path(__file__).with_name(source)
    argv = [str(compiler), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", str(library), str(path)]
    subprocess.run(argv, check=True, timeout=60)
    return str(library)
