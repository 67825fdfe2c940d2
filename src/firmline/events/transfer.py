"""An image goes over: requests, answers, objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from firmline.events.base import Event
from firmline.values import ImageKind

BUTTONLESS_REQUESTS: Final = ("enter_bootloader", "set_advertising_name")
"""What :class:`RequestSent` and :class:`Refused` call the requests of the buttonless service."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageStarted(Event):
    """The transfer of one image begins; ``index`` counts from 0."""

    kind: ImageKind
    index: int
    init_packet_size: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestSent(Event):
    """A request went out (not the data packets; see :class:`PacketsSent`)."""

    request: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerReceived(Event):
    """The unit answered."""

    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerPassedOver(Event):
    """The latest answer was a second copy of an earlier one to this request: it changed nothing."""

    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(Event):
    """The unit already had this much of an object, and its CRC was right."""

    object_type: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectCreated(Event):
    """An object of ``size`` bytes was created at ``offset`` of the image (or init packet)."""

    object_type: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketsSent(Event):
    """Data packets were handed to the link.

    Attributes:
        object_type: ``command`` or ``data``.
        count: Packets.
        offset: Bytes of the image (or init packet) sent so far.
        size: Bytes of it in all.
    """

    object_type: str
    count: int
    offset: int
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CrcChecked(Event):
    """The unit reported how much it has; compared with what was sent."""

    object_type: str
    offset: int
    crc: int
    expected_offset: int
    expected_crc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashLearned(Event):
    """How long the unit's flash takes at most, as its answers show; seconds.

    Attributes:
        erase_s: The erase at the head of an object.
        packet_s: One packet.
        object_s: A whole object, its erase included.
        least_object_s: The least that the unit's flash was seen to need for one, without any round
            trip; ``None``: that did not show, as the host let it run dry.
    """

    erase_s: float
    packet_s: float
    object_s: float
    least_object_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectExecuted(Event):
    """The unit executed an object; ``offset`` bytes of the image (or init packet) are done."""

    object_type: str
    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressSaved(Event):
    """The unit has saved its progress in flash; a power cut now costs nothing before ``offset``."""

    offset: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSent(Event):
    """The unit accepted the last object; it now restarts to activate the image."""

    kind: ImageKind
    size: int
