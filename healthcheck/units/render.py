"""What is put into which unit, for one machine and its configuration."""

from __future__ import annotations

import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass

from celestial_nasops import durable
from celestial_nasops.config import Config
from celestial_nasops.config_file import Loaded
from celestial_nasops.fault import Fault
from celestial_nasops.nas.target import SshTarget, resolve
from healthcheck import causes, pipeline
from healthcheck.units import sandbox, text

_CATALOGUES = ("celestial-nasops.catalog", "celestial-nasops.zh.catalog")
_DAEMON = "media-sync-daemon.service"
_AGENT = (
    "smoke-check.service",
    "smoke-check.timer",
    "smoke-check-alert@.service",
    "smoke-check-watch.service",
    "smoke-check-watch.timer",
)
_MARGIN_SECONDS = 60.0  # between the deadline of a program's own and that of systemd
_STATE = "/var/lib/"  # what StateDirectory= is relative to


@dataclass(frozen=True, slots=True)
class Site:
    """A machine, or one user's part of it, for which units are made.

    Attributes:
        loaded: the configuration.
        user: the account that runs both programs.
        home: its home.
        prefix: the folder of the installed programs; they are in ``venv/bin`` below it.
        target: the NAS as that account's ssh resolves it, or why it can't be.
        user_manager: whether the units are for ``systemctl --user``.
    """

    loaded: Loaded
    user: str
    home: str
    prefix: str
    target: SshTarget | Fault
    user_manager: bool = False


def survey(loaded: Loaded, user: str, prefix: str, *, user_manager: bool = False) -> Site:
    """Look up what the units of an account need.

    Raises:
        Fault: there is no such account.
    """
    try:
        account = pwd.getpwnam(user)
    except KeyError as error:
        raise Fault(causes.USER_UNKNOWN, user=user) from error
    target: SshTarget | Fault
    try:
        target = resolve(loaded.config, for_user="" if account.pw_uid == os.geteuid() else user)
    except Fault as fault:
        target = fault
    return Site(loaded, user, account.pw_dir, os.path.abspath(prefix), target, user_manager)


def unit_names(config: Config, *, agent_only: bool) -> dict[str, str]:
    """The units to be installed, each with its template."""
    names = {name: name for name in _AGENT}
    if not agent_only:
        names[config.daemon_settings.unit] = _DAEMON
    return names


def write(site: Site, templates: str, into: str, *, agent_only: bool) -> list[str]:
    """Make all units and put them in a folder, with the journal's catalogues; nothing unless all could be made.

    Returns:
        Their names.

    Raises:
        Fault: a template can't be read, or the folder not be written.
        ConfigFault: the configuration holds what no unit can hold.
    """
    names = unit_names(site.loaded.config, agent_only=agent_only)
    made = {name: rendered(_read(templates, template), site) for name, template in names.items()}
    if not site.user_manager:  # the journal has one catalogue, the system's
        made |= {name: _read(templates, name) for name in _CATALOGUES}
    for name, content in made.items():
        try:
            durable.write_atomically(os.path.join(into, name), content.encode(), mode=0o644)
        except OSError as error:
            reason = error.strerror or str(error)
            raise Fault(causes.UNITS_UNWRITABLE, path=os.path.join(into, name), reason=reason, folder=into) from error
    return list(made)


def _read(templates: str, name: str) -> str:
    path = os.path.join(templates, name)
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise Fault(causes.TEMPLATES_UNUSABLE, path=path, reason=reason) from error


def rendered(template: str, site: Site) -> str:
    """A template with everything filled in.

    Raises:
        ConfigFault: a value can't be written in a unit.
    """
    return text.fill_in(
        template, _values(site, for_daemon="@MEDIA_SYNC_DAEMON@" in template), user_manager=site.user_manager
    )


def check_timeout_seconds(config: Config) -> float:
    """How long systemd lets a run take: longer than it may take by itself."""
    return pipeline.longest_run_seconds(config) + _MARGIN_SECONDS


def watchdog_seconds(config: Config) -> float:
    """How long the daemon may be silent: longer than its main thread may wait for a locked queue, twice in a row."""
    return 2 * config.database_settings.connection_timeout + _MARGIN_SECONDS


def _values(site: Site, *, for_daemon: bool) -> dict[str, str | Sequence[str]]:
    config = site.loaded.config
    check = config.check_settings
    access = access_of_daemon(site) if for_daemon else access_of_check(site)
    mounts = sandbox.outermost(_media(config))
    binaries = os.path.join(site.prefix, "venv", "bin")
    return {
        "EDIT": "systemctl --user edit" if site.user_manager else "sudo systemctl edit",
        "SMOKE_CHECK": _program(os.path.join(binaries, "smoke-check"), site),
        "MEDIA_SYNC_DAEMON": _program(os.path.join(binaries, "media-sync-daemon"), site),
        "CONFIG": _program(os.path.abspath(site.loaded.path), site).replace("$", "$$"),
        "USER": text.quoted(site.user),
        "DAEMON_NAME": config.daemon_settings.unit.removesuffix(".service"),
        "CHECK_TIMEOUT": text.span(check_timeout_seconds(config)),
        "DAEMON_TIMEOUT": text.span(watchdog_seconds(config)),
        "WATCHDOG": text.span(watchdog_seconds(config)),
        "FIRST_RUN": text.span(check.first_run_minutes * 60),
        "INTERVAL": text.span(check.interval_minutes * 60),
        "RANDOM_DELAY": text.span(check.random_delay_seconds),
        "FIRST_WATCH": text.span(check.first_run_minutes * 60 + check.random_delay_seconds + _MARGIN_SECONDS),
        "BOOT_TARGET": "default.target" if site.user_manager else "multi-user.target",
        "MOUNTS": [
            "# Files must not be looked for in the empty folder below a disk that is not mounted yet.",
            "RequiresMountsFor=" + " ".join(text.quoted(path) for path in mounts),
        ],
        "STATE_DIRECTORY": _state_directory(config),
        "FOLDERS": sandbox.folders(access),
        "HOME": sandbox.homes(access),
        "NETWORK": sandbox.network(site.target),
    }


def _program(path: str, site: Site) -> str:
    """A path of ``ExecStart=``; in a user's units the home is left to systemd, so that they can move with it."""
    home = site.home.rstrip("/") + "/"
    if site.user_manager and path.startswith(home):
        return text.quoted(path.removeprefix(home), prefix="%h/")
    return text.quoted(path)


def _media(config: Config) -> tuple[str, ...]:
    return config.local_settings.media_path, os.path.dirname(config.database_settings.db_path)


def access_of_check(site: Site) -> sandbox.Access:
    """The paths that the check needs, its own state folder aside."""
    config = site.loaded.config
    return sandbox.Access(_media(config), (*_of_both(site), config.daemon_settings.state_path))


def access_of_daemon(site: Site) -> sandbox.Access:
    """The paths that the daemon needs, its state folder aside where systemd makes that."""
    config = site.loaded.config
    own = () if _state_directory(config) else (config.daemon_settings.state_path,)
    return sandbox.Access((*_media(config), *own), _of_both(site))


def _of_both(site: Site) -> tuple[str, ...]:
    """What either program reads: itself, the configuration, and what ssh needs."""
    nas = site.loaded.config.nas_settings
    paths = [site.prefix, os.path.abspath(site.loaded.path), os.path.join(site.home, ".ssh")]
    if nas.ssh_config_path:
        paths.append(os.path.expanduser(nas.ssh_config_path.replace("~/", site.home + "/", 1)))
    if isinstance(site.target, SshTarget):
        paths += [*site.target.identity_files, *site.target.known_hosts_files]
    return tuple(paths)


def _state_directory(config: Config) -> list[str]:
    """The line that has systemd make the daemon's state folder, where that is the kind that systemd makes."""
    path = os.path.normpath(config.daemon_settings.state_path)
    return [f"StateDirectory={text.quoted(path.removeprefix(_STATE))}"] if path.startswith(_STATE) else []
