"""The road over a radio: through the application into the bootloader, and back into the new one.

``updated`` is said only when the unit was seen running an application that says something else of
itself than before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from firmline.errors import Code, TransportError, VerifyError
from firmline.events import UnitMode
from firmline.formats.package import PackageImage
from firmline.links.base import Link
from firmline.protocol.framing import BleFraming
from firmline.updater.ending import Information, doubt_about_ending
from firmline.updater.entering import PinnedUnit
from firmline.updater.recognition import other_serial_number
from firmline.updater.road import NEW_APPLICATION_RUNS, OpenBootloader, Report
from firmline.updater.timeouts import Timeouts
from firmline.values import UnitPin


class RadioRoad:
    """A :class:`~firmline.updater.road.Road` over Bluetooth LE.

    Args:
        link: The radio.
        pin: The address of the unit's application, or its name.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
    """

    def __init__(self, *, link: Link, pin: UnitPin, timeouts: Timeouts, report: Report) -> None:
        self._link = link
        self._timeouts = timeouts
        self._unit = PinnedUnit(link=link, pin=pin, timeouts=timeouts, report=report)
        self._before: Information | None = None

    def now_s(self) -> float:
        """The radio's clock."""
        return self._link.now_s()

    async def enter_bootloader(self) -> None:
        """Ask the application to restart; remember what it said of itself."""
        self._before = await self._unit.enter_bootloader()

    @asynccontextmanager
    async def bootloader(self, index: int) -> AsyncIterator[OpenBootloader]:
        """Find the unit under the address of its bootloader; see it drop the link at the end."""
        waits = self._timeouts.search_s if index == 0 else self._timeouts.return_s
        async with self._unit.bootloader(timeout_s=waits) as connection:
            version = await self._unit.radio_version(connection)
            fwid = None if version is None else version.softdevice_fwid
            yield OpenBootloader(
                exchange=connection,
                framing=partial(BleFraming, mtu=connection.mtu),
                answer_timeout_s=lambda _request: self._timeouts.answer_s,
                fwid=fwid,
            )
            await self._unit.await_drop(connection)

    async def see_end(self, last_image: PackageImage) -> str:
        """Wait for the unit to come back as an application, and compare what it says."""
        waits = self._timeouts.return_s
        try:
            if not await self._unit.is_seen(UnitMode.APPLICATION, timeout_s=waits):
                raise await self._did_not_return()
            async with self._unit.application(timeout_s=waits) as connection:
                after = await self._unit.read_information(connection)
        except TransportError as error:
            raise VerifyError(
                Code.NEW_APPLICATION_NOT_SEEN,
                "The unit took the whole image, but could not be asked what it runs:"
                f" {error.message}",
            ) from error
        doubt = other_serial_number(self._before, after) or doubt_about_ending(
            self._before, after, last_image=last_image.kind
        )
        if doubt is not None:
            raise doubt
        return NEW_APPLICATION_RUNS

    async def _did_not_return(self) -> VerifyError:
        waits = self._timeouts.already_there_s
        if await self._unit.is_seen(UnitMode.BOOTLOADER, timeout_s=waits):
            return VerifyError(
                Code.UNIT_DID_NOT_RETURN,
                "The unit took the whole image but is in its bootloader again: either it did not"
                " find the new application valid, or something keeps it there.",
            )
        return VerifyError(
            Code.UNIT_DID_NOT_RETURN,
            "The unit took the whole image but was not seen again within"
            f" {self._timeouts.return_s:g} s.",
        )

    async def close(self) -> None:
        """Nothing is left open between two steps."""
