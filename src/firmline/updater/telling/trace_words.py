"""Refusals in words, from the numbers that a trace holds."""

from __future__ import annotations

from typing import Final

from firmline import events
from firmline.protocol.answers import Answer
from firmline.protocol.codes import ButtonlessResult, ExtError, ObjectType, Opcode, ResultCode
from firmline.protocol.refusals import FIRMWARE_PHASE, INIT_PACKET_PHASE, refusal
from firmline.protocol.requests import CreateObject, ExecuteObject, GetCrc, Request

_REQUESTS: Final[dict[str, Request]] = {
    "object_create": CreateObject(object_type=ObjectType.DATA, size=1),
    "object_execute": ExecuteObject(),
}


def refusal_in_words(refused: events.Refused, *, object_type: str = "data") -> str:
    """What the unit meant, with the numbers and their names in the protocol.

    Args:
        refused: What it said.
        object_type: What was being sent.
    """
    numbers = refusal_numbers(refused)
    if refused.request in events.BUTTONLESS_REQUESTS:
        return numbers
    phase = INIT_PACKET_PHASE if object_type == "command" else FIRMWARE_PHASE
    answer = Answer(
        opcode=Opcode.OBJECT_EXECUTE, result=refused.result, ext_error=refused.ext_error
    )
    request = _REQUESTS.get(refused.request, GetCrc())
    sentence = refusal(request, answer, phase=phase).message
    reason = sentence.partition(": ")[2].rpartition(" (")[0]
    return f"{reason} ({numbers})"


def refusal_numbers(refused: events.Refused) -> str:
    """The result and the extended error, each with its name."""
    is_buttonless = refused.request in events.BUTTONLESS_REQUESTS
    kind = ButtonlessResult if is_buttonless else ResultCode
    text = f"result {refused.result:02X} {_name(kind._value2member_map_.get(refused.result))}"
    if refused.ext_error is None:
        return text
    extended = _name(ExtError._value2member_map_.get(refused.ext_error))
    return f"{text}, extended error {refused.ext_error:02X} {extended}"


def _name(member: object) -> str:
    name = getattr(member, "name", None)
    return str(name) if name is not None else "without a name"
