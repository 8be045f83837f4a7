"""``media-sync-daemon pause`` and ``resume``: durable orders, which the daemon heeds at once or at its next start."""

from __future__ import annotations

import time
from collections.abc import Callable

from celestial_nasops import control, remedies, words
from celestial_nasops.config import Config
from celestial_nasops.daemon.deletion_guard import DeletionGuard
from celestial_nasops.daemon_state import DaemonState, process_start_ticks, read as read_state
from celestial_nasops.fault import Fault
from celestial_nasops.language import say
from celestial_nasops.printing import put
from celestial_nasops.steering.commands import OK
from celestial_nasops.steering.identity import become_the_daemon_s_user, who

_ANSWER_SECONDS = 5.0
_LOOK_SECONDS = 0.05


def pause(config: Config, reason: str, *, at_once: bool) -> int:
    """Have the daemon carry and delete nothing.

    Raises:
        LocalFault: the order can't be written.
    """
    by = who()
    why = ["--reason", reason] if reason else []
    become_the_daemon_s_user(config, "pause", *why, "--now" if at_once else "")
    state_path = config.daemon_settings.state_path
    order = control.Order(by, time.time(), reason, at_once)
    control.pause(state_path, order)
    put(say("paused: nothing is carried or deleted until 'media-sync-daemon resume'") + _what_is_in_hand(config))
    _tell_answer(config, lambda state: state.paused_at == order.at)
    return OK


def resume(config: Config) -> int:
    """Let the daemon go on, and deletions that were stopped.

    Raises:
        LocalFault: the order can't be written.
    """
    by = who()
    become_the_daemon_s_user(config, "resume")
    state_path = config.daemon_settings.state_path
    stopped = DeletionGuard(state_path, config).stopped
    if stopped is not None:
        put(say("deletions go on with everything as it is now; they had been stopped: {reason}", reason=stopped))
        control.release(state_path, control.Order(by, time.time()))
    order = control.resume(state_path)
    if order is not None:
        put(say("resumed; it was paused by {name} since {moment}", name=order.by, moment=words.clock(order.at)))
    if order is None and stopped is None:
        put(say("nothing was paused, and no deletions were stopped"))
        return OK
    _tell_answer(config, lambda state: state.paused_at is None and not state.deletions_stopped)
    return OK


def _what_is_in_hand(config: Config) -> str:
    state = _running(config)
    count = len(state.in_hand) if state is not None else 0
    return say("; {count} file(s) in hand are finished or put down first", count=count) if count else ""


def _tell_answer(config: Config, heard: Callable[[DaemonState], bool]) -> None:
    """Wait a moment for the daemon to show that it has heard."""
    deadline = time.monotonic() + _ANSWER_SECONDS
    while (state := _running(config)) is not None:
        if heard(state):
            put(say("the daemon has heard it"))
            return
        if time.monotonic() > deadline:
            put(remedies.here(say("the daemon has not answered yet: systemctl status media-sync-daemon")))
            return
        time.sleep(_LOOK_SECONDS)
    put(say("the daemon does not run; it will heed that when it starts"))


def _running(config: Config) -> DaemonState | None:
    try:
        state = read_state(config.daemon_settings.state_path)
    except Fault:
        return None
    runs = state is not None and process_start_ticks(state.pid) == state.process_start_ticks
    return state if runs else None
