"""The road through a serial port: a bootloader for UART or USB, and nobody else to ask.

The port pins the unit. It has to be in its bootloader already: its application has no DFU service
on a serial line. Nor can a line say which application runs afterwards: a bootloader that answers
again shows that the unit does not run its application (and tells what is in its flash), silence
shows nothing. So ``updated`` is said where the flash has changed before the bootloader's own eyes
(a SoftDevice or a bootloader), or where the application prints what the user expects of it.

A port that is gone is told, and not looked for: nobody knows whose the next port would be.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from firmline.errors import TransportError
from firmline.formats.package import PackageImage
from firmline.links.base import PortLink
from firmline.updater.road import Briefing, OpenBootloader, Seen
from firmline.updater.serial.absence import not_back
from firmline.updater.serial.bootloader import SerialBootloader
from firmline.updater.serial.ending import SerialEnding
from firmline.updater.serial.recovery import SerialRecovery
from firmline.updater.wired_road import WiredRoad, end_not_seen

SLOW_PING_S: Final = 0.5
"""Between PINGs to a unit that activates an image: they wait for it where flow control is on."""


class SerialRoad(WiredRoad[PortLink, SerialBootloader]):
    """A :class:`~firmline.updater.road.Road` over a serial port.

    Args:
        link: The port.
        briefing: Of the update.
    """

    def __init__(self, link: PortLink, briefing: Briefing) -> None:
        super().__init__(link, SerialBootloader(link, briefing), briefing)

    async def enter_bootloader(self) -> None:
        """Open the port and see that a bootloader answers.

        Raises:
            TransportError: The port cannot be used, or no bootloader answers, with the reason.
            RemoteProtocolError: What answers makes no sense.
        """
        async with self._bootloader.losses_reported():
            await self._bootloader.open()

    @asynccontextmanager
    async def bootloader(self, index: int) -> AsyncIterator[OpenBootloader]:
        """The bootloader; for every image but the first the unit has to come back into it."""
        async with self._bootloader.losses_reported():
            if index > 0:
                return_s = self._briefing.timeouts.return_s
                if not await self._bootloader.talk.find(return_s, ping_s=SLOW_PING_S):
                    raise not_back(self._link.name, return_s)
            recovery = SerialRecovery(self._bootloader, self._briefing)
            yield self._ready(
                recover=recovery.recover,
                method=recovery.method,
                framing=recovery.framing,
                # What it told is from before the first image, which may have changed it.
                versions=self._bootloader.versions if index == 0 else {},
            )

    async def see_end(self, last_image: PackageImage) -> Seen:
        """Listen, and ask again, until something shows what became of the image."""
        briefing = self._briefing
        ending = SerialEnding(
            self._bootloader.port,
            self._bootloader.talk,
            now_s=self._link.now_s,
            baud=self._link.capabilities.baud,
            report=briefing.report,
            timeouts=briefing.timeouts.serial,
            expectation=briefing.expectation,
        )
        async with self._bootloader.losses_reported():
            try:
                return await ending.see(
                    last_image, before=self._bootloader.versions, progress=briefing.progress
                )
            except TransportError as error:
                raise end_not_seen(error) from error
