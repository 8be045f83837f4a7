"""An edge server and a NAS, booted, on a network of their own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.nas_servers import make_key
from tests.system.machines import Machine, machine
from tests.system.network import ADDRESSES, Network
from tests.system.roots import Disk

NAS_USER = "edge_sync"
NAS_HOME = f"/volume1/homes/{NAS_USER}"
BASE_PATH = f"{NAS_HOME}/drone_media"
ALIAS = "nas-edge"


@dataclass(frozen=True, slots=True)
class Keys:
    """The key of the edge server's service user, and the one by which the NAS is known."""

    client: Path
    host: Path

    @classmethod
    def make(cls, folder: Path) -> Keys:
        """Make both."""
        keys = cls(folder / "client", folder / "host")
        make_key(os.fspath(keys.client))
        make_key(os.fspath(keys.host))
        return keys


@dataclass(frozen=True, slots=True)
class Pair:
    """Both, switched on."""

    edge: Machine
    nas: Machine
    network: Network


@contextlib.contextmanager
def pair(edge_disk: Disk, nas_disk: Disk) -> Iterator[Pair]:
    """Boot both, side by side."""
    with contextlib.ExitStack() as up:
        network = Network()
        up.callback(network.close)
        edge, nas = (
            up.enter_context(machine(name, disk, network=network.hosts[name], boot=False))
            for name, disk in (("edge", edge_disk), ("nas", nas_disk))
        )
        edge.switch_on()
        nas.switch_on()
        edge.wait_until_up()
        nas.wait_until_up()
        yield Pair(edge, nas, network)


def set_up_nas(nas: Machine, keys: Keys) -> None:
    """Make a machine what a NAS is to the edge server: an account that the key opens, and a folder for media."""
    nas.shell(
        f"rm -f /etc/ssh/ssh_host_*; mkdir -p /volume1/homes; "
        f"useradd --create-home --home-dir {NAS_HOME} --shell /bin/bash {NAS_USER}"
    )
    nas.write("/etc/ssh/ssh_host_ed25519_key", keys.host.read_text(), mode=0o600)
    nas.write("/etc/ssh/ssh_host_ed25519_key.pub", public(keys.host))
    nas.write(f"{NAS_HOME}/.ssh/authorized_keys", public(keys.client), mode=0o600)
    nas.shell(f"mkdir {BASE_PATH}; chown -R {NAS_USER}: {NAS_HOME}; chmod 700 {NAS_HOME}/.ssh")
    nas.shell("systemctl enable --quiet ssh.service; systemctl restart ssh.service")


def know_the_nas(edge: Machine, keys: Keys, *, user: str, home: str) -> None:
    """Give an account of the edge server what the operator gives it: the alias, the key, and the NAS's host key."""
    files = {
        "config": f"Host {ALIAS}\n  HostName {ADDRESSES['nas']}\n  User {NAS_USER}\n"
        f"  IdentityFile {home}/.ssh/id_ed25519\n  IdentitiesOnly yes\n",
        "id_ed25519": keys.client.read_text(),
        "known_hosts": f"{ADDRESSES['nas']} {public(keys.host)}",
    }
    edge.shell(f"install -d -m 700 -o {user} -g {user} {home}/.ssh")
    for name, content in files.items():
        edge.write(f"{home}/.ssh/{name}", content, mode=0o600, owner=f"{user}:{user}")


def public(key: Path) -> str:
    """The public line of a key."""
    return Path(f"{key}.pub").read_text()
