"""The computer's own USB: ports by pyserial, interfaces and requests by pyusb over libusb.

Nothing is decided here. Both libraries block, so both are called in a thread; both are imported
when they are first needed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from firmline.errors import TransportError
from firmline.links.gatt import clean_text
from firmline.links.serial.link import SerialLink, serial_link
from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.problems import extra_missing as serial_extra_missing
from firmline.links.usb.bus import Plugged
from firmline.links.usb.device import UsbDevice
from firmline.links.usb.joining import joined
from firmline.links.usb.problems import (
    extra_missing,
    library_missing,
    not_listed,
    request_failed,
)
from firmline.protocol.usb_trigger import (
    INTERFACE_CLASS,
    INTERFACE_PROTOCOL,
    INTERFACE_SUBCLASS,
    TriggerRequest,
)

REQUEST_TIMEOUT_MS: Final = 1000
"""For one request: it needs no flash; ours."""
CLASS_REQUEST_IN: Final = 0xA1
CLASS_REQUEST_OUT: Final = 0x21
"""bmRequestType of a class request to an interface (USB 2.0, table 9-2)."""
SYSFS: Final = Path("/sys/bus/usb/devices")
"""Where Linux tells the strings of a device to those who may not open it."""


class HostBus:
    """A :class:`~firmline.links.usb.bus.UsbBus`: that of this computer.

    Args:
        comports: Lists serial ports as pyserial does; ``None``: pyserial does.
        devices: Lists devices as pyusb does; ``None``: pyusb does.
        sysfs: The folder of Linux's strings.
    """

    def __init__(
        self,
        *,
        comports: Callable[[], list[Any]] | None = None,
        devices: Callable[[], list[Any]] | None = None,
        sysfs: Path = SYSFS,
    ) -> None:
        self._comports = comports or _comports
        self._devices = devices or _usb_devices
        self._sysfs = sysfs
        self._handles: dict[UsbDevice, Any] = {}
        self._looking = asyncio.Lock()
        self._looks = 0
        self._seen: tuple[int, Plugged] | None = None
        """The last look, by its number among those that were begun."""
        self._loop = asyncio.get_running_loop()

    def now_s(self) -> float:
        """The event loop's clock."""
        return self._loop.time()

    async def look(self) -> Plugged:
        """What is plugged in at this moment.

        One looks at a time: who asks meanwhile shares the look that begins next.
        """
        asked = self._looks
        async with self._looking:
            if self._seen is None or self._seen[0] <= asked:
                self._looks += 1
                number = self._looks
                self._seen = number, await asyncio.to_thread(self._look)
            return self._seen[1]

    def _look(self) -> Plugged:
        ports = [_at_port(port) for port in self._comports() if port.vid is not None]
        problem: TransportError | None = None
        found: dict[UsbDevice, Any] = {}
        try:
            found = {self._described(handle): handle for handle in self._devices()}
        except TransportError as error:
            problem = error
        devices = joined(ports, found)
        by_place = {(each.place, each.address): handle for each, handle in found.items()}
        self._handles = {
            device: by_place[device.place, device.address]
            for device in devices
            if (device.place, device.address) in by_place
        }
        return Plugged(devices=devices, problem=problem)

    def _described(self, handle: Any) -> UsbDevice:  # noqa: ANN401 - pyusb has no types
        """A device of libusb as a value."""
        place = f"{handle.bus}-{'.'.join(map(str, handle.port_numbers or ()))}"
        return UsbDevice(
            vendor_id=handle.idVendor,
            product_id=handle.idProduct,
            serial_number=self._string(handle, place, "serial", "serial_number"),
            product=self._string(handle, place, "product", "product"),
            trigger=_trigger_of(handle),
            place=place,
            address=handle.address,
        )

    def _string(self, handle: Any, place: str, file: str, attribute: str) -> str:  # noqa: ANN401
        """A string of a device: from the system where it tells, else from the device itself."""
        with suppress(OSError):
            return clean_text((self._sysfs / place / file).read_bytes())
        # Of a device that may not be opened, or is just going, nothing is known.
        with suppress(*_usb_errors()):
            return clean_text((getattr(handle, attribute) or "").encode())
        return ""

    async def read(self, device: UsbDevice, request: TriggerRequest, size: int) -> bytes:
        """Ask a device's trigger interface."""
        return bytes(await self._transfer(device, CLASS_REQUEST_IN, request, size))

    async def write(self, device: UsbDevice, request: TriggerRequest, data: bytes) -> None:
        """Tell a device's trigger interface something."""
        await self._transfer(device, CLASS_REQUEST_OUT, request, data)

    async def _transfer(
        self, device: UsbDevice, kind: int, request: TriggerRequest, data: int | bytes
    ) -> Any:  # noqa: ANN401 - what libusb returns
        handle = self._handles.get(device)
        if handle is None:
            raise request_failed(device, FileNotFoundError(2, "it is gone"))

        def transfer() -> Any:  # noqa: ANN401
            try:
                # pyusb claims the interface that a request is for.
                return handle.ctrl_transfer(
                    kind, request, 0, device.trigger, data, timeout=REQUEST_TIMEOUT_MS
                )
            finally:
                _release(handle)

        try:
            return await asyncio.to_thread(transfer)
        except _usb_errors() as problem:
            raise request_failed(device, problem) from None

    def port(self, device: UsbDevice) -> SerialLink:
        """The road through a device's serial port: no byte times, and USB's own flow control."""
        options = SerialOptions(port=device.port or "", flow=FlowControl.NONE)
        return serial_link(options, over_usb=True)

    async def close(self) -> None:
        """Forget the devices; nothing of them is open."""
        self._handles.clear()


def _comports() -> list[Any]:
    try:
        from serial.tools.list_ports import comports  # noqa: PLC0415 - an optional part
    except ImportError:
        raise serial_extra_missing() from None
    return list(comports())


def _usb_devices() -> list[Any]:
    try:
        import usb.core  # noqa: PLC0415 - an optional part
    except ImportError:
        raise extra_missing() from None
    try:
        return list(usb.core.find(find_all=True))
    except usb.core.NoBackendError:
        raise library_missing() from None
    except _usb_errors() as problem:
        raise not_listed(problem) from None


def _usb_errors() -> tuple[type[Exception], ...]:
    """What pyusb raises of a device; its own errors are OSErrors.

    ``ValueError``: a device without readable languages; ``NotImplementedError``: one without a
    driver for libusb, on Windows.
    """
    return (OSError, ValueError, NotImplementedError)


def _at_port(port: Any) -> UsbDevice:  # noqa: ANN401 - pyserial's types do not tell
    """What pyserial knows of the device behind a port."""
    return UsbDevice(
        vendor_id=port.vid,
        product_id=port.pid or 0,
        serial_number=clean_text((port.serial_number or "").encode()),
        product=clean_text((port.product or "").encode()),
        port=str(port.device),
        # Of a device with several interfaces it names the port's interface, too: 1-4.2:1.0.
        place=(port.location or "").split(":", 1)[0],
    )


def _trigger_of(handle: Any) -> int | None:  # noqa: ANN401
    """The number of a device's trigger interface; reading descriptors opens nothing."""
    with suppress(*_usb_errors()):
        for interface in _interfaces(handle):
            kind = (
                interface.bInterfaceClass,
                interface.bInterfaceSubClass,
                interface.bInterfaceProtocol,
            )
            if kind == (INTERFACE_CLASS, INTERFACE_SUBCLASS, INTERFACE_PROTOCOL):
                return int(interface.bInterfaceNumber)
    return None


def _interfaces(handle: Any) -> Iterator[Any]:  # noqa: ANN401
    for configuration in handle:
        yield from configuration


def _release(handle: Any) -> None:  # noqa: ANN401
    """Give a device back; one that has just gone answers with whatever it likes."""
    with suppress(Exception):
        import usb.util  # noqa: PLC0415 - an optional part

        usb.util.dispose_resources(handle)
