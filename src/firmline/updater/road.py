"""What an update asks of the road to the unit, whichever it is.

Rules of this room's roads:

* A road knows how a unit is found, entered and seen again there; :class:`~firmline.updater.update.
  Update` knows the order. Neither knows the other's part.
* A road reports everything it sees, and never says that an update succeeded: it raises what speaks
  against it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from firmline.errors import FirmlineError
from firmline.events import Proof, Reporter
from firmline.formats.package import PackageImage
from firmline.links.base import Exchange
from firmline.protocol.answers import FirmwareVersion
from firmline.protocol.codes import ImageType
from firmline.protocol.framing import Framing
from firmline.protocol.pacing import Pacing
from firmline.protocol.requests import Request
from firmline.updater.expectation import Expectation
from firmline.updater.progress import Progress
from firmline.updater.timeouts import Timeouts


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a unit that has what was sent.

    Attributes:
        proof: What kind of proof that is.
        message: A sentence for people.
    """

    proof: Proof
    message: str


NEW_APPLICATION_RUNS: Final = Seen(
    proof=Proof.APPLICATION, message="The unit runs the new application."
)
AnswerTimeout = Callable[[Request | None], float]
"""How many seconds the answer to a request may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How objects are sent.

    Attributes:
        prn: Ask for an unasked CRC after every ``prn`` packets; 0 = never.
        pacing: How long the unit's flash is given.
    """

    prn: int
    pacing: Pacing


def as_planned(method: Method) -> Method:
    """Nothing speaks against the method that was planned."""
    return method


async def gives_up(_error: FirmlineError) -> bool:
    """No session follows a failed one."""
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What a road over ports is told of the update that it serves.

    Attributes:
        timeouts: How long to wait for what.
        report: Takes every event, unstamped, as it happens.
        progress: Hears all events of this update.
        expectation: What the new application prints or says, if the user knows.
    """

    timeouts: Timeouts
    report: Reporter
    progress: Progress
    expectation: Expectation | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBootloader:
    """A unit in its bootloader, ready for one image.

    Attributes:
        exchange: Where its bytes go and come from.
        framing: Makes what turns requests into bytes there, anew for every session.
        answer_timeout_s: How long the answer to a request may take.
        recover: After a failed session: whether the image goes on in a new one.
        method: How objects are sent after what was seen so far, if planned so.
        fwid: Of its SoftDevice, where the road tells.
        versions: What it told of the unit's flash, as that still is; empty: it told nothing.
    """

    exchange: Exchange
    framing: Callable[[], Framing]
    answer_timeout_s: AnswerTimeout
    recover: Callable[[FirmlineError], Awaitable[bool]] = gives_up
    method: Callable[[Method], Method] = as_planned
    fwid: int | None = None
    versions: Mapping[ImageType, FirmwareVersion] = field(default_factory=dict)


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

    async def see_end(self, last_image: PackageImage) -> Seen:
        """See that the unit has what was sent; returns only when nothing speaks against it.

        Args:
            last_image: The last image of the package.

        Returns:
            What was seen.

        Raises:
            VerifyError: What could not be seen.
        """

    async def close(self) -> None:
        """Give back what the road has opened; harmless when done before."""
