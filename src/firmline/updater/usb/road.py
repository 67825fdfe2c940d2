"""The road over USB: an application that is asked into its bootloader, and port after port.

The serial number pins the unit: :mod:`firmline.updater.usb.bootloader` follows it through its
restarts, :mod:`firmline.updater.usb.recovery` where it is lost in the middle.

The end is seen where the unit is plugged in again as something else than its bootloader, and says
another version than before, or what the user expects of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from firmline.errors import TransportError
from firmline.formats.package import PackageImage
from firmline.links.usb.link import UsbLink
from firmline.updater.ladder import Ladder
from firmline.updater.road import Briefing, OpenBootloader, Seen
from firmline.updater.serial.talk import Versions
from firmline.updater.usb.bootloader import UsbBootloader
from firmline.updater.usb.ending import UsbEnding
from firmline.updater.usb.recovery import UsbRecovery
from firmline.updater.wired_road import WiredRoad


class UsbRoad(WiredRoad[UsbLink, UsbBootloader]):
    """A :class:`~firmline.updater.road.Road` over USB.

    Args:
        link: The unit.
        briefing: Of the update.
        ladder: Decides what is done about a lost unit; hears every event of the update.
    """

    def __init__(self, link: UsbLink, briefing: Briefing, *, ladder: Ladder) -> None:
        super().__init__(link, UsbBootloader(link, briefing), briefing)
        self._recovery = UsbRecovery(link, self._bootloader, ladder=ladder, briefing=briefing)
        self._versions: Versions = {}
        """What the bootloader told of the unit's flash before anything was sent."""

    async def enter_bootloader(self) -> None:
        """Find the unit, ask its application into the bootloader, and see that this answers.

        Raises:
            TransportError: It is not there, is not the only one, cannot be asked, or stays.
            RemoteProtocolError: What answers makes no sense.
        """
        await self._persist(self._enter)
        self._versions = self._bootloader.versions

    async def _enter(self) -> None:
        self._recovery.before = await self._bootloader.enter()

    @asynccontextmanager
    async def bootloader(self, index: int) -> AsyncIterator[OpenBootloader]:
        """The bootloader; for every image but the first it is plugged in anew."""
        if index > 0:
            await self._persist(self._bootloader.await_next)
        self._recovery.begin_image()
        yield self._ready(
            recover=self._recovery.recover,
            method=self._recovery.method,
            framing=self._recovery.framing,
            versions=self._bootloader.versions,
        )

    async def _persist(self, way: Callable[[], Awaitable[None]]) -> None:
        """Go a way into the bootloader; where the unit is lost on it, from where it is then."""
        try:
            await way()
        except TransportError as error:
            if not await self._recovery.come_back(error):
                raise

    async def see_end(self, last_image: PackageImage) -> Seen:
        """See the unit plugged in again, and judge what it says of itself."""
        ending = UsbEnding(self._link, self._briefing, self._bootloader)
        before = self._recovery.before
        return await ending.see(last_image, before=before, versions_before=self._versions)
