"""What has no place in an update's file: one that fires, one near miss each."""

from __future__ import annotations

import time
import tomllib

import pytest

from firmline.data import load_text
from firmline.formats.firmware import parse_firmware
from firmline.formats.lint import Finding, Slug, lint_sources
from firmline.formats.lint.contents import GAP_SIZE, pages_at_the_end
from firmline.values import ImageKind
from unit.formats.makers import hex_file, image
from unit.formats.programs import program, softdevice

BASE = 0x26000
APP = program()


def lint(
    *pieces: tuple[int, bytes], kind: ImageKind = ImageKind.APPLICATION
) -> tuple[Finding, ...]:
    """Findings on a hex file with these pieces."""
    parsed = parse_firmware(hex_file(*pieces), name="app.hex", kind=kind)
    match kind:
        case ImageKind.BOOTLOADER:
            return lint_sources(bootloader=parsed)
        case ImageKind.SOFTDEVICE:
            return lint_sources(softdevice=parsed)
        case _:
            return lint_sources(application=parsed)


def slugs(findings: tuple[Finding, ...]) -> list[Slug]:
    return [finding.slug for finding in findings]


def test_every_slug_is_explained_and_nothing_else() -> None:
    table = tomllib.loads(load_text("lint.toml"))
    assert list(table) == list(Slug)
    for entry in table.values():
        assert set(entry) == {"title", "meaning", "do"}
        assert entry["meaning"].endswith(".")
        assert entry["do"].endswith(".")


def test_a_finding_says_what_it_means_and_what_to_do() -> None:
    finding = Finding(slug=Slug.GAP, message="x has a gap.")
    assert str(finding) == "x has a gap. [gap]"
    assert "0xFF" in finding.meaning
    assert "one program" in finding.next_step


# UICR.


@pytest.mark.parametrize("address", [0x1000_1000, 0x1000_1200, 0x1000_1FFC])
def test_values_for_the_uicr(address: int) -> None:
    (finding,) = lint((BASE, APP), (address, bytes(4)))
    assert finding.slug is Slug.UICR_INSIDE
    assert f"sets 4 bytes of the UICR from 0x{address:X} on" in finding.message


@pytest.mark.parametrize("address", [0x1000_0FFC, 0x1000_2000, 0x2000_0000])
def test_what_is_not_the_uicr(address: int) -> None:
    assert lint((BASE, APP), (address, bytes(4))) == ()


def test_a_bootloader_names_its_place_in_the_uicr_as_it_should() -> None:
    loader = (0x78000, program(base=0x78000))
    assert lint(loader, (0x1000_1014, bytes(8)), kind=ImageKind.BOOTLOADER) == ()
    for more in ((0x1000_1010, bytes(12)), (0x1000_1014, bytes(12))):
        (finding,) = lint(loader, more, kind=ImageKind.BOOTLOADER)
        assert finding.slug is Slug.UICR_INSIDE
        assert "sets 4 bytes" in finding.message
    assert slugs(lint((BASE, APP), (0x1000_1014, bytes(4)))) == [Slug.UICR_INSIDE]


# Pages of the bootloader and of the MBR.


def test_the_pages_are_the_last_two_of_every_flash() -> None:
    pages = pages_at_the_end()
    assert {0x7F000, 0x3F000, 0xFF000, 0x3FC00} <= set(pages)
    assert (
        pages[0x7F000] == "where the bootloader keeps its settings on a chip with 512 kB of flash"
    )
    assert pages[0x7E000] == "where the MBR keeps its parameters on a chip with 512 kB of flash"


@pytest.mark.parametrize("address", [0x7F000, 0x7E000, 0x3F000, 0xFF000])
def test_a_merged_settings_page(address: int) -> None:
    found = lint((BASE, APP), (address, bytes(92)))
    assert slugs(found) == [Slug.SETTINGS_PAGE_INSIDE, Slug.GAP]
    assert f"holds 92 bytes at 0x{address:X}, where the" in found[0].message


def test_a_program_that_runs_through_such_a_page_is_just_large() -> None:
    large = program(0x3F000 + 0x2000 - BASE)
    assert lint((BASE, large)) == ()


def test_another_address_near_the_end_is_only_a_gap() -> None:
    assert slugs(lint((BASE, APP), (0x7F004, bytes(92)))) == [Slug.GAP]


# Gaps.


def test_a_gap_of_a_page_is_told_with_its_place() -> None:
    (finding,) = lint((BASE, APP), (BASE + len(APP) + GAP_SIZE, bytes(4)))
    assert finding.slug is Slug.GAP
    assert "a gap of 4,096 bytes of 0xFF, from 0x26800 to 0x27800" in finding.message


def test_a_gap_below_a_page_is_alignment() -> None:
    assert lint((BASE, APP), (BASE + len(APP) + GAP_SIZE - 4, bytes(4))) == ()


@pytest.mark.parametrize("extra", [0, 1, 4095, 4096, 5000])
def test_of_several_gaps_the_largest_is_told(extra: int) -> None:
    gaps = b"\xff" * GAP_SIZE + b"\x00" + b"\xff" * (GAP_SIZE + extra) + b"\x00"
    data = APP + gaps + bytes(-len(gaps) % 4)
    (finding,) = lint_sources(application=image(data, address=None, name="app.bin"))
    begin = len(APP) + GAP_SIZE + 1 if extra else len(APP)
    size = GAP_SIZE + extra
    assert f"2 gaps, the largest of {size:,} bytes" in finding.message
    assert f"from offset 0x{begin:X} to 0x{begin + size:X}" in finding.message


def test_the_search_for_gaps_takes_no_time_on_bytes_that_nearly_are_gaps() -> None:
    nearly = (b"\xff" * (GAP_SIZE - 1) + b"\x00") * 250
    began = time.perf_counter()
    assert lint_sources(application=image(APP + nearly, address=None)) == ()
    assert time.perf_counter() - began < 1


# Length.


@pytest.mark.parametrize("size", [0x801, 0x802, 0x803])
def test_a_length_that_is_filled_up(size: int) -> None:
    (finding,) = lint((BASE, program(size)))
    assert finding.slug is Slug.ODD_LENGTH
    added = -size % 4
    assert f"holds {size:,} bytes, not a multiple of 4; {added} of 0xFF" in finding.message
    parsed = parse_firmware(program(size), name="app.bin", kind=ImageKind.APPLICATION)
    assert slugs(lint_sources(application=parsed)) == [Slug.ODD_LENGTH]


def test_a_length_that_is_right() -> None:
    parsed = parse_firmware(program(0x804), name="app.bin", kind=ImageKind.APPLICATION)
    assert lint_sources(application=parsed) == ()


# SoftDevices.


def test_a_softdevice_that_says_nothing_of_itself() -> None:
    (finding,) = lint((0x1000, bytes(0x3000)), kind=ImageKind.SOFTDEVICE)
    assert finding.slug is Slug.NOT_A_SOFTDEVICE
    assert finding.message.startswith("app.hex does not look like a SoftDevice")
    assert lint((0x1000, softdevice()), kind=ImageKind.SOFTDEVICE) == ()
    plain = parse_firmware(softdevice(), name="sd.bin", kind=ImageKind.SOFTDEVICE)
    assert lint_sources(softdevice=plain) == ()
