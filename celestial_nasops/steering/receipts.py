"""``media-sync-daemon receipts``: what has become of files."""

from __future__ import annotations

import json
from dataclasses import asdict

from celestial_nasops import words
from celestial_nasops.config import Config
from celestial_nasops.fault import DatabaseFault, shown
from celestial_nasops.language import say, unshown
from celestial_nasops.printing import put
from celestial_nasops.receipts import Receipt
from celestial_nasops.steering.commands import FAILED, OK, UNMEASURED, complain
from celestial_nasops.steering.database import SteeringDb
from celestial_nasops.steering.identity import become_the_daemon_s_user


def run(config: Config, path: str | None, *, limit: int, as_json: bool) -> int:
    """Print the receipts of a file, or the last ones of all, the oldest first.

    Returns:
        FAILED where there are none; UNMEASURED where one can't be understood, which is told on standard error.

    Raises:
        DatabaseFault: the queue can't be read.
    """
    which = [path] if path is not None else ["--limit", str(limit)]
    become_the_daemon_s_user(config, "receipts", *which, "--json" if as_json else "")
    odd: list[DatabaseFault] = []
    with SteeringDb.of(config) as db:
        if path is None:
            found = db.newest_receipts(limit, odd.append)[::-1]
        else:
            found = db.receipts_of(path, odd.append)
            if not (found or odd):
                found = db.receipts_of(unshown(path), odd.append)
    if as_json:
        put(json.dumps([_plain(receipt) for receipt in found], indent=2))
    elif found:
        put("\n".join(line(receipt) for receipt in found))
    elif not odd:
        put(say("there are no receipts") if path is None else say("there are no receipts of {path}", path=path))
    for fault in odd:
        complain(fault)
    return UNMEASURED if odd else OK if found else FAILED


def line(receipt: Receipt) -> str:
    """A receipt for people; times are UTC."""
    size = "" if receipt.size is None else f", {words.size(receipt.size)}"
    digits = f", SHA-256 {receipt.sha256[:12]}" if receipt.sha256 else ""
    values = {"path": receipt.remote_path, "what": size + digits, "level": receipt.level.value}
    copy = say("copy {path}{what}, proven by {level}", **values)
    return f"{receipt.at}Z  {receipt.event.value:<14}  {shown(receipt.local_path)}  ({copy})"


def _plain(receipt: Receipt) -> dict[str, object]:
    plain = asdict(receipt)
    return {**plain, "local_path": shown(receipt.local_path), "remote_path": shown(receipt.remote_path)}
