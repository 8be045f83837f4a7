"""A NAS that is reached through another host, which goes away in the middle of a transfer."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults.loopback import Loopback, fault
from tests.nas_servers import Server, openssh_server
from tests.waiting import eventually

GROUP = "ssh"
NAME = "20250122_101500_media.mp4"
MEGABYTES = 20
THROUGH = (
    "the daemon could not deliver {name}.smoke-check.bin within {few} s and keeps trying: the way to 127.0.0.1 through "
    "'ssh -F {file} -o BatchMode=yes -W [127.0.0.1]:{nas_port} -- ssh://gate' failed:"
)
fails = functools.partial(
    fault, probe="remote_verify", cause="nas_proxy_failed", remedy="try it by hand: ssh -v -F {file} nas-edge"
)
SLOW = {"begins": "00:00", "ends": "24:00", "megabytes_per_second": 4}


@contextlib.contextmanager
def through_a_jump_host(place: Loopback) -> Iterator[Server]:
    """Reach the NAS through another sshd while the block lasts."""
    config = Path(place.nas.ssh_config)
    direct = config.read_text()
    with openssh_server(place.scene.folder / "gate") as gate:
        there = Path(gate.ssh_config).read_text().replace("Host nas-edge", "Host gate")
        config.write_text(f"{direct}    ProxyJump gate\n{there}")
        yield gate
    config.write_text(direct)


@contextlib.contextmanager
def lost_in_the_middle(
    place: Loopback, away: Callable[[Server], None], back: Callable[[Server], None]
) -> Iterator[None]:
    """Lose the jump host while a large file is on its way, which is gone on with when the host is back."""
    place.configure(
        {
            "sync_settings": {"bandwidth_limits": [SLOW], "delete_after_sync": False},
            "security": {"connection_timeout_seconds": 1},
            "testing": {"max_wait_minutes": 0.1},
        }
    )
    place.put(NAME, size=MEGABYTES << 20)
    folder = place.scene.base / "EdgeBackup/2025/01/22"
    with through_a_jump_host(place) as gate, place.daemon():
        part = eventually(lambda: [path for path in folder.glob(".tmp_*") if path.stat().st_size > 1 << 20])[0]
        begun = part.stat().st_ino
        away(gate)
        yield
        back(gate)
        eventually(lambda: (folder / NAME).exists(), 30)
        assert (folder / NAME).stat().st_ino == begun


@fails(says=f"{THROUGH} ssh: connect to host 127.0.0.1 port {{port}}: Connection refused")
def jump_host_off_in_the_middle(place: Loopback) -> Iterator[None]:
    """The host between is gone in the middle of a transfer."""
    with lost_in_the_middle(place, Server.stop, Server.start):
        yield


@fails(says=f"{THROUGH} no answer within 1 s")
def jump_host_silent_in_the_middle(place: Loopback) -> Iterator[None]:
    """The host between says nothing any more in the middle of a transfer."""
    with lost_in_the_middle(place, Server.freeze, Server.thaw):
        yield
