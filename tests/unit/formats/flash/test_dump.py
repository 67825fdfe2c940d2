"""What is a dump of an nRF52, and what is told of everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.device.fabrication import fabricate
from firmline.errors import Code, InputError
from firmline.formats.flash.byte_order import turn_words, turned
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.information import FICR, UICR
from firmline.formats.flash.mixed_order import without_turned
from firmline.formats.flash.reading import read_dump
from firmline.formats.records import format_intel_hex
from firmline.formats.spans import Span

WHOLE = dump_unit(fabricate(gallery_unit("ble-reference")))
FLASH = WHOLE.read(0, 0x80000)


def hex_of(*spans: Span) -> bytes:
    return format_intel_hex(spans).encode()


def at(address: int, data: bytes = b"\1\2\3\4" * 8) -> bytes:
    return hex_of(Span(address=address, data=data))


def refused(content: bytes, *, name: str = "dump.hex", where: int | None = None) -> InputError:
    with pytest.raises(InputError) as caught:
        read_dump(content, name=name, at=where)
    return caught.value


@pytest.mark.parametrize(
    ("content", "name"), [(hex_of(*WHOLE.spans), "dump.hex"), (FLASH, "dump.bin")]
)
def test_a_dump_is_read_whole(content: bytes, name: str) -> None:
    dump = read_dump(content, name=name)
    assert dump.read(0, 0x80000) == FLASH
    assert dump.notes == ()


def test_plain_bytes_lie_where_somebody_says() -> None:
    dump = read_dump(FLASH[0x26000:0x30000], name="app.bin", at=0x26000)
    assert dump.read(0x26000, 0xA000) == FLASH[0x26000:0x30000]
    assert dump.held(0, 0x26000) == 0


def test_a_place_for_a_file_that_has_addresses_is_a_mistake() -> None:
    assert refused(at(0x26000), where=0x1000).code is Code.OPTION_CONFLICT


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (0x0800_0000, "STM32"),
        (0x00FF_8000, "nRF53, nRF91 or nRF54"),
        (0x0100_0000, "network core of an nRF53"),
        (0x1000_4000, "RP2040"),
        (0x6000_0000, "i.MX"),
        (0x0040_0000, "ESP32"),
    ],
)
def test_a_dump_of_another_chip_is_told_by_its_addresses(address: int, words: str) -> None:
    problem = refused(at(address))
    assert problem.code is Code.DUMP_OTHER_CHIP
    assert words in problem.message


@pytest.mark.parametrize(
    ("stack", "reset", "words"),
    [
        (0x2000_5000, 0x0800_0189, "STM32"),
        (0x2004_1F00, 0x1000_01F7, "RP2040"),
        (0x2008_0000, 0x0000_0A01, "more RAM than an nRF52"),
    ],
)
def test_plain_bytes_of_another_chip_are_told_by_their_vectors(
    stack: int, reset: int, words: str
) -> None:
    table = stack.to_bytes(4, "little") + reset.to_bytes(4, "little")
    problem = refused(table + b"\5" * 4096, name="dump.bin")
    assert problem.code is Code.DUMP_OTHER_CHIP
    assert words in problem.message


@pytest.mark.slow
@pytest.mark.parametrize("width", [4, 2])
@pytest.mark.parametrize("form", ["bin", "hex"])
def test_words_that_stand_the_wrong_way_round_are_turned(width: int, form: str) -> None:
    wrong = turn_words(FLASH, width)
    content = wrong if form == "bin" else at(0, wrong)
    dump = read_dump(content, name=f"dump.{form}")
    assert dump.read(0, 0x80000) == FLASH
    assert f"{width} bytes each" in dump.notes[0]


def test_half_a_dump_in_the_wrong_order_is_turned_by_its_settings() -> None:
    dump = read_dump(at(0x7E000, turn_words(FLASH[0x7E000:], 4)), name="dump.hex")
    assert dump.read(0x7E000, 0x2000) == FLASH[0x7E000:]


def test_plain_bytes_that_make_no_sense_at_0_ask_for_their_place() -> None:
    (note,) = read_dump(b"\5" * 64, name="dump.bin").notes
    assert "--at" in note
    assert read_dump(b"\5" * 64, name="dump.bin", at=0x1000).notes == ()


def test_plain_bytes_of_an_application_lie_where_they_are_linked_for() -> None:
    dump = read_dump(FLASH[0x26000:0x30000], name="app.bin")
    assert dump.held(0x26000, 0x30000) == 0xA000
    assert "0x26000" in dump.notes[0]


@pytest.mark.parametrize(
    ("value", "words"), [(0x00, "protected against reading"), (0xFF, "protected, or erased")]
)
@pytest.mark.parametrize("form", [lambda data: at(0, data), bytes], ids=["hex", "bin"])
def test_a_chip_that_shows_nothing(value: int, words: str, form: Callable[[bytes], bytes]) -> None:
    problem = refused(form(bytes([value]) * 0x80000), name="dump.bin")
    assert problem.code is Code.DUMP_BLANK
    assert words in problem.message
    assert "Do not unlock it" in problem.hint


def test_a_file_of_overlapping_records() -> None:
    both = at(0x1000).splitlines()[:-1] + at(0x1008).splitlines()
    assert refused(b"\n".join(both)).code is Code.IMAGE_OVERLAPPING_RECORDS


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", Code.FILE_EMPTY),
        (at(0x2000_0000), Code.IMAGE_NO_CODE),
        (at(0x0020_0000), Code.IMAGE_TOO_LARGE),
        (at(0x1000)[:-20], Code.IMAGE_TRUNCATED),
        (b"\1" * 0x10_0004, Code.IMAGE_TOO_LARGE),
        (b"\1" * 0x100_0000, Code.IMAGE_TOO_LARGE),
        (b"hello, world", Code.IMAGE_MALFORMED),
    ],
)
def test_what_is_no_dump(content: bytes, code: Code) -> None:
    name = "dump.bin" if content[:1] == b"\1" else "dump.txt"
    assert refused(content, name=name).code is code


def test_what_is_left_out_is_said() -> None:
    ram = Span(address=0x2000_0000, data=bytes(16))
    dump = read_dump(hex_of(Span(address=0x1000, data=b"\1" * 8), ram), name="dump.hex")
    assert dump.notes == ("16 bytes of RAM were left out: only the flash is looked at.",)


def test_a_word_is_known_where_all_of_it_is() -> None:
    dump = FlashDump(name="d", spans=(Span(address=0x1000, data=b"\1\0\0\0\2\0"),))
    assert dump.word(0x1000) == 1
    assert dump.word(0x1004) is None
    assert dump.word(0) is None


def test_plain_bytes_of_the_second_half_lie_where_their_bootloader_is_linked_for() -> None:
    dump = read_dump(FLASH[0x40000:], name="half.bin")
    assert dump.read(0x78000, 0x8000) == FLASH[0x78000:]
    assert "0x40000" in dump.notes[0]
    assert dump.is_placed


def test_plain_bytes_that_are_turned_are_placed_as_well() -> None:
    dump = read_dump(turn_words(FLASH[0x26000:0x40000], 4), name="part.bin")
    assert dump.read(0x26000, 0x1A000) == FLASH[0x26000:0x40000]


SETS = (
    *(("the flash",), ("FICR",), ("UICR",)),
    *(("FICR", "UICR"), ("the flash", "UICR"), ("the flash", "FICR", "UICR")),
)
AREAS = {"the flash": range(0x10_0000), "FICR": range(FICR, UICR), "UICR": range(UICR, UICR + 4096)}


@pytest.mark.slow
@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("names", SETS)
def test_each_area_is_turned_by_itself_and_named(width: int, names: tuple[str, ...]) -> None:
    spans = [
        replace(span, data=turn_words(span.data, width))
        if any(span.address in AREAS[name] for name in names)
        else span
        for span in WHOLE.spans
    ]
    dump = read_dump(hex_of(*spans), name="dump.hex")
    assert dump.spans == WHOLE.spans
    (note,) = dump.notes
    told, _, right = note.partition(" stand the wrong way round")
    assert [name for name in AREAS if name in told] == sorted(names, key=list(AREAS).index)
    assert [name for name in AREAS if name in right] == [
        name for name in AREAS if name not in names
    ]


def test_areas_that_were_turned_in_other_ways_are_turned_back_each_in_its_own() -> None:
    widths = {0: 4, FICR: 1, UICR: 2}
    spans = [
        replace(span, data=turn_words(span.data, widths.get(span.address, 1)))
        for span in WHOLE.spans
    ]
    dump = read_dump(hex_of(*spans), name="dump.hex")
    assert dump.spans == WHOLE.spans
    assert "The words of the flash and UICR" in dump.notes[0]
    assert "4 and 2 bytes each" in dump.notes[0]


@pytest.mark.parametrize("start", [0x2000, 0x15000, 0x25000])
def test_plain_bytes_from_within_are_placed_by_their_programs(start: int) -> None:
    dump = read_dump(FLASH[start:0x60000], name="part.bin")
    assert dump.read(start, 0x60000 - start) == FLASH[start:0x60000]


def test_a_place_that_cannot_be_is_refused_and_one_that_need_not_be_is_told() -> None:
    assert refused(FLASH, name="d.bin", where=0x80000).code is Code.OPTION_CONFLICT
    waiting = read_dump(FLASH[0x26000:0x40000], name="bank-1.bin", at=0x44000)
    assert "linked for 0x26000" in waiting.notes[0]
    assert waiting.held(0x44000, 0x5E000) == 0x1A000


def test_a_dump_in_its_right_order_is_left_as_it_is() -> None:
    for unit in ("ble-reference", "nrf52840-usb", "no-bootloader"):
        dump = dump_unit(fabricate(gallery_unit(unit)))
        assert turned(dump) is None


# --- a part of the flash in another order -------------------------------------------------------


def partly_turned(start: int, end: int, width: int = 4) -> bytes:
    return FLASH[:start] + turn_words(FLASH[start:end], width) + FLASH[end:]


@pytest.mark.slow
@pytest.mark.parametrize("width", [4, 2])
@pytest.mark.parametrize("form", ["bin", "hex"])
def test_a_part_of_the_flash_that_is_turned_is_not_used_and_told(width: int, form: str) -> None:
    wrong = partly_turned(0x26000, 0x30000, width)
    dump = read_dump(wrong if form == "bin" else at(0, wrong), name=f"dump.{form}")
    (note,) = dump.notes
    assert f"the wrong way round: at 0x26000, {width} bytes each" in note
    assert dump.held(0x26000, 0x30000) == 0
    assert dump.read(0, 0x3400) == FLASH[:0x3400]
    assert dump.read(0x7F000, 0x1000) == FLASH[0x7F000:]
    assert dump.has_unread  # what is missing is not what was erased


def test_what_is_right_in_the_midst_of_what_is_turned_is_used() -> None:
    dump = read_dump(at(0, turn_words(FLASH[:0x7F000], 4) + FLASH[0x7F000:]), name="dump.hex")
    assert dump.held(0, 0x80000) == 0x1000 + dump.held(0, 0x7F000)
    assert dump.held(0, 0x7E000) == 0
    assert "from 0x0 to 0x7F000 is used" in dump.notes[0]


def test_a_part_that_is_turned_at_the_end_is_left_out_to_the_end() -> None:
    dump = read_dump(at(0, partly_turned(0x7E000, 0x80000)), name="dump.hex")
    assert dump.held(0x7E000, 0x80000) == 0
    assert "to its end is used" in dump.notes[0]


def test_other_areas_stay_where_a_part_of_the_flash_is_left_out() -> None:
    spans = tuple(
        replace(span, data=partly_turned(0x26000, 0x30000)[span.address : span.end])
        if span.address < 0x80000
        else span
        for span in WHOLE.spans
    )
    dump = read_dump(hex_of(*spans), name="dump.hex")
    assert dump.held(UICR, UICR + 0x400) == WHOLE.held(UICR, UICR + 0x400)
    assert dump.held(FICR, UICR) == WHOLE.held(FICR, UICR)


def test_flash_in_one_order_is_left_whole() -> None:
    for name in ("ble-reference", "nrf52840-usb", "full-256k", "no-application", "smp-application"):
        unit = dump_unit(fabricate(gallery_unit(name)))
        assert without_turned(unit) is unit
