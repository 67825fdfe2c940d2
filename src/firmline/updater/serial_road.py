"""The road through a serial port: a bootloader for UART or USB, and nobody else to ask.

The port pins the unit. It has to be in its bootloader already: its application has no DFU service
on a serial line. Nor can a line say which application runs afterwards: a bootloader that answers
again shows that the unit does not run its application (and tells what is in its flash), silence
shows nothing. So ``updated`` is said where the flash has changed before the bootloader's own eyes
(a SoftDevice or a bootloader), or where the application prints what the user expects of it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from firmline import events
from firmline.errors import (
    Code,
    FirmlineError,
    LocalProtocolError,
    RemoteProtocolError,
    TransportError,
    TransportReason,
    VerifyError,
)
from firmline.formats.package import PackageImage
from firmline.links.base import PortConnection, PortLink
from firmline.protocol.framing import SerialFraming
from firmline.protocol.requests import CreateObject, ExecuteObject, Request
from firmline.updater.expectation import Expectation
from firmline.updater.opening import port_opened
from firmline.updater.progress import Progress
from firmline.updater.road import OpenBootloader, Report
from firmline.updater.serial_absence import not_back, nothing_answers
from firmline.updater.serial_ending import SerialEnding
from firmline.updater.serial_frames import FrameWisePort
from firmline.updater.serial_recovery import SerialRecovery
from firmline.updater.serial_talk import SerialTalk, Versions
from firmline.updater.timeouts import SerialTimeouts, Timeouts

SLOW_PING_S: Final = 0.5
"""Between PINGs to a unit that activates an image: they wait for it where flow control is on."""
QUESTIONS: Final = 3
"""How often versions are asked for where answers get lost: they are good to know, not needed."""


class SerialRoad:
    """A :class:`~firmline.updater.road.Road` over a serial port.

    Args:
        link: The port.
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        progress: Hears all events of this update.
        expectation: What the new application prints, if the user knows.
    """

    def __init__(
        self,
        *,
        link: PortLink,
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
        self._port: PortConnection | None = None
        self._before: Versions = {}

    @property
    def _serial(self) -> SerialTimeouts:
        return self._timeouts.serial

    def now_s(self) -> float:
        """The port's clock."""
        return self._link.now_s()

    @property
    def versions(self) -> Versions:
        """What the bootloader told of its flash when it was entered."""
        return self._before

    async def close(self) -> None:
        """Give the port back."""
        if self._port is not None:
            await self._port.close()
            self._port = None

    async def enter_bootloader(self) -> None:
        """Open the port and see that a bootloader answers; remember what it says is in its flash.

        Raises:
            TransportError: The port cannot be used, or no bootloader answers, with the reason.
            RemoteProtocolError: What answers makes no sense.
        """
        self._port = FrameWisePort(await self._link.open())
        self._report(port_opened(self._link))
        async with self._losses_reported():
            talk = self._talk()
            if not await talk.find(self._serial.bootloader_s):
                raise nothing_answers(self._link, self._open_port(), talk, self._serial)
            self._before = await self._versions(talk)

    @asynccontextmanager
    async def bootloader(self, index: int) -> AsyncIterator[OpenBootloader]:
        """The bootloader; for every image but the first the unit has to come back into it."""
        async with self._losses_reported():
            if index > 0:
                talk = self._talk()
                if not await talk.find(self._timeouts.return_s, ping_s=SLOW_PING_S):
                    raise not_back(self._link.name, self._timeouts.return_s)
            recovery = SerialRecovery(
                self._talk(), progress=self._progress, report=self._report, timeouts=self._serial
            )
            yield OpenBootloader(
                exchange=self._open_port(),
                framing=SerialFraming,
                answer_timeout_s=self._answer_timeout_s,
                recover=recovery.recover,
            )

    async def see_end(self, last_image: PackageImage) -> str:
        """Listen, and ask again, until something shows what became of the image."""
        ending = SerialEnding(
            self._open_port(),
            self._talk(),
            now_s=self._link.now_s,
            baud=self._link.capabilities.baud,
            report=self._report,
            timeouts=self._serial,
            expectation=self._expectation,
        )
        async with self._losses_reported():
            try:
                return await ending.see(last_image, before=self._before, progress=self._progress)
            except TransportError as error:
                raise VerifyError(
                    Code.NEW_APPLICATION_NOT_SEEN,
                    "The unit took the whole image, but what became of it could not be seen:"
                    f" {error.message}",
                ) from error

    async def _versions(self, talk: SerialTalk) -> Versions:
        """What is in the unit's flash; nothing where its answers get lost all the time."""
        for _ in range(QUESTIONS):
            try:
                return await talk.versions()
            except (TransportError, RemoteProtocolError) as error:
                if isinstance(error, TransportError) and error.reason is TransportReason.LOST:
                    raise
            if not await talk.find(self._serial.silence_s):
                break
        return {}

    def _answer_timeout_s(self, request: Request | None) -> float:
        """How long the answer to a request may take."""
        match request:
            case CreateObject():
                return self._serial.erase_s
            case ExecuteObject():
                return self._serial.execute_s
            case _:
                return self._serial.answer_s

    def _talk(self) -> SerialTalk:
        return SerialTalk(
            self._open_port(),
            now_s=self._link.now_s,
            timeouts=self._serial,
            report=self._report,
        )

    def _open_port(self) -> PortConnection:
        if self._port is None:
            raise LocalProtocolError("A serial port was used before it was opened.")
        return self._port

    @asynccontextmanager
    async def _losses_reported(self) -> AsyncIterator[None]:
        try:
            yield
        except FirmlineError as error:
            cause = error if isinstance(error, TransportError) else error.__cause__
            if isinstance(cause, TransportError) and cause.reason is TransportReason.LOST:
                self._report(events.LinkLost(hci_reason=None, expected=False))
            raise
