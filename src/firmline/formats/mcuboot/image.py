"""An image for MCUboot: header, program, TLVs, and what a padded one has behind them.

Rules of this module: an image that was read has a shape that MCUboot can follow; whether its bytes
are those that were hashed is :func:`check_integrity`'s question, and whether anybody signed it that
of :mod:`firmline.formats.mcuboot.keys`. The hash is over header, program and protected TLVs as they
are before encryption, so that of an encrypted image nobody can check it without the key.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.mcuboot.header import (
    COMPRESSED,
    ENCRYPTED,
    Flags,
    ImageHeader,
    decode_header,
    malformed,
    truncated,
)
from firmline.formats.mcuboot.tlv import (
    ENCRYPTIONS,
    HASHES,
    INFO_MAGIC,
    PROTECTED_MAGIC,
    SIGNATURES,
    UNPROTECTED,
    Tlv,
    TlvType,
    decode_area,
)
from firmline.formats.mcuboot.trailer import MAGIC_SIZE, Trailer, decode_trailer
from firmline.formats.mcuboot.version import ImageVersion

MAX_IMAGE_SIZE: Final = 16 * 1024 * 1024
"""Ours: the largest slots are in external flash, and have a few MiB."""
MAX_TLVS: Final = 256
"""Ours: imgtool writes a dozen."""


class Integrity(Enum):
    """What can be said of an image's bytes from its hash."""

    HOLDS = "holds"
    UNKNOWN = "unknown"
    """It is encrypted, or names no hash because its signature is over all of it."""
    CHANGED = "changed"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Another image that has to be there.

    Attributes:
        image: Its number.
        version: The lowest version that will do.
    """

    image: int
    version: ImageVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class McubootImage:
    """An image.

    Attributes:
        header: Its header.
        protected: The TLVs that the hash covers.
        unprotected: The others.
        hashed: The bytes that the hash is over, as they lie in the file.
        size: Bytes up to the end of its TLVs: what is sent, and what takes room in a slot.
        file_size: Bytes of the file, of a hex file from its first address to its last.
        trailer: What a padded image has at its end; None: it has none.
        stray: How many bytes behind the TLVs are neither erased nor trailer.
        hash_fits: Whether its bytes have every hash that it names; also False where it names none.
        address: Where a hex file puts it; None for plain bytes.
    """

    header: ImageHeader
    protected: tuple[Tlv, ...]
    unprotected: tuple[Tlv, ...]
    hashed: bytes = field(repr=False)
    size: int
    file_size: int
    trailer: Trailer | None
    stray: int
    hash_fits: bool
    address: int | None = None

    def values(self, *kinds: TlvType) -> tuple[bytes, ...]:
        """The values of all TLVs of these types, protected or not."""
        return tuple(tlv.value for tlv in (*self.protected, *self.unprotected) if tlv.kind in kinds)

    def protected_values(self, kind: TlvType) -> tuple[bytes, ...]:
        """The values of the TLVs of a type in the area that the hash covers."""
        return tuple(tlv.value for tlv in self.protected if tlv.kind == kind)

    @property
    def hashes(self) -> tuple[tuple[TlvType, bytes], ...]:
        """What the image should have as its hash, by type; mostly one."""
        return _typed(self.unprotected, frozenset(HASHES))

    @property
    def signatures(self) -> tuple[tuple[TlvType, bytes], ...]:
        """Its signatures by type; mostly one."""
        return _typed(self.unprotected, SIGNATURES)

    @property
    def is_pure(self) -> bool:
        """Whether its signature is over all of it, not over its hash."""
        return b"\x01" in self.values(TlvType.SIG_PURE)

    @property
    def key_hashes(self) -> tuple[bytes, ...]:
        """What its public key has as its hash."""
        return self.values(TlvType.KEYHASH)

    @property
    def public_keys(self) -> tuple[bytes, ...]:
        """Its public key itself, where it carries that."""
        return self.values(TlvType.PUBKEY)

    @property
    def is_encrypted(self) -> bool:
        """Whether its program cannot be read: made for encryption, and not left in the clear."""
        return bool(self.header.flags & ENCRYPTED) and not self.hash_fits

    @property
    def encryption(self) -> str | None:
        """How the key of an image made for encryption was packed; None: for none."""
        packed = _typed(self.unprotected, frozenset(ENCRYPTIONS))
        if packed:
            return ENCRYPTIONS[packed[0][0]]
        return "not said" if self.header.flags & ENCRYPTED else None

    @property
    def is_compressed(self) -> bool:
        """Whether MCUboot has to unpack it."""
        return bool(self.header.flags & COMPRESSED)

    @property
    def unpacked_size(self) -> int | None:
        """Bytes of the program of a compressed image, unpacked."""
        return self._number(TlvType.DECOMP_SIZE)

    @property
    def is_bootable(self) -> bool:
        """Whether it is meant to be started at all."""
        return Flags.NON_BOOTABLE not in self.header.flags

    @property
    def security_counter(self) -> int | None:
        """What a unit with rollback protection compares with the counter that it keeps."""
        return self._number(TlvType.SEC_CNT)

    @property
    def dependencies(self) -> tuple[Dependency, ...]:
        """The other images that have to be there."""
        order = self.header.order
        return tuple(
            Dependency(
                image=value[0],
                version=ImageVersion(
                    major=value[4],
                    minor=value[5],
                    revision=int.from_bytes(value[6:8], order),
                    build=int.from_bytes(value[8:12], order),
                ),
            )
            for value in self.protected_values(TlvType.DEPENDENCY)
        )

    @property
    def rogue(self) -> tuple[Tlv, ...]:
        """The TLVs that stand where no hash covers them, and may not; MCUboot refuses them."""
        return tuple(tlv for tlv in self.unprotected if tlv.kind not in UNPROTECTED)

    @property
    def integrity(self) -> Integrity:
        """Whether the bytes are those that were hashed."""
        if not self.hashes:
            return Integrity.UNKNOWN if self.is_pure else Integrity.MISSING
        if self.hash_fits:
            return Integrity.HOLDS
        return Integrity.UNKNOWN if self.header.flags & ENCRYPTED else Integrity.CHANGED

    def _number(self, kind: TlvType) -> int | None:
        values = self.protected_values(kind)
        return int.from_bytes(values[0], self.header.order) if values else None


def decode_image(data: bytes, *, name: str, address: int | None = None) -> McubootImage:
    """Read an image from its bytes as they lie in a slot.

    Args:
        data: From the header on; a padded image with all of its slot.
        name: What to call it in a message.
        address: Where it lies, if that is known.

    Raises:
        InputError: ``MCUBOOT_IMAGE_MALFORMED``, ``MCUBOOT_IMAGE_TRUNCATED`` or
            ``FILE_TOO_LARGE``.
    """
    if len(data) > MAX_IMAGE_SIZE:
        raise InputError(
            Code.FILE_TOO_LARGE,
            f"The image {name} has {len(data)} bytes, more than any slot"
            f" ({MAX_IMAGE_SIZE // 2**20} MiB).",
        )
    header = decode_header(data, name=name)
    tlvs_at = header.size + header.image_size
    if tlvs_at > len(data):
        raise truncated(
            name, f"has {len(data)} bytes, and its header says that its program ends at {tlvs_at}"
        )
    if tlvs_at == len(data):
        raise malformed(
            name,
            "ends with its program: it has no TLVs, as one that was written out to be signed"
            " elsewhere",
        )
    protected, hashed_end = _protected(data, tlvs_at, header, name)
    unprotected, end = decode_area(
        data, hashed_end, magic=INFO_MAGIC, order=header.order, name=name
    )
    if len(protected) + len(unprotected) > MAX_TLVS:
        raise malformed(name, f"has {len(protected) + len(unprotected)} TLVs")
    trailer = decode_trailer(data[end:], order=header.order)
    return McubootImage(
        header=header,
        protected=protected,
        unprotected=unprotected,
        hashed=data[:hashed_end],
        size=end,
        file_size=len(data),
        trailer=trailer,
        stray=_stray(data[end:], trailer),
        hash_fits=_hash_fits(data[:hashed_end], unprotected),
        address=address,
    )


def check_integrity(image: McubootImage, *, name: str) -> None:
    """See that an image's bytes are those that were hashed, as far as anybody can.

    Raises:
        InputError: ``MCUBOOT_IMAGE_CHANGED``.
    """
    match image.integrity:
        case Integrity.CHANGED:
            kind, value = image.hashes[0]
            raise InputError(
                Code.MCUBOOT_IMAGE_CHANGED,
                f"The image {name} is not as it was made: its {kind.name} is not"
                f" {value.hex()[:16]}..., which it names.",
            )
        case Integrity.MISSING:
            raise InputError(
                Code.MCUBOOT_IMAGE_CHANGED,
                f"The image {name} names no hash, so nothing tells whether it is as it was made.",
            )
        case _:
            return


def _protected(data: bytes, at: int, header: ImageHeader, name: str) -> tuple[tuple[Tlv, ...], int]:
    """The protected TLVs and where they end; the header says how long they are, and so do they."""
    says_so = int.from_bytes(data[at : at + 2], header.order) == PROTECTED_MAGIC
    if not header.protected_size and not says_so:
        return (), at
    tlvs, end = decode_area(data, at, magic=PROTECTED_MAGIC, order=header.order, name=name)
    if end - at != header.protected_size:
        raise malformed(
            name,
            f"has protected TLVs of {end - at} bytes, and its header says {header.protected_size}",
        )
    return tlvs, end


def _hash_fits(data: bytes, tlvs: tuple[Tlv, ...]) -> bool:
    named = _typed(tlvs, frozenset(HASHES))
    return bool(named) and all(
        hashlib.new(HASHES[kind], data).digest() == value for kind, value in named
    )


def _typed(tlvs: tuple[Tlv, ...], kinds: frozenset[TlvType]) -> tuple[tuple[TlvType, bytes], ...]:
    return tuple((TlvType(tlv.kind), tlv.value) for tlv in tlvs if tlv.kind in kinds)


def _stray(rest: bytes, trailer: Trailer | None) -> int:
    """How many bytes behind the TLVs belong to nothing.

    A padded image is filled with one value; its trailer is the magic and, where it is confirmed,
    one byte.
    """
    if not rest:
        return 0
    filling = 0xFF if rest.count(0xFF) >= rest.count(0) else 0
    count = len(rest) - rest.count(filling)
    if trailer is None:
        return count
    of_trailer = [*rest[-MAGIC_SIZE:], *([1] if trailer.is_confirmed else [])]
    return count - len([byte for byte in of_trailer if byte != filling])
