"""The flash of a real unit in a virtual one."""

from __future__ import annotations

import pytest

from firmline.device.chips import chip
from firmline.device.description import gallery_unit
from firmline.device.dump import chip_of, describe_dump, dump_unit, load_dump
from firmline.device.fabrication import fabricate
from firmline.device.faults.plan import BootloaderMissing
from firmline.device.radio_face import ResetKind
from firmline.device.unit import VirtualUnit
from firmline.errors import Code, InputError
from firmline.events import UnitMode
from firmline.formats.flash.reading import read_dump
from firmline.formats.flash.registers import registers_of
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
    name = "dump.bin" if len(content) == 0x80000 else "dump.hex"
    load_dump(unit, read_dump(content, name=name))
    unit.power_on(now_s=0)
    assert (unit.firmware_revision or "").startswith("7+")


def test_what_a_dump_leaves_out_is_erased(unit: VirtualUnit) -> None:
    part = hex_of(Span(address=0x26000, data=b"\1" * 8))
    load_dump(unit, read_dump(part, name="part.hex"))
    flash = unit.board.flash
    assert flash.read(0x26000, 12) == b"\1" * 8 + b"\xff" * 4
    assert flash.read(0x7F000, 0x1000) == b"\xff" * 0x1000
    unit.power_on(now_s=0)
    assert unit.mode is UnitMode.BOOTLOADER


def test_a_dump_of_a_larger_chip_is_refused(unit: VirtualUnit) -> None:
    before = unit.board.flash.read(0, 64)
    content = b"\1" * chip("nrf52840").flash_size
    with pytest.raises(InputError) as caught:
        load_dump(unit, read_dump(content, name="big.bin"))
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
        load_dump(unit, read_dump(content, name=name))
    assert caught.value.code is code


# A unit that is made of its dump.


@pytest.mark.parametrize("name", ["nrf52840-ble", "full-256k", "nrf52840-usb", "other-key"])
def test_a_description_takes_from_a_dump_what_that_tells(name: str) -> None:
    described = gallery_unit(name)
    dump = dump_unit(fabricate(described))
    made = describe_dump(gallery_unit("ble-reference"), dump)
    assert made.chip == described.chip
    assert made.address == described.address
    assert made.public_key == described.public_key
    assert made.profile.bootloader_size == described.profile.bootloader_size
    assert dump_unit(fabricate(made)).read(0, 1 << 20) == dump.read(0, 1 << 20)


def test_a_register_that_was_stuck_is_stuck() -> None:
    unit = fabricate(gallery_unit("stuck-gpregret"))
    unit.power_on(now_s=0)
    made = fabricate(describe_dump(gallery_unit("ble-reference"), dump_unit(unit)))
    made.power_on(now_s=0)
    assert made.mode is UnitMode.BOOTLOADER


def test_a_dump_without_a_bootloader_is_a_unit_without_one() -> None:
    dump = dump_unit(fabricate(gallery_unit("no-bootloader")))
    made = describe_dump(gallery_unit("ble-reference"), dump)
    assert made.faults.one(BootloaderMissing) is not None


def test_a_dump_that_leaves_the_bootloader_out_lacks_none() -> None:
    part = read_dump(hex_of(Span(address=0x26000, data=b"\1" * 8)), name="part.hex")
    assert describe_dump(describe(), part).faults == describe().faults


def test_what_made_the_resets_adds_up_until_the_power_goes(unit: VirtualUnit) -> None:
    unit.power_on(now_s=0)
    read = [registers_of(dump_unit(unit)).resetreas]
    for kind in (ResetKind.PIN, ResetKind.SOFT, ResetKind.WATCHDOG, ResetKind.POWER):
        unit.reset(kind, now_s=1)
        read.append(registers_of(dump_unit(unit)).resetreas)
    assert read == [0, 0b001, 0b101, 0b111, 0]


def test_a_dump_of_a_chip_that_nobody_knows_has_the_description_s() -> None:
    dump = read_dump(hex_of(Span(address=0, data=another())), name="d.hex")
    assert chip_of(dump) is None
    assert describe_dump(describe(), dump).chip == describe().chip
