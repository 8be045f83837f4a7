"""How an SFTP server says no, or talks nonsense; apart from the protocol, for connections that never speak it."""

from __future__ import annotations


class Refused(Exception):  # noqa: N818 - an answer, which may be the expected one
    """The server answered a request with a status other than OK."""

    def __init__(self, status: int, text: str) -> None:
        self.status = status
        self.text = text
        super().__init__(f"{text} (SFTP status {status})")


class Garbled(Exception):  # noqa: N818 - the other side's doing
    """What came is not an answer in this protocol."""
