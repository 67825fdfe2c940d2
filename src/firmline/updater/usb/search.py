"""Waiting for a unit on USB, and telling that it is there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from firmline.events import UnitMode, UsbUnitSeen
from firmline.links.usb.device import UsbDevice
from firmline.links.usb.link import UsbLink
from firmline.updater.ending import Information

LOOKS_EVERY_S: Final = 0.1
"""Between two looks at what is plugged in; ours: a unit that restarts is away for longer."""


class Looks:
    """What is plugged in as the unit, looked at every now and then: at least once.

    Args:
        link: The unit.
        timeout_s: How long to look.
    """

    def __init__(self, link: UsbLink, timeout_s: float) -> None:
        self._link = link
        self._until_s = link.now_s() + timeout_s
        self._has_looked = False

    def __aiter__(self) -> AsyncIterator[UsbDevice | None]:
        """One look after the other."""
        return self

    async def __anext__(self) -> UsbDevice | None:
        """The unit as it is now; ``None``: it is away."""
        if self._has_looked:
            if self._link.now_s() >= self._until_s:
                raise StopAsyncIteration
            await asyncio.sleep(LOOKS_EVERY_S)
        self._has_looked = True
        return await self._link.look()


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
    async for device in Looks(link, timeout_s):
        if device is not None:
            return device
    raise await link.absence()
