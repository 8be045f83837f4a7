"""What a copy on the NAS is worth. Pure values."""

from __future__ import annotations

import re

from celestial_nasops.language import say
from celestial_nasops.nas.files import RemoteCopy
from healthcheck import causes
from healthcheck.context import Followed
from healthcheck.outcome import Finding


def judge(one: Followed, expected: str, found: tuple[str, RemoteCopy] | None, unit: str) -> Finding:
    """Weigh what lies on the NAS, once the row says completed."""
    file = one.file
    if found is None:
        return Finding.of_cause(causes.COPY_MISSING, file=file.name, expected=expected, unit=unit)
    path, copy = found
    if path != expected:
        if _digits_hidden(path) == _digits_hidden(expected):
            return Finding.of_cause(causes.COPY_WRONG_DAY, file=file.name, found=path, expected=expected, unit=unit)
        return Finding.of_cause(causes.COPY_WRONG_PATH, file=file.name, found=path, expected=expected)
    if copy.size != file.size:
        return Finding.of_cause(
            causes.COPY_WRONG_SIZE, expected=expected, found_bytes=copy.size, expected_bytes=file.size, unit=unit
        )
    if copy.sha256 != one.debt.sha256:
        return Finding.of_cause(
            causes.COPY_WRONG_CONTENT,
            expected=expected,
            found_sha256=copy.sha256[:12],
            expected_sha256=one.debt.sha256[:12],
            unit=unit,
        )
    return Finding.good(
        say(
            "{path} holds the same {size} bytes (SHA-256 {sha256})",
            path=expected,
            size=file.size,
            sha256=copy.sha256[:12],
        )
    )


def _digits_hidden(path: str) -> str:
    return re.sub("[0-9]", "0", path)
