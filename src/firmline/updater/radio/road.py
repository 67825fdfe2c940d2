"""The road over a radio: through the application into the bootloader, and back into the new one.

``updated`` is said only when the unit was seen running an application that says something else of
itself than before, or that was not back before the image can have been put in place.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from firmline.errors import Code, TransportError, VerifyError
from firmline.events import Reporter, UnitMode
from firmline.formats.package import PackageImage
from firmline.formats.softdevice import softdevice_in_image
from firmline.links.base import Link
from firmline.updater.ending import Information, judge_ending, judge_softdevice
from firmline.updater.ladder import Ladder
from firmline.updater.not_in_place import stays_in_bootloader
from firmline.updater.radio.entering import PinnedUnit
from firmline.updater.radio.homecoming import Homecoming
from firmline.updater.radio.recognition import other_serial_number
from firmline.updater.radio.recovery import RadioRecovery
from firmline.updater.road import OpenBootloader, Seen
from firmline.updater.timeouts import Timeouts, answer_timeout_s
from firmline.values import Fwid, ImageKind, UnitPin


class RadioRoad:
    """A :class:`~firmline.updater.road.Road` over Bluetooth LE.

    Args:
        link: The radio.
        pin: The address of the unit's application, or its name.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        ladder: Decides what is tried after a failure; hears every event of the update.
        homecoming: Tells how the unit came back; hears every event of the update.
        most_mtu: Bytes; packets are made for no larger one. ``None``: as large as can be.
    """

    def __init__(
        self,
        *,
        link: Link,
        pin: UnitPin,
        timeouts: Timeouts,
        report: Reporter,
        ladder: Ladder,
        homecoming: Homecoming,
        most_mtu: int | None = None,
    ) -> None:
        self._link = link
        self._homecoming = homecoming
        self._timeouts = timeouts
        self._unit = PinnedUnit(link=link, pin=pin, timeouts=timeouts, report=report)
        self._recovery = RadioRecovery(
            self._unit,
            link=link,
            ladder=ladder,
            timeouts=timeouts,
            report=report,
            most_mtu=most_mtu,
        )

    def now_s(self) -> float:
        """The radio's clock."""
        return self._link.now_s()

    async def enter_bootloader(self) -> None:
        """Ask the application to restart; remember what it said of itself."""
        await self._recovery.enter()

    @asynccontextmanager
    async def bootloader(self, index: int) -> AsyncIterator[OpenBootloader]:
        """Find the unit under the address of its bootloader; see it drop the link at the end."""
        waits = self._timeouts.search_s if index == 0 else self._timeouts.return_s
        recovery = self._recovery
        try:
            await recovery.open(waits)
            yield OpenBootloader(
                exchange=recovery,
                framing=recovery.framing,
                answer_timeout_s=partial(answer_timeout_s, self._timeouts),
                recover=recovery.recover,
                method=recovery.method,
                fwid=recovery.fwid,
            )
            await self._unit.await_drop(recovery.connection)
        except BaseException as error:
            await recovery.close(error)
            raise
        await recovery.close()

    async def see_end(self, last_image: PackageImage) -> Seen:
        """Wait for the unit to come back as an application, and compare what it says."""
        waits = self._timeouts.return_s
        if not self._unit.knows_application:
            raise VerifyError(
                Code.NEW_APPLICATION_NOT_SEEN,
                "The unit took the whole image and left its bootloader; since this computer shows"
                " no addresses, its application cannot be told from others.",
            )
        try:
            if not await self._unit.returns(self._homecoming.told(), timeout_s=waits):
                raise await self._did_not_return(last_image.kind)
            after, fwid = await self._ask_application(waits)
        except TransportError as error:
            raise VerifyError(
                Code.NEW_APPLICATION_NOT_SEEN,
                "The unit took the whole image, but could not be asked what it runs:"
                f" {error.message}",
            ) from error
        before = self._recovery.before
        other = other_serial_number(before, after)
        if other is not None:
            raise other
        told = judge_softdevice(_softdevice_in(last_image), before=self._recovery.fwid, after=fwid)
        return told or judge_ending(
            before, after, last_image=last_image.kind, back=self._homecoming.told()
        )

    async def _ask_application(self, timeout_s: float) -> tuple[Information, int | None]:
        """What the application says of itself, and the radio of its SoftDevice.

        They are asked again where the connection fails.
        """
        while True:
            try:
                async with self._unit.application.opened(timeout_s=timeout_s) as connection:
                    information = await self._unit.read_information(connection)
                    version = await self._unit.radio_version(connection)
                    return information, None if version is None else version.softdevice_fwid
            except TransportError as error:
                self._recovery.climb(error)

    async def _did_not_return(self, image: ImageKind) -> VerifyError:
        waits = self._timeouts.already_there_s
        mode = await self._unit.look(bootloader_s=waits, application_s=waits)
        if mode is UnitMode.BOOTLOADER:
            return stays_in_bootloader(image, await self._recovery.held(waits))
        return VerifyError(
            Code.UNIT_DID_NOT_RETURN,
            "The unit took the whole image but was not seen again within"
            f" {self._timeouts.return_s:g} s.",
        )

    async def close(self) -> None:
        """Nothing is left open between two steps."""


def _softdevice_in(image: PackageImage) -> Fwid | None:
    """The FWID of the SoftDevice that an image carries, if it is known."""
    if image.kind not in (ImageKind.SOFTDEVICE, ImageKind.SOFTDEVICE_BOOTLOADER):
        return None
    info = softdevice_in_image(image.firmware)
    return None if info is None else info.fwid
