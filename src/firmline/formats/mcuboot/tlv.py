"""The TLVs behind the program: what an image says of itself, of its hash and of its signature.

There are two areas, each with a header of 4 bytes. What stands in the protected one is covered by
the hash; the other holds the hash itself, and the signature. Names and numbers: MCUboot,
``image.h``; what may stand unprotected: ``allowed_unprot_tlvs`` of ``image_validate.c``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal

from firmline.formats.mcuboot.header import malformed, truncated

INFO_MAGIC: Final = 0x6907
PROTECTED_MAGIC: Final = 0x6908
_HEADER: Final = 4
"""Bytes of the header of an area, and of one TLV."""


class TlvType(IntEnum):
    """Types of TLVs; names as imgtool has them."""

    KEYHASH = 0x01
    PUBKEY = 0x02
    KEYID = 0x03
    SHA256 = 0x10
    SHA384 = 0x11
    SHA512 = 0x12
    RSA2048 = 0x20
    ECDSA224 = 0x21
    ECDSASIG = 0x22
    RSA3072 = 0x23
    ED25519 = 0x24
    SIG_PURE = 0x25
    ENCRSA2048 = 0x30
    ENCKW = 0x31
    ENCEC256 = 0x32
    ENCX25519 = 0x33
    ENCX25519_SHA512 = 0x34
    DEPENDENCY = 0x40
    SEC_CNT = 0x50
    BOOT_RECORD = 0x60
    DECOMP_SIZE = 0x70
    DECOMP_SHA = 0x71
    DECOMP_SIGNATURE = 0x72
    COMP_DEC_SIZE = 0x73
    UUID_VID = 0x74
    UUID_CID = 0x75


HASHES: Final = {TlvType.SHA256: "sha256", TlvType.SHA384: "sha384", TlvType.SHA512: "sha512"}
"""The names of their functions, as hashlib has them."""
SIGNATURES: Final = frozenset(
    {TlvType.RSA2048, TlvType.ECDSA224, TlvType.ECDSASIG, TlvType.RSA3072, TlvType.ED25519}
)
ENCRYPTIONS: Final = {
    TlvType.ENCRSA2048: "RSA-2048 (OAEP)",
    TlvType.ENCKW: "AES key wrap",
    TlvType.ENCEC256: "ECIES on P-256",
    TlvType.ENCX25519: "ECIES on X25519",
    TlvType.ENCX25519_SHA512: "ECIES on X25519, SHA-512",
}
"""How the key of an encrypted image was packed."""
UNPROTECTED: Final = (
    frozenset({TlvType.KEYHASH, TlvType.PUBKEY, TlvType.KEYID, TlvType.SIG_PURE})
    | frozenset(HASHES)
    | SIGNATURES
    | frozenset(ENCRYPTIONS)
)
"""What may stand in the area that no hash covers; MCUboot refuses everything else there."""
SIZES: Final = {
    TlvType.SHA256: 32,
    TlvType.SHA384: 48,
    TlvType.SHA512: 64,
    TlvType.SIG_PURE: 1,
    TlvType.DEPENDENCY: 12,
    TlvType.SEC_CNT: 4,
    TlvType.DECOMP_SIZE: 4,
    TlvType.COMP_DEC_SIZE: 4,
    TlvType.UUID_VID: 16,
    TlvType.UUID_CID: 16,
}
"""Bytes of those that have one size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tlv:
    """One of them.

    Attributes:
        kind: Its type; a plain number where it is not known: makers have their own from 0xA0 on.
        value: Its bytes.
    """

    kind: int
    value: bytes

    @property
    def title(self) -> str:
        """Its name, or its number."""
        return TlvType(self.kind).name if self.kind in _KNOWN else f"0x{self.kind:04X}"


_KNOWN: Final = frozenset(TlvType)


def decode_area(
    data: bytes, at: int, *, magic: int, order: Literal["little", "big"], name: str
) -> tuple[tuple[Tlv, ...], int]:
    """Read an area.

    Args:
        data: The image.
        at: Where in it the area begins.
        magic: How its header begins: :data:`INFO_MAGIC` or :data:`PROTECTED_MAGIC`.
        order: The image's byte order.
        name: What to call the image in a message.

    Returns:
        The TLVs in their order, and where the area ends.

    Raises:
        InputError: ``MCUBOOT_IMAGE_MALFORMED`` or ``MCUBOOT_IMAGE_TRUNCATED``.
    """
    if len(data) < at + _HEADER:
        raise truncated(name, f"has {len(data)} bytes, and its TLVs begin at {at}")
    found = int.from_bytes(data[at : at + 2], order)
    if found != magic:
        raise malformed(name, f"has 0x{found:04X} at {at}, where TLVs begin with 0x{magic:04X}")
    end = at + int.from_bytes(data[at + 2 : at + _HEADER], order)
    if end > len(data):
        raise truncated(name, f"has {len(data)} bytes, and its TLVs end at {end}")
    tlvs = []
    at += _HEADER
    while at + _HEADER <= end:
        kind = _kind(data[at : at + 2], order)
        size = int.from_bytes(data[at + 2 : at + _HEADER], order)
        at += _HEADER
        if at + size > end:
            raise malformed(name, f"has a TLV of {size} bytes at {at - _HEADER}, too long for it")
        tlvs.append(_checked(Tlv(kind=kind, value=data[at : at + size]), name))
        at += size
    if at != end:
        raise malformed(name, f"has TLVs that end at {at}, and an area of TLVs that ends at {end}")
    return tuple(tlvs), end


def _kind(data: bytes, order: Literal["little", "big"]) -> int:
    """A type: one byte and one of padding, or two bytes of those from 0xA0 on.

    In little-endian order both are the same. A big-endian number of two bytes does not end with 0,
    as no maker's type does.
    """
    return data[0] if data[1] == 0 else int.from_bytes(data, order)


def _checked(tlv: Tlv, name: str) -> Tlv:
    expected = SIZES.get(TlvType(tlv.kind)) if tlv.kind in _KNOWN else None
    if expected is not None and len(tlv.value) != expected:
        raise malformed(
            name, f"has a TLV {tlv.title} of {len(tlv.value)} bytes instead of {expected}"
        )
    return tlv
