"""How surely a copy on the NAS is known to be right."""

from __future__ import annotations

from enum import StrEnum


class VerificationLevel(StrEnum):
    """From the surest to the weakest.

    Attributes:
        HASH: the NAS itself read its disk and hashed what lies there.
        READ_BACK: the copy was read back over the network and hashed here.
        SIZE: only its size was compared.
    """

    HASH = "hash"
    READ_BACK = "read_back"
    SIZE = "size"

    @property
    def proves_content(self) -> bool:
        """Whether it tells one content from another of the same size."""
        return self is not VerificationLevel.SIZE

    def meets(self, required: VerificationLevel) -> bool:
        """Whether this is at least as sure as what is required."""
        order = list(VerificationLevel)
        return order.index(self) <= order.index(required)
