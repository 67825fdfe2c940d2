"""Settings pages, and files that hold them: a programmer's hex files, dumps of whole flashes."""

from __future__ import annotations

import random
import struct
import zlib
from functools import lru_cache

from firmline.formats.settings_file import (
    MAX_PAGES,
    FoundPage,
    format_settings_hex,
    read_settings_file,
    survey_settings,
)
from firmline.formats.settings_page import (
    HEAD_SIZE,
    PAGE_SIZES,
    VALIDATION_END,
    VALIDATION_START,
    SettingsPage,
    decode_settings_page,
    encode_settings_page,
    seal_settings_page,
)
from fuzz.damage import NUMBERS, damaged, damaged_lines
from fuzz.files import Target
from fuzz.images import GOLDEN, read_memory
from unit.formats.makers import hex_file

_CORPUS = tuple(
    (GOLDEN / name).read_bytes() for name in ("settings_v1.hex", "settings_v2_ecdsa.hex")
)
_PLACES = (0, 0x3FC00, 0x7E000, 0x7F000, 0xFE000, 0xFF000, 0x400, 0x800, 0xFFFF_FC00, 0x123)


@lru_cache(maxsize=4)
def _good(version: int) -> bytes:
    validations = SettingsPage().validations if version == 2 else None
    command = bytes(512 if version == 2 else 256)
    page = SettingsPage(version=version, init_command=command, validations=validations)
    return encode_settings_page(seal_settings_page(page))


def draw_page(rng: random.Random) -> bytes:
    """A page with random fields; mostly with checksums that are right."""
    page = bytearray(_good(rng.choice([1, 2, 2])))
    for _ in range(rng.choice([0, 1, 3, 20])):
        at = 4 * rng.randrange(1, len(page) // 4)
        if at != 4:
            struct.pack_into("<I", page, at, rng.choice([*NUMBERS, rng.getrandbits(32)]))
    if rng.random() < 0.1:
        page[4:8] = rng.choice([0, 3, 258, 0xFFFF_FFFF]).to_bytes(4, "little")
    if rng.random() < 0.8:
        if len(page) > VALIDATION_END:
            crc = zlib.crc32(page[VALIDATION_START:VALIDATION_END])
            page[VALIDATION_START - 4 : VALIDATION_START] = crc.to_bytes(4, "little")
        page[:4] = zlib.crc32(page[4:HEAD_SIZE]).to_bytes(4, "little")
    if rng.random() < 0.2:
        del page[rng.choice([0, 4, HEAD_SIZE - 1, HEAD_SIZE, 400, rng.randrange(len(page))]) :]
    return bytes(page)


def draw_file(rng: random.Random) -> bytes:
    """A hex file or a dump with such pages, one over the other at times."""
    match rng.randrange(10):
        case 0:
            return damaged_lines(rng, _CORPUS)
        case 1:
            return damaged(rng, _CORPUS)
        case 2 | 3:
            return _dump(rng)
        case 4 if rng.random() < 0.1:  # thousands of places that look like one
            page = draw_page(rng)[:HEAD_SIZE].ljust(0x400, b"\xff")
            return page * rng.choice([63, 64, 65, 500, 4096])
    places = sorted(set(rng.choices(_PLACES, k=rng.choice([1, 1, 2, 3]))))
    pieces = [(at, draw_page(rng)) for at in places]
    apart = [(at, data) for at, data in pieces if data and at + len(data) <= 1 << 32]
    ends = [*(at for at, _ in apart[1:]), 1 << 32]
    apart = [
        piece for piece, end in zip(apart, ends, strict=False) if piece[0] + len(piece[1]) <= end
    ]
    content = hex_file(*apart)
    return damaged_lines(rng, [content]) if rng.random() < 0.1 else content


def _dump(rng: random.Random) -> bytes:
    size = rng.choice([0x400, 0x1000, 0x8000, 0x8_0000])
    dump = bytearray(rng.choice([b"\xff", b"\x00", b"\xa5"]) * size)
    for _ in range(rng.randint(1, 4)):
        page = draw_page(rng)
        at = rng.choice([0, size - 0x1000, size - 0x2000, 0x400 * rng.randrange(size // 0x400)])
        dump[max(at, 0) : max(at, 0) + len(page)] = page
    return bytes(dump) if rng.random() < 0.9 else bytes(dump[: rng.randrange(size)])


def _check_page(content: bytes, page: SettingsPage) -> None:
    encoded = encode_settings_page(page)
    assert encoded == content[: len(encoded)].ljust(len(encoded), b"\xff")
    assert len(encoded) == PAGE_SIZES[page.version]
    sealed = seal_settings_page(page)
    assert sealed.crc_ok
    assert sealed.validation_crc_ok
    assert decode_settings_page(encode_settings_page(sealed)) == sealed


def _check_found(content: bytes, found: tuple[FoundPage, ...]) -> None:
    """Every page is written and found again, and whoever looks at all places sees it too."""
    assert all(one.page.crc_ok for one in found)
    assert [one.address for one in found] == sorted({one.address for one in found}, reverse=True)
    if len(found) <= MAX_PAGES // 2:
        seen = survey_settings(read_memory(content), name="dump.bin")
        assert {one.address for one in found} <= {one.address for one in seen}
        for one in seen:
            encode_settings_page(one.page)
    for one in found[:4]:
        if one.address % 4 or one.address > 0xFFFF_0000:
            continue
        text = format_settings_hex(one.page, address=one.address, backup_address=None)
        (again,) = read_settings_file(text.encode(), name="again.hex")
        assert again.address == one.address
        head = encode_settings_page(one.page)[:HEAD_SIZE]
        assert encode_settings_page(again.page)[:HEAD_SIZE] == head


PAGE = Target(name="settings-page", draw=draw_page, read=decode_settings_page, check=_check_page)
FILE = Target(
    name="settings-file",
    draw=draw_file,
    read=lambda content: read_settings_file(content, name="dump.bin"),
    check=_check_found,
)
