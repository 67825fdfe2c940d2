"""Parts of a dump: what is not in it is not in it, and never erased."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.device.chips import chip
from firmline.device.description import gallery_unit
from firmline.device.dump import dump_unit
from firmline.diagnosis.autopsy.examination import Autopsy, examine
from firmline.diagnosis.autopsy.finding import Weight
from firmline.diagnosis.ranking import rank
from firmline.formats.flash.byte_order import turn_words
from firmline.formats.flash.dump import FlashDump
from firmline.formats.flash.information import BOOTLOADER_ADDRESS
from firmline.formats.flash.reading import read_dump
from firmline.formats.spans import Span
from unit.diagnosis.autopsy.bodies import (
    BACKUP,
    BANK_0,
    BOOTLOADER,
    SETTINGS,
    finding,
    flags,
    made,
    opened,
    without,
    write_uicr,
)

KIB = 1024
ERASED = b"\xff" * 0x1000


def plain(dump: FlashDump, size: int) -> FlashDump:
    """The first bytes of the flash, and nothing else."""
    return FlashDump(name="d.bin", spans=(Span(address=0, data=dump.read(0, size)),))


def slugs(autopsy: Autopsy) -> set[str]:
    return {each.slug for each in autopsy.findings}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ble-reference", "nrf52840-ble", "full-256k", "no-application"])
@pytest.mark.parametrize("size", [192, 256, 320, 480, 500, 504, 508, 512, 768])
def test_the_first_part_of_a_good_unit_has_nothing_wrong(name: str, size: int) -> None:
    unit = made(gallery_unit(name))
    whole = unit.board.flash.size
    autopsy = examine(plain(dump_unit(unit), min(size * KIB, whole)))
    assert autopsy.faults == ()
    if size * KIB < whole - 0x8000:
        assert autopsy.outcome is None
        assert {"bootloader-not-in-dump", "settings-not-in-dump"} <= slugs(autopsy)
        assert flags(autopsy) <= {"no_softdevice_in_flash"}


def test_half_a_flash_is_not_taken_for_a_smaller_chip() -> None:
    autopsy = examine(plain(dump_unit(made()), 256 * KIB))
    assert autopsy.body.layout.flash_end is None
    assert "may be a part of a larger one" in finding(autopsy, "chip-not-named").text
    assert {row.flash_size for row in autopsy.body.chips} >= {256 * KIB, 512 * KIB, 1024 * KIB}


def test_the_whole_flash_without_a_bootloader_is_told_where_somebody_names_the_chip() -> None:
    unit = made(gallery_unit("no-bootloader"))
    unit.board.flash.load(BACKUP, 2 * ERASED)
    dump = plain(dump_unit(unit), 512 * KIB)
    assert "bootloader-not-in-dump" in slugs(examine(dump))
    told = examine(dump, given=chip("nrf52832-512k"))
    assert finding(told, "bootloader-missing").weight is Weight.FAULT


def test_the_largest_flash_without_a_bootloader_needs_no_name() -> None:
    unit = made(gallery_unit("nrf52840-ble"))
    start = 0xF8000
    unit.board.flash.load(start, b"\xff" * (0x10_0000 - start))
    autopsy = examine(plain(dump_unit(unit), 1024 * KIB))
    assert finding(autopsy, "bootloader-missing").weight is Weight.FAULT


def test_an_application_is_no_bootloader_of_a_smaller_chip() -> None:
    autopsy = examine(plain(dump_unit(made()), 256 * KIB), given=chip("nrf52832-256k"))
    assert autopsy.body.layout.bootloader is None
    assert autopsy.body.layout.application == BANK_0


# What a tool leaves out.


def pages_written(dump: FlashDump) -> FlashDump:
    """As a tool writes it that leaves out erased pages."""
    pages = [
        Span(address=at, data=data)
        for at in range(0, 0x80000, 0x1000)
        if (data := dump.read(at, 0x1000)).strip(b"\xff")
    ]
    joined: list[Span] = []
    for page in pages:
        if joined and joined[-1].end == page.address:
            joined[-1] = replace(joined[-1], data=joined[-1].data + page.data)
        else:
            joined.append(page)
    others = [span for span in dump.spans if span.address >= 0x1000_0000]
    return FlashDump(name="d.hex", spans=(*joined, *others))


def test_pages_that_a_tool_leaves_out_are_erased() -> None:
    unit = made()
    for address in (SETTINGS, BACKUP):
        unit.board.flash.load(address, ERASED)
    dump = pages_written(dump_unit(unit))
    assert len(dump.flash) > 1
    assert "are both erased" in finding(examine(dump), "settings-damaged").text


@pytest.mark.parametrize("piece", [(0x7E000, 0x80000), (0x30000, 0x34000), (0x78000, 0x7A000)])
def test_a_gap_in_a_dump_that_has_erased_pages_was_not_read(piece: tuple[int, int]) -> None:
    autopsy = examine(without(dump_unit(made()), *piece))
    assert not autopsy.body.layout.skips_erased
    assert autopsy.faults == ()
    assert autopsy.outcome is None


def test_pages_that_a_probe_could_not_read_are_not_erased() -> None:
    unit = made()
    whole = pages_written(dump_unit(unit))
    refused = replace(without(whole, 0x30000, 0x31000), has_unread=True)
    assert examine(refused).faults == ()
    assert finding(examine(refused), "application-in-part").weight is Weight.REMARK


def test_images_that_were_merged_say_nothing_of_the_settings() -> None:
    flash = dump_unit(made())
    word = b"\0\0\0\0\xff\xff\xff\xff"  # such as every program has somewhere
    pieces = [
        (0, flash.read(0, 0xB00)),
        (0x1000, flash.read(0x1000, 0x24E4C)),
        (BANK_0, flash.read(BANK_0, 0x1000) + word + flash.read(BANK_0 + 0x1008, 0x3044)),
        (BOOTLOADER, flash.read(BOOTLOADER, 0x5B3C)),
        (BOOTLOADER_ADDRESS, BOOTLOADER.to_bytes(4, "little")),
    ]
    spans = tuple(Span(address=address, data=data) for address, data in pieces)
    autopsy = examine(FlashDump(name="merged.hex", spans=spans))
    assert autopsy.faults == ()
    assert "settings-not-in-dump" in slugs(autopsy)


# One of two settings pages.


@pytest.mark.parametrize(
    ("held", "other"), [(SETTINGS, BACKUP), (BACKUP, SETTINGS)], ids=["page", "backup"]
)
def test_a_bad_page_alone_decides_nothing(held: int, other: int) -> None:
    unit = made()
    unit.board.flash.load(held, b"\x55" * 0x1000)
    autopsy = examine(without(dump_unit(unit), other, other + 0x1000))
    assert autopsy.faults == ()
    text = finding(autopsy, "settings-in-part").text
    assert "damaged (wrong checksum)" in text
    assert "not in the dump" in text
    assert autopsy.outcome is None


def test_a_right_backup_decides_without_the_page_and_not_the_other_way_round() -> None:
    by_backup = examine(without(dump_unit(made()), SETTINGS, 0x80000))
    assert by_backup.outcome is not None
    assert "mends" not in finding(by_backup, "settings-one-page").text
    by_page = examine(without(dump_unit(made()), BACKUP, SETTINGS))
    assert by_page.outcome is None
    assert "unless the backup" in finding(by_page, "settings-one-page").text


# The chip that somebody names.


@pytest.mark.parametrize(
    ("name", "keep", "words"),
    [
        ("nrf52840", "FICR", "FICR in the dump says nRF52832"),
        ("nrf52832-256k", "FICR", "FICR in the dump says 512 kB"),
        ("nrf52832-256k", "flash", "the dump holds flash up to 0x80000"),
        ("nrf52840", "flash", "its settings lie at 0x7F000"),
    ],
)
def test_a_chip_that_cannot_be_is_told_and_left_aside(name: str, keep: str, words: str) -> None:
    whole = dump_unit(made())
    autopsy = examine(whole if keep == "FICR" else plain(whole, 0x80000), given=chip(name))
    assert words in finding(autopsy, "chip-contradicted").text
    assert autopsy.body.layout.flash_end == 0x80000
    assert autopsy.faults == ()


def test_a_chip_that_fits_is_believed() -> None:
    autopsy = examine(dump_unit(made()), given=chip("nrf52832-512k"))
    assert "chip-contradicted" not in slugs(autopsy)


def test_a_ficr_of_no_nrf5_is_not_read() -> None:
    dump = dump_unit(made())
    spans = tuple(
        replace(span, data=b"\x5a" * len(span.data)) if span.address == 0x1000_0000 else span
        for span in dump.spans
    )
    autopsy = examine(replace(dump, spans=spans))
    assert "0x5A5A5A5A" in finding(autopsy, "ficr-strange").text
    assert autopsy.body.ficr is None
    assert autopsy.body.layout.flash_end == 0x80000
    assert autopsy.faults == ()


# The bootloader that is assumed.


def test_the_sdk_that_is_assumed_is_told_with_its_reason() -> None:
    text = finding(opened(made()), "start").text
    assert "Its SDK is assumed, from SoftDevice S112 7.2.0" in text
    assert "those of SDK 15.3.0 and 16.0.0 do the same" in text


def test_without_a_softdevice_nothing_tells_the_sdk() -> None:
    unit = made()
    unit.board.flash.load(0x1000, b"\xff" * 0x60000)
    write_uicr(unit, BOOTLOADER_ADDRESS, BOOTLOADER)
    autopsy = opened(unit)
    assert autopsy.outcome is not None
    assert "as nothing in the dump tells" in autopsy.outcome.why


def test_no_bit_of_resetreas_says_both() -> None:
    text = finding(opened(made()), "resetreas").text
    assert (
        "A power-on or a brown-out reset leaves it so, and so does a program that clears it" in text
    )


# --- a part in another byte order ---------------------------------------------------------------


@pytest.mark.parametrize("part", [(0x26000, 0x30000), (0x78000, 0x80000), (0x7E000, 0x80000)])
def test_what_a_tool_has_turned_is_taken_for_no_fault_of_the_unit(part: tuple[int, int]) -> None:
    start, end = part
    flash = dump_unit(made()).read(0, 0x80000)
    content = flash[:start] + turn_words(flash[start:end], 4) + flash[end:]
    autopsy = examine(read_dump(content, name="dump.bin"))
    assert "stand the wrong way round" in " ".join(autopsy.body.dump.notes)
    assert not [each.slug for each in autopsy.findings if each.weight is Weight.FAULT]
    assert rank(autopsy.incident).causes[0].slug == "unknown"
