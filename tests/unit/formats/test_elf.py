from __future__ import annotations

import struct

import pytest

from firmline.errors import Code
from firmline.formats.elf import parse_elf
from firmline.formats.spans import Span
from unit.formats.makers import elf_file, refuses

TEXT, DATA = (0x26000, b"T" * 32), (0x26040, b"D" * 8)


def test_sections_are_taken_and_what_lies_between_is_not() -> None:
    # objcopy -O ihex leaves the file's filler between sections out, so flash reads 0xFF there.
    assert parse_elf(elf_file([TEXT, DATA]), name="f") == (
        Span(address=0x26000, data=b"T" * 32),
        Span(address=0x26040, data=b"D" * 8),
    )


def test_load_addresses_count_not_run_addresses() -> None:
    moved = elf_file([TEXT], virtual_shift=0x1FFF_0000)
    assert parse_elf(moved, name="f")[0].address == 0x26000


def test_headers_in_front_of_the_first_section_are_not_firmware() -> None:
    assert parse_elf(elf_file([TEXT], leading=64), name="f")[0].address == 0x26000


def test_another_processor_is_refused() -> None:
    with refuses(Code.IMAGE_MALFORMED, "another processor"):
        parse_elf(elf_file([TEXT], machine=62), name="f.elf")


@pytest.mark.parametrize("index", [4, 5])
def test_64_bits_and_big_endian_are_refused(index: int) -> None:
    content = bytearray(elf_file([TEXT]))
    content[index] = 2
    with refuses(Code.IMAGE_MALFORMED, "another processor"):
        parse_elf(bytes(content), name="f.elf")


def test_every_shorter_file_is_truncated() -> None:
    content = elf_file([TEXT, DATA])
    for size in range(4, len(content)):
        with refuses(Code.IMAGE_TRUNCATED, "ends before"):
            parse_elf(content[:size], name="f.elf")


@pytest.mark.parametrize(("at", "value"), [(42, 31), (44, 65535), (46, 44), (48, 65535)])
def test_broken_tables_are_refused_before_they_are_walked(at: int, value: int) -> None:
    content = bytearray(elf_file([TEXT]))
    struct.pack_into("<H", content, at, value)
    with refuses(Code.IMAGE_MALFORMED, "broken headers"):
        parse_elf(bytes(content), name="f.elf")


def test_a_section_that_reaches_behind_the_file_is_truncated() -> None:
    content = bytearray(elf_file([TEXT]))
    sections_at = struct.unpack_from("<I", content, 32)[0]
    struct.pack_into("<I", content, sections_at + 40 + 20, 0x10000)
    with refuses(Code.IMAGE_TRUNCATED, "ends before"):
        parse_elf(bytes(content), name="f.elf")


def test_overlapping_sections_are_refused() -> None:
    content = bytearray(elf_file([TEXT, DATA]))
    sections_at, start = struct.unpack_from("<I", content, 32)[0], 52 + 32 + 44
    struct.pack_into("<I", content, sections_at + 80 + 16, start + 8)
    with refuses(Code.IMAGE_OVERLAPPING_RECORDS, "0x00026008"):
        parse_elf(bytes(content), name="f.elf")


def test_a_file_without_sections_holds_nothing() -> None:
    content = bytearray(elf_file([TEXT]))
    struct.pack_into("<H", content, 48, 0)
    assert parse_elf(bytes(content), name="f.elf") == ()


def test_a_section_ends_below_4_gib() -> None:
    last = elf_file([(0xFFFF_FFF0, b"T" * 16)])
    assert parse_elf(last, name="f")[0].end == 1 << 32
    with refuses(Code.IMAGE_MALFORMED, "f is an ELF file that runs past the last address"):
        parse_elf(elf_file([(0xFFFF_FFF0, b"T" * 17)]), name="f")
