"""A virtual dongle's port in this process: no descriptor, no thread, any time."""

from __future__ import annotations

from firmline.links.serial.wire import OnData, OnLost
from firmline.links.virtual_dongle.chip import VirtualDongle


class VirtualDongleWire:
    """A :class:`~firmline.links.serial.wire.Wire` that ends at a virtual dongle.

    Args:
        dongle: The dongle.
    """

    def __init__(self, dongle: VirtualDongle) -> None:
        self._dongle = dongle

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:  # noqa: ARG002 - it is never lost
        """Tell what arrives."""
        self._dongle.plug(on_data)

    async def write(self, data: bytes) -> None:
        """Hand the bytes over, no faster than the chip takes them."""
        await self._dongle.room()
        self._dongle.feed(data)

    def set_baud(self, baud: int) -> None:
        """Nothing: its UART has the speed it has, and hears every host."""

    def clear_to_send(self) -> bool | None:
        """It does not tell."""
        return None

    async def close(self) -> None:
        """Hear no more; the dongle does not notice."""
        self._dongle.unplug()
