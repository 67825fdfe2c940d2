"""A unit on USB restarts: away from the bus as one product, and there again as another.

Rules of this module:

* The serial number is the unit: nothing else that is plugged in meanwhile is taken for it.
* What has just been plugged in may be nobody's, root's or busy for a moment: that is no failure
  before it has lasted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from firmline import events
from firmline.errors import TransportError, TransportReason
from firmline.events import Reporter, UnitMode
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.updater.usb.absence import did_not_restart, no_bootloader, stayed
from firmline.updater.usb.search import LOOKS_EVERY_S, Looks, unit_seen

_T = TypeVar("_T")


async def restart_into_bootloader(
    link: UsbLink, application: UsbDevice, *, reappear_s: float, report: Reporter
) -> UsbDevice:
    """Have an application restart; the unit as its bootloader, once that is plugged in.

    Args:
        link: The unit.
        application: As it is plugged in.
        reappear_s: How long the restart may take.
        report: Takes every event.

    Raises:
        TransportError: NOT_AVAILABLE: it cannot be asked. NOT_FOUND: it stays where it is, is back
            as its application, or does not come back.
    """
    strangers = await link.others()
    report(events.EnteringBootloader(address=None, name=application.serial_number))
    await link.detach(application)
    restarted = False
    async for device in Looks(link, reappear_s):
        restarted |= device is None or device.address != application.address
        if device is not None and device.usb_id != application.usb_id:
            return device
        if device is not None and restarted and device.kind is UsbKind.APPLICATION:
            raise stayed(device)
    if not restarted:
        raise did_not_restart(application, reappear_s)
    raise no_bootloader(application, reappear_s, await link.others() - strangers)


async def opened_patiently(
    link: UsbLink,
    device: UsbDevice,
    open_port: Callable[[UsbDevice], Awaitable[_T]],
    *,
    reappear_s: float,
    report: Reporter,
) -> _T:
    """Open the port of a bootloader that has just come; what ``open_port`` returns.

    Args:
        link: The unit.
        device: As it was plugged in when it was seen first.
        open_port: Opens it.
        reappear_s: How long it may take until the port can be opened.
        report: Takes every event.

    Raises:
        TransportError: It cannot be opened for all this time; or what ``open_port`` raises.
        RemoteProtocolError: Likewise.
    """
    report(unit_seen(device, UnitMode.BOOTLOADER))
    until_s = link.now_s() + reappear_s
    while True:
        try:
            if device.port is not None:
                return await open_port(device)
            error = no_bootloader(device, reappear_s, frozenset())
        except TransportError as caught:
            if caught.reason is not TransportReason.NOT_AVAILABLE:
                raise
            error = caught
        if link.now_s() >= until_s:
            raise error
        await asyncio.sleep(LOOKS_EVERY_S)
        device = await link.look() or device
