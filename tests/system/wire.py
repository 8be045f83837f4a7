"""A poor wire: ``python -m tests.system.wire IF1 IF2 JSON`` hands frames from one interface to the other.

It delays them and loses some, as the JSON object says (``delay_ms``, ``jitter_ms``, ``loss``), until its standard
input ends.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import random
import select
import socket
import sys
import time

# From linux/socket.h, linux/if_packet.h and linux/if_ether.h; Python has no names for the first two options.
_SOL_PACKET, _PACKET_VNET_HDR, _PACKET_IGNORE_OUTGOING, _ETH_P_ALL = 263, 15, 23, 3
_FRAME_LIMIT = 70_000  # bytes; with segmentation offload frames are longer than the MTU


def _open(interface: str) -> socket.socket:
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
    port.setsockopt(_SOL_PACKET, _PACKET_VNET_HDR, 1)  # keeps checksums and segmentation that are left to the card
    port.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
    port.bind((interface, _ETH_P_ALL))
    return port


def main() -> None:
    one, other = _open(sys.argv[1]), _open(sys.argv[2])
    orders = json.loads(sys.argv[3])
    peers = {one: other, other: one}
    numbers = itertools.count()
    on_the_way: list[tuple[float, int, socket.socket, bytes]] = []
    print("ready", flush=True)
    while True:
        now = time.monotonic()
        while on_the_way and on_the_way[0][0] <= now:
            _, _, port, frame = heapq.heappop(on_the_way)
            with contextlib.suppress(OSError):  # a full queue loses frames on any wire
                port.send(frame)
        timeout = max(0.0, on_the_way[0][0] - now) if on_the_way else None
        ready, _, _ = select.select([one, other, sys.stdin], [], [], timeout)
        if sys.stdin in ready:
            return
        for port in peers.keys() & set(ready):
            frame = port.recv(_FRAME_LIMIT)
            if random.random() >= orders["loss"]:
                delay = orders["delay_ms"] + random.random() * orders["jitter_ms"]
                heapq.heappush(on_the_way, (time.monotonic() + delay / 1000, next(numbers), peers[port], frame))


if __name__ == "__main__":
    main()
