"""Which way to the NAS's files a login gives: a shell, or SFTP. Found out once per connection."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from celestial_nasops import causes
from celestial_nasops.config import NasSettings
from celestial_nasops.fault import NasFault
from celestial_nasops.nas.capabilities import Capabilities, ShellFacts, Way, of_shell
from celestial_nasops.nas.files import NasFiles
from celestial_nasops.nas.session import NasSession
from celestial_nasops.nas.shell_files import ShellFiles
from celestial_nasops.nas.ssh_child import SshChild
from celestial_nasops.nas.undecided_files import UndecidedFiles
from celestial_nasops.nas.verification import VerificationLevel

if TYPE_CHECKING:
    # Most logins have a shell; the others pay for SFTP where it is used.
    from celestial_nasops.nas.sftp_files import SftpFiles


def open_files(
    session: NasSession,
    nas: NasSettings,
    *,
    timeout_seconds: float,
    child: SshChild | None = None,
    found: Callable[[Capabilities], None] = lambda _: None,
    heard: Callable[[], None] = lambda: None,
) -> NasFiles:
    """The NAS's files by the best way that a login has.

    Nothing is asked for the sake of the choice alone: the first thing that is done with the files decides it.

    Args:
        session: the login.
        nas: how the NAS is set up.
        timeout_seconds: bounds each step that moves no data.
        child: the way for what moves many bytes to a shell, where there is one besides the session.
        found: told what the login can do, as soon as that is known, and again if something else turns out.
        heard: called whenever the NAS has given a sign of life during a step that takes long.
    """
    return _Opening(session, nas, timeout_seconds, child, found, heard).files()


class _Opening:
    def __init__(
        self,
        session: NasSession,
        nas: NasSettings,
        timeout_seconds: float,
        child: SshChild | None,
        found: Callable[[Capabilities], None],
        heard: Callable[[], None],
    ) -> None:
        self._session = session
        self._access = nas.access
        self._base_path = nas.base_path
        self._timeout_seconds = timeout_seconds
        self._child = child
        self._found = found
        self._heard = heard

    def files(self) -> NasFiles:
        known = self._session.capabilities
        if known is None:
            return UndecidedFiles(self._session, self._shell(), self._decide, asks_shell=self._access != "sftp")
        return self._shell() if known.way is Way.SHELL else self._sftp(known)

    def _decide(self, shell_failed: NasFault | None) -> NasFiles:
        """Choose, after the shell was tried.

        Args:
            shell_failed: what came of that; None where it works, or was not to be tried.
        """
        session, facts = self._session, self._session.shell_facts
        if facts is not None and (not facts.missing or self._access == "shell"):
            return self._by_shell(facts)
        if self._access == "shell" and shell_failed is not None:
            raise shell_failed
        try:
            client = session.sftp(self._timeout_seconds)
        except NasFault as no_sftp:
            # What reads what is meant for a command may read what is meant for an SFTP server, which waits then.
            is_eaten = facts is not None and facts.lacks_input and no_sftp.code == causes.NAS_SILENT.code
            if no_sftp.code != causes.NAS_NO_SFTP.code and not is_eaten:
                raise
            if shell_failed is not None:
                raise shell_failed from no_sftp
            if facts is not None:
                return self._by_shell(facts)
            raise
        from celestial_nasops.nas.sftp_packets import FLUSH, FREE_SPACE, HARD_LINK
        from celestial_nasops.nas.sftp_view import find_hidden_prefix

        why = shell_failed.values.get("output", "") if shell_failed is not None else ""
        if facts is not None:
            why = facts.in_words("it lacks {tools}")
        base = self._base_path
        with session.bounded(self._timeout_seconds, action="look for", path=base):
            hidden = find_hidden_prefix(client, base)
        capabilities = Capabilities(
            way=Way.SFTP,
            tools=session.server_name,
            verification=VerificationLevel.READ_BACK,
            hard_links=HARD_LINK in client.extensions,
            flush=FLUSH in client.extensions,
            free_space=FREE_SPACE in client.extensions,
            hidden_prefix=hidden or "",
            no_shell=why,
        )
        files = self._sftp(capabilities)
        # Where the base can't be seen, its volume is perhaps not mounted; look again at the next occasion.
        return files if hidden is None else self._chosen(capabilities, files)

    def _by_shell(self, facts: ShellFacts) -> NasFiles:
        """A poor shell is better than nothing, but no file is to blame for what is missing to carry any.

        Raises:
            NasUnavailable: it is too poor.
        """
        if not facts.can_carry:
            raise self._session.no_shell(facts.in_words("the shell that it gets lacks {tools}"))
        return self._chosen(of_shell(facts), self._shell())

    def _chosen(self, capabilities: Capabilities, files: NasFiles) -> NasFiles:
        self._session.capabilities = capabilities
        self._found(capabilities)
        return files

    def _shell(self) -> ShellFiles:
        return ShellFiles(self._session, timeout_seconds=self._timeout_seconds, child=self._child)

    def _sftp(self, capabilities: Capabilities) -> SftpFiles:
        from celestial_nasops.nas.sftp_files import SftpFiles

        return SftpFiles(
            self._session,
            self._session.sftp(self._timeout_seconds),
            capabilities,
            timeout_seconds=self._timeout_seconds,
            changed=self._changed,
            heard=self._heard,
        )

    def _changed(self, capabilities: Capabilities) -> None:
        if self._session.capabilities is not None:
            self._session.capabilities = capabilities
            self._found(capabilities)
