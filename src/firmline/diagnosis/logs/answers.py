"""The answers of a unit as logs show them: result codes, extended errors, and bytes.

Numbers: bootloader spec, sections 2.2 and 2.3 (secure), the Legacy DFU's and the buttonless
service's lists, and the SMP's; which of them the vocabulary has is looked up there.
"""

from __future__ import annotations

import re
from typing import Final

from firmline.diagnosis.logs.signs import Sign, Told, reads
from firmline.diagnosis.vocabulary import vocabulary

SUCCESS: Final = 1
EXTENDED_ERROR: Final = 0x0B
SECURE, BUTTONLESS, LEGACY = 0x60, 0x20, 0x10
"""First byte of an answer, by who gives it."""
_LETTERS: Final = {SECURE: "r", BUTTONLESS: "b", LEGACY: "l"}
EXTENDED_WORDS: Final = {
    "init command invalid": 0x04,
    "fw version failure": 0x05,
    "hw version failure": 0x06,
    "sd version failure": 0x07,
    "signature mismatch": 0x08,
    "signature missing": 0x08,
    "wrong hash type": 0x09,
    "hash failed": 0x0A,
    "wrong signature type": 0x0B,
    "verification failed": 0x0C,
    "insufficient space": 0x0D,
}
"""Extended errors as both phone libraries spell them, in small letters."""
SELECT: Final = 0x06
"""Of the secure bootloader: how much of an object it has."""
_REFUSED_SELECT: Final = Told(
    fault="error_code",
    values=(("result_code", "refused"), ("flags", "select_refused")),
    of_select=True,
)
CALCULATE_CHECKSUM: Final = 0x03
"""Of the secure bootloader; its answer holds offset and CRC32, each of four bytes, the lowest
first."""
VALUE: Final = r"value \(0x\): ?([0-9A-Fa-f]{2}(?:-?[0-9A-Fa-f]{2}){2,63})"
"""What a notification has brought, in the words of both phone libraries."""


def refused(responder: int, result: int, extended: int | None = None, *, request: int = 0) -> Told:
    """An answer of a unit that is no success.

    To SELECT no bootloader of the SDK answers so (bootloader spec, sections 3 and 4): what such a
    code means there is not known, and it is told as a refusal without one.

    Args:
        responder: ``SECURE``, ``BUTTONLESS`` or ``LEGACY``.
        result: Its result code.
        extended: The byte behind an extended error; None: it is not told.
        request: The opcode that it answers; 0: it is not told.
    """
    if responder == SECURE and request == SELECT:
        return _REFUSED_SELECT
    values = [("result_code", f"{_LETTERS[responder]}{result:02X}")]
    if responder == SECURE and result == EXTENDED_ERROR and extended is not None:
        values.append(("ext_error", f"x{extended:02X}"))
    return Told(fault="error_code", values=known(values))


def known(values: list[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Those of which the vocabulary has a word."""
    return tuple(each for each in values if each[1] in vocabulary()[each[0]].meanings)


def of_bytes(answer: bytes) -> Told | None:
    """What the bytes of an answer tell; None: nothing."""
    if len(answer) < 3 or answer[0] not in _LETTERS:
        return None
    responder, request, result = answer[:3]
    if result != SUCCESS:
        extended = answer[3] if len(answer) > 3 else None
        return refused(responder, result, extended, request=request)
    if responder == SECURE and request == CALCULATE_CHECKSUM and len(answer) >= 7:
        return Told(offset=int.from_bytes(answer[3:7], "little"))
    return None


def _of_value(found: re.Match[str]) -> Told | None:
    return of_bytes(bytes.fromhex(found[1].replace("-", "")))


def _of_words(found: re.Match[str]) -> Told:
    return refused(SECURE, EXTENDED_ERROR, EXTENDED_WORDS[found[1].lower()])


_WORDS: Final = rf"(?i:(?:error|details)[^:]{{0,20}}: ({'|'.join(EXTENDED_WORDS)}))"
IN_WORDS: Final[tuple[Sign, ...]] = tuple(
    reads(word, _WORDS, _of_words) for word in ("rror", "Details: ")
)
"""An extended error in the words of a phone library, whether its number stands beside them or
not."""
ANSWER: Final[Sign] = reads("value (0x)", VALUE, _of_value)
"""A notification of any unit, in a phone library's log."""
