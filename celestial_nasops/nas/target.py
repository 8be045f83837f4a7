"""Where the NAS is and how to log in there, resolved the way ssh itself resolves it."""

from __future__ import annotations

import os
import pwd
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from celestial_nasops import causes, process
from celestial_nasops.config import Config
from celestial_nasops.durable import user_name
from celestial_nasops.fault import NasRefusal

_RESOLVE_TIMEOUT_SECONDS = 5.0
_KEY_NAMES = ("id_ed25519", "id_ecdsa", "id_rsa")
# What of an ssh configuration decides whether, and by which way, a server can be spoken to; as "ssh -G" names it.
_OF_THE_WAY = (
    *("addressfamily", "bindaddress", "bindinterface", "ipqos"),
    *("kexalgorithms", "hostkeyalgorithms", "macs", "pubkeyacceptedalgorithms"),
)


@dataclass(frozen=True, slots=True)
class SshTarget:
    """One account on one SSH server.

    Attributes:
        alias: what to type after ``ssh`` to get there by hand, options included.
        host: the name or address to connect to.
        port: its TCP port.
        username: the account.
        identity_files: private keys; the first that exists is used.
        known_hosts_files: files of pinned host keys, those that don't exist included.
        host_key_alias: the name under which the host key is pinned, where it is not ``host``.
        proxy_command: a program that leads to the server through its standard input and output, or None.
        config_alias: the bare ``Host`` entry that this was resolved from; empty where there is none.
        ssh_config: the ssh configuration file to mention to an operator.
        instead_of_config: options for the program ssh that say what its configuration would. Given where that must not
            be read, for it names keys of its own, which ssh would try beside the one that is set.
    """

    alias: str
    host: str
    port: int
    username: str
    identity_files: tuple[str, ...]
    known_hosts_files: tuple[str, ...]
    host_key_alias: str | None = None
    proxy_command: tuple[str, ...] | None = None
    config_alias: str = ""
    ssh_config: str = "~/.ssh/config"
    instead_of_config: tuple[str, ...] = ()

    @property
    def sftp_alias(self) -> str:
        """The same as ``alias`` for after ``sftp``, which spells the option for the port in another way."""
        return f"-P {self.alias.removeprefix('-p ')}" if self.alias.startswith("-p ") else self.alias

    @property
    def known_hosts_name(self) -> str:
        """The name under which the server's key stands in known_hosts (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT)."""
        if self.host_key_alias:
            return self.host_key_alias.lower()
        return self.host.lower() if self.port == 22 else f"[{self.host.lower()}]:{self.port}"


def resolve(config: Config, *, for_user: str = "") -> SshTarget:
    """Find the NAS that a configuration means.

    Args:
        config: names it, or its alias.
        for_user: the account whose ssh configuration counts, where that is not the present one; only root may ask.

    Raises:
        NasRefusal: the ssh configuration can't be read, or says something that is not supported.
        ProcessFault: ssh is missing or hangs.
    """
    nas, security = config.nas_settings, config.security
    keys = (_of_home(security.ssh_key_path, for_user),) if security.ssh_key_path else ()
    known_hosts = (_of_home(nas.known_hosts_path, for_user),) if nas.known_hosts_path else ()
    if nas.ssh_alias:
        return _from_ssh_config(nas.ssh_alias, _of_home(nas.ssh_config_path, for_user), keys, known_hosts, for_user)
    account = f"{nas.username}@{nas.host}"
    return SshTarget(
        alias=account if nas.port == 22 else f"-p {nas.port} {account}",
        host=nas.host,
        port=nas.port,
        username=nas.username,
        identity_files=keys or tuple(_of_home(f"~/.ssh/{name}", for_user) for name in _KEY_NAMES),
        known_hosts_files=known_hosts or (_of_home("~/.ssh/known_hosts", for_user), "/etc/ssh/ssh_known_hosts"),
    )


def _from_ssh_config(
    alias: str, path: str, keys: tuple[str, ...], known_hosts: tuple[str, ...], for_user: str
) -> SshTarget:
    options = ["-F", path] if path else []
    as_user = ["runuser", "-u", for_user, "--"] if for_user else []
    argv = [*as_user, "ssh", *options, "-G", "--", alias]
    answer = process.run(argv, timeout_seconds=_RESOLVE_TIMEOUT_SECONDS, understood_exit_codes=(0, 255))
    typed = shlex.join([*options, alias])
    if answer.exit_code != 0:
        reason = (answer.stderr.strip() or "ssh -G failed").splitlines()[0]
        raise NasRefusal(causes.NAS_SSH_FAILED, host=alias, stage="ssh configuration", reason=reason, target=typed)
    settings = _by_key(answer.stdout)
    wrong = _what_is_wrong(settings, answer.stdout)
    if wrong:
        raise NasRefusal(causes.NAS_SSH_FAILED, host=alias, stage="ssh configuration", reason=wrong, target=typed)
    host, port, username = settings["hostname"][0], int(settings["port"][0]), settings["user"][0]
    host_key_alias = settings.get("hostkeyalias", [""])[0] or None
    tokens = _tokens(alias, host, port, username, host_key_alias, for_user)
    try:
        identities = keys or tuple(
            _expand(path, tokens) for path in settings.get("identityfile", []) if path.lower() != "none"
        )
        proxy = _proxy(settings, options, tokens)
    except _UnsupportedToken as token:
        raise NasRefusal(
            causes.NAS_SSH_FAILED,
            host=alias,
            stage="ssh configuration",
            reason=f"{token} is not supported",
            target=typed,
        ) from token
    return SshTarget(
        alias=typed,
        host=host,
        port=port,
        username=username,
        identity_files=identities,
        known_hosts_files=known_hosts or _known_hosts_files(settings, for_user),
        host_key_alias=host_key_alias,
        proxy_command=proxy,
        config_alias=alias,
        ssh_config=path or "~/.ssh/config",
        instead_of_config=_explicit(settings, host_key_alias, proxy) if keys else (),
    )


def _explicit(
    settings: Mapping[str, Sequence[str]], host_key_alias: str | None, proxy: tuple[str, ...] | None
) -> tuple[str, ...]:
    options = [f"{key}={settings[key][0]}" for key in _OF_THE_WAY if settings.get(key, [""])[0]]
    if host_key_alias is not None:
        options.append(f"HostKeyAlias={host_key_alias}")
    if proxy is not None:
        options.append(f"ProxyCommand={shlex.join(proxy).replace('%', '%%')}")
    return ("-F", "none", *(word for option in options for word in ("-o", option)))


def _by_key(text: str) -> dict[str, list[str]]:
    """Collect the values of each key; a key may come several times."""
    settings: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        settings.setdefault(key.lower(), []).append(value)
    return settings


def _what_is_wrong(settings: Mapping[str, Sequence[str]], text: str) -> str:
    """What keeps the output of ``ssh -G`` from being used; it may be another program than we think that printed it."""
    if "\0" in text:
        return "ssh -G printed a NUL byte"
    missing = [key for key in ("hostname", "user", "port") if not settings.get(key, [""])[0]]
    if missing:
        return f"ssh -G told no {missing[0]}"
    port = settings["port"][0]
    if not re.fullmatch(r"[0-9]{1,5}", port) or not 0 < int(port) < 65536:
        return f"ssh -G told the port '{port}'"
    return ""


def _known_hosts_files(settings: Mapping[str, Sequence[str]], for_user: str) -> tuple[str, ...]:
    files: list[str] = []
    for key in ("userknownhostsfile", "globalknownhostsfile"):
        first = True
        for word in settings.get(key, ["none"])[0].split(" "):
            # ssh prints the list without quotes: what does not begin like a path is the rest of one that holds a space.
            if first or word.startswith(("/", "~")):
                files.append(word)
            else:
                files[-1] += f" {word}"
            first = False
    return tuple(_of_home(file, for_user) for file in files if file.lower() != "none")


def _proxy(
    settings: Mapping[str, Sequence[str]], options: Sequence[str], tokens: Mapping[str, str]
) -> tuple[str, ...] | None:
    """The program that leads to the server; ProxyJump becomes the ``ssh -W`` that ssh itself makes of it."""
    jumps = settings.get("proxyjump", ["none"])[0]
    if jumps.lower() != "none":
        *before, last = jumps.split(",")
        host = tokens["h"]
        return (
            *("ssh", *options, "-o", "BatchMode=yes"),
            *(("-J", ",".join(before)) if before else ()),
            *("-W", f"[{host}]:{tokens['p']}", "--", last if "://" in last else f"ssh://{last}"),
        )
    command = settings.get("proxycommand", ["none"])[0]
    if command.lower() == "none":
        return None
    return ("/bin/sh", "-c", f"exec {_expand(command, tokens, paths=False)}")


class _UnsupportedToken(Exception):  # noqa: N818 - caught in this file
    """A percent token of ssh_config(5) that is not expanded here."""


def _of_home(path: str, user: str) -> str:
    """A path with its leading ``~`` expanded, to the home of another user where one is given."""
    return os.path.expanduser(f"~{user}{path[1:]}" if user and (path == "~" or path.startswith("~/")) else path)


def _tokens(
    alias: str, host: str, port: int, username: str, host_key_alias: str | None, for_user: str
) -> dict[str, str]:
    node = os.uname().nodename
    return {
        "%": "%",
        "d": _of_home("~", for_user),
        "h": host,
        "i": str(pwd.getpwnam(for_user).pw_uid if for_user else os.getuid()),
        "k": host_key_alias or alias,
        "L": node.split(".")[0],
        "l": node,
        "n": alias,
        "p": str(port),
        "r": username,
        "u": for_user or user_name(),
    }


def _expand(text: str, tokens: Mapping[str, str], *, paths: bool = True) -> str:
    """Expand percent tokens as ssh_config(5) says; in paths also ``~`` and ``${NAME}``, which ``ssh -G`` leaves."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in tokens:
            raise _UnsupportedToken(f"the token {match[0]} in '{text}'")
        return tokens[match[1]]

    expanded = re.sub(r"%(.?)", value, text)
    if paths:
        expanded = re.sub(r"\$\{(\w+)\}", lambda match: os.environ.get(match[1], ""), expanded)
        expanded = tokens["d"] + expanded[1:] if expanded == "~" or expanded.startswith("~/") else expanded
        expanded = os.path.expanduser(expanded)
    return expanded
