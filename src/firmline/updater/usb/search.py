"""Waiting for a unit on USB, and telling that it is there."""

from __future__ import annotations

import asyncio
from typing import Final

from firmline.events import UnitMode, UsbUnitSeen
from firmline.links.usb.device import UsbDevice
from firmline.links.usb.link import UsbLink
from firmline.updater.ending import Information

LOOKS_EVERY_S: Final = 0.1
"""Between two looks at what is plugged in; ours: a unit that restarts is away for longer."""


def unit_seen(device: UsbDevice, mode: UnitMode | None, version: str | None = None) -> UsbUnitSeen:
    """The event of a unit that was found plugged in.

    Args:
        device: As it is now.
        mode: The program that it runs, where that is known.
        version: What its application says of itself.
    """
    return UsbUnitSeen(
        serial_number=device.serial_number,
        usb_id=device.usb_id,
        mode=mode,
        port=device.port,
        version=version,
    )


def said(version: str | None) -> Information:
    """What an application says of itself over USB, as a Device Information Service would have it.

    Args:
        version: The string of its trigger interface; ``None``: it says nothing.
    """
    return {} if version is None else {"firmware_revision": version}


async def find(link: UsbLink, timeout_s: float) -> UsbDevice:
    """The unit, in whichever program it runs; it may just have been plugged in.

    Raises:
        TransportError: NOT_FOUND in this time; or NOT_AVAILABLE, two devices fit.
    """
    until_s = link.now_s() + timeout_s
    while (device := await link.look()) is None:
        if link.now_s() >= until_s:
            raise await link.absence()
        await asyncio.sleep(LOOKS_EVERY_S)
    return device
