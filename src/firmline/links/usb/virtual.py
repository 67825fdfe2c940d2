"""Virtual units on a USB bus of their own: they enumerate anew with every restart.

A unit that boots is not on the bus. Its application and its bootloader are two products with one
serial number, and nothing of a port that was open survives a restart, or the plug being out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from firmline.device.application_dfu import ApplicationDfu
from firmline.device.radio_face import ResetKind
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


class VirtualUsbWire:
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
        self._driver.plug(on_data, on_restart=self.end)
        self._driver.open_port()

    def end(self) -> None:
        """The unit is gone from its port; harmless when nobody listens any more."""
        if not self._is_gone:
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


class Socket:
    """Where a unit is plugged in.

    Args:
        driver: Of the unit.
        number: On the bus.

    Attributes:
        driver: Of the unit.
        number: On the bus.
        wire: Through its port, if somebody has opened that.
        is_in: Whether the plug is in.
        pulls: How often it was pulled.
    """

    def __init__(self, driver: SerialDriver, number: int) -> None:
        self.driver = driver
        self.number = number
        self.wire: VirtualUsbWire | None = None
        self.is_in = True
        self.pulls = 0

    def open(self, name: str) -> VirtualUsbWire:
        """Open the unit's port."""
        self.wire = VirtualUsbWire(self.driver, name)
        return self.wire

    def pull(self) -> None:
        """Pull the plug; whoever has the port open hears of it."""
        self.is_in = False
        self.pulls += 1
        if self.wire is not None:
            self.wire.end()
            self.wire = None


class VirtualBus:
    """A :class:`~firmline.links.usb.bus.UsbBus` with virtual units on it, in the loop's time.

    Args:
        units: The units, switched off; their power comes when the bus is made.
    """

    def __init__(self, units: Iterable[VirtualUnit]) -> None:
        self._loop = asyncio.get_running_loop()
        drivers = [SerialDriver(unit, baud=None) for unit in units]
        self._sockets = [Socket(driver, number) for number, driver in enumerate(drivers, 1)]
        for driver in drivers:
            driver.power_on()

    def unplug(self, unit: VirtualUnit) -> None:
        """Pull a unit's plug. It goes on, as one with a cell of its own does."""
        self._socket(unit).pull()

    def plug_in(self, unit: VirtualUnit) -> None:
        """Plug a unit in again: it is enumerated anew."""
        self._socket(unit).is_in = True

    def cut_power(self, unit: VirtualUnit) -> None:
        """Take a unit's power away for a moment, wherever its plug is: it boots."""
        unit.reset(ResetKind.POWER, now_s=self.now_s())
        self.settle(unit)

    def settle(self, unit: VirtualUnit) -> None:
        """Have happen what follows from something that was done to a unit."""
        self._socket(unit).driver.feed(b"")

    def _socket(self, unit: VirtualUnit) -> Socket:
        (socket,) = [each for each in self._sockets if each.driver.unit is unit]
        return socket

    def now_s(self) -> float:
        """The event loop's clock."""
        return self._loop.time()

    async def look(self) -> Plugged:
        """What is plugged in at this moment."""
        return Plugged(devices=tuple(self._found()))

    def _found(self) -> dict[UsbDevice, Socket]:
        described = {_described(socket): socket for socket in self._sockets}
        return {device: socket for device, socket in described.items() if device is not None}

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
        socket = self._found().get(device)
        if socket is None:
            raise TransportError(
                Code.USB_FAILED,
                f"The USB device {device.shown} cannot be asked: it is gone.",
                reason=TransportReason.LOST,
            )
        return socket.driver

    def port(self, device: UsbDevice) -> SerialLink:
        """The road through a unit's port; nothing is opened yet."""
        name = device.port or ""

        async def plug_in() -> VirtualUsbWire:
            socket = self._found().get(device)
            if socket is None:
                raise cannot_open(name, FileNotFoundError(2, "gone"))
            return socket.open(name)

        return SerialLink(
            name=name,
            open_wire=plug_in,
            capabilities=SerialCapabilities(baud=None, flow_control=True, exclusive=True),
        )

    async def close(self) -> None:
        """Take the power away: the units' time stops."""
        for socket in self._sockets:
            socket.driver.unplug()
            socket.driver.close()


def _stalled(device: UsbDevice) -> TransportError:
    return TransportError(
        Code.USB_FAILED,
        f"The USB device {device.shown} cannot be asked: it stalls.",
        reason=TransportReason.REFUSED,
    )


def _described(socket: Socket) -> UsbDevice | None:
    """A unit as the bus sees it; ``None``: nothing of it runs, or its plug is out."""
    unit = socket.driver.unit
    mode = unit.mode
    if mode is None or not socket.is_in:
        return None
    is_application = mode is UnitMode.APPLICATION
    has_trigger = unit.board.application_dfu is ApplicationDfu.TRIGGER
    return UsbDevice(
        vendor_id=NORDIC_VENDOR_ID,
        product_id=TRIGGER_APPLICATION_ID if is_application else OPEN_BOOTLOADER_ID,
        serial_number=unit.serial_number,
        product=unit.name if is_application else "Open DFU Bootloader",
        port=f"sim:{unit.name}",
        trigger=TRIGGER_INTERFACE if is_application and has_trigger else None,
        place=f"1-{socket.number}",
        address=socket.driver.restarts + socket.pulls + 1,
    )
