"""What goes wrong on the way, and what is done about it."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.events.base import Event
from firmline.values import ImageKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Event):
    """The unit said no.

    Attributes:
        request: What it refused.
        result: Result code (spec section 2.2).
        ext_error: Extended error (spec section 2.3), where there is one.
    """

    request: str
    result: int
    ext_error: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectRepeated(Event):
    """An object arrived damaged and is created again; ``attempt`` counts from 2."""

    object_type: str
    offset: int
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLost(Event):
    """An object that was sent ahead did not arrive whole; it is sent again step by step."""

    object_type: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashStarved(Event):
    """The unit's flash hardly gets on; the image is sent as slowly as that takes.

    At short connection intervals its SoftDevice may find no gap for a write between radio events,
    and whoever sends cannot ask for a longer one, or has in vain.

    Attributes:
        size: Bytes that it has not written.
        least_s: For so long.
    """

    size: int
    least_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedAfresh(Event):
    """The unit held another image's progress; its init packet is created anew."""

    offset: int
    crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePassedOver(Event):
    """The unit has a bootloader of this version or a newer one; the next image is sent.

    Attributes:
        kind: Of the image that it did not take.
        index: Of it, from 0.
    """

    kind: ImageKind
    index: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRepeated(Event):
    """Something was lost on a serial line; the image goes on where the unit says it is.

    Attributes:
        reason: What had happened.
        code: The error that it would have been.
        attempt: Sessions without progress so far, counted from 2.
    """

    reason: str
    code: str
    attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderStepped(Event):
    """Something went wrong over a radio, or a unit on USB was lost; what is done about it now.

    Attributes:
        step: What is done, e.g. ``resume`` (:class:`firmline.updater.ladder.Step`).
        fault: What was observed, e.g. ``link-lost`` (:class:`firmline.updater.ladder.Observed`).
        attempt: Steps without progress so far, this one included.
        reason: What had happened, in a sentence.
        code: The error that it would have been.
    """

    step: str
    fault: str
    attempt: int
    reason: str
    code: str
