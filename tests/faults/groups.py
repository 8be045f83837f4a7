"""All groups of faults; importing them fills the table."""

from tests.faults import network

__all__ = ["network"]
