"""A bootloader at one serial port: opened, seen to be there, and talked to.

Whoever opens it knows what the port stands for: a unit on a UART that has this port for good, or
one appearance of a unit on USB.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from firmline import events
from firmline.errors import (
    FirmlineError,
    LocalProtocolError,
    RemoteProtocolError,
    TransportError,
    TransportReason,
)
from firmline.links.base import PortConnection, PortLink, Received
from firmline.protocol.channels import Channel
from firmline.updater.opening import port_opened
from firmline.updater.road import Briefing
from firmline.updater.serial.absence import find_bootloader
from firmline.updater.serial.frames import FrameWisePort
from firmline.updater.serial.talk import SerialTalk, Versions

QUESTIONS: Final = 3
"""How often versions are asked for where answers get lost: they are good to know, not needed."""


class SerialBootloader:
    """An :class:`~firmline.links.base.Exchange` with the bootloader at a port.

    Args:
        link: The port; nothing is opened yet.
        briefing: Of the road.
    """

    def __init__(self, link: PortLink, briefing: Briefing) -> None:
        self._link = link
        self._briefing = briefing
        self._serial = briefing.timeouts.serial
        self._port: PortConnection | None = None
        self._talk: SerialTalk | None = None
        self._versions: Versions = {}

    @property
    def versions(self) -> Versions:
        """What it told of the unit's flash when it was opened."""
        return self._versions

    @property
    def port(self) -> PortConnection:
        """The open port."""
        if self._port is None:
            raise LocalProtocolError("A serial port was used before it was opened.")
        return self._port

    async def open(self) -> None:
        """Open the port and see that a bootloader answers; remember what it says is in its flash.

        Raises:
            TransportError: The port cannot be used, or no bootloader answers, with the reason.
            RemoteProtocolError: What answers makes no sense.
        """
        self._port = FrameWisePort(await self._link.open())
        self._briefing.report(port_opened(self._link))
        self._talk = talk = SerialTalk(
            self._port,
            now_s=self._link.now_s,
            timeouts=self._serial,
            report=self._briefing.report,
        )
        await find_bootloader(self._link, self._port, talk, self._serial)
        self._versions = await self._ask_versions(talk)

    async def close(self) -> None:
        """Give the port back."""
        if self._port is not None:
            await self._port.close()
            self._port = None

    @property
    def talk(self) -> SerialTalk:
        """What asks it single questions, one for as long as the port is open.

        No number of a PING comes twice then, and no late answer is taken for another's.
        """
        if self._talk is None:
            raise LocalProtocolError("A serial bootloader was asked before its port was opened.")
        return self._talk

    async def write(self, channel: Channel, data: bytes) -> None:
        """See :class:`firmline.links.base.Exchange`."""
        await self.port.write(channel, data)

    async def flush(self) -> None:
        """See :class:`firmline.links.base.Exchange`."""
        await self.port.flush()

    async def receive(self, *, timeout_s: float) -> Received:
        """See :class:`firmline.links.base.Exchange`."""
        return await self.port.receive(timeout_s=timeout_s)

    @asynccontextmanager
    async def losses_reported(self) -> AsyncIterator[None]:
        """Within this a port that is gone is told as an event, too."""
        try:
            yield
        except FirmlineError as error:
            cause = error if isinstance(error, TransportError) else error.__cause__
            if is_lost(cause):
                self._briefing.report(events.LinkLost(hci_reason=None, expected=False))
            raise

    async def _ask_versions(self, talk: SerialTalk) -> Versions:
        """What is in the unit's flash; nothing where its answers get lost all the time."""
        for _ in range(QUESTIONS):
            try:
                return await talk.versions()
            except (TransportError, RemoteProtocolError) as error:
                if is_lost(error):
                    raise
            if not await talk.find(self._serial.silence_s):
                break
        return {}


def is_lost(error: BaseException | None) -> bool:
    """Whether an error means that the port is gone."""
    return isinstance(error, TransportError) and error.reason is TransportReason.LOST
