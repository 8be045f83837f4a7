"""What answers in the NAS's place, or does not, and programs of this server that are none."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

from tests.faults import table
from tests.faults.loopback import Loopback, fault, told
from tests.faults.table import Way
from tests.system.site import Site

GROUP = "network"


@contextlib.contextmanager
def web_server(port: int) -> Iterator[None]:
    """Whoever connects to the port hears what a web server says to one that speaks no HTTP."""
    with socket.create_server(("127.0.0.1", port)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield
        listening.shutdown(socket.SHUT_RDWR)


@fault(
    probe="ping",
    cause="not_ssh",
    says="what answers on 127.0.0.1 port {port} is no SSH server: it says HTTP/1.1 400 Bad Request",
    remedy="correct the port in the ssh configuration, or nas_settings.port: ssh -v -p {port} 127.0.0.1",
)
def web_server_at_the_port(place: Loopback) -> Iterator[None]:
    """A web server answers at the NAS's SSH port."""
    with place.daemon("idle"):
        place.nas.stop()
        with web_server(place.nas.port):
            yield
        place.nas.start()


@table.fault(
    probe="ping",
    cause="icmp_blocked",
    says="10.77.0.3 does not answer ping, although its SSH port does",
    remedy="nothing is broken; to have ping answered, allow ICMP echo on the NAS and between",
    outcome="warn",
)
def echoes_filtered(site: Site) -> Iterator[None]:
    """The NAS's firewall drops every echo."""
    with site.network.filtered("nas", "icmp type echo-request drop"):
        yield


@fault(
    probe="ping",
    cause="program_unusable",
    says="the program ssh can't be started: Exec format error",
    remedy="run it by hand: ssh -F {ssh_config} -G -- nas-edge",
    outcome="error",
)
def ssh_of_another_machine(place: Loopback) -> Iterator[Way]:
    """The program ssh is none that this machine can run."""
    folder = place.scene.folder / "foreign"
    folder.mkdir()
    (folder / "ssh").write_bytes(b"\x7fELF of another architecture")
    (folder / "ssh").chmod(0o755)
    with place.daemon("idle"):
        yield lambda: told(place.scene.check(PATH=str(folder)))
