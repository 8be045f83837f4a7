"""From a connected socket to a login: greeting, key exchange, the server's host key, our key. Each step is bounded."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from celestial_nasops import causes
from celestial_nasops.fault import Fault, NasRefusal, NasUnavailable
from celestial_nasops.nas import identity, ssh_library
from celestial_nasops.nas.known_hosts import HostKey, Judgement, KnownHosts
from celestial_nasops.nas.target import SshTarget
from celestial_nasops.nas.wire import GREETING, Wire

if TYPE_CHECKING:
    import paramiko

# What paramiko does fastest, and what an attacker on the line can't shorten (CVE-2023-48795), comes first.
_CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr")
# Our own waits decide; paramiko's, which don't say what they waited for, come later.
_LIBRARY_GRACE_SECONDS = 5.0
_IDLE_SECONDS = 600.0
_SAID_SHOWN_CHARACTERS = 200


def log_in(target: SshTarget, wire: Wire, timeout_seconds: float) -> paramiko.Transport:
    """Log in over a connected socket.

    Args:
        target: who and where, and which keys.
        wire: closed by the caller when this fails.
        timeout_seconds: the longest wait for one step.

    Raises:
        NasRefusal: the host key or our key is not accepted or not there.
        NasUnavailable: the server went silent, hung up, or can't be talked to.
    """
    path, key = identity.load(target)
    from celestial_nasops.nas.bounded_transport import BoundedTransport  # here: it loads paramiko

    library = ssh_library.load()
    known_hosts = KnownHosts.read(target.known_hosts_files)
    transport: paramiko.Transport = BoundedTransport(wire.socket)
    # It would wake ten times a second to see whether it was closed; we wake it when we close it. Longer than any
    # connection lies idle.
    wire.socket.settimeout(_IDLE_SECONDS)
    try:
        transport.banner_timeout = transport.handshake_timeout = timeout_seconds + _LIBRARY_GRACE_SECONDS
        _prefer(transport, known_hosts, target)
        _shake_hands(transport, target, timeout_seconds)
        _check_host_key(transport, known_hosts, target)
        _authenticate(transport, target, path, key, timeout_seconds)
    except BaseException as error:
        wire.shut()
        transport.close()
        if transport.is_alive():
            transport.join(_LIBRARY_GRACE_SECONDS)
        # Its timer for the handshake would hold up the end of the program.
        transport.packetizer.complete_handshake()
        if isinstance(error, library.SSHException):  # the connection ended between two steps
            raise _broken(transport, target, "login") from error
        raise
    return transport


def _prefer(transport: paramiko.Transport, known_hosts: KnownHosts, target: SshTarget) -> None:
    options = transport.get_security_options()
    ciphers = tuple(options.ciphers)
    first = tuple(cipher for cipher in _CIPHERS if cipher in ciphers)
    options.ciphers = first + tuple(cipher for cipher in ciphers if cipher not in first)
    # A server with several host keys must show one that is pinned.
    kinds = {entry.key.kind for entry in known_hosts.pinned(target.known_hosts_name)}
    if "ssh-rsa" in kinds:  # the kind of the key; these are its signatures
        kinds |= {"rsa-sha2-512", "rsa-sha2-256"}
    key_types = tuple(options.key_types)
    options.key_types = tuple(sorted(key_types, key=lambda kind: kind not in kinds))


def _shake_hands(transport: paramiko.Transport, target: SshTarget, timeout_seconds: float) -> None:
    done = threading.Event()
    transport.start_client(event=done)
    in_time = done.wait(timeout_seconds)
    if in_time and transport.is_active():
        return
    stage = "key exchange" if transport.remote_version else GREETING
    if not in_time:
        raise _silent(target, timeout_seconds, stage)
    raise _broken(transport, target, stage)


def _check_host_key(transport: paramiko.Transport, known_hosts: KnownHosts, target: SshTarget) -> None:
    shown = transport.get_remote_server_key()
    seen = HostKey(shown.get_name(), shown.asbytes())
    name = target.known_hosts_name
    judgement = known_hosts.judge(name, seen, bare_name=None if target.host_key_alias else target.host.lower())
    files = ", ".join(target.known_hosts_files[:1]) or "any file of known hosts"
    values = {"host": target.host, "target": target.alias, "seen": seen, "key_file": _key_file(seen.kind)}
    match judgement:
        case Judgement.TRUSTED:
            return
        case Judgement.REVOKED:
            raise NasRefusal(causes.NAS_HOST_KEY_REVOKED, known_hosts=known_hosts.revoked_in(seen) or files, **values)
        case Judgement.CHANGED:
            pinned = known_hosts.pinned(name)
            expected = " or ".join(str(entry.key) for entry in pinned)
            raise NasRefusal(
                causes.NAS_HOST_KEY_CHANGED,
                expected=expected,
                known_hosts=pinned[0].file,
                known_hosts_name=name,
                **values,
            )
        case Judgement.UNKNOWN:
            if known_hosts.unreadable:
                files += f" (can't be read: {'; '.join(known_hosts.unreadable)})"
            elif known_hosts.has_authority(name):
                files += " (which names an authority for it; certified host keys are not supported, pin the key itself)"
            raise NasRefusal(causes.NAS_HOST_KEY_UNKNOWN, known_hosts=files, **values)


def _key_file(kind: str) -> str:
    """Where an OpenSSH server keeps a host key of that kind."""
    name = "ecdsa" if kind.startswith("ecdsa-") else kind.removeprefix("ssh-")
    return f"/etc/ssh/ssh_host_{name}_key.pub"


def _authenticate(
    transport: paramiko.Transport, target: SshTarget, path: str, key: paramiko.PKey, timeout_seconds: float
) -> None:
    library = ssh_library.load()
    done = threading.Event()
    try:
        transport.auth_publickey(target.username, key, event=done)
    except (library.SSHException, EOFError, OSError) as error:
        raise _broken(transport, target, "login") from error
    if not done.wait(timeout_seconds):
        raise hangs(target, timeout_seconds, "login")
    if transport.is_authenticated():
        return
    failure = transport.get_exception()
    if transport.is_active() or isinstance(failure, library.AuthenticationException):
        wanted = getattr(failure, "allowed_types", None)
        if wanted and not isinstance(failure, library.BadAuthenticationType):
            reason = f"the key is accepted, but {' or '.join(wanted)} is wanted too"
            raise NasRefusal(causes.NAS_SSH_FAILED, host=target.host, stage="login", reason=reason, target=target.alias)
        raise NasRefusal(
            causes.NAS_KEY_REFUSED, host=target.host, path=path, username=target.username, target=target.alias
        )
    # The library's own get_banner() gives none of a connection that has ended.
    banner = getattr(transport.auth_handler, "banner", None) or b""
    said = " ".join(banner.decode("utf-8", "replace").replace("\0", " ").split())
    if said and (failure is None or isinstance(failure, EOFError)):
        # The key is right, and what decides over accounts sends a word before sshd hangs up.
        raise NasRefusal(
            causes.NAS_ACCOUNT_REFUSED, host=target.host, username=target.username, output=said[:_SAID_SHOWN_CHARACTERS]
        )
    raise _broken(transport, target, "login", failure)


def _not_shared(transport: paramiko.Transport, error: Exception) -> str:
    """What the two sides have no common one of, and which ones this side takes."""
    options = transport.get_security_options()
    kinds = {
        "kex": ("key exchange", options.kex),
        "host key": ("host key", options.key_types),
        "cipher": ("cipher", options.ciphers),
        "mac": ("MAC", options.digests),
    }
    for word, (kind, ours) in kinds.items():
        if f"no acceptable {word}" in str(error):
            return f"no {kind} of {', '.join(ours)}"
    return str(error).rstrip(".")


def hangs(target: SshTarget, timeout_seconds: float, stage: str) -> NasUnavailable:
    """The fault of a server that was talked to, and does not let us in or give a shell in time."""
    return NasUnavailable(
        causes.NAS_LOGIN_HANGS,
        host=target.host,
        username=target.username,
        seconds=timeout_seconds,
        stage=stage,
        target=target.alias,
    )


def _silent(target: SshTarget, timeout_seconds: float, stage: str) -> NasUnavailable:
    return NasUnavailable(causes.NAS_SILENT, host=target.host, port=target.port, seconds=timeout_seconds, stage=stage)


def _broken(
    transport: paramiko.Transport, target: SshTarget, stage: str, error: Exception | None = None
) -> NasUnavailable:
    """What the transport's own thread stumbled over."""
    library = ssh_library.load()
    error = error or transport.get_exception()
    # "Error reading SSH protocol banner" hides what happened to the socket.
    inner = error.__context__ if isinstance(error, library.SSHException) and error.__context__ else error
    fault: Fault
    if isinstance(error, library.IncompatiblePeer):
        fault = NasRefusal(causes.NAS_NO_COMMON_ALGORITHM, host=target.host, reason=_not_shared(transport, error))
    elif inner is None or isinstance(inner, EOFError | OSError):
        # To a proxy leads a pair of sockets of our own; how they end tells nothing of it.
        told = None if target.proxy_command else getattr(inner, "strerror", None)
        reason = told or "without a word"
        fault = NasUnavailable(causes.NAS_HUNG_UP, host=target.host, port=target.port, stage=stage, reason=reason)
    else:
        fault = NasUnavailable(
            causes.NAS_SSH_FAILED, host=target.host, stage=stage, reason=str(inner), target=target.alias
        )
    fault.__cause__ = error
    return fault
