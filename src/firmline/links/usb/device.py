"""One USB device, as far as a DFU has to know it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from firmline.protocol.usb_trigger import NORDIC_VENDOR_ID, OPEN_BOOTLOADER_ID


class UsbKind(StrEnum):
    """What a device shows itself to be."""

    APPLICATION = "application"
    """An application with the DFU trigger interface."""

    BOOTLOADER = "bootloader"
    """Nordic's open bootloader, by its vendor and product."""

    OTHER = "other"
    """Neither: another device, an application without the interface, or a bootloader that a maker
    has given a product of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbDevice:
    """A device that is plugged in.

    Attributes:
        vendor_id: idVendor.
        product_id: idProduct.
        serial_number: iSerialNumber as text, cleaned; empty: it has none, or it cannot be read.
        product: iProduct as text, cleaned; empty likewise.
        port: Its (first) serial port as the system names it; ``None``: it has none.
        trigger: Number of its DFU trigger interface; ``None``: it has none, or nobody could look.
        place: Bus and ports it hangs on, as ``1-4.2``; empty: the system does not tell.
        address: Its address on the bus, another one after every restart; ``None``: likewise.
    """

    vendor_id: int
    product_id: int
    serial_number: str = ""
    product: str = ""
    port: str | None = None
    trigger: int | None = None
    place: str = ""
    address: int | None = None

    @property
    def usb_id(self) -> str:
        """Vendor and product as everybody writes them: ``1915:521F``."""
        return f"{self.vendor_id:04X}:{self.product_id:04X}"

    @property
    def kind(self) -> UsbKind:
        """What it shows itself to be."""
        if (self.vendor_id, self.product_id) == (NORDIC_VENDOR_ID, OPEN_BOOTLOADER_ID):
            return UsbKind.BOOTLOADER
        return UsbKind.OTHER if self.trigger is None else UsbKind.APPLICATION

    @property
    def shown(self) -> str:
        """Everything a person recognises it by, for a message."""
        where = f" at {self.port}" if self.port else ""
        return f"{self.serial_number or '(no serial number)'} ({self.usb_id}{where})"

    def is_called(self, serial_number: str) -> bool:
        """Whether this is its serial number; upper and lower case are the same (Windows)."""
        return self.serial_number.casefold() == serial_number.casefold()
