"""The NAS, looked at by one login that writes nothing there: abilities, folder, room, clock. Bounded in time."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterator

from celestial_nasops import causes as shared, daemon_state, words
from celestial_nasops.config import Config
from celestial_nasops.fault import DatabaseFault, Fault, NasFault, NasUnavailable
from celestial_nasops.language import say
from celestial_nasops.nas.capabilities import Capabilities, Way
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.opening import open_files
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.target import SshTarget, resolve
from celestial_nasops.nas.verification import VerificationLevel
from healthcheck import causes
from healthcheck.beside import Beside
from healthcheck.doctor import queue
from healthcheck.doctor.case import Case
from healthcheck.doctor.finding import Finding, State
from healthcheck.probes import ping

_CLOCK_SECONDS = 60.0
_LOOKS = ("nas", "nas_folder", "nas_space", "nas_abilities", "nas_clock")
_MAY_WRITE = 'cd -- "$1" && [ -w . ] && echo yes'


def longest_seconds(config: Config) -> float:
    """The time by which the looks at the NAS have ended whatever it does."""
    return config.check_settings.ping_timeout_seconds + config.security.connection_timeout_seconds


def look_at_nas(case: Case) -> Iterator[Finding]:
    """Log in once and look. What is not possible any more once something fails is said to be so."""
    visit = _Visit(case)
    failed: Fault | None = None
    limit = longest_seconds(case.config)
    try:
        if Beside(visit.look).result(limit) is None:
            failed = visit.silence(limit)
    except Fault as fault:
        failed = fault
    finally:
        visit.end()
    found = list(visit.found)
    yield from found
    left = [name for name in _LOOKS if name not in {finding.name for finding in found}]
    if failed is not None and left:
        yield Finding.of_fault(left[0], failed)
        for name in left[1:]:
            yield Finding.left_out(name, say("because of {probe}", probe=left[0]))


class _Visit:
    """One login. Its findings are there as they come, for whoever can't wait for the end."""

    def __init__(self, case: Case) -> None:
        self.found: list[Finding] = []
        self._case = case
        self._until = time.monotonic() + longest_seconds(case.config)
        self._target: SshTarget | None = None
        self._session: NasSession | None = None
        self._ended = False

    def look(self) -> bool:
        """Look at everything.

        Raises:
            Fault: something is in the way of the rest.
        """
        config = self._case.config
        self._target = target = resolve(config)
        if target.proxy_command is None:
            ping.greet(
                target.host,
                target.port,
                config.check_settings.ping_timeout_seconds,
                target.config_alias or target.host,
                target.ssh_config,
            )
        self._session = session = NasSession.open(target, timeout_seconds=self._left())
        if self._ended:
            session.abort()
        files = open_files(session, config.nas_settings, timeout_seconds=self._left())
        free = self._of_login(session, files)
        looks: tuple[Callable[[], Finding], ...] = (
            lambda: self._of_folder(session, files),
            lambda: self._of_space(files, free),
            lambda: self._of_abilities(files.capabilities),
            lambda: self._of_clock(session, files),
        )
        for one in looks:
            self.found.append(one())
        return True

    def silence(self, seconds: float) -> Fault:
        """What is said where it took too long."""
        target = self._target
        host, port = (target.host, target.port) if target else (self._case.config.nas_settings.host, 22)
        return NasUnavailable(
            shared.NAS_SILENT, host=host, port=port, seconds=round(seconds, 1), stage=say("looking at it")
        )

    def end(self) -> None:
        """Hang up, whatever is under way."""
        self._ended = True
        if self._session is not None:
            with contextlib.suppress(Fault):
                self._session.abort()

    def _left(self) -> float:
        return max(0.5, self._until - time.monotonic())

    def _of_login(self, session: NasSession, files: NasFiles) -> int | None:
        """What is free, None where the NAS doesn't tell.

        The first thing asked for tells whether there is a shell. A folder that is missing is not the login's fault.
        """
        assert self._target is not None
        account = f"{self._target.username}@{self._target.host}"
        login = Finding.ok("nas", say("{account} can log in", account=account))
        try:
            free = files.free_bytes(self._case.config.nas_settings.base_path)
        except NasFault as fault:
            if fault.cause not in (shared.NAS_BASE_MISSING, shared.NAS_NO_PERMISSION, shared.NAS_COMMAND_FAILED):
                raise
            self.found.append(login)
            if session.capabilities is None or session.capabilities.free_space:
                raise
            return None
        self.found.append(login)
        return free

    def _of_folder(self, session: NasSession, files: NasFiles) -> Finding:
        base = self._case.config.nas_settings.base_path
        if files.capabilities.way is not Way.SHELL:
            return Finding.ok("nas_folder", say("{path} is there", path=base))
        reply = session.exec(_MAY_WRITE, args=[base], timeout_seconds=self._left(), action="look at", path=base)
        if reply.output.strip() != b"yes":
            target = session.target
            return Finding.of_cause(
                "nas_folder",
                shared.NAS_NO_PERMISSION,
                username=target.username,
                action="write in",
                path=base,
                target=target.alias,
                folder=base,
            )
        return Finding.ok("nas_folder", say("{path} is there, and the account may write in it", path=base))

    def _of_space(self, files: NasFiles, free: int | None) -> Finding:
        nas, target = self._case.config.nas_settings, files.typed_after_ssh
        if free is None:
            return Finding.left_out("nas_space", say("this NAS does not tell its free space"))
        if free <= nas.reserve_bytes + self._case.config.testing.test_file_size_bytes:
            reason = say(
                "{free} free, {reserve} reserved", free=words.size(free), reserve=words.size(nas.reserve_bytes)
            )
            by_sftp = {} if files.capabilities.way is Way.SHELL else self._by_sftp(files.capabilities)
            full = Fault(shared.NAS_DISK_FULL, path=nas.base_path, reason=reason, target=target, **by_sftp)
            return Finding.of_fault("nas_space", full)
        try:
            _count, needed = queue.what_waits(self._case.config.database_settings.db_path)
        except DatabaseFault:  # told by its own look
            needed = 0
        if free - nas.reserve_bytes < needed:
            return Finding.of_cause(
                "nas_space",
                shared.NAS_NO_ROOM,
                State.WARN,
                path=say("what waits in the queue"),
                needed=words.size(needed),
                free=words.size(free),
                target=target,
                base=nas.base_path,
            )
        return Finding.ok("nas_space", say("free: {free}", free=words.size(free)))

    def _by_sftp(self, now: Capabilities) -> dict[str, str]:
        assert self._target is not None
        seen = self._case.config.nas_settings.base_path.removeprefix(now.hidden_prefix)
        return {"sftp": f"sftp -b - {self._target.sftp_alias}", "seen": seen}

    def _of_abilities(self, now: Capabilities) -> Finding:
        sync, before = self._case.config.sync_settings, None
        with contextlib.suppress(Fault):  # told by the look at the daemon
            state = daemon_state.read(self._case.config.daemon_settings.state_path)
            before = state.nas if state is not None else None
        required = VerificationLevel(sync.required_verification_level)
        if sync.delete_after_sync and not now.verification.meets(required):
            return Finding.of_cause("nas_abilities", shared.DELETE_UNPROVEN, level=now.verification, required=required)
        if before is not None and before != now:
            return Finding.of_cause(
                "nas_abilities", causes.NAS_CHANGED, State.WARN, before=before, now=now, unit=self._case.daemon
            )
        return Finding.ok("nas_abilities", str(now))

    def _of_clock(self, session: NasSession, files: NasFiles) -> Finding:
        if files.capabilities.way is not Way.SHELL:
            return Finding.left_out("nas_clock", say("SFTP tells no time"))
        begun, started = time.time(), time.monotonic()
        reply = session.exec("date +%s", timeout_seconds=self._left(), action="ask for", path="its time")
        took = time.monotonic() - started
        match = re.fullmatch(rb"(\d{1,12})\s*", reply.output)
        if match is None:
            return Finding.blind("nas_clock", say("the NAS told no time"))
        ahead = int(match[1]) + 0.5 - (begun + took / 2)  # it tells whole seconds
        if abs(ahead) <= _CLOCK_SECONDS:
            return Finding.ok(
                "nas_clock", say("at most {seconds} s off this server's", seconds=f"{abs(ahead) + 1:.0f}")
            )
        return Finding.of_cause(
            "nas_clock",
            causes.NAS_CLOCK_OFF,
            State.WARN,
            host=session.target.host,
            seconds=f"{abs(ahead):.0f}",
            direction=say("ahead of") if ahead > 0 else say("behind"),
            target=session.target.alias,
        )
