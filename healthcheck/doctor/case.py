"""What all looks share: the configuration, what systemd tells of the units, and whose eyes these are."""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass, field

from celestial_nasops import accounts, process
from celestial_nasops.config import Config
from celestial_nasops.config_file import Loaded
from celestial_nasops.durable import user_name
from celestial_nasops.fault import Fault
from healthcheck import causes, systemctl
from healthcheck.doctor.access import Properties

CHECK = "smoke-check.service"
TIMERS = ("smoke-check.timer", "smoke-check-watch.timer")


@dataclass(frozen=True, slots=True)
class Case:
    """What is looked at.

    Attributes:
        loaded: the configuration.
        state_dir: the check's own folder.
        units: the properties of each unit by its name; empty where there are no units, or nobody tells.
        untold: why systemd could not be asked.
        user: the account that runs both programs.
        foreign_eyes: why this process does not see what that account sees; None where it does.
    """

    loaded: Loaded
    state_dir: str
    units: Mapping[str, Properties] = field(default_factory=dict)
    untold: Fault | None = None
    user: str = ""
    foreign_eyes: Fault | None = None

    @property
    def config(self) -> Config:
        """Its values."""
        return self.loaded.config

    @property
    def daemon(self) -> str:
        """The daemon's unit."""
        return self.config.daemon_settings.unit

    @property
    def has_our_daemon(self) -> bool:
        """Whether the daemon is that of this project; some sites run another one under the same unit name."""
        start = self.units.get(self.daemon, {}).get("ExecStart")
        return start is None or "media-sync-daemon" in start.partition(" ;")[0]

    @property
    def is_supervised(self) -> bool:
        """Whether there are units at all."""
        return self.config.daemon_settings.supervisor != "none"

    @staticmethod
    def is_known(user: str) -> bool:
        """Whether there is such an account."""
        try:
            return user.isdigit() or bool(pwd.getpwnam(user))
        except KeyError:
            return False

    @property
    def is_users(self) -> bool:
        """Whether the units are those of one user."""
        return self.config.daemon_settings.supervisor == "systemd-user"


def open_case(loaded: Loaded, state_dir: str) -> Case:
    """Ask systemd, and find out as whom all else has to be seen. Nothing is changed yet."""
    daemon, check = loaded.config.daemon_settings, loaded.config.check_settings
    units: Mapping[str, Properties] = {}
    untold: Fault | None = None
    if daemon.supervisor != "none":
        try:
            units = systemctl.show(
                (daemon.unit, CHECK, *TIMERS),
                timeout_seconds=check.daemon_status_timeout_seconds,
                users=daemon.supervisor == "systemd-user",
            )
        except process.ProcessFault as fault:
            untold = Fault(causes.SYSTEMD_UNAVAILABLE, unit=daemon.unit, reason=fault.summary)
    uid = _uid_of_programs(loaded.config, units.get(daemon.unit, {}))
    own = os.geteuid()
    eyes: Fault | None = None
    if uid is not None and own not in (uid, 0):
        eyes = Fault(causes.DOCTOR_BLIND, user=accounts.name_of(uid), own=user_name(), config_path=loaded.path)
    user = accounts.name_of(own if uid is None else uid)
    return Case(loaded, os.path.abspath(state_dir), units, untold, user, eyes)


def see_as_programs_do(case: Case) -> None:
    """Go on as the account that runs both programs, where this is root; only then is what is seen what they see."""
    if os.geteuid() == 0 and case.user != "root" and case.foreign_eyes is None:
        try:
            account = pwd.getpwnam(case.user)
        except KeyError:  # a number without an account
            accounts.become(int(case.user), int(case.user))
        else:
            accounts.become(account.pw_uid, account.pw_gid)


def _uid_of_programs(config: Config, unit: Properties) -> int | None:
    """The account of the daemon's unit, else that of its state; None where neither is known."""
    if config.daemon_settings.supervisor == "systemd" and unit.get("LoadState") == "loaded":
        name = unit.get("User") or "root"
        try:
            return int(name) if name.isdigit() else pwd.getpwnam(name).pw_uid
        except KeyError:
            return None
    try:
        return os.stat(config.daemon_settings.state_path).st_uid
    except OSError:
        return None
