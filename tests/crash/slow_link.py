"""A slow link in front of a NAS: a relay on loopback that shares out a rate and adds a delay.

``python -m tests.crash.slow_link PORT`` prints its own port and hands what comes there to PORT. Each line of its input
is an order in JSON (``bytes_per_second`` for each direction, ``delay_ms`` for each way); it ends with its input.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.nas_servers import Server

_CHUNK = 16384


class SlowLink:
    """The other end of it."""

    def __init__(self, server: Server) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crash.slow_link", str(server.port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parent.parent.parent,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def order(self, bytes_per_second: int, delay_ms: float) -> None:
        """From now on it is so fast, and takes so long for one way."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"bytes_per_second": bytes_per_second, "delay_ms": delay_ms}) + "\n")
        self._process.stdin.flush()

    def end(self) -> None:
        """Cut it, with all that goes through it."""
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def slow_link(server: Server) -> Iterator[SlowLink]:
    """Put a slow link in front of a server: whoever goes by the server's ssh configuration takes it."""
    link = SlowLink(server)
    try:
        known, config = Path(server.known_hosts), Path(server.ssh_config)
        known.write_text(known.read_text().replace(f":{server.port} ", f":{link.port} "))
        config.write_text(config.read_text().replace(f"Port {server.port}\n", f"Port {link.port}\n"))
        yield link
    finally:
        link.end()


class _Wire:
    """One direction, shared by all connections: what it carries now, it can't carry for another."""

    def __init__(self) -> None:
        self.bytes_per_second = 1e9
        self.delay_seconds = 0.0
        self._free_at = 0.0

    def carry(self, size: int) -> float:
        """Until when so many bytes occupy it (seconds of the loop's clock)."""
        self._free_at = max(self._free_at, asyncio.get_running_loop().time()) + size / self.bytes_per_second
        return self._free_at


async def _pump(wire: _Wire, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop().time
    on_the_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            due, chunk = await on_the_way.get()
            await asyncio.sleep(due - clock())
            if not chunk:
                sink.write_eof()
                return
            sink.write(chunk)
            await sink.drain()

    async with asyncio.TaskGroup() as group:
        group.create_task(deliver())
        chunk = b"-"
        while chunk:
            chunk = await source.read(_CHUNK)
            sent = wire.carry(len(chunk))
            on_the_way.put_nowait((sent + wire.delay_seconds, chunk))
            await asyncio.sleep(sent - clock())


async def _main() -> None:
    there, back = _Wire(), _Wire()
    relays = set[asyncio.Task[None] | None]()  # the loop itself holds none of them

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        other: asyncio.StreamWriter | None = None
        relays.add(asyncio.current_task())
        try:
            other_reader, other = await asyncio.open_connection("127.0.0.1", int(sys.argv[1]))
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(there, reader, other))
                group.create_task(_pump(back, other_reader, writer))
        except* OSError:  # one side has hung up, which the other shall see
            pass
        finally:
            for one in (writer, other):
                if one is not None:
                    one.transport.abort()
            relays.discard(asyncio.current_task())

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        order = json.loads(line)
        for wire in (there, back):
            wire.bytes_per_second, wire.delay_seconds = order["bytes_per_second"], order["delay_ms"] / 1000


if __name__ == "__main__":
    asyncio.run(_main())
