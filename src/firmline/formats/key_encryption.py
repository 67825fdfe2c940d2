"""How much work an encrypted key file asks of whoever opens it.

Rules of this module: the file says itself how often its password is to be hashed, and an absurd
number would keep the program busy for hours. Only that is read here, before anything is decrypted;
what cannot be read is left to the library that decrypts, which says why.
"""

from __future__ import annotations

import binascii
import math
import re
from typing import Final

MAX_WORK: Final = 10_000_000
"""Iterations, or of scrypt its N times r times p (128 bytes of memory each): seconds of work.

Ours. OpenSSL writes 2,048, others up to some millions.
"""
_BODY: Final = re.compile(
    rb"-----BEGIN ENCRYPTED PRIVATE KEY-----(.*?)-----END ENCRYPTED PRIVATE KEY-----", re.DOTALL
)
_INTEGER: Final = 0x02  # tag in DER (X.690, section 8.3)
_PBES2: Final = bytes.fromhex("2a864886f70d01050d")  # 1.2.840.113549.1.5.13 (RFC 8018, A.4)
_SCRYPT: Final = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11 (RFC 7914, 7)


def opening_work(pem: bytes) -> int:
    """The work that the encrypted PKCS#8 keys in a PEM file ask for, as :data:`MAX_WORK` counts it.

    0 for what is not encrypted so, or cannot be read.
    """
    return max((_work(body) for body in _BODY.findall(pem)), default=0)


def _work(body: bytes) -> int:
    # Header lines may stand in front of the base64 (RFC 1421, section 4.4).
    lines = (line for line in body.splitlines() if b":" not in line)
    try:
        # EncryptedPrivateKeyInfo: an algorithm, and what it encrypted (RFC 5958, section 3).
        ((_, info),) = _values(binascii.a2b_base64(b"".join(lines)))
        scheme, parameters = _algorithm(info)
        if scheme == _PBES2:  # the key derivation, then the cipher
            scheme, parameters = _algorithm(parameters)
        # PBKDF2 and the older PBES1: salt, iterations, ...; scrypt: salt, N, r, p.
        numbers = [int.from_bytes(value) for tag, value in _values(parameters) if tag == _INTEGER]
    except (binascii.Error, ValueError, IndexError):
        return 0
    return math.prod(numbers[: 3 if scheme == _SCRYPT else 1]) if numbers else 0


def _algorithm(content: bytes) -> tuple[bytes, bytes]:
    """The object identifier and the parameters of the algorithm that a sequence begins with."""
    _, first = _values(content)[0]
    (_, identifier), (_, parameters) = _values(first)[:2]
    return identifier, parameters


def _values(content: bytes) -> list[tuple[int, bytes]]:
    """The tags and contents of DER values that stand one behind the other (X.690, section 8.1).

    Raises:
        ValueError: They end too early.
        IndexError: Likewise.
    """
    found = []
    at = 0
    while at < len(content):
        tag, size = content[at], content[at + 1]
        at += 2
        if size & 0x80:  # the size has a size
            count = size & 0x7F
            size = int.from_bytes(content[at : at + count])
            at += count
        value = content[at : at + size]
        if len(value) != size:
            raise ValueError
        found.append((tag, value))
        at += size
    return found
