"""How the doctor speaks: a line for each finding with its remedy below it, or JSON."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict

from celestial_nasops import __version__, remedies
from celestial_nasops.config_file import Loaded
from celestial_nasops.language import say, spoken
from celestial_nasops.printing import put
from healthcheck.doctor.finding import Finding, State, exit_code
from healthcheck.moments import iso
from healthcheck.outcome import ExitCode
from healthcheck.status_file import printable

_COLOUR = {State.OK: "32", State.WARN: "33", State.FAIL: "31", State.UNKNOWN: "31", State.SKIPPED: "2"}


def tell(findings: Iterable[Finding], loaded: Loaded, *, as_json: bool) -> ExitCode:
    """Say what was found, each as it comes; return what the command ends with."""
    colour = sys.stdout is not None and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    told: list[Finding] = []
    for finding in findings:
        told.append(finding)
        if not as_json:
            put(_lines(finding, colour=colour), end="")
    code = exit_code(told)
    if as_json:
        put(json.dumps(_document(told, code, loaded), indent=2, ensure_ascii=False))
    else:
        counts = {state.value: sum(finding.state is state for finding in told) for state in State}
        put(say("{ok} ok, {warn} warn, {fail} fail, {unknown} unknown, {skipped} skipped", **counts))
    return code


def _lines(finding: Finding, *, colour: bool) -> str:
    word = f"{finding.state:<8}"
    word = f"\x1b[{_COLOUR[finding.state]}m{word}\x1b[0m" if colour else word
    code = f" [{finding.cause}]" if finding.cause else ""
    line = f"{word} {finding.name:<15} {printable(finding.summary)}{code}\n"
    if finding.remedy:
        line += f"{'':24} -> {printable(remedies.here(finding.remedy))}\n"
    return line


def _document(findings: list[Finding], code: ExitCode, loaded: Loaded) -> dict[str, object]:
    told = []
    for finding in findings:
        remedy = remedies.here(finding.remedy) if finding.remedy else finding.remedy
        told.append({**asdict(finding), "state": finding.state.value, "remedy": remedy})
    return {
        "version": __version__,
        "language": spoken(),
        "host": os.uname().nodename,
        "looked_at": iso(time.time()),
        "config_path": loaded.path,
        "exit_code": int(code),
        "findings": printable(told),
    }
