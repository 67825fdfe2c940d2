"""What is a dump of a unit, and what is told of images, packed files and noise."""

from __future__ import annotations

import gzip
import random
import struct

import pytest

from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, InputError
from firmline.formats.flash.byte_order import turn_words
from firmline.formats.flash.recognition import read_unit_dump
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span
from unit.cli.makers import package

WHOLE = dump_unit(fabricate(gallery_unit("ble-reference")))
FLASH = WHOLE.read(0, 0x80000)
APPLICATION = FLASH[0x26000 : 0x26000 + 120_000]
FOR_0 = struct.pack("<16I", 0x2000_8000, *([0x2001] * 15)) + APPLICATION[:0x5000]
NOISE = random.Random(6).randbytes(0x40000)


def hex_of(*pieces: tuple[int, bytes]) -> bytes:
    spans = [Span(address=address, data=data) for address, data in pieces]
    return format_intel_hex(spans).encode()


def refused(content: bytes, *, name: str = "d.bin", at: int | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        read_unit_dump(content, name=name, at=at)
    return caught.value


@pytest.mark.parametrize("size", [16, 1000, 0x1000, 0x10000, 0x30000, 0x40000])
@pytest.mark.parametrize("at", [None, 0, 0x26000])
def test_noise_is_no_dump_and_says_what_was_looked_for(size: int, at: int | None) -> None:
    problem = refused(NOISE[:size], at=at)
    assert problem.code is Code.DUMP_UNKNOWN
    assert "an MBR at 0, a SoftDevice's magic word at 0x3004" in problem.message


@pytest.mark.parametrize("content", [NOISE, b"\x55" * 0x80000, bytes(range(256)) * 0x400])
def test_noise_with_addresses_is_no_dump_either(content: bytes) -> None:
    assert refused(hex_of((0, content)), name="d.hex").code is Code.DUMP_UNKNOWN


@pytest.mark.parametrize(
    ("content", "name", "option"),
    [
        (APPLICATION, "app.bin", "--application app.bin"),
        (turn_words(APPLICATION, 4), "app.bin", "--application app.bin"),
        (hex_of((0x26000, APPLICATION)), "app.hex", "--application app.hex"),
        (hex_of((0, FOR_0)), "zephyr.hex", "--application zephyr.hex"),
        (
            hex_of((0x78000, FLASH[0x78000:0x7D123]), (0x1000_1014, b"\0\x80\7\0")),
            "boot.hex",
            "--bootloader boot.hex",
        ),
        (hex_of((0, FLASH[:0xB00]), (0x1000, FLASH[0x1000:0x25F40])), "sd.hex", "--softdevice"),
    ],
)
def test_a_firmware_image_is_told_as_one_with_its_command(
    content: bytes, name: str, option: str
) -> None:
    problem = refused(content, name=name)
    assert problem.code is Code.DUMP_UNKNOWN
    assert "is a firmware image and no dump" in problem.message
    assert f"firmline pkg generate {option}" in problem.hint
    assert "firmline autopsy swd:" in problem.hint


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 0x80000), (0, 0x26000), (0x26000, 0x78000), (0x78000, 0x80000), (0x40000, 0x80000)],
)
def test_a_part_that_was_read_out_is_a_dump(start: int, end: int) -> None:
    dump = read_unit_dump(FLASH[start:end], name="part.bin")
    assert dump.held(start, end) == end - start


def test_an_image_with_the_chips_own_words_is_a_dump() -> None:
    spans = [each for each in WHOLE.spans if each.address >= 0x1000_0000]
    content = hex_of((0x26000, APPLICATION), *((each.address, each.data) for each in spans))
    assert read_unit_dump(content, name="d.hex").held(0x26000, 0x40000)


def test_noise_with_the_chips_own_words_is_a_dump() -> None:
    spans = [each for each in WHOLE.spans if each.address >= 0x1000_0000]
    content = hex_of((0, NOISE), *((each.address, each.data) for each in spans))
    assert read_unit_dump(content, name="d.hex").held(0, 0x40000) == 0x40000


def test_settings_that_may_lie_anywhere_ask_for_their_place() -> None:
    pages = FLASH[0x7E000:]
    problem = refused(pages)
    assert problem.code is Code.DUMP_UNKNOWN
    assert "--at" in problem.hint
    assert read_unit_dump(pages, name="d.bin", at=0x7E000).held(0x7E000, 0x80000) == 0x2000


@pytest.mark.parametrize(
    ("content", "name", "code", "words", "hint"),
    [
        (package(), "dfu.zip", Code.IMAGE_MALFORMED, "a DFU package", "pkg display dfu.zip"),
        (b"PK\3\4" + bytes(99), "d.zip", Code.IMAGE_MALFORMED, "a zip file", "Unpack"),
        (b"UF2\n" + bytes(508), "d.uf2", Code.DUMP_UNKNOWN, "a UF2 file", "Intel HEX"),
        (gzip.compress(FLASH), "d.hex.gz", Code.DUMP_UNKNOWN, "gzip", "Unpack"),
        (b'{"type": "update"}', "t.jsonl", Code.IMAGE_MALFORMED, "JSON", "firmline diagnose"),
        (b"12:00 disconnected", "log.txt", Code.IMAGE_MALFORMED, "text", "firmline diagnose"),
        (b":0", "d.hex", Code.IMAGE_TRUNCATED, "not complete", ""),
        (
            hex_of((0, FLASH)).replace(b":", b";", 1),
            "d.hex",
            Code.IMAGE_MALFORMED,
            "Line 1",
            "Copy",
        ),
        (b":020000040000FA\n:01FFFFFF0101\n", "d.hex", Code.IMAGE_MALFORMED, "Line 2", "Copy"),
    ],
)
def test_other_files_are_told_as_what_they_are(
    content: bytes, name: str, code: Code, words: str, hint: str
) -> None:
    problem = refused(content, name=name)
    assert problem.code is code
    assert words in problem.message
    assert problem.message.endswith(".")
    assert hint in problem.hint
