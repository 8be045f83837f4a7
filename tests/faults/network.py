"""The way to the NAS."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from tests.faults.table import fault, no_alarm
from tests.system.pair import BASE_PATH
from tests.system.site import DAEMON, HOME, Site
from tests.waiting import eventually

SSH_CONFIG = f"{HOME}/.ssh/config"
TRY = "sudo -u media-sync ssh -v -p 22 10.77.0.3"
PING = f"see that SSH is on (DSM: Control Panel, Terminal & SNMP) and that the port is right: {TRY}"
AWAKE = f"see that the NAS is on and awake, and that no firewall is in between: {TRY}"


@fault(
    probe="ping",
    cause="nas_name_unknown",
    says="the name nas.example.invalid can't be resolved: {reason}",
    remedy="check the name and this server's DNS: getent hosts nas.example.invalid",
)
def name_not_found(site: Site) -> Iterator[None]:
    """The NAS's name can't be resolved."""
    site.edge.shell(f"sed -i 's/HostName .*/HostName nas.example.invalid/' {SSH_CONFIG}")
    yield
    site.edge.shell(f"sed -i 's/HostName .*/HostName 10.77.0.3/' {SSH_CONFIG}")


@fault(
    probe="ping",
    cause="nas_no_route",
    says="no way to 10.77.0.3 port 22: Network is unreachable",
    remedy="check this server's network: ip route get 10.77.0.3",
)
def no_route(site: Site) -> Iterator[None]:
    """No route leads to the NAS."""
    site.edge.run("ip", "address", "del", "10.77.0.2/24", "dev", "eth0")
    yield
    site.edge.run("ip", "address", "add", "10.77.0.2/24", "dev", "eth0")


@fault(
    probe="ping",
    cause="nas_no_route",
    says="no way to 10.77.0.3 port 22: {reason}",
    remedy="check this server's network: ip route get 10.77.0.3",
)
def own_link_down(site: Site) -> Iterator[None]:
    """This server's own link is down."""
    site.edge.run("ip", "link", "set", "eth0", "down")
    yield
    site.edge.run("ip", "link", "set", "eth0", "up")


@fault(
    probe="ping",
    cause="nas_no_route",
    says="no way to 10.77.0.3 port 22: No route to host",
    remedy="check this server's network: ip route get 10.77.0.3",
)
def nas_unplugged(site: Site) -> Iterator[None]:
    """The NAS's cable is pulled."""
    with site.network.cut("nas"):
        yield


@fault(
    probe="ping",
    cause="nas_refused",
    says="10.77.0.3 refuses connections on port 22, although it answers ping in {time} ms",
    remedy=PING,
)
def refused(site: Site) -> Iterator[None]:
    """The NAS's SSH port refuses."""
    with site.network.filtered("nas", "tcp dport 22 reject with tcp reset"):
        yield


@fault(
    probe="ping",
    cause="nas_silent",
    says="10.77.0.3 port 22 gave no answer within 4.5 s (connecting)",
    remedy=AWAKE,
)
def blackhole(site: Site) -> Iterator[None]:
    """Everything to the NAS vanishes."""
    with site.network.filtered("nas", "drop"):
        yield


@fault(
    probe="ping",
    cause="nas_silent",
    says="10.77.0.3 port 22 gave no answer within 4.5 s (connecting), although it answers ping in {time} ms",
    remedy=AWAKE,
)
def ssh_filtered(site: Site) -> Iterator[None]:
    """SSH is filtered while ping works."""
    with site.network.filtered("nas", "tcp dport 22 drop"):
        yield


@fault(
    probe="ping",
    cause="nas_silent",
    says="10.77.0.3 port 22 gave no answer within 4.5 s (waiting for its SSH greeting), "
    "although it answers ping in {time} ms",
    remedy=AWAKE,
)
def frozen_sshd(site: Site) -> Iterator[None]:
    """The NAS's sshd is frozen."""
    site.nas.run("systemctl", "kill", "--signal=SIGSTOP", "--kill-who=all", "ssh.service")
    yield
    site.nas.run("systemctl", "kill", "--signal=SIGCONT", "--kill-who=all", "ssh.service")


@no_alarm(seconds=60)
def slow_and_lossy(site: Site) -> Iterator[None]:
    """300 ms there and back, and 2 % loss."""
    with site.network.poor(delay_ms=150, loss=0.02):  # each way
        yield


@no_alarm()
def asleep(site: Site) -> Iterator[None]:
    """The NAS needs 3 s to wake up at the first contact."""
    with site.network.filtered("nas", "drop"):
        waking = threading.Timer(3, site.network.hosts["nas"].run, ("nft", "flush", "chain", "inet", "faults", "input"))
        waking.start()
        yield
        waking.join()


@no_alarm()
def echoes_lost(site: Site) -> Iterator[None]:
    """The echo that the ping sends gets lost."""
    with site.network.filtered("nas", "icmp type echo-request limit rate 1/day burst 1 packets drop"):
        yield


@fault(
    probe="remote_verify",
    cause="nas_silent",
    says="the daemon could not deliver {file} within {seconds} s and keeps trying: "
    "10.77.0.3 port 22 gave no answer within 12 s ({step})",
    remedy=AWAKE,
    seconds=29,
)
def cut_in_the_middle(site: Site) -> Iterator[None]:
    """Nothing reaches the NAS any more while the file is on its way."""
    # So slow that it can be cut, so fast that what the way itself holds is soon full.
    slow = {"begins": "00:00", "ends": "24:00", "megabytes_per_second": 2}
    site.configure(
        {
            "sync_settings": {"bandwidth_limits": [slow]},
            "testing": {"test_file_size_bytes": 40 << 20, "max_wait_minutes": 0.4},
        }
    )
    site.edge.run("systemctl", "reload", DAEMON)
    with contextlib.ExitStack() as cutting:

        def cut() -> None:
            eventually(lambda: site.nas.shell(f"find {BASE_PATH} -name '.tmp_*' -size +100k"), 60)
            cutting.enter_context(site.network.filtered("nas", "drop"))

        cutter = threading.Thread(target=cut)
        cutter.start()
        yield
        cutter.join()
    site.configure(
        {"sync_settings": {"bandwidth_limits": []}, "testing": {"test_file_size_bytes": 1024, "max_wait_minutes": 1}}
    )
    site.forget_connections()  # it reads what it is configured at once, and not after the file in hand
