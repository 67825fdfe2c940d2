"""Messages of the buttonless DFU service, which lives in the application (spec section 12)."""

from __future__ import annotations

from dataclasses import dataclass

from firmline.errors import Code, LocalProtocolError, RemoteProtocolError
from firmline.protocol.codes import (
    BUTTONLESS_RESPONSE_MARKER,
    ButtonlessOpcode,
    ButtonlessResult,
)

NAME_MAX_SIZE = 20
"""Longest advertising name the service takes, bytes (spec section 12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonlessAnswer:
    """An indication of the buttonless service: ``20 opcode result``."""

    opcode: int
    result: int

    @property
    def ok(self) -> bool:
        """Whether the application agreed."""
        return self.result == ButtonlessResult.SUCCESS


def encode_enter_bootloader() -> bytes:
    """The request to restart into the bootloader."""
    return bytes([ButtonlessOpcode.ENTER_BOOTLOADER])


def encode_set_advertising_name(name: bytes) -> bytes:
    """The request to advertise under ``name`` in the bootloader, 1 to 20 bytes."""
    if not 1 <= len(name) <= NAME_MAX_SIZE:
        raise LocalProtocolError(f"An advertising name has 1 to 20 bytes, not {len(name)}.")
    return bytes([ButtonlessOpcode.SET_ADVERTISING_NAME, len(name)]) + name


def encode_buttonless_answer(answer: ButtonlessAnswer) -> bytes:
    """The bytes of an indication."""
    return bytes([BUTTONLESS_RESPONSE_MARKER, answer.opcode, answer.result])


def decode_buttonless_answer(data: bytes) -> ButtonlessAnswer:
    """Decode an indication.

    Raises:
        RemoteProtocolError: It is not ``20 opcode result``.
    """
    if len(data) != 3 or data[0] != BUTTONLESS_RESPONSE_MARKER:
        raise RemoteProtocolError(
            Code.ANSWER_MALFORMED,
            f"The application indicated {data[:20].hex(' ').upper() or 'nothing'}, which is no"
            " answer of the buttonless service.",
        )
    return ButtonlessAnswer(opcode=data[1], result=data[2])
