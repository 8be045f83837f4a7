"""``media-sync-daemon queue``: what waits, is in hand, failed, and is to be deleted."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterator

from celestial_nasops import recorded, remedies, words
from celestial_nasops.command_line import cut
from celestial_nasops.config_file import Loaded
from celestial_nasops.daemon_state import InHand
from celestial_nasops.fault import shown
from celestial_nasops.language import say
from celestial_nasops.printing import put
from celestial_nasops.steering import overview
from celestial_nasops.steering.commands import OK
from celestial_nasops.steering.database import SteeringDb
from celestial_nasops.steering.identity import become_the_daemon_s_user
from celestial_nasops.steering.overview import Overview

_LIVE_SECONDS = 1.0
_SHOWN_DELETIONS = 10
_HOME_AND_CLEAR_BELOW = "\x1b[H\x1b[J"
_CLEAR_TO_END_OF_LINE = "\x1b[K"


def run(loaded: Loaded, *, as_json: bool, only_once: bool) -> int:
    """Show it, once or until Ctrl-C.

    Raises:
        Fault: the queue can't be read.
    """
    config = loaded.config
    become_the_daemon_s_user(config, "queue", "--json" if as_json else "", "--once" if only_once else "")
    with SteeringDb.of(config) as db:
        if as_json:
            put(json.dumps(overview.as_json(overview.look(config, db)), indent=2))
            return OK
        if only_once or sys.stdout is None or not sys.stdout.isatty():
            put("\n".join(lines(overview.look(config, db))))
            return OK
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                _redraw(list(lines(overview.look(config, db))))
                time.sleep(_LIVE_SECONDS)
    return OK


def lines(now: Overview) -> Iterator[str]:
    """The overview for people."""
    daemon, backlog = now.daemon, now.backlog
    if now.paused is not None:
        why = f": {shown(now.paused.reason)}" if now.paused.reason else ""
        by = {"name": now.paused.by, "moment": words.clock(now.paused.at)}
        yield say("paused       by {name} since {moment}", **by) + why
    doing = daemon.doing if daemon else say("media-sync-daemon does not run")
    yield say("daemon       {doing}", doing=doing)
    for trouble in now.troubles:
        yield say("trouble      {what}", what=trouble)
    oldest = backlog.oldest_ready_age_seconds
    age = say(", the oldest for {time}", time=words.lasting(oldest)) if backlog.ready and oldest is not None else ""
    yield say("waiting      {files}, {size}", files=_files(backlog.ready), size=words.size(backlog.ready_bytes)) + age
    in_hand = daemon.in_hand if daemon else ()
    yield say("in hand      {files}", files=_files(len(in_hand)))
    yield from (f"  {_progress(file)}" for file in in_hand)
    yield say("failed       {files}", files=_files(backlog.failed))
    for record in now.failed:
        reason = recorded.said(record.last_error_message or "") or say("no reason given")
        yield f"  {shown(record.file_path)}: {shown(reason)}"
    if backlog.failed:
        yield remedies.here(say("  to have them sent again: sudo media-sync-daemon requeue --failed"))
    if now.unknown_count:
        yield say("not taken up {files} in a status that nobody knows", files=_files(now.unknown_count))
        yield from (f"  {shown(odd.file_path)}: {odd.column} '{shown(odd.status)}'" for odd in now.unknown)
        if any(odd.column == "transfer_status" for odd in now.unknown):
            yield remedies.here(say("  to have one of them sent: sudo media-sync-daemon requeue PATH"))
    yield say("deletions    {files}", files=_files(len(now.deletions)))
    for entry in now.deletions[:_SHOWN_DELETIONS]:
        tries = say(", {count} tries failed", count=entry.retry_count) if entry.retry_count else ""
        yield f"  {words.clock(entry.scheduled_time)} ({_until(entry.scheduled_time - now.at)}{tries})  " + shown(
            entry.local_file_path
        )
    if len(now.deletions) > _SHOWN_DELETIONS:
        yield " " + say(" and {count} more", count=len(now.deletions) - _SHOWN_DELETIONS)


def _files(count: int) -> str:
    return say("1 file") if count == 1 else say("{count} files", count=count)


def _progress(file: InHand) -> str:
    left = overview.seconds_left(file)
    parts = [say("{done} of {total}", done=words.size(file.bytes_done), total=words.size(file.bytes_total))]
    if file.bytes_total:
        parts.append(f"{100 * min(file.bytes_done, file.bytes_total) // file.bytes_total} %")
    if left is not None:
        parts += [f"{words.size(file.bytes_per_second)}/s", say("{time} left", time=words.lasting(left))]
    return f"{file.file_path}  {', '.join(parts)}"


def _until(seconds: float) -> str:
    if seconds > 0:
        return say("in {time}", time=words.lasting(seconds))
    return say("due for {time}", time=words.lasting(-seconds))


def _redraw(text: list[str]) -> None:
    """Over the last picture rather than after it, cut to the terminal so that nothing scrolls."""
    width, height = shutil.get_terminal_size()
    picture = [cut(line, width) for line in text[: height - 1]]
    put(_HOME_AND_CLEAR_BELOW + "".join(f"{line}{_CLEAR_TO_END_OF_LINE}\n" for line in picture), end="")
