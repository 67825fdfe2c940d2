"""The beginning and the end of an update."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.events.base import Event, Outcome, Proof
from firmline.values import ImageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateStarted(Event):
    """An update begins.

    Attributes:
        unit: The target as the user named it.
        package: The package's file name.
        package_sha256: SHA-256 of the package, hexadecimal.
        images: The kinds of its images, in the order they are sent.
        total_size: Firmware bytes in all.
    """

    unit: str
    package: str
    package_sha256: str
    images: tuple[ImageKind, ...]
    total_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateFinished(Event):
    """The end of the stream.

    Attributes:
        outcome: How it ended.
        code: The stable error code; empty for ``updated``.
        message: One sentence for people.
        size: Firmware bytes the unit accepted.
        duration_s: From start to end, seconds.
        transfer_s: The part of it from the first object to the answer to the last, seconds.
        limit_share: How much of the unit's own speed limit was reached, 1 being all of it;
            ``None``: nobody knows the limit.
        proof: What shows that the unit has what was sent; ``None``: nothing does.
        held_size: Firmware bytes that the unit had of the images from an earlier update.
        sent_size: Firmware bytes that this update sent; what it sent again counts again.
    """

    outcome: Outcome
    code: str
    message: str
    size: int
    duration_s: float
    transfer_s: float
    limit_share: float | None = None
    proof: Proof | None = None
    held_size: int = 0
    sent_size: int = 0
