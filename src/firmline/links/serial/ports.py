"""The serial ports that this computer has."""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TransportError, TransportReason
from firmline.links.serial.problems import extra_missing

MAX_NAMED: Final = 8
"""Ports that a message names."""


def port_names() -> list[str]:
    """The ports there are, sorted; none where pyserial is not installed."""
    try:
        from serial.tools.list_ports import comports  # noqa: PLC0415 - an optional part
    except ImportError:
        return []
    return sorted(port.device for port in comports())


def ports_hint() -> str:
    """Which ports there are, for somebody who named one that is not."""
    names = port_names()
    if not names:
        return "This computer has no serial ports now; plug the unit in."
    return f"Ports of this computer: {', '.join(names[:MAX_NAMED])}."


def port_with_serial_number(number: str) -> str:
    """The port of the USB device with a serial number; upper and lower case are the same.

    Raises:
        TransportError: NOT_AVAILABLE; there is none, or pyserial is not installed.
    """
    try:
        from serial.tools.list_ports import comports  # noqa: PLC0415 - an optional part
    except ImportError:
        raise extra_missing() from None
    for port in sorted(comports()):
        if (port.serial_number or "").casefold() == number.casefold():
            return str(port.device)
    raise TransportError(
        Code.PORT_NOT_FOUND,
        f"No USB device with the serial number {number[:40]!r} has a serial port here.",
        reason=TransportReason.NOT_AVAILABLE,
        hint=ports_hint(),
    )
