"""What a failed session over a radio has shown: from its events and its error to one fault.

Pure. An error alone does not tell enough: "the object arrived damaged" is a full queue, a stack
that changes packets, or a bootloader without receive buffers, and only the offsets and CRCs that
the unit reported tell which.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from firmline import events
from firmline.errors import (
    Code,
    FirmlineError,
    RemoteProtocolError,
    TargetRefusedError,
    TransportError,
    TransportReason,
)
from firmline.events import Event
from firmline.protocol.codes import ExtError, ResultCode
from firmline.protocol.refusals import FIRMWARE_PHASE


class Observed(StrEnum):
    """What was observed."""

    LINK_LOST = "link-lost"
    PLACE_LOST_WITH_LINK = "place-lost-with-link"
    ANSWER_MISSING = "answer-missing"
    ATT_ERROR = "att-error"
    NONSENSE = "nonsense"
    PACKETS_LOST = "packets-lost"
    PACKETS_SPOILED = "packets-spoiled"
    PACKETS_REPEATED = "packets-repeated"
    BUFFERS_GONE = "buffers-gone"
    PLACE_LOST = "place-lost"
    BUSY = "busy"
    FLASH_STARVED = "flash-starved"
    WRONG_IN_FLASH = "wrong-in-flash"
    STAYED = "stayed-in-application"


class Session:
    """The events of one session, as far as they explain its end.

    Attributes:
        best: Bytes of the image that the unit has executed at most, over all sessions.
        last_execute_sent: Whether the EXECUTE behind the whole image has gone out, and the unit was
            not seen in the middle of the image since.
    """

    def __init__(self) -> None:
        self.best = 0
        self.last_execute_sent = False
        self._size = 0
        self._executed = 0
        self.begin()

    def begin(self) -> None:
        """A new session of the same image."""
        self._began_at: int | None = None
        self._executed_before = self._executed
        self._reached = 0
        self._created: tuple[str, int] = ("", 0)
        self._crc: events.CrcChecked | None = None
        self._refused = ""
        self._arrived = False
        """Whether anything of the last object arrived."""
        self._arrived_before = False
        """Whether anything of another one did."""

    def hear(self, event: Event) -> None:
        """One event of the update."""
        match event:
            case events.ImageStarted(size=size):
                self.best, self._size, self.last_execute_sent = 0, size, False
                self._executed = 0
                self.begin()
            case events.ObjectCreated(object_type=kind, offset=offset):
                self._open(kind, offset)
                self._note(kind, offset)
                if kind == "command":  # zeroes what was executed (section 4.1)
                    self._executed = self._executed_before = 0
            case events.Resumed(object_type=kind, offset=offset):
                self._created = (kind, offset)
                self._note(kind, offset)
            case events.CrcChecked(object_type=kind, offset=offset):
                self._crc = event
                self._arrived |= offset > self._created[1]
                self._note(kind, offset)
            case events.ObjectExecuted(object_type="data", offset=offset):
                self.best = max(self.best, offset)
                self._executed = offset
            case events.RequestSent(request="object_execute"):
                self.last_execute_sent = self._reached >= self._size > 0
            case events.ImageSent():
                self.last_execute_sent = False
            case events.Refused(request=request):
                self._refused = request

    def _open(self, kind: str, offset: int) -> None:
        """An object was created, for the first time or again."""
        if (kind, offset) != self._created:
            self._arrived_before |= self._arrived
        self._created = (kind, offset)
        self._arrived = False

    def _note(self, kind: str, offset: int) -> None:
        """How far the image is with the unit."""
        self.last_execute_sent = False
        if kind != "data":
            return
        if self._began_at is None:
            self._began_at = offset
        self._reached = offset

    def observed(self, error: FirmlineError) -> Observed | None:
        """What the session's error means; ``None``: nothing that another session could change."""
        match error:
            case TransportError():
                return self._trouble(error)
            case RemoteProtocolError(code=Code.OBJECT_DAMAGED):
                return self._damage()
            case RemoteProtocolError():
                return _OF_CODE.get(error.code, Observed.NONSENSE)
            case TargetRefusedError():
                return self._refusal(error)
            case _:
                return None

    def _trouble(self, error: TransportError) -> Observed | None:
        """Trouble on the road."""
        if error.code is Code.LINK_REFUSED:
            return Observed.ATT_ERROR
        if error.code is Code.UNIT_STAYED_IN_APPLICATION:
            return Observed.STAYED
        match error.reason:
            case TransportReason.LOST:
                return Observed.PLACE_LOST_WITH_LINK if self._fell_back else Observed.LINK_LOST
            case TransportReason.TIMEOUT:
                return Observed.ANSWER_MISSING
            case _:
                return None

    @property
    def _fell_back(self) -> bool:
        """Whether this session began behind what an earlier one had executed, unasked."""
        return self._began_at is not None and self._began_at < self._executed_before

    def _damage(self) -> Observed:
        """In which way the last object arrived damaged.

        Of a unit that took other objects in this session and takes nothing of the last one, the
        flash may have become so slow that its queue is still full of the one before. Where nothing
        arrives in the next session either, its buffers are gone.
        """
        crc = self._crc
        if crc is None or not (self._arrived or self._arrived_before):
            return Observed.BUFFERS_GONE
        if crc.offset < crc.expected_offset:
            return Observed.PACKETS_LOST
        return Observed.PACKETS_SPOILED

    def _refusal(self, error: TargetRefusedError) -> Observed | None:
        """A refusal that state has made, or flash; ``None``: the unit's word."""
        phase = error.context.get("phase")
        if phase is None:  # it was not the bootloader
            return None
        if error.ext_error == ExtError.VERIFICATION_FAILED and phase == FIRMWARE_PHASE:
            return Observed.WRONG_IN_FLASH
        match error.result:
            case ResultCode.OPERATION_NOT_PERMITTED:
                return Observed.PLACE_LOST
            case ResultCode.OPERATION_FAILED:
                return Observed.BUSY
            case ResultCode.INVALID_OBJECT | ResultCode.INVALID_PARAMETER:
                return _OF_REQUEST.get(self._refused, Observed.PLACE_LOST)
            case _:  # a byte that no bootloader says was not said by one
                return None if error.result in _RESULTS else Observed.NONSENSE


_OF_CODE: Final = {
    Code.PROGRESS_LOST: Observed.PLACE_LOST,
    Code.PACKETS_REPEATED: Observed.PACKETS_REPEATED,
    Code.FLASH_STARVED: Observed.FLASH_STARVED,
}
"""Errors of the protocol that are no nonsense."""
_RESULTS: Final = frozenset(ResultCode)
_OF_REQUEST: Final[dict[str, Observed | None]] = {
    "object_execute": None,
    "object_create": Observed.BUSY,
    "object_write": Observed.PACKETS_REPEATED,
}
"""An EXECUTE refused with 03 or 05 is a verdict on what was sent, a CREATE on the flash queue, and
a packet is refused where the object has no room for it: then more came than was sent (section 4).
"""
