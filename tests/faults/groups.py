"""All groups of faults; importing them fills the table."""

from tests.faults import daemon, database, edge_disk, nas_disk, network, ssh

__all__ = ["daemon", "database", "edge_disk", "nas_disk", "network", "ssh"]
