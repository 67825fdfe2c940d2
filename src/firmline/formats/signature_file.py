"""Signatures as other programs write them: ECDSA on P-256, in the forms that people have.

Rules of this module: what is read here is big-endian, as everywhere outside of bootloaders; what
comes out is ours, 64 bytes, r then s, each little-endian. Whether it is right is not asked.
"""

from __future__ import annotations

import base64
import binascii
import re

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from firmline.errors import Code, InputError
from firmline.formats.keys import NUMBER_SIZE

MAX_SIGNATURE_FILE_SIZE = 4096  # ours: the longest form, hexadecimal DER, has about 150 characters
_RAW_SIZE = 2 * NUMBER_SIZE
_OPENSSL_PREFIX = re.compile(rb"\A[^\n=]*\)= *")  # openssl dgst -hex: "EC-SHA2-256(name)= 30..."
_HEX = re.compile(rb"(?:0[xX])?[0-9A-Fa-f]+")


def parse_signature(content: bytes, *, name: str) -> bytes:
    """Read a signature: DER, r and s in 64 bytes, or either as hexadecimal or base64 text.

    Args:
        content: The file.
        name: What to call it in a message.

    Returns:
        64 bytes, r then s, each little-endian.

    Raises:
        InputError: ``SIGNATURE_MALFORMED``.
    """
    signature = None
    if len(content) <= MAX_SIGNATURE_FILE_SIZE:
        signature = _binary(content) or _text(content)
    if signature is None:
        raise InputError(
            Code.SIGNATURE_MALFORMED,
            f"{name} ({len(content)} bytes) is not an ECDSA signature on P-256 in DER, as 64 bytes,"
            " or as either in hexadecimal or base64.",
        )
    return signature


def _binary(content: bytes) -> bytes | None:
    if len(content) == _RAW_SIZE:
        return content[:NUMBER_SIZE][::-1] + content[NUMBER_SIZE:][::-1]
    try:
        r, s = decode_dss_signature(content)
        return r.to_bytes(NUMBER_SIZE, "little") + s.to_bytes(NUMBER_SIZE, "little")
    except (ValueError, OverflowError):  # not DER, or numbers of a larger curve
        return None


def _text(content: bytes) -> bytes | None:
    words = b"".join(_OPENSSL_PREFIX.sub(b"", content).split())
    digits = words.replace(b":", b"")
    try:
        if _HEX.fullmatch(digits):
            return _binary(bytes.fromhex(digits.decode().lower().removeprefix("0x")))
        return _binary(base64.b64decode(words, validate=True))
    except (ValueError, binascii.Error):
        return None
