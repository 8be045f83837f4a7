"""What is installed on machines: wheels for a suite's Python, and the bundle that install.sh makes of them."""

from __future__ import annotations

import contextlib
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

from tests.system import host, roots
from tests.system.chroots import build

CHECKOUT = Path(__file__).resolve().parent.parent.parent
_SHIPPED = (
    "CHANGELOG.md",
    "LICENSE",
    "README.md",
    "README.zh-CN.md",
    "celestial_nasops",
    "docs",
    "healthcheck",
    "install.sh",
    "installer",
    "pyproject.toml",
    "systemd",
    "unified_config.json",
)
_LITTER = shutil.ignore_patterns("__pycache__", "*.egg-info")


def wheelhouse(suite: str) -> Path:
    """Wheels of all that the product needs, and of what builds it, for the suite's own Python."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    wanted = sorted([*project["project"]["dependencies"], *project["build-system"]["requires"], "wheel"])

    def make(folder: Path) -> None:
        # sdnotify comes as source only, and Debian's virtual environments lack what builds the old way.
        pip = "/tmp/venv/bin/pip wheel --use-pep517 --no-input --quiet --wheel-dir /wheels"
        script = f'python3 -m venv /tmp/venv && {pip} "$@"'
        build(roots.root(suite), "sh", "-euc", script, "sh", *wanted, writable={"/wheels": folder})

    return roots.cached(f"wheels-{suite}-{roots.fingerprint(suite, *wanted)}", make)


def bundle(suite: str) -> Path:
    """The bundle of this checkout for that suite, as ``install.sh --bundle`` makes it."""
    wheels = wheelhouse(suite)
    key = roots.fingerprint(wheels.name, *_contents())

    def make(folder: Path) -> None:
        roots.forget_old("bundle-*")
        with source() as checkout:
            build(
                roots.root(suite),
                "/checkout/install.sh",
                "--bundle",
                "/bundle/bundle.tar.gz",
                writable={"/checkout": checkout, "/bundle": folder},
                read_only={"/wheels": wheels},
                environment=OFFLINE,
            )

    return roots.cached(f"bundle-{suite}-{key}", make) / "bundle.tar.gz"


OFFLINE = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/wheels", "PIP_EXTRA_INDEX_URL": "", "PIP_CONSTRAINT": ""}
"""The environment for pip where the wheelhouse is seen at ``/wheels``."""


@contextlib.contextmanager
def source() -> Iterator[Path]:
    """A copy of what is shipped, which a build may litter."""
    with host.scratch("source") as folder:
        for name in _SHIPPED:
            there = CHECKOUT / name
            if there.is_dir():
                shutil.copytree(there, Path(folder, name), ignore=_LITTER)
            elif there.exists():
                shutil.copy2(there, folder)
        yield folder


def _contents() -> Iterator[str | bytes]:
    with source() as folder:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield path.relative_to(folder).as_posix()
            yield path.read_bytes()
