"""The command ``smoke-check``."""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import signal
import sys
import time
from typing import NoReturn

from celestial_nasops import __version__, printing, remedies
from celestial_nasops.fault import ConfigFault, Fault
from celestial_nasops.language import say
from celestial_nasops.printing import put
from healthcheck import config_command, languages
from healthcheck.arguments import Parser, count, positive, size
from healthcheck.console import complain, complain_of, path_of_config, show, state_dir, tell
from healthcheck.outcome import ExitCode


def parser(*, for_a_run: bool = False) -> argparse.ArgumentParser:
    """The command line of smoke-check; ``for_a_run`` leaves out the other commands, of which a run needs none."""
    made = Parser(prog="smoke-check", description="Send one marked file through the media path, follow it to the end.")
    made.add_argument("--version", action="version", version=f"smoke-check {__version__}")
    commands = made.add_subparsers(dest="command", required=True, metavar="COMMAND")

    where = Parser(add_help=False)
    where.add_argument("--state-dir", metavar="DIR", help="default: $STATE_DIRECTORY, else /var/lib/smoke-check")
    config = Parser(add_help=False)
    config.add_argument("--config", metavar="FILE", help="default: $UNIFIED_CONFIG, else the installed one")

    run = commands.add_parser("run", parents=[config, where], help="run the six probes once")
    run.add_argument("--max-wait-minutes", type=positive, metavar="N", help="the run ends within this time")
    run.add_argument("--files", type=count, default=1, metavar="N", help="send several files at once")
    run.add_argument("--size-bytes", type=size, metavar="N", help="size of each file")
    run.add_argument("--no-insert", action="store_true", help="look only: send no file")
    run.add_argument("--json", action="store_true", help="print the status as JSON and nothing else")
    run.set_defaults(act=_run)
    if not for_a_run:
        _add_others(commands, where, config)
    return made


def _add_others(commands: argparse._SubParsersAction[Parser], where: Parser, config: Parser) -> None:
    status = commands.add_parser("status", parents=[where], help="print the last verdict and exit with its code")
    status.add_argument("--json", action="store_true", help="print the status file")
    status.set_defaults(act=_status)

    watch = commands.add_parser("watch", parents=[where], help="fail where the last verdict is stale or missing")
    watch.set_defaults(act=_watch)

    alert = commands.add_parser("alert", parents=[config, where], help="tell that a unit has failed; for OnFailure=")
    alert.add_argument("unit", metavar="UNIT", help="its name, where $MONITOR_UNIT does not say it")
    alert.set_defaults(act=_alert)

    clean = commands.add_parser("clean", parents=[config, where], help="remove now whatever earlier runs left or owe")
    clean.set_defaults(act=_clean)

    configs = commands.add_parser("config", help="check a configuration, or print its schema")
    kinds = configs.add_subparsers(dest="kind", required=True, metavar="KIND")
    check = kinds.add_parser("check", help="report all problems of a configuration")
    check.add_argument("file", metavar="FILE", nargs="?", help="default: as for run")
    check.set_defaults(act=config_command.check)
    kinds.add_parser("schema", help="print the JSON Schema").set_defaults(act=config_command.schema)
    get = kinds.add_parser("get", parents=[config], help="print the values in force, one a line")
    get.add_argument("keys", metavar="SECTION.KEY", nargs="+")
    get.set_defaults(act=config_command.get)

    explain = commands.add_parser("explain", help="what a code means and what is safe to do; without one, all codes")
    explain.add_argument("code", metavar="CODE", nargs="?")
    explain.add_argument(
        "--language", choices=languages.LANGUAGES, help="default: the configuration's, else the locale's"
    )
    explain.set_defaults(act=_explain)

    doctor = commands.add_parser(
        "doctor", parents=[config, where], help="look at all that the way needs; changes nothing, sends nothing"
    )
    doctor.add_argument("--json", action="store_true", help="print the findings as JSON")
    doctor.set_defaults(act=_doctor)

    preflight = commands.add_parser(
        "preflight", parents=[config], help="tell all that keeps a first run from passing; changes nothing"
    )
    preflight.add_argument("--new-user", metavar="NAME", help="who will run it, where that user does not exist yet")
    preflight.set_defaults(act=_preflight)

    holdings = commands.add_parser("holdings", parents=[config], help="count what an uninstallation would leave behind")
    holdings.set_defaults(act=_holdings)

    units = commands.add_parser("units", parents=[config], help="make the systemd units for this machine")
    units.add_argument("--templates", metavar="DIR", required=True, help="the folder systemd/ of this version")
    units.add_argument("--user", metavar="NAME", required=True, help="the account that runs both programs")
    units.add_argument("--prefix", metavar="DIR", required=True, help="where the programs are: DIR/venv/bin")
    units.add_argument("--into", metavar="DIR", required=True, help="where the units are put")
    units.add_argument("--agent-only", action="store_true", help="leave out the unit of media-sync-daemon")
    units.add_argument("--user-units", action="store_true", help="make units for systemctl --user")
    units.set_defaults(act=_units)

    demo = commands.add_parser("demo", help="run the main job on an embedded NAS, in a temporary folder")
    demo.set_defaults(act=_demo)


def main(argv: list[str] | None = None) -> int:
    """Run a command and return its exit code. No exception leaves this function but an early end by argparse."""
    printing.prepare()
    for stream in (sys.stdout, sys.stderr):
        languages.prepare_for_the_journal(stream)
    languages.use("auto", os.environ)
    argv = sys.argv[1:] if argv is None else argv
    code: int = ExitCode.INTERNAL
    try:
        arguments = parser(for_a_run=argv[:1] == ["run"]).parse_args(argv)
        code = arguments.act(arguments)
    except Fault as fault:
        complain_of(fault)
        code = ExitCode.BAD_CONFIG if isinstance(fault, ConfigFault) else ExitCode.FAILED
    except printing.UnprintedError as error:
        complain(printing.why_unprinted(error), None)
        code = ExitCode.NOT_MEASURED
    except KeyboardInterrupt:
        complain(say("interrupted"), None)
        code = 128 + signal.SIGINT
    except Exception as error:
        if os.environ.get("SMOKE_CHECK_DEBUG"):
            raise
        complain(
            say("internal error: {error}", error=f"{type(error).__name__}: {error}"),
            say("this is a fault of smoke-check; run it with SMOKE_CHECK_DEBUG=1 and report what it prints"),
        )
    return code


def entry() -> NoReturn:
    """Run the command as a program.

    It ends at once when its work is done: a thread that hangs in the kernel can't hold it, and taking the interpreter
    apart, which costs as much CPU time as half the probes, is left to the kernel.
    """
    code = main()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    os._exit(code)


def _run(arguments: argparse.Namespace) -> int:
    # A run is short and makes little garbage; looking for it costs a tenth of the CPU time.
    gc.disable()
    from celestial_nasops import config_file
    from healthcheck import state_folder
    from healthcheck.report import Report
    from healthcheck.run import NoVerdict, Options, perform

    report = Report(quiet=arguments.json)
    loaded = config_file.begin(path_of_config(arguments.config))
    for warning in loaded.warnings:
        report.remark(f"{loaded.path}: {warning}")
    options = Options(arguments.max_wait_minutes, arguments.files, arguments.size_bytes, not arguments.no_insert)
    folder = state_dir(arguments)
    state_folder.become_its_owner(folder)
    try:
        status = perform(loaded, folder, options, report)
    except NoVerdict as problem:
        complain_of(problem.fault)
        return problem.exit_code
    root = next((p for p in status.probes if p.name == status.root_probe), None)
    report.verdict(status, root)
    if arguments.json:
        put(status.model_dump_json(indent=2))
    return ExitCode.INTERNAL if status.exit_code is None else status.exit_code


def _status(arguments: argparse.Namespace) -> int:
    from healthcheck import watch
    from healthcheck.report import Report

    folder = state_dir(arguments)
    try:
        status = watch.read(folder)
    except watch.NoStatus as none:
        complain(str(none), none.remedy)
        return ExitCode.NOT_MEASURED
    if status.language is not None:
        languages.use(status.language, os.environ)  # one voice for the verdict and what is said of it
    if arguments.json:
        put(status.model_dump_json(indent=2))
    else:
        report = Report(replay=True)
        for probe in status.probes:
            report.probe(probe)
        values = {"run_id": status.run_id, "host": status.host}
        if status.state == "finished":
            report.verdict(status, None)
            put(say("run {run_id} on {host}, ended {moment}", moment=status.finished_at, **values))
        else:
            put(say("run {run_id} on {host} is under way since {moment}", moment=status.started_at, **values))
    reason_not = watch.why_not_current(status, folder, time.time())
    if reason_not is not None:
        complain(reason_not, watch.again(folder))
        return ExitCode.NOT_MEASURED
    if status.exit_code is None:
        before = status.previous
        if before is None or not before.counts(time.time()):
            complain(say("the run under way has no verdict yet, and the one before it is stale"), say("wait for it"))
            return ExitCode.NOT_MEASURED
        return _as_answer(before.exit_code)
    return _as_answer(status.exit_code)


def _as_answer(exit_code: int) -> int:
    """A run that was stopped has measured nothing; for who asks later that is all that counts."""
    return ExitCode.NOT_MEASURED if exit_code == ExitCode.STOPPED else exit_code


def _watch(arguments: argparse.Namespace) -> int:
    from healthcheck import events, watch

    wrong = watch.what_is_wrong(state_dir(arguments), time.time())
    if wrong is None:
        return ExitCode.GOOD
    from celestial_nasops.journal import ERROR

    summary, remedy = wrong
    tell(events.CHECK_STALE, ERROR, f"{summary} -- {remedy}", {"SUMMARY": summary, "REMEDY": remedy})
    show(f"{summary} -- {remedy}")
    return ExitCode.NOT_MEASURED


def _alert(arguments: argparse.Namespace) -> int:
    from celestial_nasops import config_file
    from healthcheck.alert import Failure, alert
    from healthcheck.status_file import FILE_NAME

    failure = Failure.from_environment(arguments.unit)
    path = os.path.join(state_dir(arguments), FILE_NAME)
    try:
        command = config_file.begin(path_of_config(arguments.config)).config.check_settings.alert_command
    except ConfigFault as fault:
        # It may itself be what has failed, and then the journal is told. A unit for alerts that stayed red would say
        # that something is wrong long after the configuration is mended.
        complain_of(fault)
        command = []
    return ExitCode.GOOD if alert(failure, command, path, tell) else ExitCode.FAILED


def _clean(arguments: argparse.Namespace) -> int:
    from celestial_nasops import config_file
    from healthcheck import state_folder
    from healthcheck.report import Report
    from healthcheck.run import NoVerdict, clean

    loaded = config_file.begin(path_of_config(arguments.config))
    folder = state_dir(arguments)
    state_folder.become_its_owner(folder)
    try:
        left = clean(loaded, folder, Report())
    except NoVerdict as problem:
        complain_of(problem.fault)
        return problem.exit_code
    for one in left:
        put(say("still there: {name}: {reason}", name=one.debt.name, reason=one.reason))
    if not left:
        put(say("nothing is left of any run"))
    return ExitCode.FAILED if left else ExitCode.GOOD


def _explain(arguments: argparse.Namespace) -> int:
    remedies.settle(user_manager=remedies.is_users_own(path_of_config(None)))
    if arguments.language:
        languages.use(arguments.language, os.environ)
    from healthcheck import explain

    if arguments.code is None:
        put(explain.all_titles(), end="")
        return ExitCode.GOOD
    try:
        put(explain.one(arguments.code), end="")
    except KeyError as unknown:
        complain(unknown.args[0], say("see them all: smoke-check explain"))
        return ExitCode.USAGE
    return ExitCode.GOOD


def _doctor(arguments: argparse.Namespace) -> int:
    sys.dont_write_bytecode = True  # it touches nothing
    from celestial_nasops import config_file
    from healthcheck.doctor import examine, report

    loaded = config_file.begin(path_of_config(arguments.config))
    findings = examine.examine(loaded, state_dir(arguments))
    return report.tell(findings, loaded, as_json=arguments.json)


def _preflight(arguments: argparse.Namespace) -> int:
    from celestial_nasops import config_file
    from healthcheck import preflight

    found = preflight.problems(config_file.begin(path_of_config(arguments.config)).config, user=arguments.new_user)
    for fault in found:
        put(say("problem: {text}", text=fault.summary) + f"\n  -> {fault.remedy}")
    return ExitCode.FAILED if found else ExitCode.GOOD


def _holdings(arguments: argparse.Namespace) -> int:
    from celestial_nasops import config_file
    from healthcheck import holdings

    for key, value in holdings.count(config_file.begin(path_of_config(arguments.config)).config).items():
        put(f"{key}={value}")
    return ExitCode.GOOD


def _units(arguments: argparse.Namespace) -> int:
    from celestial_nasops import config_file
    from healthcheck.units import render

    loaded = config_file.begin(path_of_config(arguments.config))
    site = render.survey(loaded, arguments.user, arguments.prefix, user_manager=arguments.user_units)
    for name in render.write(site, arguments.templates, arguments.into, agent_only=arguments.agent_only):
        put(name)
    return ExitCode.GOOD


def _demo(_arguments: argparse.Namespace) -> int:
    from healthcheck.demo.scene import demonstrate

    return demonstrate()
