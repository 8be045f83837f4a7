"""The README's samples, made by running what they show: ``python -m tests.readme`` writes them into both languages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.doctor_told import doctor
from tests.nas_servers import embedded_server
from tests.scene import Scene

ROOT = Path(__file__).resolve().parent.parent
READMES = (ROOT / "README.md", ROOT / "README.zh-CN.md")


def run_demo() -> tuple[int, str]:
    """The exit code of the demonstration, and what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "healthcheck", "demo"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    return done.returncode, done.stdout + done.stderr


def red_report(folder: Path) -> tuple[int, str]:
    """The exit code and report of a run while the NAS's SSH service is stopped."""
    with embedded_server(folder / "nas") as nas:
        scene = Scene(folder, nas)
        with scene.daemon():
            nas.stop()
            outcome = scene.check()
    return outcome.exit_code, outcome.stdout


def doctor_report(folder: Path) -> tuple[int, str]:
    """The exit code of the doctor where two modes are wrong, and what it says that is not ok."""
    with embedded_server(folder / "nas") as nas:
        scene = Scene(folder, nas)
        os.chmod(nas.client_key, 0o644)
        os.chmod(nas.known_hosts, 0o666)
        with scene.daemon():
            done = doctor(scene)
    lines = re.split(r"\n(?! )", done.stdout.rstrip("\n"))
    return done.exit_code, "".join(f"{line}\n" for line in lines if not line.startswith(("ok ", "skipped ")))


def report_of(printed: str) -> str:
    """The part of the demonstration's output that is the report."""
    return printed.split("marked file:\n\n")[1].split("\n\nThe status file")[0].strip() + "\n"


def shape(report: str) -> str:
    """A report without what differs from run to run."""
    for pattern, name in (
        (r"/\S+?/nas/", "FOLDER/nas/"),
        (r"smoketest_\d{8}_\d{6}_[0-9a-f]{8}-1", "NAME"),
        (r"EdgeBackup/\d{4}/\d\d/\d\d", "EdgeBackup/DATE"),
        (r"SHA-256 [0-9a-f]{12}", "SHA-256 HEX"),
        (r"pid \d+", "pid N"),
        (r"port \d+", "port N"),
        (r"-p \d+", "-p N"),
        (r"\b[0-9.]+(?:e-\d+)? (ms|s)\b", r"N \1"),
        (r" +", " "),
    ):
        report = re.sub(pattern, name, report)
    return report.strip()


def samples(text: str) -> dict[str, str]:
    """The samples of a README by their names."""
    return dict(re.findall(r"<!-- sample: (\w+) -->\n```\n(.*?)```\n", text, re.DOTALL))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="smoke-check-") as folder:
        for name in ("red", "doctor"):
            os.mkdir(os.path.join(folder, name))
        made = {"pass": report_of(run_demo()[1]), "red": red_report(Path(folder, "red"))[1]}
        made["doctor"] = doctor_report(Path(folder, "doctor"))[1]
    for path in READMES:
        text = path.read_text(encoding="utf-8")
        for name, report in made.items():
            text = re.sub(
                rf"(<!-- sample: {name} -->\n```\n).*?(```\n)",
                lambda match, report=report: match[1] + report + match[2],  # type: ignore[misc]
                text,
                flags=re.DOTALL,
            )
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
