"""``media-sync-daemon verify``: looks at copies on the NAS again, long after their local files are gone."""

from __future__ import annotations

import sys
from dataclasses import replace

from celestial_nasops import words
from celestial_nasops.config import Config
from celestial_nasops.daemon.deletion_guard import DeletionGuard
from celestial_nasops.fault import DatabaseFault, NasFault, NasUnavailable
from celestial_nasops.language import say
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import resolve
from celestial_nasops.nas.verification import VerificationLevel
from celestial_nasops.printing import put
from celestial_nasops.receipts import Event, Receipt
from celestial_nasops.steering.commands import FAILED, OK, UNMEASURED, complain
from celestial_nasops.steering.database import SteeringDb
from celestial_nasops.steering.identity import become_the_daemon_s_user


def run(config: Config, sample: int) -> int:
    """Verify some copies and print each that is not right.

    Returns:
        OK where all are right; FAILED where one is not; UNMEASURED where one could not be looked at, or there is none.

    Raises:
        Fault: the queue can't be read, or the NAS not be reached.
    """
    become_the_daemon_s_user(config, "verify", "--sample", str(sample))
    with SteeringDb.of(config) as db:
        odd: list[DatabaseFault] = []
        receipts = [receipt for receipt in db.sampled_receipts(sample, odd.append) if receipt.sha256]
        for fault in odd:
            complain(fault)
        if not receipts:
            if not odd:
                put(say("there are no receipts yet, so there is nothing to verify"))
            return UNMEASURED
        bad, unmeasured = 0, len(odd)
        guard = DeletionGuard(config.daemon_settings.state_path, config)
        timeout = config.security.connection_timeout_seconds
        with NasSession.open(resolve(config), timeout_seconds=timeout) as session:
            files = open_files(session, config.nas_settings, timeout_seconds=timeout)
            for number, receipt in enumerate(receipts, 1):
                _tell_progress(number, len(receipts), receipt)
                try:
                    wrong = what_is_wrong(receipt, files, guard)
                except NasUnavailable:
                    raise
                except NasFault as fault:
                    unmeasured += 1
                    put(say("not looked at  {path}: {reason}", path=receipt.remote_path, reason=fault))
                    continue
                if wrong:
                    bad += 1
                    put(
                        wrong + say("; it is the copy of {path}, {moment}Z", path=receipt.local_path, moment=receipt.at)
                    )
                else:
                    db.add_receipt(replace(receipt, event=Event.CHECKED, level=files.verification_level))
        count = len(receipts) + len(odd)
        counts = {"right": count - bad - unmeasured, "count": count, "bad": bad}
        proof = files.verification_level.value
        unseen = say(", {count} could not be looked at", count=unmeasured) if unmeasured else ""
        put(say("{right} of {count} copies are right, by {proof}; {bad} are not", proof=proof, **counts) + unseen)
    return FAILED if bad else UNMEASURED if unmeasured else OK


def what_is_wrong(receipt: Receipt, files: NasFiles, guard: DeletionGuard) -> str:
    """What is wrong with the copy that a receipt names; empty where it is right.

    Raises:
        NasUnavailable: the copy is not there, nor ``base_path`` with the daemon's marker: its volume is away.
        NasFault: it can't be looked at.
    """
    path, copy = receipt.remote_path, files.inspect(receipt.remote_path)
    if copy is None:
        guard.find_nas(files)
        return say("vanished       {path}", path=path)
    if receipt.size is not None and copy.size != receipt.size:
        found = {"found": copy.size, "expected": receipt.size}
        return say("rotted         {path} has {found} bytes, had {expected}", path=path, **found)
    if files.verification_level is not VerificationLevel.SIZE and copy.sha256 != receipt.sha256:
        digests = {"found": copy.sha256, "expected": receipt.sha256}
        return say("rotted         {path} has SHA-256 {found}, had {expected}", path=path, **digests)
    return ""


def _tell_progress(number: int, total: int, receipt: Receipt) -> None:
    if sys.stderr is not None and sys.stderr.isatty():
        size = "" if receipt.size is None else f" ({words.size(receipt.size)})"
        what = say("{number} of {total}: {path}", number=number, total=total, path=receipt.remote_path)
        sys.stderr.write(f"\r\x1b[K{what}{size}\r")
        sys.stderr.flush()
