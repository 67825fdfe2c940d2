"""What carries a port's bytes: one interface for devices, URLs and virtual units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmline.errors import TransportError

OnData = Callable[[bytes], None]
OnLost = Callable[[TransportError], None]

READ_SIZE = 4096
"""Bytes that are read at once; ours: more than any port keeps."""


class Wire(Protocol):
    """Raw bytes to a port and from it."""

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:
        """From now on tell what arrives, in the event loop's thread; called once.

        Args:
            on_data: Told of bytes, in the pieces in which they come.
            on_lost: Told once that nothing will come any more, and why.
        """

    async def write(self, data: bytes) -> None:
        """Write all of ``data``; returns when the system has taken it.

        Raises:
            TransportError: LOST, or TIMEOUT where the port takes nothing.
        """

    def set_baud(self, baud: int) -> None:
        """Go on at another speed.

        Raises:
            TransportError: NOT_AVAILABLE; the port does not have this speed. Or LOST.
        """

    def clear_to_send(self) -> bool | None:
        """Whether the other side lets us send (CTS); ``None``: the port does not tell."""

    async def close(self) -> None:
        """Give the port back, with what was not sent thrown away; harmless when done before."""
