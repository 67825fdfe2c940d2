"""The seam: what the computer knows of its USB devices, and what it can ask one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from firmline.errors import TransportError
from firmline.links.base import PortLink
from firmline.links.usb.device import UsbDevice
from firmline.protocol.usb_trigger import TriggerRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """What is plugged in.

    Attributes:
        devices: Those that were found, in no order.
        problem: Why trigger interfaces, and devices without a port, could not be looked for;
            ``None``: they were.
    """

    devices: tuple[UsbDevice, ...]
    problem: TransportError | None = None


class UsbBus(Protocol):
    """The USB devices of a computer, or of a test."""

    def now_s(self) -> float:
        """A monotonic clock, in seconds."""

    async def look(self) -> Plugged:
        """What is plugged in at this moment.

        Raises:
            TransportError: NOT_AVAILABLE; the system does not list any.
        """

    async def read(self, device: UsbDevice, request: TriggerRequest, size: int) -> bytes:
        """Ask a device's trigger interface; at most ``size`` bytes answer.

        Raises:
            TransportError: REFUSED (it stalls), TIMEOUT, LOST, or NOT_AVAILABLE.
        """

    async def write(self, device: UsbDevice, request: TriggerRequest, data: bytes) -> None:
        """Tell a device's trigger interface something; it may be gone before it has answered.

        Raises:
            TransportError: REFUSED, TIMEOUT, LOST, or NOT_AVAILABLE.
        """

    def port(self, device: UsbDevice) -> PortLink:
        """The road through a device's serial port; nothing is opened yet."""

    async def close(self) -> None:
        """Give everything back; harmless when done before."""
