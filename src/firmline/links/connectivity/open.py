"""From a port to a link over the dongle behind it: the one door."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from firmline.links.connectivity.central import DongleLink, DongleSettings
from firmline.links.connectivity.dongle import Dongle
from firmline.links.connectivity.options import DongleOptions
from firmline.links.connectivity.startup import start
from firmline.links.connectivity.wire.api5 import API5
from firmline.links.serial.descriptor import open_descriptor
from firmline.links.serial.options import FlowControl, SerialOptions
from firmline.links.serial.threaded import open_threaded


@asynccontextmanager
async def open_dongle(options: DongleOptions) -> AsyncIterator[DongleLink]:
    """Open a dongle and make it a central; it is given back at the end.

    Args:
        options: What the target says.

    Raises:
        TransportError: NOT_AVAILABLE, with a code for what is wrong with it.
    """
    port = SerialOptions(port=options.port, baud=options.baud, flow=FlowControl.NONE)
    in_loop = sys.platform != "win32" and not port.is_url
    wire = open_descriptor(port) if in_loop else await open_threaded(port)
    dongle = Dongle(wire, table=API5, port=options.port)
    settings = DongleSettings(interval_s=options.interval_s, phy_2m=options.phy_2m)
    try:
        await dongle.open()
        started = await start(dongle, mtu=settings.mtu)
    except BaseException:
        await dongle.close()
        raise
    link = DongleLink(dongle, started, settings)
    try:
        yield link
    finally:
        await link.close()
