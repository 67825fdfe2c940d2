"""The flash of a real unit in a virtual one."""

from __future__ import annotations

import pytest

from firmline.device.chips import chip
from firmline.device.dump import load_dump
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, InputError
from firmline.events import UnitMode
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span
from unit.device.makers import describe

UICR = Span(address=0x1000_1000, data=b"\x00\x80\x07\x00")


def another(version: int = 7) -> bytes:
    """The flash of a unit with this application."""
    unit = fabricate(describe(version=version))
    return unit.board.flash.read(0, unit.board.flash.size)


@pytest.fixture
def unit() -> VirtualUnit:
    return fabricate(describe(version=3))


def hex_of(*spans: Span) -> bytes:
    return format_intel_hex(spans).encode()


@pytest.mark.parametrize(
    "content",
    [
        another(),
        hex_of(Span(address=0, data=another())),
        hex_of(Span(address=0, data=another()), UICR),
    ],
    ids=["plain bytes", "hex", "hex with UICR"],
)
def test_a_unit_becomes_the_one_that_was_dumped(content: bytes, unit: VirtualUnit) -> None:
    load_dump(unit, content, name="dump.bin" if len(content) == 0x80000 else "dump.hex")
    unit.power_on(now_s=0)
    assert (unit.firmware_revision or "").startswith("7+")


def test_what_a_dump_leaves_out_is_erased(unit: VirtualUnit) -> None:
    load_dump(unit, hex_of(Span(address=0x26000, data=bytes(8))), name="part.hex")
    flash = unit.board.flash
    assert flash.read(0x26000, 12) == bytes(8) + b"\xff" * 4
    assert flash.read(0x7F000, 0x1000) == b"\xff" * 0x1000
    unit.power_on(now_s=0)
    assert unit.mode is UnitMode.BOOTLOADER


def test_a_dump_of_a_larger_chip_is_refused(unit: VirtualUnit) -> None:
    before = unit.board.flash.read(0, 64)
    content = bytes(chip("nrf52840").flash_size)
    with pytest.raises(InputError) as caught:
        load_dump(unit, content, name="big.bin")
    assert caught.value.code is Code.IMAGE_TOO_LARGE
    assert "0x100000" in caught.value.message
    assert unit.board.flash.read(0, 64) == before


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (hex_of(UICR), "uicr.hex", Code.IMAGE_NO_CODE),
        (b"", "empty.hex", Code.FILE_EMPTY),
        (b":00000001F", "cut.hex", Code.IMAGE_TRUNCATED),
        (b"just text", "notes.txt", Code.IMAGE_MALFORMED),
    ],
)
def test_what_is_no_dump_is_refused(
    content: bytes, name: str, code: Code, unit: VirtualUnit
) -> None:
    with pytest.raises(InputError) as caught:
        load_dump(unit, content, name=name)
    assert caught.value.code is code
