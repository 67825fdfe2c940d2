"""Virtual units on a USB bus of their own: they enumerate anew with every restart.

A unit that boots is not on the bus. Its application and its bootloader are two products with one
serial number, and nothing of a port that was open survives a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, TransportError, TransportReason
from firmline.events import UnitMode
from firmline.links.base import SerialCapabilities
from firmline.links.serial.link import SerialLink
from firmline.links.serial.problems import cannot_open, lost
from firmline.links.serial.wire import OnData, OnLost
from firmline.links.serving.serial_driver import SerialDriver
from firmline.links.usb.bus import Plugged
from firmline.links.usb.device import UsbDevice
from firmline.protocol.usb_trigger import (
    NORDIC_VENDOR_ID,
    OPEN_BOOTLOADER_ID,
    TRIGGER_APPLICATION_ID,
    TriggerRequest,
)

TRIGGER_INTERFACE: Final = 2
"""Behind the two of its serial port (CDC: control and data)."""


class VirtualWire:
    """A :class:`~firmline.links.serial.wire.Wire` to a unit, until that restarts.

    Args:
        driver: Of the unit.
        name: Of the port.
    """

    def __init__(self, driver: SerialDriver, name: str) -> None:
        self._driver = driver
        self._name = name
        self._is_gone = False
        self._on_lost: OnLost = lambda _error: None

    def listen(self, on_data: OnData, on_lost: OnLost) -> None:
        """Tell what arrives."""
        self._on_lost = on_lost
        self._driver.plug(on_data, on_restart=self._end)
        self._driver.open_port()

    def _end(self) -> None:
        self._is_gone = True
        self._driver.unplug()
        self._on_lost(lost(self._name))

    async def write(self, data: bytes) -> None:
        """Hand the bytes over, no faster than the unit takes them."""
        if not self._is_gone:
            await self._driver.room()
        if self._is_gone:
            raise lost(self._name)
        self._driver.feed(data)

    def set_baud(self, baud: int) -> None:
        """Nothing: USB has no baud rate."""

    def clear_to_send(self) -> bool | None:
        """It does not tell."""
        return None

    async def close(self) -> None:
        """Stop listening; the unit goes on."""
        if not self._is_gone:
            self._is_gone = True
            self._driver.unplug()


class VirtualBus:
    """A :class:`~firmline.links.usb.bus.UsbBus` with virtual units on it, in the loop's time.

    Args:
        units: The units, switched off; their power comes from the bus.
    """

    def __init__(self, units: Iterable[VirtualUnit]) -> None:
        self._loop = asyncio.get_running_loop()
        self._drivers = [SerialDriver(unit, baud=None) for unit in units]
        for driver in self._drivers:
            driver.power_on()

    def now_s(self) -> float:
        """The event loop's clock."""
        return self._loop.time()

    async def look(self) -> Plugged:
        """What is plugged in at this moment."""
        return Plugged(devices=tuple(self._found()))

    def _found(self) -> dict[UsbDevice, SerialDriver]:
        described = {
            _described(driver, number): driver for number, driver in enumerate(self._drivers, 1)
        }
        return {device: driver for device, driver in described.items() if device is not None}

    async def read(self, device: UsbDevice, request: TriggerRequest, size: int) -> bytes:
        """Ask a unit's trigger interface."""
        answer = self._driver_of(device).ask(request)
        if answer is None:
            raise _stalled(device)
        return answer[:size]

    async def write(self, device: UsbDevice, request: TriggerRequest, data: bytes) -> None:
        """Tell a unit's trigger interface something; it never answers (DETACH resets it)."""
        _ = data
        self._driver_of(device).ask(request)
        raise _stalled(device)

    def _driver_of(self, device: UsbDevice) -> SerialDriver:
        driver = self._found().get(device)
        if driver is None:
            raise TransportError(
                Code.USB_FAILED,
                f"The USB device {device.shown} cannot be asked: it is gone.",
                reason=TransportReason.LOST,
            )
        return driver

    def port(self, device: UsbDevice) -> SerialLink:
        """The road through a unit's port; nothing is opened yet."""
        name = device.port or ""

        async def plug_in() -> VirtualWire:
            driver = self._found().get(device)
            if driver is None:
                raise cannot_open(name, FileNotFoundError(2, "gone"))
            return VirtualWire(driver, name)

        return SerialLink(
            name=name,
            open_wire=plug_in,
            capabilities=SerialCapabilities(baud=None, flow_control=True, exclusive=True),
        )

    async def close(self) -> None:
        """Take the power away: the units' time stops."""
        for driver in self._drivers:
            driver.unplug()
            driver.close()


def _stalled(device: UsbDevice) -> TransportError:
    return TransportError(
        Code.USB_FAILED,
        f"The USB device {device.shown} cannot be asked: it stalls.",
        reason=TransportReason.REFUSED,
    )


def _described(driver: SerialDriver, number: int) -> UsbDevice | None:
    """A unit as the bus sees it; ``None``: nothing of it runs."""
    unit = driver.unit
    mode = unit.mode
    if mode is None:
        return None
    is_application = mode is UnitMode.APPLICATION
    has_trigger = unit.board.application_dfu is ApplicationDfu.TRIGGER
    return UsbDevice(
        vendor_id=NORDIC_VENDOR_ID,
        product_id=TRIGGER_APPLICATION_ID if is_application else OPEN_BOOTLOADER_ID,
        serial_number=unit.serial_number,
        product=unit.name if is_application else "Open DFU Bootloader",
        port=f"the port of {unit.name}",
        trigger=TRIGGER_INTERFACE if is_application and has_trigger else None,
        place=f"1-{number}",
        address=driver.restarts + 1,
    )
