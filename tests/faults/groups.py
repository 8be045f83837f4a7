"""All groups of faults; importing them fills the table."""

from tests.faults import (
    daemon,
    daemon_setup,
    database,
    deletion,
    edge_disk,
    itself,
    jump_host,
    memory,
    nas_copy,
    nas_disk,
    nas_quota,
    network,
    queue_file,
    semantics,
    ssh,
)

__all__ = [
    "daemon",
    "daemon_setup",
    "database",
    "deletion",
    "edge_disk",
    "itself",
    "jump_host",
    "memory",
    "nas_copy",
    "nas_disk",
    "nas_quota",
    "network",
    "queue_file",
    "semantics",
    "ssh",
]
