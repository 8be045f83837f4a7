"""The command ``media-sync-daemon``: carries what the queue holds to the NAS, and deletes it here after a delay."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys

from celestial_nasops import __version__, causes, command_line, config_file, language, printing
from celestial_nasops.config import Config
from celestial_nasops.config_file import Loaded
from celestial_nasops.daemon import log as daemon_log
from celestial_nasops.daemon.board import coded
from celestial_nasops.daemon.signals import Signals
from celestial_nasops.daemon.start import sole_instance, unusable_folders
from celestial_nasops.daemon.supervisor import FAILED, INTERNAL, Supervisor
from celestial_nasops.daemon.worker import described
from celestial_nasops.daemon_events import CONFIG_REMARK, DAEMON_AT_WORK, DAEMON_BROKEN, journalled
from celestial_nasops.fault import ConfigFault, DatabaseFault, Fault, LocalFault, NasFault
from celestial_nasops.language import say
from celestial_nasops.notify import Notifier
from celestial_nasops.steering import commands

CONFIG = 78

log = logging.getLogger("celestial_nasops.media_sync_daemon")  # __name__ is another one under python -m


class _Parser(command_line.Parser):
    def choose_language(self) -> None:
        language.speak_as_configured(config_file.find(command_line.config_named_in(sys.argv)))


def parser() -> argparse.ArgumentParser:
    """The command line of the daemon and of its commands for the operator."""
    made = _Parser(prog="media-sync-daemon", description="Carry media to the NAS, verified, and free their space.")
    made.add_argument("--config", metavar="FILE", help="default: $UNIFIED_CONFIG, else the installed one")
    made.add_argument("--once", action="store_true", help="carry what is ready, delete what is due, and end")
    made.add_argument("--version", action="version", version=f"media-sync-daemon {__version__}")
    commands.add_to(made)
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run the daemon, or one of the operator's commands.

    Args:
        arguments: of the command line; those of the process by default.

    Returns:
        0 after a clean end; 1 where the start, or with ``--once`` a file, failed; 70 after an internal error; 78 for a
        bad configuration. Those of the commands are told by ``celestial_nasops.steering.commands``.
    """
    printing.prepare()
    try:
        options = parser().parse_args(arguments)
        if options.command is not None:
            return _steer(options)
    except printing.UnprintedError as error:
        sys.stderr.write(f"media-sync-daemon: {printing.why_unprinted(error)}\n")
        return commands.UNMEASURED
    daemon_log.configure()
    try:
        return _run(config_file.begin(config_file.find(options.config)), once=options.once)
    except ConfigFault as fault:
        log.critical("%s; %s", coded(fault), fault.remedy, extra=journalled(fault=fault))
        return CONFIG
    except Fault as fault:
        log.critical("%s; %s", coded(fault), fault.remedy, extra=journalled(fault=fault))
        return FAILED
    except Exception as error:  # noqa: BLE001 - an operator gets one line, never a traceback
        log.critical("internal error: %s", described(error), extra=journalled(DAEMON_BROKEN))
        return INTERNAL


def _steer(options: argparse.Namespace) -> int:
    """Do what an operator has typed; whatever goes wrong is told as in the check's report."""
    try:
        act: commands.Command = options.act
        path = config_file.find(options.config)
        language.speak_as_configured(path)
        return act(config_file.begin(path), options)
    except Fault as fault:
        commands.complain(fault)
        if isinstance(fault, ConfigFault):
            return CONFIG
        return commands.UNMEASURED if isinstance(fault, NasFault | DatabaseFault) else commands.FAILED
    except KeyboardInterrupt:
        return commands.FAILED
    except printing.UnprintedError:
        raise
    except Exception as error:  # noqa: BLE001 - an operator gets one line, never a traceback
        sys.stderr.write(f"media-sync-daemon: {say('internal error: {error}', error=described(error))}\n")
        return INTERNAL


def _run(loaded: Loaded, *, once: bool) -> int:
    for warning in loaded.warnings:
        log.warning("%s: %s", loaded.path, warning, extra=journalled(CONFIG_REMARK))
    signals = Signals()
    signals.catch()
    with contextlib.ExitStack() as held:
        faults = _obstacles(loaded.config, held)
        for fault in faults:
            log.critical("%s; %s", coded(fault), fault.remedy, extra=journalled(fault=fault))
        if faults:
            return FAILED
        supervisor = Supervisor(loaded, signals, Notifier(), once=once)
        told = journalled(DAEMON_AT_WORK, VERSION=__version__)
        log.info("media-sync-daemon %s at work with the configuration %s", __version__, loaded.path, extra=told)
        return supervisor.run_once() if once else supervisor.run()


def _obstacles(config: Config, held: contextlib.ExitStack) -> list[LocalFault]:
    """Take the lock and prove the folders; all that is in the way at once."""
    try:
        held.enter_context(sole_instance(config.daemon_settings.state_path))
    except LocalFault as fault:
        # Where the lock's folder is to blame, others may be, too.
        others = [] if fault.code == causes.DAEMON_ALREADY_RUNS.code else unusable_folders(config)
        return others or [fault]
    return unusable_folders(config)


if __name__ == "__main__":
    sys.exit(main())
