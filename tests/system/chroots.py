"""Building things on a suite's own Python, with this machine's network and its way to packages."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.system import host
from tests.system.roots import Disk

_SCRIPT = """
set -e
mount -t overlay overlay -o "$OVERLAY" "$ROOT"
mount -t proc proc "$ROOT/proc"
mount --rbind /dev "$ROOT/dev"
for file in /etc/resolv.conf /etc/hosts; do
    [ ! -e "$file" ] || cp -L "$file" "$ROOT$file"
done
bind() {
    if [ -d "$1" ]; then mkdir -p "$ROOT$2"; else mkdir -p "$ROOT${2%/*}"; [ -e "$ROOT$2" ] || : >"$ROOT$2"; fi
    mount --bind "$1" "$ROOT$2"
    [ "$3" = rw ] || mount -o remount,bind,ro "$ROOT$2"
}
while [ "$1" != -- ]; do
    bind "$1" "$2" "$3"
    shift 3
done
shift
exec chroot "$ROOT" "$@"
"""
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def build(
    disk: Disk,
    *argv: str,
    read_only: Mapping[str, Path] | None = None,
    writable: Mapping[str, Path] | None = None,
    environment: Mapping[str, str] | None = None,
    seconds: float = 600,
) -> str:
    """Run a command as root above a disk, which stays as it is, with this machine's network and pip's settings.

    Args:
        disk: where it runs.
        argv: the command.
        read_only: files and folders of this machine, by the path where the command sees them.
        writable: the same, to be written.
        environment: more variables, or others.
        seconds: its deadline.

    Returns:
        What it printed.

    Raises:
        AssertionError: it failed; with everything that it said.
    """
    settings = dict(_pip_settings())
    places = {path: (source, "ro") for path, source in (read_only or {}).items()}
    places |= {path: (source, "rw") for path, source in (writable or {}).items()}
    for path in sorted(_paths_in(settings)):
        places.setdefault(path, (Path(path), "ro"))
    binds = [word for path, (source, how) in places.items() for word in (os.fspath(source), path, how)]
    with host.scratch("build") as folder:
        for part in ("upper", "work", "root"):
            Path(folder, part).mkdir(mode=0o755)
        layers = ":".join(map(str, disk.layers))
        variables = {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            **{name: os.environ[name] for name in _PROXIES if name in os.environ},
            **settings,
            **(environment or {}),
            "OVERLAY": f"lowerdir={layers},upperdir={folder}/upper,workdir={folder}/work",
            "ROOT": f"{folder}/root",
        }
        private = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--propagation", "private"]
        done = subprocess.run(
            [*private, "sh", "-c", _SCRIPT, "sh", *binds, "--", *argv],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            env=variables,
        )
    assert done.returncode == 0, f"{argv}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout


def _pip_settings() -> Iterator[tuple[str, str]]:
    """This machine's settings of pip, as variables; what a variable sets wins over what a file sets."""
    argv = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout.splitlines()
    for line in sorted(listed, key=lambda line: line.startswith(":env:")):
        name, _, value = line.partition("=")
        yield f"PIP_{name.rpartition('.')[2].upper().replace('-', '_')}", str(ast.literal_eval(value))


def _paths_in(settings: Mapping[str, str]) -> Iterator[str]:
    """The files and folders that the settings name: certificates, constraints, packages."""
    for word in " ".join(settings.values()).split():
        # The pages of an index refer to files beside it.
        path = os.path.dirname(word.removeprefix("file://").rstrip("/")) if word.startswith("file://") else word
        if path.startswith("/") and path != "/" and os.path.exists(path):
            yield path
