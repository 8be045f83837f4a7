"""``media-sync-daemon queue``: what waits, is in hand, failed, and is to be deleted."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import time
from collections.abc import Iterator

from celestial_nasops import words
from celestial_nasops.config_file import Loaded
from celestial_nasops.daemon_state import InHand
from celestial_nasops.fault import shown
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
    become_the_daemon_s_user(config, "queue")
    with SteeringDb.of(config) as db:
        if as_json:
            print(json.dumps(overview.as_json(overview.look(config, db)), indent=2))
            return OK
        if only_once or not sys.stdout.isatty():
            print("\n".join(lines(overview.look(config, db))))
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
        yield f"paused       by {shown(now.paused.by)} since {words.clock(now.paused.at)}{why}"
    yield f"daemon       {daemon.doing if daemon else 'media-sync-daemon does not run'}"
    for trouble in now.troubles:
        yield f"trouble      {shown(trouble)}"
    oldest = backlog.oldest_ready_age_seconds
    age = f", the oldest for {words.lasting(oldest)}" if backlog.ready and oldest is not None else ""
    yield f"waiting      {_files(backlog.ready)}, {words.size(backlog.ready_bytes)}{age}"
    in_hand = daemon.in_hand if daemon else ()
    yield f"in hand      {_files(len(in_hand))}"
    yield from (f"  {_progress(file)}" for file in in_hand)
    yield f"failed       {_files(backlog.failed)}"
    for record in now.failed:
        yield f"  {shown(record.file_path)}: {shown(record.last_error_message or 'no reason given')}"
    if backlog.failed:
        yield "  to have them sent again: media-sync-daemon requeue --failed"
    if now.unknown_count:
        yield f"not taken up {_files(now.unknown_count)} in a status that nobody knows"
        for record in now.unknown:
            yield f"  {shown(record.file_path)}: '{shown(record.transfer_status_text)}'"
    yield f"deletions    {_files(len(now.deletions))}"
    for entry in now.deletions[:_SHOWN_DELETIONS]:
        tries = f", {entry.retry_count} tries failed" if entry.retry_count else ""
        yield f"  {words.clock(entry.scheduled_time)} ({_until(entry.scheduled_time - now.at)}{tries})  " + shown(
            entry.local_file_path
        )
    if len(now.deletions) > _SHOWN_DELETIONS:
        yield f"  and {len(now.deletions) - _SHOWN_DELETIONS} more"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _progress(file: InHand) -> str:
    left = overview.seconds_left(file)
    parts = [f"{words.size(file.bytes_done)} of {words.size(file.bytes_total)}"]
    if file.bytes_total:
        parts.append(f"{100 * min(file.bytes_done, file.bytes_total) // file.bytes_total} %")
    if left is not None:
        parts += [f"{words.size(file.bytes_per_second)}/s", f"{words.lasting(left)} left"]
    return f"{file.file_path}  {', '.join(parts)}"


def _until(seconds: float) -> str:
    return f"in {words.lasting(seconds)}" if seconds > 0 else f"due for {words.lasting(-seconds)}"


def _redraw(text: list[str]) -> None:
    """Over the last picture rather than after it, cut to the terminal so that nothing scrolls."""
    width, height = shutil.get_terminal_size()
    picture = [line[:width] for line in text[: height - 1]]
    sys.stdout.write(_HOME_AND_CLEAR_BELOW + "".join(f"{line}{_CLEAR_TO_END_OF_LINE}\n" for line in picture))
    sys.stdout.flush()
