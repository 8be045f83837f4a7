"""How the content of a copy on the NAS was compared with what was sent."""

from __future__ import annotations

from enum import StrEnum


class VerificationLevel(StrEnum):
    """What a verification rests on, the strongest first."""

    HASH = "hash"
    """A SHA-256 that the NAS computed over the file as it lies there."""
    READ_BACK = "read_back"
    """A SHA-256 over the file's bytes as they are read back from the NAS, at the price of the way back."""
    SIZE = "size"
    """The number of bytes alone, which proves no content."""

    def meets(self, required: VerificationLevel) -> bool:
        """Whether this is at least as strong as what is required."""
        order = list(VerificationLevel)
        return order.index(self) <= order.index(required)
