"""Whatever a dump holds, the autopsy says something of it, and never stumbles."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmline.cli.autopsy_text import autopsy_fields, autopsy_lines
from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit, load_dump
from firmline.device.fabrication import fabricate
from firmline.diagnosis.autopsy.body import is_taken
from firmline.diagnosis.autopsy.examination import examine
from firmline.diagnosis.autopsy.golden import compare
from firmline.errors import InputError
from firmline.formats.flash.byte_order import turn_words
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.reading import read_dump
from firmline.formats.flash.registers import Registers
from firmline.formats.records import format_intel_hex
from firmline.formats.settings_page import (
    Bank,
    Progress,
    SettingsPage,
    encode_settings_page,
    seal_settings_page,
)
from firmline.formats.spans import Span, clip_spans, join_spans

WHOLE = dump_unit(fabricate(gallery_unit("ble-reference")))
FLASH = WHOLE.read(0, 0x80000)
GOOD = examine(WHOLE).body
WORDS = st.one_of(st.integers(0, 0xFFFF_FFFF), st.sampled_from([0, 1, 0xA5, 0xAA, 0xAC, 0x26000]))
PLACES = st.sampled_from([0, 0x1000, 0x3000, 0x26000, 0x70000, 0x78000, 0x7E000, 0x7F000])

FEW, MANY = settings(max_examples=8), settings(max_examples=120, deadline=None)


def banks() -> st.SearchStrategy[Bank]:
    return st.builds(Bank, size=WORDS, crc=WORDS, code=WORDS)


PAGES = st.builds(
    SettingsPage,
    crc=WORDS,
    version=WORDS,
    app_version=WORDS,
    bank_0=banks(),
    bank_1=banks(),
    write_offset=WORDS,
    sd_size=WORDS,
    progress=st.builds(
        Progress,
        command_size=WORDS,
        command_offset=WORDS,
        firmware_image_crc=WORDS,
        firmware_image_offset=WORDS,
    ),
    init_command=st.binary(max_size=512).map(lambda data: data.ljust(512, b"\xff")),
)


def with_pieces(*pieces: tuple[int, bytes]) -> FlashDump:
    """The good unit's dump with other bytes at some places."""
    flash = bytearray(FLASH)
    for address, data in pieces:
        flash[address : address + len(data)] = data
    return FlashDump(
        name="d.hex", spans=(Span(address=0, data=bytes(flash[:0x80000])), *WHOLE.spans[1:])
    )


def check(problem: InputError) -> None:
    """What is refused is refused with a sentence."""
    assert problem.message.endswith(".")


def check_page(page: SettingsPage, sealed: bool, only: int) -> None:
    content = encode_settings_page(seal_settings_page(page) if sealed else page)
    places = (only,) if only else (0x7E000, 0x7F000)
    autopsy = examine(with_pieces(*((place, content) for place in places)))
    slugs = {each.slug for each in autopsy.findings}
    both = (autopsy.body.primary, autopsy.body.backup)
    taken = [
        each is not None and is_taken(each, is_backup=index == 1) for index, each in enumerate(both)
    ]
    match sum(taken):
        case 0:
            assert "settings-damaged" in slugs
        case 1:
            assert "settings-one-page" in slugs
        case _:
            assert slugs & {"settings", "settings-differ"}
    assert list(autopsy_lines(autopsy))
    assert autopsy_fields(autopsy)["type"] == "result"


SOME_PAGES = given(page=PAGES, sealed=st.booleans(), only=st.sampled_from([0, 0x7E000, 0x7F000]))


@SOME_PAGES
@FEW
def test_every_settings_page_is_decoded_or_told_as_damaged(
    page: SettingsPage, sealed: bool, only: int
) -> None:
    check_page(page, sealed, only)


@pytest.mark.slow
@SOME_PAGES
@MANY
def test_many_settings_pages_are_decoded_or_told_as_damaged(
    page: SettingsPage, sealed: bool, only: int
) -> None:
    check_page(page, sealed, only)


def check_bytes(pieces: list[tuple[int, bytes]], registers: int) -> None:
    told = Registers(resetreas=registers, gpregret=registers & 0xFF)
    autopsy = examine(with_pieces(*pieces), registers=told)
    assert list(autopsy_lines(autopsy))
    assert autopsy_fields(autopsy)["findings"]
    compared = compare(autopsy.body, GOOD)
    both = (int.from_bytes(each) for each in (autopsy.body.dump.read(0, 0x80000), FLASH))
    same = (next(both) ^ next(both)).to_bytes(0x80000).count(0)
    assert sum(each.different for each in compared) == 0x80000 - same


PIECES = st.lists(st.tuples(PLACES, st.binary(max_size=200)), max_size=4)
SOME_BYTES = given(pieces=PIECES, registers=WORDS)


@pytest.mark.slow
@SOME_BYTES
@FEW
def test_any_bytes_anywhere_are_looked_at(pieces: list[tuple[int, bytes]], registers: int) -> None:
    check_bytes(pieces, registers)


@pytest.mark.slow
@SOME_BYTES
@MANY
def test_many_bytes_anywhere_are_looked_at(pieces: list[tuple[int, bytes]], registers: int) -> None:
    check_bytes(pieces, registers)


@given(
    pieces=st.lists(
        st.tuples(st.integers(0, 0xFFFF_FF00), st.binary(min_size=1, max_size=64)), max_size=4
    )
)
@settings(max_examples=40)
def test_any_file_is_a_dump_or_refused_with_a_sentence(pieces: list[tuple[int, bytes]]) -> None:
    try:
        content = format_intel_hex(join_spans(pieces, name="d")).encode()
        autopsy = examine(read_dump(content, name="d.hex"))
    except InputError as problem:
        check(problem)
        return
    assert list(autopsy_lines(autopsy))


# Where chips' flash ends, and pages do, parts are most like a whole.
ENDS = st.one_of(
    st.integers(0, 0x80000),
    st.integers(0, 0x80).map(lambda page: page << 12),
    st.sampled_from([0x26000, 0x30000, 0x40000, 0x78000, 0x7E000, 0x7F000, 0x80000]),
)


def check_part(start: int, end: int) -> None:
    """What is not in the dump is nothing that is wrong."""
    try:
        dump = read_dump(FLASH[start:end], name="d.bin", at=start)
    except InputError as problem:
        check(problem)
        return
    autopsy = examine(dump)
    assert list(autopsy_lines(autopsy))
    assert autopsy.faults == ()


@given(start=st.one_of(st.just(0), ENDS), end=ENDS)
@FEW
@example(start=0, end=0x40000)
@example(start=0, end=0x30000)
def test_any_part_of_a_dump_is_looked_at(start: int, end: int) -> None:
    check_part(start, end)


@pytest.mark.slow
@given(start=st.one_of(st.just(0), ENDS), end=ENDS)
@settings(max_examples=400, deadline=None)
def test_every_part_of_a_dump_is_looked_at(start: int, end: int) -> None:
    check_part(start, end)


@pytest.mark.slow
@given(
    gaps=st.lists(st.tuples(ENDS, st.integers(1, 0x4000)), min_size=1, max_size=3),
    is_hex=st.booleans(),
)
@settings(max_examples=100, deadline=None)
def test_no_gap_in_a_dump_is_anything_that_is_wrong(
    gaps: list[tuple[int, int]], is_hex: bool
) -> None:
    spans = WHOLE.spans if is_hex else (Span(address=0, data=FLASH),)
    for start, size in gaps:
        spans = (*clip_spans(spans, 0, start), *clip_spans(spans, start + size, 1 << 32))
    autopsy = examine(FlashDump(name="d.hex", spans=spans))
    assert autopsy.faults == ()
    assert list(autopsy_lines(autopsy))


@given(data=st.binary(max_size=64), width=st.sampled_from([2, 4]))
def test_words_that_are_turned_twice_are_as_before(data: bytes, width: int) -> None:
    assert turn_words(turn_words(data, width), width) == data


@given(pieces=st.lists(st.tuples(PLACES, st.binary(max_size=200)), max_size=4))
@settings(max_examples=20)
def test_a_unit_that_was_dumped_and_made_again_has_the_same_dump(
    pieces: list[tuple[int, bytes]],
) -> None:
    unit = fabricate(gallery_unit("ble-reference"))
    dump = with_pieces(*pieces)
    load_dump(unit, dump)
    assert dump_unit(unit).read(0, 0x80000) == dump.read(0, 0x80000)
