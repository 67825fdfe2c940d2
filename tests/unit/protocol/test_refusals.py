"""Every "no" of a unit as a code and a sentence (spec sections 2.2, 2.3 and 5)."""

from __future__ import annotations

import pytest

from firmline.errors import Code
from firmline.protocol.answers import Answer
from firmline.protocol.codes import ExtError, ObjectType, ResultCode
from firmline.protocol.refusals import (
    FIRMWARE_PHASE,
    FRAME_SIZE_PHASE,
    INIT_PACKET_PHASE,
    refusal,
)
from firmline.protocol.requests import (
    CreateObject,
    ExecuteObject,
    GetCrc,
    GetMtu,
    Ping,
    Request,
)

CREATE = CreateObject(object_type=ObjectType.DATA, size=4096)
NO_NAME = "with a result this protocol has no name for"


@pytest.mark.parametrize(
    ("request_", "result", "phase", "code", "reason"),
    [
        (GetCrc(), 0x02, FIRMWARE_PHASE, Code.REFUSED_OPCODE, "it does not know this request"),
        (CREATE, 0x03, FIRMWARE_PHASE, Code.REFUSED_PARAMETER, "a number in the request"),
        (CREATE, 0x04, FIRMWARE_PHASE, Code.REFUSED_RESOURCES, "the object is larger than"),
        (
            ExecuteObject(),
            0x04,
            INIT_PACKET_PHASE,
            Code.REFUSED_RESOURCES,
            "there is not enough room in its flash",
        ),
        (GetCrc(), 0x05, INIT_PACKET_PHASE, Code.REFUSED_OBJECT, "the object is not valid"),
        (
            ExecuteObject(),
            0x05,
            INIT_PACKET_PHASE,
            Code.REFUSED_OBJECT,
            "its signature does not fit the unit's key, or it cannot be decoded",
        ),
        (
            ExecuteObject(),
            0x05,
            FIRMWARE_PHASE,
            Code.REFUSED_OBJECT,
            "the image is not valid for this unit",
        ),
        (GetCrc(), 0x07, FIRMWARE_PHASE, Code.REFUSED_TYPE, "this type of object"),
        (CREATE, 0x08, FIRMWARE_PHASE, Code.REFUSED_NOT_PERMITTED, "does not allow this now"),
        (CREATE, 0x0A, FIRMWARE_PHASE, Code.REFUSED_OPERATION_FAILED, "failed inside it"),
        (CREATE, 0x00, FIRMWARE_PHASE, Code.REFUSED_UNKNOWN, NO_NAME),
        (CREATE, 0x42, FIRMWARE_PHASE, Code.REFUSED_UNKNOWN, NO_NAME),
    ],
)
def test_a_result_is_told_for_what_was_asked(
    request_: Request, result: int, phase: str, code: Code, reason: str
) -> None:
    error = refusal(request_, Answer(opcode=4, result=result), phase=phase)
    assert error.code is code
    assert error.message.startswith(f"The unit refused {phase}: ")
    assert reason in error.message
    assert error.message.endswith(f" (result {result:02X}).")
    assert (error.result, error.ext_error) == (result, None)


EXT_ERRORS = {
    ExtError.INIT_COMMAND_INVALID: (Code.REFUSED_INIT_COMMAND, "lacks a field that it needs"),
    ExtError.FW_VERSION_FAILURE: (Code.REFUSED_FW_VERSION, "not high enough"),
    ExtError.HW_VERSION_FAILURE: (Code.REFUSED_HW_VERSION, "another hardware version"),
    ExtError.SD_VERSION_FAILURE: (Code.REFUSED_SOFTDEVICE, "its SoftDevice is not one"),
    ExtError.SIGNATURE_MISSING: (Code.REFUSED_SIGNATURE_MISSING, "the package is not signed"),
    ExtError.WRONG_HASH_TYPE: (Code.REFUSED_HASH_TYPE, "hash is not a SHA-256"),
    ExtError.HASH_FAILED: (Code.REFUSED_HASH_FAILED, "the hash could not be computed"),
    ExtError.WRONG_SIGNATURE_TYPE: (Code.REFUSED_SIGNATURE_TYPE, "type of the package's signature"),
    ExtError.VERIFICATION_FAILED: (Code.REFUSED_VERIFICATION, "what its flash holds"),
    ExtError.INSUFFICIENT_SPACE: (Code.REFUSED_SPACE, "not enough room in its flash"),
}


@pytest.mark.parametrize("ext_error", [*ExtError, 0x42])
def test_an_extended_error_is_told_by_its_own_code(ext_error: int) -> None:
    unknown = (Code.REFUSED_UNKNOWN, "for a reason this protocol has no name for")
    known = {int(error): meaning for error, meaning in EXT_ERRORS.items()}
    code, reason = known.get(ext_error, unknown)
    answer = Answer(opcode=4, result=ResultCode.EXTENDED_ERROR, ext_error=ext_error)
    error = refusal(ExecuteObject(), answer, phase=INIT_PACKET_PHASE)
    assert error.code is code
    assert reason in error.message
    assert error.message.endswith(f"(result 0B, extended error {ext_error:02X}).")
    assert (error.result, error.ext_error) == (0x0B, ext_error)


def test_only_extended_errors_below_04_have_no_code_of_their_own() -> None:
    assert set(ExtError) - set(EXT_ERRORS) == {0, 1, 2, 3}


@pytest.mark.parametrize("request_", [GetMtu(), Ping(number=1)])
def test_a_bootloader_that_no_serial_host_can_use_is_told_for_what_it_is(
    request_: Request,
) -> None:
    error = refusal(request_, Answer(opcode=7, result=0x02), phase=FRAME_SIZE_PHASE)
    assert error.message == (
        "The unit refused the question how long its frames may be: it does not know this request"
        " (result 02)."
    )
    assert "NRF_DFU_PROTOCOL_REDUCED" in error.hint
    assert refusal(request_, Answer(opcode=7, result=0x08), phase=FRAME_SIZE_PHASE).hint == ""
    assert refusal(GetCrc(), Answer(opcode=3, result=0x02), phase=FIRMWARE_PHASE).hint == ""
