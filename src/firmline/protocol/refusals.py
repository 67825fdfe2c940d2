"""What a refusal means: from the bytes of an answer to one sentence with a stable code.

The sentences speak of what the bootloader checks (spec sections 2.2, 2.3 and 5); what the package
or the unit says beyond that is added by whoever knows both.
"""

from __future__ import annotations

from typing import Final

from firmline.errors import Code, TargetRefusedError
from firmline.protocol.answers import Answer
from firmline.protocol.codes import ExtError, ResultCode
from firmline.protocol.requests import CreateObject, ExecuteObject, GetMtu, Ping, Request

INIT_PACKET_PHASE: Final = "the init packet"
FIRMWARE_PHASE: Final = "the firmware"
RECEIPT_PHASE: Final = "the packet receipt notification"
FRAME_SIZE_PHASE: Final = "the question how long its frames may be"
"""What the host is doing when it is refused, as the sentences say it."""
_NEEDED_ON_A_LINE: Final = (
    "A serial host cannot do without it, and only a bootloader that is built with the reduced"
    " protocol lacks it: send the package over the road that this bootloader is made for, or build"
    " it without NRF_DFU_PROTOCOL_REDUCED."
)
"""What to do where even the first questions of a serial host are not known (section 2.1)."""

_RESULTS: Final[dict[int, tuple[Code, str]]] = {
    ResultCode.OPCODE_NOT_SUPPORTED: (Code.REFUSED_OPCODE, "it does not know this request"),
    ResultCode.INVALID_PARAMETER: (
        Code.REFUSED_PARAMETER,
        "a number in the request is not allowed",
    ),
    ResultCode.INSUFFICIENT_RESOURCES: (
        Code.REFUSED_RESOURCES,
        "there is not enough room in its flash",
    ),
    ResultCode.INVALID_OBJECT: (Code.REFUSED_OBJECT, "the object is not valid"),
    ResultCode.UNSUPPORTED_TYPE: (Code.REFUSED_TYPE, "it does not know this type of object"),
    ResultCode.OPERATION_NOT_PERMITTED: (
        Code.REFUSED_NOT_PERMITTED,
        "it does not allow this now",
    ),
    ResultCode.OPERATION_FAILED: (Code.REFUSED_OPERATION_FAILED, "the operation failed inside it"),
}
EXTENDED_ERRORS: Final[dict[int, tuple[Code, str]]] = {
    ExtError.INIT_COMMAND_INVALID: (
        Code.REFUSED_INIT_COMMAND,
        "the init packet lacks a field that it needs, or a field is not valid",
    ),
    ExtError.FW_VERSION_FAILURE: (
        Code.REFUSED_FW_VERSION,
        "the version in the package is not high enough",
    ),
    ExtError.HW_VERSION_FAILURE: (
        Code.REFUSED_HW_VERSION,
        "the package is for another hardware version",
    ),
    ExtError.SD_VERSION_FAILURE: (
        Code.REFUSED_SOFTDEVICE,
        "its SoftDevice is not one that the package was made for",
    ),
    ExtError.SIGNATURE_MISSING: (Code.REFUSED_SIGNATURE_MISSING, "the package is not signed"),
    ExtError.WRONG_HASH_TYPE: (Code.REFUSED_HASH_TYPE, "the package's hash is not a SHA-256"),
    ExtError.HASH_FAILED: (Code.REFUSED_HASH_FAILED, "the hash could not be computed"),
    ExtError.WRONG_SIGNATURE_TYPE: (
        Code.REFUSED_SIGNATURE_TYPE,
        "it does not know the type of the package's signature",
    ),
    ExtError.VERIFICATION_FAILED: (
        Code.REFUSED_VERIFICATION,
        "what its flash holds does not have the hash that the package promises",
    ),
    ExtError.INSUFFICIENT_SPACE: (Code.REFUSED_SPACE, "there is not enough room in its flash"),
}
"""Of every extended error that has a name: the error that is made of it, and why, in words."""


def refusal(request: Request, answer: Answer, *, phase: str) -> TargetRefusedError:
    """The error for an answer that is not a success.

    Args:
        request: What was asked.
        answer: What the unit said.
        phase: What the host was doing, e.g. ``the init packet``.
    """
    code, reason = _meaning(request, answer, phase=phase)
    number = f"result {answer.result:02X}"
    if answer.ext_error is not None:
        number += f", extended error {answer.ext_error:02X}"
    return TargetRefusedError(
        code,
        f"The unit refused {phase}: {reason} ({number}).",
        result=answer.result,
        ext_error=answer.ext_error,
        hint=_hint(request, answer),
        phase=phase,
    )


def _hint(request: Request, answer: Answer) -> str:
    """What to do, where more can be said than for the code alone."""
    is_unknown = answer.result == ResultCode.OPCODE_NOT_SUPPORTED
    return _NEEDED_ON_A_LINE if is_unknown and isinstance(request, Ping | GetMtu) else ""


def _meaning(request: Request, answer: Answer, *, phase: str) -> tuple[Code, str]:
    if answer.result == ResultCode.EXTENDED_ERROR:
        unknown = (Code.REFUSED_UNKNOWN, "for a reason this protocol has no name for")
        return EXTENDED_ERRORS.get(answer.ext_error or 0, unknown)
    if answer.result == ResultCode.INVALID_OBJECT and isinstance(request, ExecuteObject):
        return (
            Code.REFUSED_OBJECT,
            "its signature does not fit the unit's key, or it cannot be decoded"
            if phase == INIT_PACKET_PHASE
            else "the image is not valid for this unit",
        )
    if answer.result == ResultCode.INSUFFICIENT_RESOURCES and isinstance(request, CreateObject):
        return Code.REFUSED_RESOURCES, "the object is larger than it takes"
    return _RESULTS.get(
        answer.result, (Code.REFUSED_UNKNOWN, "with a result this protocol has no name for")
    )
