"""Who may import whom. The sentence behind it stands in docs/architecture.md."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("celestial_nasops", "healthcheck")
MODULES = sorted(path.relative_to(ROOT).as_posix() for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
UNDER_TEST_BY_THE_CHECK = {
    "celestial_nasops.bandwidth",
    "celestial_nasops.batch",
    "celestial_nasops.parts",
    "celestial_nasops.source",
    "celestial_nasops.transfer",
    "celestial_nasops.safe_delete_manager",
    "celestial_nasops.media_sync_daemon",
    "celestial_nasops.daemon",
    "celestial_nasops.steering",
}
# A module or a folder of modules, and who alone may import it.
KEPT_TO_THEIR_PLACES = {
    "paramiko": ("celestial_nasops/nas/", "healthcheck/demo/embedded_nas.py", "healthcheck/demo/nas_account.py"),
    "subprocess": ("celestial_nasops/process.py",),
    "sdnotify": ("celestial_nasops/notify.py",),
}


def imported_by(source: str, *, inside: str) -> set[str]:
    """The full names of all that a module imports, wherever in it; ``inside`` is its package, for relative imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = inside.split(".")[: len(inside.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, node.module] if node.module else above)
            # What follows "import" may be a module, too.
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("importlib.import_module", "__import__"):
            names |= {
                str(ast.literal_eval(argument)) for argument in node.args[:1] if isinstance(argument, ast.Constant)
            }
    return names


def imports(module: str) -> set[str]:
    path = ROOT / module
    return imported_by(path.read_text(encoding="utf-8"), inside=".".join(Path(module).parent.parts))


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("celestial_nasops/")])
def test_the_media_path_never_imports_the_check(module: str) -> None:
    assert not [name for name in imports(module) if within(name, "healthcheck")]


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("healthcheck/")])
def test_the_check_never_imports_the_code_that_it_checks(module: str) -> None:
    assert not [name for name in imports(module) for own in UNDER_TEST_BY_THE_CHECK if within(name, own)]


@pytest.mark.parametrize("module", MODULES)
def test_what_is_kept_to_one_place_is_imported_only_there(module: str) -> None:
    strays = {
        kept
        for kept, places in KEPT_TO_THEIR_PLACES.items()
        for name in imports(module)
        if within(name, kept) and not module.startswith(places)
    }
    assert strays == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import healthcheck.cli as c", "healthcheck.cli"),
        ("def f():\n    from healthcheck import cli", "healthcheck.cli"),
        ("from . import lane", "celestial_nasops.lane"),
        ("from .nas import session", "celestial_nasops.nas.session"),
        ("from .lane import Lane", "celestial_nasops.lane"),
        ("import importlib\nimportlib.import_module('healthcheck')", "healthcheck"),
    ],
)
def test_every_way_to_import_is_seen(source: str, found: str) -> None:
    assert found in imported_by(source, inside="celestial_nasops")


def test_relative_imports_of_a_package_above_are_seen() -> None:
    assert "celestial_nasops.lane" in imported_by("from .. import lane", inside="celestial_nasops.nas")


# --- the tree ---

TEXT = {".py", ".md", ".json", ".toml", ".sh", ".service", ".timer", ".conf", ""}
NOT_OURS = {
    ".git",
    ".venv",
    "build",
    "dist",
    ".mypy_cache",
    ".ruff_cache",
    ".pytest_cache",
    ".hypothesis",
    "__pycache__",
}
# Put together here, so that this file is no finding itself.
DEVELOPERS_PLACES = ["/" + "/".join(parts) for parts in (("work", ""), ("tmp", "lab"), ("tmp", "design"))]


def our_files() -> list[Path]:
    return [
        path
        for path in ROOT.rglob("*")
        if path.is_file() and path.suffix in TEXT and not NOT_OURS & set(path.relative_to(ROOT).parts)
    ]


def test_no_place_of_a_developer_s_machine_is_in_the_tree() -> None:
    findings = [
        f"{path.relative_to(ROOT)}: {place}"
        for path in our_files()
        for place in DEVELOPERS_PLACES
        if place in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert findings == []


def test_no_module_is_longer_than_a_reader_s_patience() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in our_files() if path.suffix == ".py"}
    assert {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > 400} == {}
