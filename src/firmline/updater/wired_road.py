"""What the roads over a serial port and over USB have in common: frames, a port, and its clock."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Generic, Protocol, TypeVar

from firmline.errors import Code, FirmlineError, TransportError, VerifyError
from firmline.links.base import Exchange, PortLink
from firmline.links.usb.link import UsbLink
from firmline.protocol.answers import FirmwareVersion
from firmline.protocol.codes import ImageType
from firmline.protocol.framing import SerialFraming
from firmline.updater.road import Briefing, Method, OpenBootloader
from firmline.updater.timeouts import answer_timeout_s


class WiredBootloader(Exchange, Protocol):
    """A bootloader that is talked to in frames."""

    async def close(self) -> None:
        """Give its port back."""


_L = TypeVar("_L", bound=PortLink | UsbLink)
_B = TypeVar("_B", bound=WiredBootloader)


class WiredRoad(Generic[_L, _B]):
    """The common part of a :class:`~firmline.updater.road.Road` over ports.

    Args:
        link: The port, or the unit that has one.
        bootloader: Of the unit; nothing is opened yet.
        briefing: Of the update.
    """

    def __init__(self, link: _L, bootloader: _B, briefing: Briefing) -> None:
        self._link = link
        self._bootloader = bootloader
        self._briefing = briefing

    def now_s(self) -> float:
        """The link's clock."""
        return self._link.now_s()

    async def close(self) -> None:
        """Give the port back."""
        await self._bootloader.close()

    def _ready(
        self,
        *,
        recover: Callable[[FirmlineError], Awaitable[bool]],
        method: Callable[[Method], Method],
        framing: Callable[[], SerialFraming],
        versions: Mapping[ImageType, FirmwareVersion],
    ) -> OpenBootloader:
        """The bootloader, open for an image.

        Args:
            recover: After a failed session: whether the image goes on in a new one.
            method: How objects are sent after what was seen so far, if planned so.
            framing: Makes the frames of a session.
            versions: What it told of the unit's flash, as that still is.
        """
        return OpenBootloader(
            exchange=self._bootloader,
            framing=framing,
            answer_timeout_s=partial(answer_timeout_s, self._briefing.timeouts.serial),
            recover=recover,
            method=method,
            versions=versions,
        )


def end_not_seen(error: TransportError) -> VerifyError:
    """The error of a unit that took everything, where the road broke while its end was awaited."""
    return VerifyError(
        Code.NEW_APPLICATION_NOT_SEEN,
        f"The unit took the whole image, but what became of it could not be seen: {error.message}",
        hint=error.hint,
    )
