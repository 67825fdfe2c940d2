"""What an update asks of the road to the unit, whichever it is.

Rules of this room's roads:

* A road knows how a unit is found, entered and seen again there; :class:`~firmline.updater.update.
  Update` knows the order. Neither knows the other's part.
* A road reports everything it sees, and never says that an update succeeded: it raises what speaks
  against it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from firmline.events import Event
from firmline.links.base import Exchange
from firmline.protocol.framing import Framing
from firmline.values import ImageKind

Report = Callable[[Event], None]
"""Takes an event, stamps it with the time and passes it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBootloader:
    """A unit in its bootloader, ready for one image.

    Attributes:
        exchange: Where its bytes go and come from.
        framing: How requests become bytes there.
        fwid: Of its SoftDevice, where the road tells.
    """

    exchange: Exchange
    framing: Framing
    fwid: int | None = None


class Road(Protocol):
    """The road between this computer and one unit, for one update."""

    def now_s(self) -> float:
        """The road's monotonic clock, in seconds."""

    async def enter_bootloader(self) -> None:
        """Get the unit into its bootloader.

        Raises:
            TransportError: It is not there, or stays where it is.
            RemoteProtocolError: What answers makes no sense.
            TargetRefusedError: Its application said no.
        """

    def bootloader(self, index: int) -> AbstractAsyncContextManager[OpenBootloader]:
        """The unit's bootloader, found again and open for the image with this index.

        Left without an error, it means that the unit has taken the image; it now restarts.

        Raises:
            TransportError: It is not there, or the road breaks.
        """

    async def see_end(self, last_image: ImageKind) -> None:
        """See the unit run what was sent; returns only when nothing speaks against it.

        Args:
            last_image: What the last image of the package was.

        Raises:
            VerifyError: What could not be seen.
        """
