"""The operator's subcommands of ``media-sync-daemon``: their arguments, and which module does each."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from celestial_nasops.config_file import Loaded
from celestial_nasops.daemon.board import coded
from celestial_nasops.fault import Fault

OK, FAILED, UNMEASURED = 0, 1, 2

Command = Callable[[Loaded, argparse.Namespace], int]


def complain(fault: Fault) -> None:
    """Say on standard error what is wrong, as in the check's report, and what mends it."""
    sys.stderr.write(f"{coded(fault)}\n  -> {fault.remedy}\n")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add all subcommands; the one that was typed is found as ``act`` in the namespace."""
    config = argparse.ArgumentParser(add_help=False)
    # Given before or after the subcommand; the latter must not undo the former.
    config.add_argument("--config", metavar="FILE", default=argparse.SUPPRESS, help="as above")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands for the operator")

    def add(name: str, help_text: str, act: Command) -> argparse.ArgumentParser:
        command: argparse.ArgumentParser = commands.add_parser(name, parents=[config], help=help_text)
        command.set_defaults(act=act)
        return command

    queue = add("queue", "what waits, is in hand, failed, and is to be deleted; live on a terminal", _queue)
    queue.add_argument("--json", action="store_true", help="once, as JSON")
    queue.add_argument("--once", action="store_true", help="once, also on a terminal", dest="only_once")

    requeue = add("requeue", "have a file sent again, or all that failed", _requeue)
    which = requeue.add_mutually_exclusive_group(required=True)
    which.add_argument("path", nargs="?", metavar="PATH", help="the file's path, as the queue has it")
    which.add_argument("--failed", action="store_true", help="all that failed")

    receipts = add("receipts", "what has become of a file, or of the last ones", _receipts)
    receipts.add_argument("path", nargs="?", metavar="PATH", help="the file's path, as the queue had it")
    receipts.add_argument("--limit", type=count, default=20, metavar="N", help="how many, without a path; default 20")
    receipts.add_argument("--json", action="store_true", help="as JSON")

    verify = add("verify", "look at copies on the NAS again, chosen at random", _verify)
    verify.add_argument("--sample", type=count, default=10, metavar="N", help="how many; default 10")

    pause = add("pause", "carry and delete nothing until it is resumed, over restarts, too", _pause)
    pause.add_argument("--reason", default="", metavar="TEXT", help="for those who wonder")
    pause.add_argument("--now", action="store_true", help="put down what is in hand rather than finish it")

    add("resume", "go on after a pause, and with deletions that were stopped", _resume)


def count(text: str) -> int:
    """A number of things, at least one, and no more than SQLite can count."""
    value = int(text)
    if not 1 <= value < 2**63:
        raise ValueError(text)
    return value


count.__name__ = "number (1 or more)"


# Each module is loaded when its command is typed, so that the daemon itself needs none of them.


def _queue(loaded: Loaded, options: argparse.Namespace) -> int:
    from celestial_nasops.steering import queue

    return queue.run(loaded, as_json=options.json, only_once=options.only_once)


def _requeue(loaded: Loaded, options: argparse.Namespace) -> int:
    from celestial_nasops.steering import requeue

    return requeue.run(loaded.config, None if options.failed else options.path)


def _receipts(loaded: Loaded, options: argparse.Namespace) -> int:
    from celestial_nasops.steering import receipts

    return receipts.run(loaded.config, options.path, limit=options.limit, as_json=options.json)


def _verify(loaded: Loaded, options: argparse.Namespace) -> int:
    from celestial_nasops.steering import verify

    return verify.run(loaded.config, options.sample)


def _pause(loaded: Loaded, options: argparse.Namespace) -> int:
    from celestial_nasops.steering import pause

    return pause.pause(loaded.config, options.reason, at_once=options.now)


def _resume(loaded: Loaded, _options: argparse.Namespace) -> int:
    from celestial_nasops.steering import pause

    return pause.resume(loaded.config)
