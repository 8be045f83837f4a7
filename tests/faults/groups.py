"""All groups of faults; importing them fills the table."""

from tests.faults import daemon, daemon_setup, database, edge_disk, nas_disk, network

__all__ = ["daemon", "daemon_setup", "database", "edge_disk", "nas_disk", "network"]
