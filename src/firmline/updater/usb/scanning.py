"""What is plugged in by USB that may be a unit: everything with a serial port or a DFU trigger."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.errors import TransportError
from firmline.links.usb.bus import Plugged, UsbBus
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink


@dataclass(frozen=True, slots=True, kw_only=True)
class PluggedUnit:
    """A device that may be a unit.

    Attributes:
        device: As it is plugged in.
        version: What its application says of its version; ``None``: it was not asked, or is silent.
        problem: Why it could not be asked, or which other device has its serial number; empty:
            nothing is wrong.
    """

    device: UsbDevice
    version: str | None = None
    problem: str = ""


async def scan(bus: UsbBus, *, connect: bool) -> tuple[tuple[PluggedUnit, ...], Plugged]:
    """Everything that may be a unit, by its serial number; and what the system said.

    Args:
        bus: The USB devices there are.
        connect: Ask applications for their versions; nothing is changed by that.

    Raises:
        TransportError: The system does not list its devices.
    """
    plugged = await bus.look()
    devices = [
        device
        for device in plugged.devices
        if device.port is not None or device.kind is not UsbKind.OTHER
    ]
    devices.sort(key=lambda device: (device.serial_number.casefold(), device.place))
    return tuple(
        [await _look(bus, device, devices, connect=connect) for device in devices]
    ), plugged


async def _look(
    bus: UsbBus, device: UsbDevice, devices: list[UsbDevice], *, connect: bool
) -> PluggedUnit:
    same = [other for other in devices if other.is_called(device.serial_number)]
    if device.serial_number and len(same) > 1:
        return PluggedUnit(device=device, problem=f"{len(same)} devices have this serial number")
    if not connect or device.kind is not UsbKind.APPLICATION:
        return PluggedUnit(device=device)
    try:
        version = await UsbLink(bus, device.serial_number).version(device)
    except TransportError as error:
        return PluggedUnit(device=device, problem=error.message)
    return PluggedUnit(device=device, version=version)
