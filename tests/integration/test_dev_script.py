"""``./dev`` itself, with stand-ins for Python and apt-get that are first, and alone, on PATH and record their calls."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from celestial_nasops import process

ROOT = Path(__file__).parent.parent.parent
TOOLS = ("sh", "cat", "cksum", "cp", "dirname", "flock", "mkdir", "rm", "touch")

PYTHON = """#!/bin/sh
echo "python $*" >>"$CALLS"
case "$*" in
    "-c import sys; sys.exit"*) [ ! -e "$SCENE/too-old" ] ;;
    "-c import venv"*) [ ! -e "$SCENE/no-venv" ] ;;
    "-c import sys; print"*) echo python3.11-venv ;;
    --version) echo "Python 3.11.2" ;;
    "-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
    "-m pip "*) [ ! -e "$SCENE/no-network" ] ;;
    *) echo "ran: $*" ;;
esac
"""
APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$CALLS"
case "$*" in install*) rm "$SCENE/no-venv" ;; esac
"""
LINTER = """#!/bin/sh
echo "${0##*/} $*" >>"$CALLS"
[ ! -e "$SCENE/lint-fails" ]
"""


class Checkout:
    """A copy of the script in a folder of its own, and the machine around it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "checkout"
        self.folder.mkdir()
        for name in ("dev", "pyproject.toml"):
            shutil.copy(ROOT / name, self.folder / name)
        self.scene = folder / "scene"
        self.scene.mkdir()
        self._log = folder / "calls"
        self.bin = folder / "bin"
        self.bin.mkdir()
        for tool in TOOLS:
            self.bin.joinpath(tool).symlink_to(shutil.which(tool) or tool)
        self.program("python3", PYTHON)
        self.program("id", "#!/bin/sh\necho 1000\n")

    def program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(script)
        path.chmod(0o755)

    def dev(self, *args: str) -> process.Completed:
        self._log.write_text("")
        return process.run([str(self.folder / "dev"), *args], timeout_seconds=60, understood_exit_codes=range(256))

    def calls(self, containing: str = "") -> list[str]:
        return [line for line in self._log.read_text().splitlines() if containing in line]


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    checkout = Checkout(tmp_path)
    monkeypatch.setenv("PATH", str(checkout.bin))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("SCENE", str(checkout.scene))
    return checkout


def test_a_demo_needs_the_run_time_packages_only(checkout: Checkout) -> None:
    first = checkout.dev("demo", "--fast")
    assert (first.exit_code, first.stdout) == (0, "ran: -m healthcheck demo --fast\n")
    assert first.stderr == (
        "dev: making a virtual environment in .venv with Python 3.11.2\n"
        "dev: installing . and what it needs into .venv\n"
    )
    assert [call.split()[-2:] for call in checkout.calls("-m pip")] == [["--editable", "."]]


def test_a_finished_set_up_is_not_done_again(checkout: Checkout) -> None:
    checkout.dev("demo")
    second = checkout.dev("demo")
    assert (second.exit_code, second.stderr) == (0, "")
    assert checkout.calls() == ["python --version", "python -m healthcheck demo"]


def test_tests_add_their_packages_to_the_same_environment(checkout: Checkout) -> None:
    checkout.dev("demo")
    assert checkout.dev("test").exit_code == 0
    assert checkout.calls("-m venv") == []
    assert [call.split()[-2:] for call in checkout.calls("-m pip")] == [["--editable", ".[dev]"]]
    checkout.dev("demo")
    checkout.dev("test")
    assert checkout.calls("-m pip") == []


def test_an_environment_for_tests_serves_a_demo_as_well(checkout: Checkout) -> None:
    checkout.dev("test")
    checkout.dev("demo")
    assert checkout.calls("-m venv") == []
    assert checkout.calls("-m pip") == []


def test_a_change_of_pyproject_sets_up_anew(checkout: Checkout) -> None:
    checkout.dev("test")
    with (checkout.folder / "pyproject.toml").open("a") as file:
        file.write("# another dependency\n")
    assert checkout.dev("demo").exit_code == 0
    assert len(checkout.calls("-m venv")) == 1
    checkout.dev("test")
    assert len(checkout.calls("-m pip")) == 1


def test_an_interrupted_set_up_is_repaired(checkout: Checkout) -> None:
    checkout.scene.joinpath("no-network").touch()
    failed = checkout.dev("demo")
    assert failed.exit_code == 1
    assert failed.stderr.endswith("dev: pip could not install the packages, see above\n")
    checkout.scene.joinpath("no-network").unlink()
    assert checkout.dev("demo").exit_code == 0
    assert len(checkout.calls("-m venv")) == 1


def test_a_checkout_that_was_moved_is_set_up_anew(checkout: Checkout) -> None:
    checkout.dev("demo")
    checkout.folder = checkout.folder.rename(checkout.folder.with_name("moved"))
    assert checkout.dev("demo").exit_code == 0
    assert len(checkout.calls("-m venv")) == 1


@pytest.mark.parametrize("which", ["unit", "contract", "integration", "system", "faults"])
def test_a_kind_of_tests_is_its_folder(checkout: Checkout, which: str) -> None:
    assert checkout.dev("test", which, "-k", "two words").stdout == f"ran: -m pytest tests/{which} -k two words\n"


def test_other_arguments_go_to_pytest_as_they_are(checkout: Checkout) -> None:
    assert checkout.dev("test", "tests/unit/test_fault.py").stdout == "ran: -m pytest tests/unit/test_fault.py\n"


def test_a_newer_name_is_taken_where_python3_is_too_old(checkout: Checkout) -> None:
    checkout.program("python3.12", PYTHON)
    checkout.program("python3", '#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2"\nexit 1\n')
    assert checkout.dev("demo").exit_code == 0


def test_python_too_old(checkout: Checkout) -> None:
    checkout.scene.joinpath("too-old").touch()
    refused = checkout.dev("demo")
    assert refused.exit_code == 1
    assert refused.stderr == (
        "dev: Python 3.11 or newer is needed, found Python 3.11.2. "
        "Debian 12 and Ubuntu 24.04 have it: sudo apt-get install python3\n"
    )


def test_no_python(checkout: Checkout) -> None:
    checkout.bin.joinpath("python3").unlink()
    refused = checkout.dev("demo")
    assert refused.exit_code == 1
    assert "dev: Python 3.11 or newer is needed, found no python3. " in refused.stderr


def test_without_venv_the_package_is_named(checkout: Checkout) -> None:
    checkout.scene.joinpath("no-venv").touch()
    refused = checkout.dev("demo")
    assert refused.exit_code == 1
    assert refused.stderr == (
        f"dev: {checkout.bin}/python3 can't make virtual environments: sudo apt-get install python3.11-venv\n"
    )


def test_without_venv_root_gets_it_installed(checkout: Checkout) -> None:
    checkout.scene.joinpath("no-venv").touch()
    checkout.program("id", "#!/bin/sh\necho 0\n")
    checkout.program("apt-get", APT_GET)
    assert checkout.dev("demo").exit_code == 0
    assert checkout.calls("apt-get") == ["apt-get update -qq", "apt-get install -qq -y python3.11-venv"]


def test_lint_runs_all_of_it_though_one_fails(checkout: Checkout) -> None:
    checkout.dev("test")
    (checkout.folder / ".ci").mkdir()
    (checkout.folder / ".ci" / "run").touch()
    for name in ("ruff", "mypy"):
        path = checkout.folder / ".venv" / "bin" / name
        path.write_text(LINTER)
        path.chmod(0o755)
    checkout.program("shellcheck", LINTER)
    every = ["ruff check", "ruff format --check", "mypy ", "shellcheck dev", "shellcheck .ci/run"]
    assert checkout.dev("lint").exit_code == 0
    assert [call for call in checkout.calls() if not call.startswith("python")] == every
    checkout.scene.joinpath("lint-fails").touch()
    assert checkout.dev("lint").exit_code == 1
    assert [call for call in checkout.calls() if not call.startswith("python")] == every


def test_lint_without_shellcheck_fails_and_names_the_package(checkout: Checkout) -> None:
    checkout.dev("test")
    for name in ("ruff", "mypy"):
        os.symlink(checkout.bin / "python3", checkout.folder / ".venv" / "bin" / name)
    failed = checkout.dev("lint")
    assert failed.exit_code == 1
    assert failed.stderr.endswith("dev: shellcheck is missing: sudo apt-get install shellcheck\n")


def test_the_table_of_faults_whole_and_one_group_of_it(checkout: Checkout) -> None:
    assert checkout.dev("faults").stdout == "ran: -m pytest tests/faults -q\n"
    assert checkout.dev("faults", "network").stdout == "ran: -m pytest tests/faults -q -k network-\n"


def test_the_soak_whole_and_one_part_of_it(checkout: Checkout) -> None:
    assert checkout.dev("soak").stdout == "ran: -m tests.crash.soak\n"
    assert checkout.dev("soak", "runs", "50").stdout == "ran: -m tests.crash.soak runs 50\n"


def test_benchmarks(checkout: Checkout) -> None:
    assert checkout.dev("bench").stdout == "ran: -m bench\n"
    assert checkout.dev("bench", "latency").stdout == "ran: -m bench latency\n"


def test_help_and_what_is_no_command(checkout: Checkout) -> None:
    for args in ((), ("help",), ("--help",)):
        shown = checkout.dev(*args)
        assert shown.exit_code == 0
        assert shown.stdout.startswith("./dev demo [ARGS] ")
    refused = checkout.dev("dmeo")
    assert refused.exit_code == 64
    assert refused.stderr.startswith("dev: there is no command 'dmeo'\n./dev demo [ARGS] ")
    assert checkout.calls() == []
