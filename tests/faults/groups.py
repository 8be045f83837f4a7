"""All groups of faults; importing them fills the table."""

from tests.faults import daemon, database, deletion, edge_disk, itself, nas_copy, nas_disk, network, semantics, ssh

__all__ = [
    "daemon",
    "database",
    "deletion",
    "edge_disk",
    "itself",
    "nas_copy",
    "nas_disk",
    "network",
    "semantics",
    "ssh",
]
