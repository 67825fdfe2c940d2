"""What can be seen of a unit on USB after it has taken the last image, and what that proves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from firmline import events
from firmline.errors import Code, TransportError, TransportReason, VerifyError
from firmline.events import UnitMode
from firmline.formats.package import PackageImage
from firmline.links.usb.device import UsbDevice
from firmline.links.usb.link import UsbLink
from firmline.updater.ending import Information, doubt_about_facts
from firmline.updater.expectation import Expectation, Hearing
from firmline.updater.flash_versions import left_in_bootloader, see_versions
from firmline.updater.road import NEW_APPLICATION_RUNS, Briefing, Seen
from firmline.updater.serial_talk import Versions
from firmline.updater.serial_text import shown
from firmline.updater.usb_absence import did_not_return
from firmline.updater.usb_search import LOOKS_EVERY_S, said, unit_seen
from firmline.updater.wired_road import end_not_seen
from firmline.values import ImageKind

NAME_IT: Final = "Look at the unit; next time name what the new application says: --expect 'TEXT'."


class UsbEnding:
    """Waits until the unit is plugged in again, and judges what it says of itself.

    Args:
        link: The unit.
        briefing: Of the road.
        left: Its bootloader, as it took the last image.
    """

    def __init__(self, link: UsbLink, briefing: Briefing, *, left: UsbDevice) -> None:
        self._link = link
        self._left = left
        self._timeouts = briefing.timeouts
        self._report = briefing.report
        self._expectation = briefing.expectation
        self._hearing = Hearing()

    async def see(
        self,
        image: PackageImage,
        *,
        before: Information | None,
        versions_before: Versions,
        read_bootloader: Callable[[UsbDevice], Awaitable[Versions]],
    ) -> Seen:
        """Return, with what was seen, when it is proven that the unit has what was sent.

        Args:
            image: The last image of the package.
            before: What its application said before the update; ``None``: it was not running.
            versions_before: What its bootloader told of its flash before the update.
            read_bootloader: Asks a bootloader that has come back what is in its flash.

        Raises:
            VerifyError: What could not be seen, or what speaks against it.
        """
        try:
            device = await self._await_return()
            if device.usb_id == self._left.usb_id:
                after = await read_bootloader(device)
                if image.kind is ImageKind.APPLICATION:
                    raise left_in_bootloader(image, after)
                return see_versions(image, versions_before, after)
            version = await self._link.version(device)
        except TransportError as error:
            raise end_not_seen(error) from error
        self._report(unit_seen(device, UnitMode.APPLICATION, version))
        expected = self._expectation
        # What the old application said as well is no sign of the new one.
        if expected is not None and not _is_said_in(before, expected):
            await self._expect(expected, version)
        else:
            _compare(image.kind, before, said(version))
        return NEW_APPLICATION_RUNS

    async def _await_return(self) -> UsbDevice:
        """The unit, plugged in as something else than this appearance of its bootloader."""
        left, was_away = self._left, False
        until_s = self._link.now_s() + self._timeouts.return_s
        while self._link.now_s() < until_s:
            device = await self._link.look()
            was_away |= device is None
            if device is not None and (
                was_away or (device.usb_id, device.address) != (left.usb_id, left.address)
            ):
                return device
            await asyncio.sleep(LOOKS_EVERY_S)
        raise did_not_return(
            left.serial_number,
            self._timeouts.return_s,
            is_there=not was_away,
            problem=self._link.problem,
        )

    # What the user expects.

    async def _expect(self, expected: Expectation, version: str | None) -> None:
        """Wait until the application says, or prints on its port, what is expected."""
        self._hearing.hear((version or "").encode())
        if self._hearing.has(expected):
            return
        own_s = expected.timeout_s
        waits_s = self._timeouts.serial.expect_s if own_s is None else own_s
        if not await self._hears(expected, self._link.now_s() + waits_s):
            heard = shown(self._hearing.text.encode())
            talks = f"says {heard!r}" if heard else "is silent"
            raise VerifyError(
                Code.NEW_APPLICATION_NOT_SEEN,
                f"The unit took the whole image and runs an application that {talks}, but what was"
                f" expected ({expected.text[:60]!r}) was not heard.",
            )
        self._report(events.TextHeard(text=shown(self._hearing.text.encode())))

    async def _hears(self, expected: Expectation, until_s: float) -> bool:
        while self._link.now_s() < until_s:
            device = await self._link.look()
            if device is not None and device.port is not None:
                try:
                    return await self._listen(device, expected, until_s)
                except TransportError as error:
                    if error.reason is TransportReason.TIMEOUT:
                        return False
                    # Its port is not given away yet, or the unit has restarted.
            await asyncio.sleep(LOOKS_EVERY_S)
        return False

    async def _listen(self, device: UsbDevice, expected: Expectation, until_s: float) -> bool:
        port = await self._link.port(device).open()
        try:
            while (left_s := until_s - self._link.now_s()) > 0:
                self._hearing.hear((await port.receive(timeout_s=left_s)).data)
                if self._hearing.has(expected):
                    return True
        finally:
            await port.close()
        return False


def _is_said_in(before: Information | None, expected: Expectation) -> bool:
    heard = Hearing()
    heard.hear("".join((before or {}).values()).encode())
    return heard.has(expected)


def _compare(kind: ImageKind, before: Information | None, after: Information) -> None:
    """See that the application says another version than before.

    Raises:
        VerifyError: It does not, with what a user can do about that.
    """
    doubt = doubt_about_facts(before, after, last_image=kind, asked="over USB")
    if doubt is None:
        return
    if kind is ImageKind.APPLICATION and doubt.code is Code.NEW_APPLICATION_NOT_SEEN:
        doubt.hint = NAME_IT
    raise doubt
