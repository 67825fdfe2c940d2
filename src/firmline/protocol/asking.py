"""Requests and their answers within a conversation: asked, judged, reported."""

from __future__ import annotations

import zlib
from typing import TypeVar

from firmline import events
from firmline.errors import Code, RemoteProtocolError
from firmline.protocol.answers import Answer, AnswerBody, Crc, Selected
from firmline.protocol.codes import ObjectType, ResultCode
from firmline.protocol.framing import Framing
from firmline.protocol.refusals import FIRMWARE_PHASE, INIT_PACKET_PHASE, refusal
from firmline.protocol.requests import GetCrc, Request, SelectObject, opcode_of
from firmline.protocol.steps import Effect, Report, Talk, Write

_Body = TypeVar("_Body", bound=AnswerBody)


class Asking:
    """What every part of a conversation does: say something, and wait for the answer.

    Args:
        framing: How requests become bytes on this link.
    """

    def __init__(self, framing: Framing) -> None:
        self.framing = framing

    def say(self, request: Request) -> Talk[None]:
        """Send a request; its answer is the caller's business."""
        channel, data = self.framing.encode(request)
        yield Report(event=events.RequestSent(request=opcode_of(request).name.lower(), data=data))
        yield Write(channel=channel, data=data)

    def ask(
        self, request: Request, *, phase: str, tolerate: ResultCode | None = None
    ) -> Talk[Answer]:
        """Send a request and wait for its answer.

        Args:
            request: What to ask.
            phase: What the host is doing, for the sentence of a refusal.
            tolerate: A refusal that is returned like a success.

        Raises:
            TargetRefusedError: The unit says no, and not as tolerated.
        """
        yield from self.say(request)
        answer = yield request
        if answer is None:
            raise AssertionError  # a request is waited for until its answer is there
        yield from judge(request, answer, phase=phase, tolerate=tolerate)
        return answer

    def check_taken(self, object_type: ObjectType, source: bytes, end: int) -> Talk[Crc]:
        """Ask how much the unit has, beside what it should have: ``source`` up to ``end``.

        Where that is not what it should be, SELECT says it again, and certainly. What CRC_GET seems
        to say may be a copy of its last answer, and who believed it would send again what the unit
        has (:mod:`firmline.protocol.leftovers`); or the refusal of a packet that came twice and did
        not fit any more, which looks like an answer to CRC_GET (spec section 2.4).
        """
        answer = yield from self.ask(
            GetCrc(), phase=phase_of(object_type), tolerate=ResultCode.INVALID_PARAMETER
        )
        if answer.ok:
            crc = body_of(answer, Crc)
            yield crc_checked(object_type, crc, source, end)
            if holds(crc, source, end):
                return crc
        selected = yield from self.select(object_type)
        crc = Crc(offset=selected.offset, crc=selected.crc)
        yield crc_checked(object_type, crc, source, end)
        return crc

    def select(self, object_type: ObjectType) -> Talk[Selected]:
        """Ask how far objects of a type have come; such an object is the current one then.

        Raises:
            RemoteProtocolError: ``ANSWER_MALFORMED``: its objects have no room.
        """
        answer = yield from self.ask(
            SelectObject(object_type=object_type), phase=phase_of(object_type)
        )
        selected = body_of(answer, Selected)
        if selected.max_size == 0:
            raise RemoteProtocolError(
                Code.ANSWER_MALFORMED, "The unit says that its objects have no room at all."
            )
        return selected


def judge(
    request: Request, answer: Answer, *, phase: str, tolerate: ResultCode | None = None
) -> Talk[None]:
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


def body_of(answer: Answer, kind: type[_Body]) -> _Body:
    """What an answer carries.

    Raises:
        RemoteProtocolError: It carries something else.
    """
    if not isinstance(answer.body, kind):
        raise RemoteProtocolError(
            Code.ANSWER_UNEXPECTED, f"The unit's answer carries no {kind.__name__}."
        )
    return answer.body


def crc_checked(object_type: ObjectType, crc: Crc, source: bytes, end: int) -> Effect:
    """What the unit has, beside what it should have."""
    return Report(
        event=events.CrcChecked(
            object_type=name_of(object_type),
            offset=crc.offset,
            crc=crc.crc,
            expected_offset=end,
            expected_crc=zlib.crc32(source[:end]),
        )
    )


def holds(crc: Crc, source: bytes, end: int) -> bool:
    """Whether the unit has exactly ``source`` up to ``end``."""
    return crc.offset == end and crc.crc == zlib.crc32(source[:end])


def is_prefix(held: Crc | Selected, source: bytes) -> bool:
    """Whether the unit holds the beginning of ``source`` (the CRC of nothing says nothing)."""
    if held.offset > len(source):
        return False
    return held.offset == 0 or held.crc == zlib.crc32(source[: held.offset])


def object_start(offset: int, object_size: int) -> int:
    """Where the object begins that holds the byte before ``offset``, or would; bytes."""
    return max(0, offset - 1) // object_size * object_size


def executed(object_type: ObjectType, end: int) -> Effect:
    """An object was executed; ``end`` bytes are done."""
    return Report(event=events.ObjectExecuted(object_type=name_of(object_type), offset=end))


def created(object_type: ObjectType, start: int, end: int) -> Effect:
    """An object was created."""
    return Report(
        event=events.ObjectCreated(object_type=name_of(object_type), offset=start, size=end - start)
    )


def name_of(object_type: ObjectType) -> str:
    """As events name it."""
    return object_type.name.lower()


def phase_of(object_type: ObjectType) -> str:
    """As sentences name it."""
    return INIT_PACKET_PHASE if object_type is ObjectType.COMMAND else FIRMWARE_PHASE
