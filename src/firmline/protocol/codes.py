"""The numbers of the wire, with their names (spec sections 2.1 to 2.3 and 12)."""

from __future__ import annotations

from enum import IntEnum

RESPONSE_MARKER = 0x60
"""First byte of every answer of the bootloader (spec section 2.1)."""

BUTTONLESS_RESPONSE_MARKER = 0x20
"""First byte of every indication of the buttonless service (spec section 12)."""


class Opcode(IntEnum):
    """Request opcodes of the Secure DFU protocol (spec section 2.1)."""

    PROTOCOL_VERSION = 0x00
    OBJECT_CREATE = 0x01
    PRN_SET = 0x02
    CRC_GET = 0x03
    OBJECT_EXECUTE = 0x04
    OBJECT_SELECT = 0x06
    MTU_GET = 0x07
    OBJECT_WRITE = 0x08
    PING = 0x09
    HARDWARE_VERSION = 0x0A
    FIRMWARE_VERSION = 0x0B
    ABORT = 0x0C


class ObjectType(IntEnum):
    """What an object carries (spec section 2.1)."""

    COMMAND = 1
    DATA = 2


class ResultCode(IntEnum):
    """Result byte of an answer (spec section 2.2)."""

    INVALID = 0x00
    SUCCESS = 0x01
    OPCODE_NOT_SUPPORTED = 0x02
    INVALID_PARAMETER = 0x03
    INSUFFICIENT_RESOURCES = 0x04
    INVALID_OBJECT = 0x05
    UNSUPPORTED_TYPE = 0x07
    OPERATION_NOT_PERMITTED = 0x08
    OPERATION_FAILED = 0x0A
    EXTENDED_ERROR = 0x0B


class ExtError(IntEnum):
    """The byte after result 0x0B (spec section 2.3)."""

    NO_ERROR = 0x00
    INVALID_ERROR_CODE = 0x01
    WRONG_COMMAND_FORMAT = 0x02
    UNKNOWN_COMMAND = 0x03
    INIT_COMMAND_INVALID = 0x04
    FW_VERSION_FAILURE = 0x05
    HW_VERSION_FAILURE = 0x06
    SD_VERSION_FAILURE = 0x07
    SIGNATURE_MISSING = 0x08
    WRONG_HASH_TYPE = 0x09
    HASH_FAILED = 0x0A
    WRONG_SIGNATURE_TYPE = 0x0B
    VERIFICATION_FAILED = 0x0C
    INSUFFICIENT_SPACE = 0x0D


class ButtonlessOpcode(IntEnum):
    """Requests of the buttonless service in the application (spec section 12)."""

    ENTER_BOOTLOADER = 0x01
    SET_ADVERTISING_NAME = 0x02


class ButtonlessResult(IntEnum):
    """Result byte of a buttonless indication (spec section 12)."""

    SUCCESS = 0x01
    OPCODE_NOT_SUPPORTED = 0x02
    OPERATION_FAILED = 0x04
    INVALID_ADVERTISING_NAME = 0x05
    BUSY = 0x06
    NOT_BONDED = 0x07


class ImageType(IntEnum):
    """What a FIRMWARE_VERSION answer describes (spec section 2.1)."""

    SOFTDEVICE = 0x00
    APPLICATION = 0x01
    BOOTLOADER = 0x02
    UNKNOWN = 0xFF
