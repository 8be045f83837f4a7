"""``python -m bench [NAME]`` runs one benchmark, or all."""

from __future__ import annotations

import sys

from bench import deletions, idle, memory, queue, run_cost, run_latency, transfer

ALL = {
    "latency": run_latency.main,
    "cost": run_cost.main,
    "transfer": transfer.main,
    "deletions": deletions.main,
    "queue": queue.main,
    "idle": idle.main,
    "memory": memory.main,
}


def main() -> int:
    names = sys.argv[1:] or list(ALL)
    unknown = [name for name in names if name not in ALL]
    if unknown:
        sys.stderr.write(f"no benchmark {', '.join(unknown)}; there are: {', '.join(ALL)}\n")
        return 64
    for name in names:
        ALL[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
