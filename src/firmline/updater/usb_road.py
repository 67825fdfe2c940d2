"""The road over USB: an application that is asked into its bootloader, and port after port.

The serial number pins the unit. With every restart its port goes and another one comes, and what is
plugged in then is looked at anew: with the unit's serial number, and with no second one of it. Each
appearance of its bootloader is a :class:`~firmline.updater.serial_road.SerialRoad` of its own.

The end is seen where the unit is plugged in again as something else than its bootloader, and says
another version than before, or what the user expects of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from firmline import events
from firmline.errors import (
    LocalProtocolError,
    TransportError,
    TransportReason,
)
from firmline.events import UnitMode
from firmline.formats.package import PackageImage
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.updater.expectation import Expectation
from firmline.updater.progress import Progress
from firmline.updater.road import OpenBootloader, Report
from firmline.updater.serial_road import SerialRoad
from firmline.updater.timeouts import Timeouts
from firmline.updater.usb_absence import (
    did_not_restart,
    no_bootloader,
    no_trigger,
    not_back_for_next,
    stayed,
)
from firmline.updater.usb_ending import UsbEnding
from firmline.updater.usb_search import LOOKS_EVERY_S, find, unit_seen

ONLY_ONE: Final = 0
"""Every appearance of a bootloader takes one image."""


class UsbRoad:
    """A :class:`~firmline.updater.road.Road` over USB.

    Args:
        link: The unit.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        progress: Hears all events of this update.
        expectation: What the new application prints or says, if the user knows.
    """

    def __init__(
        self,
        *,
        link: UsbLink,
        timeouts: Timeouts,
        report: Report,
        progress: Progress,
        expectation: Expectation | None,
    ) -> None:
        self._link = link
        self._timeouts = timeouts
        self._report = report
        self._progress = progress
        self._expectation = expectation
        self._version: str | None = None
        self._bootloader: UsbDevice | None = None
        self._inner: SerialRoad | None = None
        self._first: SerialRoad | None = None

    def now_s(self) -> float:
        """The bus's clock."""
        return self._link.now_s()

    async def close(self) -> None:
        """Give the port back."""
        if self._inner is not None:
            await self._inner.close()
            self._inner = None

    async def enter_bootloader(self) -> None:
        """Find the unit, ask its application into the bootloader, and see that this answers.

        Raises:
            TransportError: It is not there, is not the only one, cannot be asked, or stays.
            RemoteProtocolError: What answers makes no sense.
        """
        device = await find(self._link, self._timeouts.serial.bootloader_s)
        if device.kind is UsbKind.APPLICATION:
            self._version = await self._link.version(device)
            self._report(unit_seen(device, UnitMode.APPLICATION, self._version))
            await self._enter_from(device)
        else:
            await self._open_as_it_is(device)
        self._first = self._inner

    @asynccontextmanager
    async def bootloader(self, index: int) -> AsyncIterator[OpenBootloader]:
        """The bootloader; for every image but the first it is plugged in anew."""
        if index > 0:
            await self._await_next()
        async with self._opened().bootloader(ONLY_ONE) as opened:
            yield opened

    async def see_end(self, last_image: PackageImage) -> str:
        """See the unit plugged in again, and judge what it says of itself."""
        left = self._bootloader
        if left is None or self._first is None:
            raise LocalProtocolError("An end over USB was looked for before anything was sent.")
        await self.close()
        ending = UsbEnding(
            self._link,
            left=left,
            timeouts=self._timeouts,
            report=self._report,
            expectation=self._expectation,
        )
        return await ending.see(
            last_image,
            version_before=self._version,
            versions_before=self._first.versions,
            open_bootloader=self._open_patiently,
        )

    # Into its bootloader.

    async def _enter_from(self, application: UsbDevice) -> None:
        """Have the application restart, and open the bootloader that comes back."""
        strangers = await self._link.others()
        self._report(events.EnteringBootloader(address=None, name=application.serial_number))
        await self._link.detach(application)
        bootloader = await self._await_restart(application, strangers)
        await self._open_patiently(bootloader)

    async def _await_restart(self, application: UsbDevice, strangers: frozenset[str]) -> UsbDevice:
        """The unit, plugged in as something else than this appearance of its application.

        Args:
            application: As it was when it was asked.
            strangers: Bootloaders that were there before.
        """
        restarted = False
        until_s = self.now_s() + self._timeouts.serial.reappear_s
        while True:
            device = await self._link.look()
            restarted |= device is None or device.address != application.address
            if device is not None and device.usb_id != application.usb_id:
                return device
            if device is not None and restarted and device.kind is UsbKind.APPLICATION:
                raise stayed(device)
            if self.now_s() >= until_s:
                break
            await asyncio.sleep(LOOKS_EVERY_S)
        waited_s = self._timeouts.serial.reappear_s
        if not restarted:
            raise did_not_restart(application, waited_s)
        raise no_bootloader(application, waited_s, await self._link.others() - strangers)

    async def _await_next(self) -> None:
        """After an image the unit restarts, and waits in its bootloader for the next one."""
        left = self._bootloader
        await self.close()
        until_s = self.now_s() + self._timeouts.return_s
        while True:
            device = await self._link.look()
            if device is not None and device.kind is UsbKind.APPLICATION:
                self._report(
                    unit_seen(device, UnitMode.APPLICATION, await self._link.version(device))
                )
                await self._enter_from(device)
                return
            if device is not None and (left is None or device.address != left.address):
                await self._open_patiently(device)
                return
            if self.now_s() >= until_s:
                raise not_back_for_next(self._link.serial_number, self._timeouts.return_s)
            # An address that the system does not tell is another one after the unit was away.
            left = None if device is None else left
            await asyncio.sleep(LOOKS_EVERY_S)

    # Its port.

    async def _open_as_it_is(self, device: UsbDevice) -> None:
        """Open the port of what may be a bootloader, and see whether it is one."""
        if device.port is None:
            raise self._link.problem or no_trigger(device)
        is_known = device.kind is UsbKind.BOOTLOADER
        self._report(unit_seen(device, UnitMode.BOOTLOADER if is_known else None))
        try:
            await self._open(device)
        except TransportError as error:
            if is_known or error.reason is not TransportReason.NOT_FOUND:
                raise
            # No bootloader answers: it is an application that could not be asked, and why.
            raise (self._link.problem or no_trigger(device)) from error

    async def _open_patiently(self, device: UsbDevice) -> SerialRoad:
        """Open a port that has just come: for a moment it may be nobody's, root's, or busy."""
        self._report(unit_seen(device, UnitMode.BOOTLOADER))
        until_s = self.now_s() + self._timeouts.serial.reappear_s
        while True:
            try:
                if device.port is not None:
                    return await self._open(device)
                error = no_bootloader(device, self._timeouts.serial.reappear_s, frozenset())
            except TransportError as caught:
                if caught.reason is not TransportReason.NOT_AVAILABLE:
                    raise
                error = caught
            if self.now_s() >= until_s:
                raise error
            await asyncio.sleep(LOOKS_EVERY_S)
            device = await self._link.look() or device

    async def _open(self, device: UsbDevice) -> SerialRoad:
        await self.close()
        self._bootloader = device
        self._inner = SerialRoad(
            link=self._link.port(device),
            timeouts=self._timeouts,
            report=self._report,
            progress=self._progress,
            expectation=None,
        )
        await self._inner.enter_bootloader()
        return self._inner

    def _opened(self) -> SerialRoad:
        if self._inner is None:
            raise LocalProtocolError("A USB unit was used before its port was opened.")
        return self._inner
