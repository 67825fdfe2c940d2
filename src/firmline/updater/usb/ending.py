"""What can be seen of a unit on USB after it has taken the last image, and what that proves."""

from __future__ import annotations

from typing import Final

from firmline import events
from firmline.errors import Code, LocalProtocolError, TransportError, TransportReason, VerifyError
from firmline.formats.package import PackageImage
from firmline.links.serial.text import shown
from firmline.links.usb.device import UsbDevice, UsbKind
from firmline.links.usb.link import UsbLink
from firmline.protocol.codes import ImageType
from firmline.updater.ending import Information, doubt_about_facts, nothing_shows
from firmline.updater.expectation import Expectation, Hearing
from firmline.updater.flash_versions import kept_from_application, left_in_bootloader, see_versions
from firmline.updater.road import NEW_APPLICATION_RUNS, Briefing, Seen
from firmline.updater.serial.talk import Versions
from firmline.updater.usb.absence import did_not_return
from firmline.updater.usb.bootloader import UsbBootloader
from firmline.updater.usb.search import Looks
from firmline.updater.wired_road import end_not_seen
from firmline.values import ImageKind

NAME_IT: Final = "Look at the unit; next time name what the new application says: --expect 'TEXT'."
SAID_BY_BOTH: Final = (
    " What was expected was said before the update, too: nothing shows that this is the new"
    " application."
)


class UsbEnding:
    """Waits until the unit is plugged in again, and judges what it says of itself.

    Args:
        link: The unit.
        briefing: Of the road.
        bootloader: Of the unit, at the port where it took the last image.
    """

    def __init__(self, link: UsbLink, briefing: Briefing, bootloader: UsbBootloader) -> None:
        self._link = link
        self._bootloader = bootloader
        self._timeouts = briefing.timeouts
        self._report = briefing.report
        self._expectation = briefing.expectation
        self._hearing = Hearing()

    async def see(
        self, image: PackageImage, *, before: Information | None, versions_before: Versions
    ) -> Seen:
        """Return, with what was seen, when it is proven that the unit has what was sent.

        Args:
            image: The last image of the package.
            before: What its application said before the update; ``None``: it was not running.
            versions_before: What its bootloader told of its flash before the update.

        Raises:
            VerifyError: What could not be seen, or what speaks against it.
        """
        try:
            left = self._device
            await self._bootloader.close()
            device = await self._await_return(left)
            if image.kind is not ImageKind.APPLICATION:
                return await self._see_new_versions(device, image, versions_before)
            if device.usb_id == left.usb_id:
                await self._bootloader.open_patiently(device)
                raise left_in_bootloader(image, versions_before, self._bootloader.versions)
            information = await self._bootloader.hear_application(device)
        except TransportError as error:
            raise end_not_seen(error) from error
        if self._expectation is None:
            _compare(before, information)
        else:
            is_said_before = _is_said_in(before, self._expectation)
            await self._expect(self._expectation, information, is_said_before=is_said_before)
            if is_said_before:  # by both: it proves nothing
                _compare(before, information, beside=SAID_BY_BOTH)
        return NEW_APPLICATION_RUNS

    @property
    def _device(self) -> UsbDevice:
        if self._bootloader.device is None:
            raise LocalProtocolError("An end over USB was looked for before anything was sent.")
        return self._bootloader.device

    # A new SoftDevice or bootloader.

    async def _see_new_versions(
        self, device: UsbDevice, image: PackageImage, versions_before: Versions
    ) -> Seen:
        """What the bootloader proves; an application that was there before has to run again.

        Of its bootloader an application says nothing: it is asked to restart into that.
        """
        if device.usb_id == self._device.usb_id:
            await self._bootloader.open_patiently(device)
        else:
            await self._bootloader.hear_application(device)
            if device.kind is not UsbKind.APPLICATION:  # and cannot be asked to restart
                raise nothing_shows(image.kind)
            await self._bootloader.enter_from(device)
        after = self._bootloader.versions
        seen = see_versions(image, versions_before, after)
        if ImageType.APPLICATION in versions_before:
            await self._see_it_leave(seen, after)
        return seen

    async def _see_it_leave(self, seen: Seen, after: Versions) -> None:
        """Send the unit back into its application, and see that run."""
        if ImageType.APPLICATION not in after:
            raise kept_from_application(seen, after)
        left = self._device
        await self._bootloader.restart()
        device = await self._await_return(left)
        if device.usb_id == left.usb_id:
            raise kept_from_application(seen, after)
        information = await self._bootloader.hear_application(device)
        if self._expectation is not None:
            await self._expect(self._expectation, information)

    async def _await_return(self, left: UsbDevice) -> UsbDevice:
        """The unit, plugged in as something else than this appearance of its bootloader."""
        was_away = False
        async for device in Looks(self._link, self._timeouts.return_s):
            was_away |= device is None
            if device is not None and (
                was_away or (device.usb_id, device.address) != (left.usb_id, left.address)
            ):
                return device
        raise did_not_return(
            left.serial_number,
            self._timeouts.return_s,
            is_there=not was_away,
            problem=self._link.problem,
        )

    # What the user expects.

    async def _expect(
        self, expected: Expectation, information: Information, *, is_said_before: bool = False
    ) -> None:
        """Wait until the application says, or prints on its port, what is expected.

        Raises:
            VerifyError: It does not in time.
        """
        said = _text(information)
        self._hearing.hear(said)
        if self._hearing.has(expected):
            return
        own_s = expected.timeout_s
        waits_s = self._timeouts.serial.expect_s if own_s is None else own_s
        has_heard = await self._hears(expected, self._link.now_s() + waits_s)
        says = shown(said)
        prints = shown(self._hearing.text.encode().removeprefix(said))
        if has_heard:
            self._report(events.TextHeard(text=prints))
            return
        talks = f"says {says!r}" if says else ("" if prints else "is silent")
        prints = f"{' and ' if says else ''}prints {prints!r}" if prints else ""
        was_said = ": the application said that before the update" if is_said_before else ""
        raise VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"The unit took the whole image and runs an application that {talks}{prints}, but what"
            f" was expected ({expected.text[:60]!r}) was not heard{was_said}.",
            hint=NAME_IT,
        )

    async def _hears(self, expected: Expectation, until_s: float) -> bool:
        async for device in Looks(self._link, until_s - self._link.now_s()):
            if device is not None and device.port is not None:
                try:
                    return await self._listen(device, expected, until_s)
                except TransportError as error:
                    if error.reason is TransportReason.TIMEOUT:
                        return False
                    # Its port is not given away yet, or the unit has restarted.
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
    heard.hear(_text(before or {}))
    return heard.has(expected)


def _text(information: Information) -> bytes:
    """Each string on a line of its own: what the port prints does not go on where one ends."""
    return "".join(f"{value}\n" for value in information.values()).encode()


def _compare(before: Information | None, after: Information, *, beside: str = "") -> None:
    """See that the application says another version than before.

    Args:
        before: What the old application said; ``None``: it was not running.
        after: What the application says now.
        beside: A sentence for a doubt: what else shows nothing.

    Raises:
        VerifyError: It does not, with what a user can do about that.
    """
    doubt = doubt_about_facts(before, after, last_image=ImageKind.APPLICATION, asked="over USB")
    if doubt is not None:
        doubt.message += beside
        if beside or doubt.code is Code.NEW_APPLICATION_NOT_SEEN:
            doubt.hint = NAME_IT
        raise doubt
