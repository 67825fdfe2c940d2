"""The loadable bytes of an ELF file, at the addresses where flash holds them.

Rules of this module: sections decide which bytes are taken, segments decide where they lie, as
``objcopy -O ihex`` does. Segments alone will not do: a linker may put the ELF header itself at the
front of the first one. The reader is our own because a library's walks every section of every
segment of hostile headers (4 thousand million steps) and hides what is cut off.

Source: Tool Interface Standard, *Executable and Linking Format*, version 1.2, 1995.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from firmline.errors import Code, InputError
from firmline.formats.spans import Span, join_spans

MAGIC = b"\x7fELF"
_CLASS_32, _LITTLE_ENDIAN = 1, 1
_MACHINE_ARM = 40
_ADDRESSES = 1 << 32
_HEADER = struct.Struct("<16sHHIIIIIHHHHHH")  # Elf32_Ehdr, 52 bytes
_SEGMENT = struct.Struct("<8I")  # Elf32_Phdr
_SECTION = struct.Struct("<10I")  # Elf32_Shdr
_PT_LOAD = 1
_SHT_NOBITS = 8  # .bss: no bytes in the file
_SHF_ALLOC = 2
_MAX_SEGMENTS = 64  # ours: firmware has fewer than ten
_MAX_SECTIONS = 4096  # ours: a debug build has fewer than a hundred


@dataclass(frozen=True, slots=True)
class _Segment:
    offset: int
    address: int
    size: int


def parse_elf(content: bytes, *, name: str) -> tuple[Span, ...]:
    """Read an ELF file for 32-bit Arm, little-endian.

    Returns:
        What the file puts into memory, at load addresses (LMA); a ``.data`` section lies in flash.

    Raises:
        InputError: ``IMAGE_MALFORMED`` (broken, or for another processor), ``IMAGE_TRUNCATED`` or
            ``IMAGE_OVERLAPPING_RECORDS``.
    """
    if len(content) < _HEADER.size:
        raise _truncated(name)
    header = _HEADER.unpack_from(content)
    ident, machine, segments_at, sections_at = header[0], header[2], header[5], header[6]
    if (ident[4], ident[5], machine) != (_CLASS_32, _LITTLE_ENDIAN, _MACHINE_ARM):
        raise InputError(
            Code.IMAGE_MALFORMED,
            f"{name} is an ELF file for another processor than the Arm core of an nRF5x.",
        )
    segments = [
        _Segment(offset=row[1], address=row[3], size=row[4])
        for row in _table(content, segments_at, header[9:11], _SEGMENT, name=name)
        if row[0] == _PT_LOAD
    ]
    pieces = []
    for row in _table(content, sections_at, header[11:13], _SECTION, name=name):
        kind, flags, offset, size = row[1], row[2], row[4], row[5]
        if kind == _SHT_NOBITS or not flags & _SHF_ALLOC:
            continue
        if offset + size > len(content):
            raise _truncated(name)
        address = _load_address(segments, offset, size)
        if address is None:
            continue
        if address + size > _ADDRESSES:
            raise InputError(
                Code.IMAGE_MALFORMED, f"{name} is an ELF file that runs past the last address."
            )
        pieces.append((address, content[offset : offset + size]))
    return join_spans(pieces, name=name)


def _load_address(segments: list[_Segment], offset: int, size: int) -> int | None:
    for segment in segments:
        if segment.offset <= offset and offset + size <= segment.offset + segment.size:
            return segment.address + offset - segment.offset
    return None


def _table(
    content: bytes, start: int, shape: tuple[int, int], layout: struct.Struct, *, name: str
) -> list[tuple[int, ...]]:
    entry_size, count = shape
    limit = _MAX_SEGMENTS if layout is _SEGMENT else _MAX_SECTIONS
    if count and (entry_size != layout.size or count > limit):
        raise InputError(Code.IMAGE_MALFORMED, f"{name} is an ELF file with broken headers.")
    if start + count * layout.size > len(content):
        raise _truncated(name)
    return [layout.unpack_from(content, start + index * layout.size) for index in range(count)]


def _truncated(name: str) -> InputError:
    return InputError(
        Code.IMAGE_TRUNCATED, f"{name} is an ELF file that ends before what its headers describe."
    )
