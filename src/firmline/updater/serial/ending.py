"""What can be seen of a unit behind a serial port after it has taken the last image.

Text that the user expects is a proof whenever it comes, also sooner than a copy of the image could
take: a unit that has no room for two images, or is built so, was sent the new one in the place of
the old one and copies nothing (bootloader spec, section 6), and a line does not tell which. That
only the new application prints it is the user's word, unless it was heard before the last image was
taken, too: then it proves nothing. What is counted from the end of the
activation is how long it is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from firmline import events
from firmline.errors import Code, VerifyError
from firmline.events import Reporter
from firmline.formats.package import PackageImage
from firmline.links.base import PortConnection
from firmline.links.serial.text import looks_like_text, shown
from firmline.protocol.codes import ImageType
from firmline.updater.activation import longest_activation_s
from firmline.updater.expectation import Expectation, Hearing
from firmline.updater.flash_versions import kept_from_application, left_in_bootloader, see_versions
from firmline.updater.progress import Progress
from firmline.updater.road import NEW_APPLICATION_RUNS, Seen
from firmline.updater.serial.talk import SerialTalk, Versions
from firmline.updater.timeouts import SerialTimeouts
from firmline.values import ImageKind

TEXT_IS_COMPLETE_S: Final = 0.1
"""Text that is followed by so much silence is complete enough to be shown; ours."""
BETWEEN_PINGS_S: Final = 1.0
"""While a SoftDevice or a bootloader is activated: the unit may wait 10 s for the next image only
(bootloader spec, section 9)."""
GREETS_WITHIN_S: Final = 2.0
"""How long an application that was started may take to print something, where that is no proof of
anything but that it runs; ours."""
LONGEST_LINE_S: Final = 1.0
"""For a line that is as expected to come to its end; an application may print without one for ever.
Ours: a terminal's line of 80 characters takes 0.7 s at 1200 bits per second."""
SHOWN_EXPECTED: Final = 60


class SerialEnding:
    """Listens after the last image, asks whether the bootloader is there again, and judges.

    Args:
        port: The open port.
        talk: Asks the bootloader.
        now_s: The port's clock.
        baud: The bootloader's speed; ``None``: the port has none.
        report: Takes every event, unstamped.
        timeouts: How long to wait for what.
        expectation: What the new application prints, if the user knows.
    """

    def __init__(
        self,
        port: PortConnection,
        talk: SerialTalk,
        *,
        now_s: Callable[[], float],
        baud: int | None,
        report: Reporter,
        timeouts: SerialTimeouts,
        expectation: Expectation | None,
    ) -> None:
        self._port = port
        self._talk = talk
        self._now_s = now_s
        self._baud = baud
        self._report = report
        self._timeouts = timeouts
        self._expectation = expectation
        self._hearing = Hearing()

    async def see(self, image: PackageImage, *, before: Versions, progress: Progress) -> Seen:
        """Return, with what was seen, when it is proven that the unit has what was sent.

        Args:
            image: The last image of the package.
            before: What the bootloader said of its flash before the update.
            progress: Of the last image.

        Raises:
            VerifyError: What could not be seen, or what speaks against it.
            TransportError: The port failed.
        """
        waits_s = longest_activation_s(progress) + self._timeouts.boot_s
        is_said_before = self._is_said_before()
        if image.kind is ImageKind.APPLICATION:
            is_proven = await self._hear_application(waits_s)
            is_back = not is_proven and not self._hearing.text and await self._is_back()
            if is_back:
                raise left_in_bootloader(image, before, await self._talk.versions())
        else:
            is_back = await self._talk.find(waits_s, ping_s=BETWEEN_PINGS_S)
            self._hear(self._talk.strange)
            if is_back:
                return await self._see_new_versions(image, before)
            is_proven = self._is_as_expected()
        if not is_proven and self._expectation is not None:
            is_proven = await self._hear_application(self._expected_within_s())
        if self._hearing.text:
            self._report(events.TextHeard(text=shown(self._hearing.text.encode())))
        if not is_proven:
            raise self._doubt(image)
        if is_said_before:
            raise self._doubt_about_text()
        return NEW_APPLICATION_RUNS

    def _is_said_before(self) -> bool:
        """Whether what is expected was heard of the old application, before this end."""
        before = Hearing()
        before.hear(self._talk.overheard)
        return self._expectation is not None and before.has(self._expectation)

    async def _see_new_versions(self, image: PackageImage, before: Versions) -> Seen:
        """What the bootloader proves; an application that was there before has to run again.

        Behind a new SoftDevice a bootloader waits 10 s for more, and 120 s once it was asked
        anything (bootloader spec, section 16.2 S18): it is asked to restart.
        """
        after = await self._talk.versions()
        seen = see_versions(image, before, after)
        if ImageType.APPLICATION not in before:
            return seen
        if ImageType.APPLICATION not in after:
            raise kept_from_application(seen, after)
        await self._talk.ask_to_restart()
        is_proven = await self._hear_application(self._expected_within_s())
        if self._hearing.text:
            self._report(events.TextHeard(text=shown(self._hearing.text.encode())))
        elif await self._is_back():
            raise kept_from_application(seen, after)
        if is_proven or (self._hearing.text and self._expectation is None):
            return seen
        raise self._doubt_about_return(seen)

    def _expected_within_s(self) -> float:
        """How long to listen for what the user expects; where that is nothing, for anything."""
        if self._expectation is None:
            return self._timeouts.boot_s + GREETS_WITHIN_S
        own_s = self._expectation.timeout_s
        return self._timeouts.expect_s if own_s is None else own_s

    # Hearing.

    async def _hear_application(self, for_s: float) -> bool:
        """Whether the application prints what is expected, at its own speed."""
        own_baud = self._expectation.baud if self._expectation is not None else None
        if own_baud is not None:
            self._port.set_baud(own_baud)
        is_proven = await self._listen(for_s)
        if own_baud is not None and self._baud is not None:
            self._port.set_baud(self._baud)
        return is_proven

    async def _listen(self, for_s: float) -> bool:
        """Whether what is expected is heard in time.

        Where nothing is expected, it is enough to hear that something talks at all.
        """
        until_s = self._now_s() + for_s
        while (left_s := until_s - self._now_s()) > 0:
            has_heard = self._expectation is None and bool(self._hearing.text)
            data = await self._talk.hear(min(left_s, TEXT_IS_COMPLETE_S) if has_heard else left_s)
            if has_heard and not data:
                break
            self._hear(data)
            if self._is_as_expected():
                await self._hear_out()
                return True
        return False

    async def _hear_out(self) -> None:
        """Let a line that is as expected come to its end, for those who read it."""
        until_s = self._now_s() + LONGEST_LINE_S
        while not self._hearing.text.endswith("\n") and self._now_s() < until_s:
            data = await self._talk.hear(TEXT_IS_COMPLETE_S)
            if not data:
                break
            self._hear(data)

    def _hear(self, data: bytes) -> None:
        """Keep text; what is none can be what a line says of a reset."""
        if self._expectation is not None or looks_like_text(data):
            self._hearing.hear(data)

    def _is_as_expected(self) -> bool:
        return self._expectation is not None and self._hearing.has(self._expectation)

    # Asking.

    async def _is_back(self) -> bool:
        """Whether a bootloader answers: then the unit does not run its application."""
        is_back = await self._talk.find(0, ping_s=self._timeouts.farewell_s)
        self._hear(self._talk.strange)
        return is_back

    def _doubt_about_text(self) -> VerifyError:
        heard = shown(self._hearing.text.encode())
        return VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"The unit took the whole image and says {heard!r}, but what was expected was heard"
            " before the update, too: nothing shows that this is the new application.",
            hint="Look at the unit; next time name a text that only the new application prints,"
            " such as its version: --expect 'TEXT'.",
        )

    def _doubt_about_return(self, seen: Seen) -> VerifyError:
        heard = shown(self._hearing.text.encode())
        return VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"{seen.message.removesuffix('.')}, and the unit has left it, but"
            f" {'says ' + repr(heard) if heard else 'is silent since'}: nothing shows that its"
            " application runs"
            f"{' as expected' if heard else ''}.",
            hint="Look at the unit; next time name a text that its application prints on this port:"
            " --expect 'TEXT'.",
        )

    def _doubt(self, image: PackageImage) -> VerifyError:
        heard = shown(self._hearing.text.encode())
        talks = f"says {heard!r}" if heard else "is silent"
        if self._expectation is not None:
            return VerifyError(
                Code.NEW_APPLICATION_NOT_SEEN,
                f"The unit took the whole image and {talks}, but what was expected"
                f" ({self._expectation.text[:SHOWN_EXPECTED]!r}) was not heard.",
                hint="Look at the unit; give --expect-baud if its application prints at another"
                " speed than its bootloader's.",
            )
        if image.kind is not ImageKind.APPLICATION:
            says = "so nobody can tell whether the new one is in place"
        elif heard:
            says = "so an application runs, but nothing shows that it is the new one"
        else:
            says = "as when its application runs, but nobody can tell whether it does, and which"
        return VerifyError(
            Code.NEW_APPLICATION_NOT_SEEN,
            f"The unit took the whole image and {talks} since, {says}.",
            hint="Look at the unit; next time name a text that the new application prints on this"
            " port: --expect 'TEXT'.",
        )
