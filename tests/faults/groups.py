"""All groups of faults; importing them fills the table."""

from tests.faults import database, edge_disk, nas_disk, network

__all__ = ["database", "edge_disk", "nas_disk", "network"]
