"""The host's conversation with the bootloader: one image, object by object.

Written as the conversation it is: generators that yield effects (bytes to write, events to report)
and requests (wait here for the answer), and receive answers::

    SELECT(command) -> not there? CREATE, write, CRC, EXECUTE
    SELECT(data)    -> prefix right? finish or repeat the open object : begin afresh
    per object      -> CREATE, write, CRC, EXECUTE

The order is right for SDK 15.3 to 17.1 (spec section 4.1). No data are written that the bootloader
must refuse, because refused data writes leak its receive buffers (spec section 13): data follow
only a CREATE that was answered with success, or go on where the unit says its open object is.
"""

from __future__ import annotations

import zlib
from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from firmline import events
from firmline.errors import Code, FirmlineError, RemoteProtocolError
from firmline.protocol.answers import Answer, AnswerBody, Crc, Mtu, Selected
from firmline.protocol.channels import Channel
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.framing import Framing, SerialFraming
from firmline.protocol.pacing import NO_PAUSES, Pacing
from firmline.protocol.refusals import FIRMWARE_PHASE, INIT_PACKET_PHASE, refusal
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetMtu,
    Request,
    SelectObject,
    SetPrn,
    WriteObject,
    opcode_of,
)

MAX_OBJECT_ATTEMPTS = 3
"""How often one object is sent before the session gives up."""

WORD_SIZE = 4
"""Bytes that the unit writes to flash at once: packets are whole words (spec section 4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """Write these bytes to this channel."""

    channel: Channel
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Tell everyone what happened."""

    event: events.Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The session is over: the error to raise."""

    error: FirmlineError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Let the unit's flash get on for so many seconds."""

    duration_s: float


Effect = Write | Report | Pause | Fail
_T = TypeVar("_T")
_Body = TypeVar("_Body", bound=AnswerBody)
_Talk = Generator[Effect | Request, Answer, _T]
"""A yielded request means: wait here for the answer to it."""


class DfuConversation:
    """Sends one init packet and one firmware image to a unit in its bootloader.

    Args:
        init_packet: The encoded init packet, exactly as in the package.
        firmware: The image, bytes.
        framing: How requests become bytes on this link.
        prn: Ask for an unasked CRC after every ``prn`` packets; 0 = only after each object.
        pacing: How long the unit's flash is given.
    """

    def __init__(
        self,
        *,
        init_packet: bytes,
        firmware: bytes,
        framing: Framing,
        prn: int,
        pacing: Pacing = NO_PAUSES,
    ) -> None:
        self._init_packet = init_packet
        self._firmware = firmware
        self._framing = framing
        self._prn = prn
        self._after_init_s = pacing.after_init_s
        self._after_create_s = pacing.after_create_s
        self._before_retry_s = pacing.before_retry_s

    def run(self) -> _Talk[None]:
        """The whole of it, up to the answer to the last EXECUTE."""
        if isinstance(self._framing, SerialFraming):
            yield from self._agree_on_mtu(self._framing)
        yield from self._ask(SetPrn(count=self._prn), phase="the packet receipt notification")
        offset, object_size = yield from self._find_resume_point()
        while offset < len(self._firmware):
            end = min(offset + object_size, len(self._firmware))
            yield from self._send_object(ObjectType.DATA, self._firmware, offset, end)
            yield from self._execute(ObjectType.DATA, end)
            offset = end

    def _agree_on_mtu(self, framing: SerialFraming) -> _Talk[None]:
        answer = yield from self._ask(GetMtu(), phase="the MTU request")
        framing.mtu = _body(answer, Mtu).size
        if framing.packet_size <= 0:
            raise RemoteProtocolError(
                Code.ANSWER_MALFORMED,
                f"The unit says that its frames have {framing.mtu} bytes, too few for any data.",
            )

    def _find_resume_point(self) -> _Talk[tuple[int, int]]:
        """Get the init packet accepted; where the image goes on, and the unit's object size.

        An image that is under way needs no EXECUTE of its init packet, and must not get one: it
        would save the progress of this moment (spec section 16.1 W7), and a reset could later bring
        an offset back whose flash has changed since.
        """
        has_init_packet = yield from self._has_init_packet()
        if not has_init_packet:
            yield from self._send_init_packet()
            selected = yield from self._select(ObjectType.DATA)
            return 0, selected.max_size
        yield Report(event=events.Resumed(object_type="command", offset=len(self._init_packet)))
        selected = yield from self._select(ObjectType.DATA)
        if selected.offset == 0:
            yield from self._execute_or_resend_init_packet()
            yield from self._select(ObjectType.DATA)
            return 0, selected.max_size
        if self._is_prefix(selected):
            yield Report(event=events.Resumed(object_type="data", offset=selected.offset))
            offset = yield from self._finish_open_object(selected.offset, selected.max_size)
            return offset, selected.max_size
        yield Report(event=events.StartedAfresh(offset=selected.offset, crc=selected.crc))
        # CREATE(data) rewinds to the last executed object only; a new CREATE(command) zeroes the
        # progress of the whole image (spec section 4.1).
        yield from self._send_init_packet()
        selected = yield from self._select(ObjectType.DATA)
        return 0, selected.max_size

    def _has_init_packet(self) -> _Talk[bool]:
        """Whether the unit holds exactly this init packet, complete."""
        selected = yield from self._select(ObjectType.COMMAND)
        here = selected.crc == zlib.crc32(self._init_packet)
        return here and selected.offset == len(self._init_packet)

    def _execute_or_resend_init_packet(self) -> _Talk[None]:
        """Execute an init packet that is there; 08: it was created with another size.

        A serial line has no checksum that would have shown a damaged CREATE.
        """
        yield from self._select(ObjectType.COMMAND)
        answer = yield from self._ask(
            ExecuteObject(),
            phase=INIT_PACKET_PHASE,
            tolerate=ResultCode.OPERATION_NOT_PERMITTED,
        )
        if not answer.ok:
            yield from self._send_init_packet()
            return
        yield self._executed(ObjectType.COMMAND, len(self._init_packet))
        yield from self._pause(self._after_init_s)

    def _send_init_packet(self) -> _Talk[None]:
        size = len(self._init_packet)
        yield from self._send_object(ObjectType.COMMAND, self._init_packet, 0, size)
        yield from self._execute(ObjectType.COMMAND, size)

    def _is_prefix(self, selected: Selected) -> bool:
        """Whether the unit holds the beginning of this image (the CRC of nothing says nothing)."""
        if selected.offset == 0:
            return True
        if selected.offset > len(self._firmware):
            return False
        return zlib.crc32(self._firmware[: selected.offset]) == selected.crc

    def _finish_open_object(self, offset: int, object_size: int) -> _Talk[int]:
        """Complete and execute what an earlier session left; the offset of the next object.

        At a boundary it is not known whether the last object was executed: EXECUTE is idempotent,
        and 08 means that the open object is not complete, so it is created again (spec section 4).
        Where no object can follow, 08 is a refusal like any other. An offset that is not a multiple
        of 4 is the mark of packets that spoiled the flash under a right CRC: again from the start.
        """
        start = (offset - 1) // object_size * object_size
        end = min(start + object_size, len(self._firmware))
        if offset % WORD_SIZE and offset < end:
            return start
        if offset < end:
            yield from self._stream(ObjectType.DATA, self._firmware, offset, end)
            intact = yield from self._check_crc(ObjectType.DATA, self._firmware, end)
            if not intact:
                return start
        answer = yield from self._ask(
            ExecuteObject(),
            phase=FIRMWARE_PHASE,
            tolerate=None if offset == len(self._firmware) else ResultCode.OPERATION_NOT_PERMITTED,
        )
        if not answer.ok:
            return offset if offset == end else start
        yield self._executed(ObjectType.DATA, end)
        return end

    def _send_object(
        self, object_type: ObjectType, source: bytes, start: int, end: int
    ) -> _Talk[None]:
        """CREATE, write and check one object, again where it arrives damaged."""
        for attempt in range(1, MAX_OBJECT_ATTEMPTS + 1):
            if attempt > 1:
                yield from self._slow_down(object_type, start, attempt)
            is_last = attempt == MAX_OBJECT_ATTEMPTS
            answer = yield from self._ask(
                CreateObject(object_type=object_type, size=end - start),
                phase=_phase(object_type),
                tolerate=None if is_last else self._full_queue(object_type),
            )
            if not answer.ok:
                continue
            yield Report(
                event=events.ObjectCreated(
                    object_type=_name(object_type),
                    offset=start,
                    size=end - start,
                )
            )
            if object_type is ObjectType.DATA:
                yield from self._pause(self._after_create_s)
            yield from self._stream(object_type, source, start, end)
            intact = yield from self._check_crc(object_type, source, end)
            if intact:
                return
        raise RemoteProtocolError(
            Code.OBJECT_DAMAGED,
            f"The object at offset {start} of {_phase(object_type)} arrived damaged"
            f" {MAX_OBJECT_ATTEMPTS} times.",
            offset=start,
        )

    def _slow_down(self, object_type: ObjectType, offset: int, attempt: int) -> _Talk[None]:
        """An object has to be sent again: give the unit twice the time from now on."""
        yield Report(
            event=events.ObjectRepeated(
                object_type=_name(object_type), offset=offset, attempt=attempt
            )
        )
        if object_type is ObjectType.DATA:
            self._after_create_s *= 2
            yield from self._pause(self._before_retry_s)

    def _full_queue(self, object_type: ObjectType) -> ResultCode | None:
        """How a unit with a flash queue says that it takes no data object now (spec section 4)."""
        has_queue = object_type is ObjectType.DATA and self._after_create_s > 0
        return ResultCode.INVALID_OBJECT if has_queue else None

    def _pause(self, duration_s: float) -> _Talk[None]:
        if duration_s:
            yield Pause(duration_s=duration_s)

    def _stream(self, object_type: ObjectType, source: bytes, start: int, end: int) -> _Talk[None]:
        """Hand the packets of one object to the link, waiting where a PRN is due."""
        count = 0
        size = self._framing.packet_size
        for position in range(start, end, size):
            packet = WriteObject(data=source[position : min(position + size, end)])
            channel, data = self._framing.encode(packet)
            yield Write(channel=channel, data=data)
            count += 1
            if self._prn and count % self._prn == 0:
                answer = yield packet
                yield from self._judge(packet, answer, phase=_phase(object_type))
        yield Report(
            event=events.PacketsSent(
                object_type=_name(object_type),
                count=count,
                offset=end,
                size=len(source),
            )
        )

    def _check_crc(self, object_type: ObjectType, source: bytes, end: int) -> _Talk[bool]:
        answer = yield from self._ask(GetCrc(), phase=_phase(object_type))
        crc = _body(answer, Crc)
        expected = zlib.crc32(source[:end])
        yield Report(
            event=events.CrcChecked(
                object_type=_name(object_type),
                offset=crc.offset,
                crc=crc.crc,
                expected_offset=end,
                expected_crc=expected,
            )
        )
        return crc.offset == end and crc.crc == expected

    def _execute(self, object_type: ObjectType, end: int) -> _Talk[None]:
        yield from self._ask(ExecuteObject(), phase=_phase(object_type))
        yield self._executed(object_type, end)
        if object_type is ObjectType.COMMAND:
            yield from self._pause(self._after_init_s)

    def _select(self, object_type: ObjectType) -> _Talk[Selected]:
        answer = yield from self._ask(
            SelectObject(object_type=object_type), phase=_phase(object_type)
        )
        selected = _body(answer, Selected)
        if selected.max_size == 0:
            raise RemoteProtocolError(
                Code.ANSWER_MALFORMED, "The unit says that its objects have no room at all."
            )
        return selected

    def _ask(
        self, request: Request, *, phase: str, tolerate: ResultCode | None = None
    ) -> _Talk[Answer]:
        channel, data = self._framing.encode(request)
        yield Report(event=events.RequestSent(request=opcode_of(request).name.lower(), data=data))
        yield Write(channel=channel, data=data)
        answer = yield request
        yield from self._judge(request, answer, phase=phase, tolerate=tolerate)
        return answer

    def _judge(
        self, request: Request, answer: Answer, *, phase: str, tolerate: ResultCode | None = None
    ) -> _Talk[None]:
        """Report a refusal, and end the conversation unless it is the one that is expected."""
        if answer.ok:
            return
        yield Report(
            event=events.Refused(
                request=opcode_of(request).name.lower(),
                result=answer.result,
                ext_error=answer.ext_error,
            )
        )
        if answer.result != tolerate:
            raise refusal(request, answer, phase=phase)

    def _executed(self, object_type: ObjectType, end: int) -> Effect:
        return Report(event=events.ObjectExecuted(object_type=_name(object_type), offset=end))


def _body(answer: Answer, kind: type[_Body]) -> _Body:
    if not isinstance(answer.body, kind):
        raise RemoteProtocolError(
            Code.ANSWER_UNEXPECTED, f"The unit's answer carries no {kind.__name__}."
        )
    return answer.body


def _name(object_type: ObjectType) -> str:
    return object_type.name.lower()


def _phase(object_type: ObjectType) -> str:
    return INIT_PACKET_PHASE if object_type is ObjectType.COMMAND else FIRMWARE_PHASE
