"""Public keys inside a bootloader's image or a flash dump.

Rules of this module: a bootloader built as the SDK's holds its key as 64 bytes, x then y, each
little-endian (spec section 5.1). Those bytes do not come about by chance: of 2**512 values about
2**256 are a point of the curve. So what is found is a key, and what such a bootloader trusts can be
read from its flash without knowing any key.

One point is in many images and is nobody's key: the generator of P-256, which libraries of
cryptography store in the same form. It and its mirror image are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from firmline.errors import Code, InputError
from firmline.formats.firmware import parse_memory
from firmline.formats.key_recovery import CURVE_A, CURVE_B, FIELD
from firmline.formats.keys import NUMBER_SIZE, PUBLIC_KEY_SIZE, PublicKey
from firmline.formats.spans import Span

MAX_DUMP_SIZE: Final = 4 * 1024 * 1024
"""Ours, bytes: the flash, UICR and RAM of the largest nRF5x are 1.3 MB."""
_ALIGNMENT: Final = 4  # the SDK's array is aligned to words (spec nrfutil-peer, keys display code)
_GENERATOR_X: Final = 0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296
_ERASED: Final = b"\xff" * NUMBER_SIZE


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKey:
    """A public key in memory.

    Attributes:
        key: The key.
        address: Of its first byte; in plain bytes, which have no address, the offset.
    """

    key: PublicKey
    address: int


def parse_dump(content: bytes, *, name: str) -> tuple[Span, ...]:
    """Read a bootloader's image or a flash dump: Intel HEX, S-records, ELF or plain bytes.

    Args:
        content: The file.
        name: Its name, for messages; the extension counts where the content does not tell.

    Returns:
        Its memory; plain bytes as one piece at 0.

    Raises:
        InputError: ``FILE_EMPTY``, ``IMAGE_MALFORMED``, ``IMAGE_TRUNCATED``,
            ``IMAGE_OVERLAPPING_RECORDS``, ``IMAGE_TOO_LARGE`` or ``FILE_TOO_LARGE``.
    """
    spans = parse_memory(content, name=name)
    if spans is None:
        spans = (Span(address=0, data=content),)
    size = sum(len(span.data) for span in spans)
    if size > MAX_DUMP_SIZE:
        raise InputError(
            Code.IMAGE_TOO_LARGE,
            f"{name} holds {size} bytes, far more than the flash of any nRF5x.",
            hint="Give the bootloader's image, or a dump of the flash alone.",
            size=size,
        )
    return spans


def find_keys(spans: Iterable[Span], keys: Sequence[PublicKey]) -> tuple[FoundKey, ...]:
    """Where these keys lie, at any address, in the order of the memory."""
    found = [
        FoundKey(key=key, address=span.address + offset)
        for span in spans
        for key in keys
        for offset in _offsets(span.data, key.le_bytes)
    ]
    return tuple(sorted(found, key=lambda each: each.address))


def find_any_keys(spans: Iterable[Span]) -> tuple[FoundKey, ...]:
    """Every public key at an address that is a multiple of 4, in the order of the memory.

    Takes about a third of a second for 1 MB that is not erased.
    """
    return tuple(
        FoundKey(
            key=PublicKey.from_le_bytes(span.data[offset : offset + PUBLIC_KEY_SIZE]),
            address=span.address + offset,
        )
        for span in spans
        for offset in _point_offsets(span)
    )


def _offsets(data: bytes, wanted: bytes) -> Iterator[int]:
    offset = data.find(wanted)
    while offset >= 0:
        yield offset
        offset = data.find(wanted, offset + 1)


def _point_offsets(span: Span) -> Iterator[int]:
    """Offsets of 64 bytes that satisfy the equation of the curve.

    Each 32 bytes are read once as a number, which may be the x here or the y of a point before.
    """
    data = span.data
    first = -span.address % _ALIGNMENT
    right_sides: dict[int, int] = {}
    for offset in range(first, len(data) - NUMBER_SIZE + 1, _ALIGNMENT):
        chunk = data[offset : offset + NUMBER_SIZE]
        wanted = right_sides.pop(offset - NUMBER_SIZE, -1)
        if chunk == _ERASED:
            continue
        number = int.from_bytes(chunk, "little")
        if number >= FIELD:
            continue
        square = number * number % FIELD
        if square == wanted and _x_at(data, offset - NUMBER_SIZE) != _GENERATOR_X:
            yield offset - NUMBER_SIZE
        right_sides[offset] = ((square + CURVE_A) * number + CURVE_B) % FIELD


def _x_at(data: bytes, offset: int) -> int:
    return int.from_bytes(data[offset : offset + NUMBER_SIZE], "little")
