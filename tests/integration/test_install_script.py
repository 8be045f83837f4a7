"""install.sh without root: what it refuses, and what it tells."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "install.sh"


def run(*argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *argv], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--frobnicate"], "there is no option '--frobnicate'"),
        (["--user"], "--user needs a value"),
        (["--purge"], "--purge belongs to --uninstall"),
        (["--python", "3.13"], "--python belongs to --bundle"),
        (["--upgrade", "--wait-minutes", "soon"], "--wait-minutes needs a whole number, found 'soon'"),
        (["--uninstall", "--purge=media,home"], "--purge can't remove 'home'"),
    ],
)
def test_what_it_does_not_understand_is_named_and_nothing_is_done(argv: list[str], message: str) -> None:
    ran = run(*argv)
    assert (ran.returncode, ran.stdout) == (64, "")
    assert ran.stderr == f"install: {message}; try: ./install.sh --help\n"


def test_help_names_every_option() -> None:
    ran = run("--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    for option in ("--user", "--config", "--prefix", "--wheelhouse", "--no-start", "--dry-run", "--upgrade"):
        assert option in ran.stdout
    for option in ("--uninstall", "--purge", "--bundle", "--agent-only", "--user-units", "--wait-minutes", "--python"):
        assert option in ran.stdout


def test_where_nothing_is_installed_nothing_is_removed(tmp_path: Path) -> None:
    ran = run("--uninstall", "--prefix", str(tmp_path))
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"install: nothing is installed in {tmp_path}\n"
