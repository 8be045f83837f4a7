"""What docs/operations.md says to type, typed as far as a machine without the product can; in both languages."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import celestial_nasops.causes
import healthcheck.causes
from celestial_nasops.config_file import sections
from celestial_nasops.fault import Cause
from tests.integration.test_units_command import ALL_UNITS, configuration, made, prefix as prefix
from tests.mounts import cannot
from tests.readme import ROOT, samples

PATHS = (ROOT / "docs" / "operations.md", ROOT / "docs" / "operations.zh-CN.md")
ENGLISH, CHINESE = (path.read_text(encoding="utf-8") for path in PATHS)
COMMANDS = [line.strip() for line in re.findall(r"^ {4,}(\S.*)$", ENGLISH, re.MULTILINE)]
QUOTED = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", ENGLISH, flags=re.DOTALL))
MODULES = {"smoke-check": "healthcheck", "media-sync-daemon": "celestial_nasops.media_sync_daemon"}


def typed(text: str) -> list[str]:
    """The words of a command without ``sudo`` and its user."""
    return shlex.split(re.sub(r"^sudo (?:-u \S+ )?", "", text))


def of_program(name: str) -> list[str]:
    """The commands of that program in blocks and sentences, each once."""
    pattern = re.compile(rf"(?:sudo (?:-u \S+ )?)?{re.escape(name)} ")
    return list(dict.fromkeys(text for text in [*COMMANDS, *QUOTED] if pattern.match(text)))


def test_both_languages_say_the_same() -> None:
    for pattern in (r"^ {4,}\S.*$", r"^```.*?^```$", r"^#+", r"\]\((?!operations)([^).#]*)"):
        found = [
            re.findall(pattern, text, re.MULTILINE | re.DOTALL * ("```" in pattern)) for text in (ENGLISH, CHINESE)
        ]
        assert len(found[0]) > 1
        assert [each.removesuffix(".zh-CN") for each in found[0]] == [each.removesuffix(".zh-CN") for each in found[1]]
    codes = [re.findall(r"`([a-z]+_[a-z_.]+)`", text) for text in (ENGLISH, CHINESE)]
    assert codes[0] == codes[1]
    tables = [[line.count("|") for line in text.splitlines() if line.startswith("|")] for text in (ENGLISH, CHINESE)]
    assert tables[0] == tables[1]


def test_every_link_leads_somewhere() -> None:
    for path, text in zip(PATHS, (ENGLISH, CHINESE), strict=True):
        links = re.findall(r"\]\(([^)]+)\)", text)
        assert links
        assert [link for link in links if not (path.parent / link).is_file()] == []


@pytest.mark.parametrize("line", of_program("smoke-check") + of_program("media-sync-daemon"))
def test_every_command_and_option_is_there(line: str) -> None:
    argv = typed(line)
    asked = [sys.executable, "-m", MODULES[argv[0]], *argv[1:], "--help"]
    told = subprocess.run(asked, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    assert told.returncode == 0, told.stderr
    assert [word for word in argv if word.startswith("--") and word not in told.stdout] == []


@pytest.mark.parametrize("line", of_program("./install.sh"))
def test_install_sh_takes_every_option(line: str) -> None:
    argv = [*typed(line), "--help"]  # read after all the others, and before anything is done
    told = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False, cwd=ROOT)
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.startswith("sudo ./install.sh ")


def test_options_that_are_named_are_those_of_install_sh() -> None:
    told = subprocess.run(["./install.sh", "--help"], capture_output=True, text=True, timeout=30, check=True, cwd=ROOT)
    named = {text.split()[0] for text in QUOTED if text.startswith("--") and text != "--"}
    assert {"--user", "--config", "--dry-run", "--wheelhouse", "--wait-minutes"} <= named
    assert [option for option in named if option not in told.stdout] == []


def test_every_unit_is_there() -> None:
    known = set(ALL_UNITS) | {unit.removesuffix(".service") for unit in ALL_UNITS}
    named: set[str] = set()
    for line in [*COMMANDS, *(text for text in QUOTED if "systemctl" in text or "journalctl" in text)]:
        if re.match(r"(?:sudo )?(?:systemctl|journalctl|systemd-analyze) ", line):
            named |= set(re.findall(r"(?<![\w/.-])((?:smoke-check|media-sync)[\w.@-]*)", line))
    assert {"smoke-check", "smoke-check-watch", "smoke-check.timer", "media-sync-daemon"} <= named
    assert {re.sub(r"@[\w-]+\.service$", "@.service", name) for name in named} - known == set()


def test_every_key_and_cause_is_there() -> None:
    keys = {f"{name}.{key}" for name, section in sections().items() for key in section.model_fields}
    catalogues = (celestial_nasops.causes, healthcheck.causes)
    codes = {cause.code for module in catalogues for cause in vars(module).values() if isinstance(cause, Cause)}
    named = {text for text in QUOTED if re.fullmatch(r"[a-z]+_[a-z_]+(?:\.[a-z_]+)?", text)}
    assert {"check_settings.interval_minutes", "daemon_hung"} <= named
    files = {"unified_config.json.new", "pending_deletes.json"}
    assert named - keys - codes - files == set()
    assert set(re.findall(r"SMOKE_CHECK_CAUSE=(\w+)", ENGLISH)) <= codes


def test_every_relaxation_is_one_of_the_units() -> None:
    templates = "".join(path.read_text() for path in (ROOT / "systemd").glob("*.service"))
    relaxations = ENGLISH.split("| relaxation |")[1].split("\n\n")[0]
    named = re.findall(r"^\| `([A-Za-z]+=[^`]*)`", relaxations, re.MULTILINE)
    made_from_the_configuration = {"ReadWritePaths=", "ProtectHome=tmpfs", "IPAddressAllow="}
    assert len(named) == 8
    assert [line for line in named if line not in templates and line not in made_from_the_configuration] == []


def test_the_drop_ins_are_what_systemd_takes(prefix: Path, tmp_path: Path) -> None:
    into = tmp_path / "units"
    into.mkdir()
    made(prefix, into, configuration(tmp_path, {}))
    drop_ins = {
        "smoke-check.timer": samples(ENGLISH)["cadence"],
        "media-sync-daemon.service": samples(ENGLISH)["folder"],
    }
    for unit, text in drop_ins.items():
        folder = into / f"{unit}.d"
        folder.mkdir()
        (folder / "override.conf").write_text(text)
        for setting in re.findall(r"^([A-Za-z]+)=", text, re.MULTILINE):
            assert f"{setting}=" in (into / unit).read_text()
    program = shutil.which("systemd-analyze")
    if program is None:
        cannot("drop-ins can't be verified here: systemd-analyze is missing")
    for unit in drop_ins:
        argv = [program, "verify", "--man=no", str(into / unit)]
        told = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
        assert (told.returncode, told.stdout + told.stderr) == (0, "")
