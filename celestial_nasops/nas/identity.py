"""The private key to log in with."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from celestial_nasops import causes, regular_file
from celestial_nasops.durable import user_name
from celestial_nasops.fault import NasRefusal
from celestial_nasops.nas import ssh_library
from celestial_nasops.nas.target import SshTarget

if TYPE_CHECKING:
    import paramiko


def load(target: SshTarget) -> tuple[str, paramiko.PKey]:
    """Load the first identity file that exists, and return its path with the key.

    No other is tried: DSM blocks an address after a few refused keys.

    Raises:
        NasRefusal: there is none, or it can't be used.
    """
    path = path_of(target)
    if path is None:
        paths = ", ".join(target.identity_files) or "none is configured"
        new = (target.identity_files or (os.path.expanduser("~/.ssh/id_ed25519"),))[0]
        raise NasRefusal(causes.NAS_KEY_MISSING, host=target.host, paths=paths, path=new, target=target.alias)
    return path, _read(path)


def path_of(target: SshTarget) -> str | None:
    """The first identity file that exists."""
    return next((path for path in target.identity_files if os.path.lexists(path)), None)


def mode_open_to_others(path: str) -> str | None:
    """The mode of a key that others than its owner may use, None where they may not.

    As ssh itself, which asks for the modes of its user's own keys alone, and does not use such a key.
    """
    try:
        found = os.stat(path)
    except OSError:
        return None
    if found.st_uid != os.geteuid() or not found.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        return None
    return f"{stat.S_IMODE(found.st_mode):03o}"


def _read(path: str) -> paramiko.PKey:
    library = ssh_library.load()
    try:
        regular_file.demand(path)
    except OSError as error:
        raise _unusable(path, error.strerror or str(error)) from error
    for kind in (library.Ed25519Key, library.ECDSAKey, library.RSAKey):
        try:
            key: paramiko.PKey = kind.from_private_key_file(path)
        except OSError as error:
            raise _unusable(path, error.strerror or str(error)) from error
        except library.PasswordRequiredException as error:
            raise _unusable(path, "it has a passphrase") from error
        except Exception:  # noqa: BLE001, S112 - of another kind, or broken, and then anything may be raised
            continue
        return key
    return _read_without_comment(path)


def _read_without_comment(path: str) -> paramiko.PKey:
    """Load a key that paramiko can't: it takes the end of one without a comment for padding, for half of ecdsa's."""
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key

    library = ssh_library.load()
    try:
        with open(path, "rb") as file:
            secret = load_ssh_private_key(file.read(), password=None)
    except Exception as error:  # see above
        raise _unusable(path, "it is no private key of the kinds ed25519, ecdsa and rsa") from error
    key: paramiko.PKey
    match secret:
        case EllipticCurvePrivateKey():
            key = library.ECDSAKey(vals=(secret, secret.public_key()))
        case RSAPrivateKey():
            key = library.RSAKey(key=secret)
        case _:
            raise _unusable(path, "it is no private key of the kinds ed25519, ecdsa and rsa")
    return key


def _unusable(path: str, reason: str) -> NasRefusal:
    return NasRefusal(causes.NAS_KEY_UNUSABLE, path=path, reason=reason, user=user_name())
