"""Waiting for a unit on USB."""

from __future__ import annotations

import asyncio
from typing import Final

from firmline.links.usb.device import UsbDevice
from firmline.links.usb.link import UsbLink

LOOKS_EVERY_S: Final = 0.1
"""Between two looks at what is plugged in; ours: a unit that restarts is away for longer."""


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
