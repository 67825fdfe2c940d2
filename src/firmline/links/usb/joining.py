"""One list of devices, from what two parts of the system say of them.

pyserial lists serial ports, with the USB device that each belongs to; libusb lists devices with
their interfaces, and knows nothing of ports. Both say where a device hangs, and mostly its serial
number. A device that both list must come out once, and two with one serial number as two: who took
them for one could update the wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from firmline.links.usb.device import UsbDevice


def joined(ports: Iterable[UsbDevice], devices: Iterable[UsbDevice]) -> tuple[UsbDevice, ...]:
    """The devices of both lists, each once.

    Args:
        ports: One for each serial port; several may be of one device.
        devices: One for each device, without ports.
    """
    rest = list(devices)
    found: list[UsbDevice] = []
    for port in _first_ports(ports):
        match = _same(port, rest)
        if match is None:
            found.append(port)
            continue
        rest.remove(match)
        found.append(
            replace(
                match,
                port=port.port,
                serial_number=match.serial_number or port.serial_number,
                product=match.product or port.product,
            )
        )
    return (*found, *rest)


def _first_ports(ports: Iterable[UsbDevice]) -> list[UsbDevice]:
    """The first port of every device."""
    found: list[UsbDevice] = []
    for port in sorted(ports, key=lambda port: port.port or ""):
        if not port.place or port.place not in {other.place for other in found}:
            found.append(port)
    return found


def _same(port: UsbDevice, devices: list[UsbDevice]) -> UsbDevice | None:
    """The device that a port belongs to: by its place, else by what only one of them is."""
    product = (port.vendor_id, port.product_id)
    alike = [each for each in devices if (each.vendor_id, each.product_id) == product]
    at_place = [each for each in alike if port.place and each.place == port.place]
    if at_place:
        return at_place[0]
    # Windows counts its buses otherwise than libusb does.
    named = [each for each in alike if port.serial_number and each.is_called(port.serial_number)]
    return named[0] if len(named) == 1 else None
