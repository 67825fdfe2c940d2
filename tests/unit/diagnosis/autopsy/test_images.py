"""What lies in flash: MBR, SoftDevice, application, bootloader."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmline.device.description import gallery_names, gallery_unit
from firmline.device.dump import dump_unit
from firmline.diagnosis.autopsy.examination import Autopsy, examine
from firmline.diagnosis.autopsy.finding import Weight
from firmline.diagnosis.ranking import rank
from firmline.formats.flash.information import BOOTLOADER_ADDRESS, FICR
from firmline.formats.init_command import BootValidationType
from firmline.formats.package import read_package
from firmline.formats.settings_page import Bank, PageValidation, Progress
from unit.cli.makers import package
from unit.diagnosis.autopsy.bodies import (
    BACKUP,
    BANK_0,
    BOOTLOADER,
    SETTINGS,
    finding,
    flags,
    made,
    opened,
    page_of,
    without,
    write_page,
    write_uicr,
)

STORED = read_package(package(), name="p").images[0].init_packet.encoded
WRONG_FROM_THE_FACTORY = {"no-bootloader", "no-application"}


def first(autopsy: Autopsy) -> str:
    """The cause that ranks first by the dump alone."""
    return rank(autopsy.incident).causes[0].slug


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(gallery_names()) - WRONG_FROM_THE_FACTORY))
def test_nothing_is_wrong_with_the_flash_of_a_unit_from_the_factory(name: str) -> None:
    autopsy = opened(made(gallery_unit(name)))
    assert autopsy.faults == ()
    assert autopsy.missing == ()
    assert autopsy.outcome is not None
    assert autopsy.outcome.into.value == "application"
    assert finding(autopsy, "application-valid").weight is Weight.RIGHT
    assert finding(autopsy, "application-vectors").weight is Weight.RIGHT


def test_every_part_of_a_good_unit_is_named() -> None:
    autopsy = opened(made())
    assert "nRF52832 AAE0, 512 kB of flash, 64 kB of RAM" in finding(autopsy, "chip").text
    assert "0x0103 (S112 7.2.0)" in finding(autopsy, "softdevice").text
    assert "at 0x78000 (told by UICR)" in finding(autopsy, "bootloader").text
    assert "version 1" in finding(autopsy, "application-valid").text
    assert "P0.21" in finding(autopsy, "reset-pin").text
    found = autopsy.incident.by_field()
    assert found["chip"] == ("nrf52832",)
    assert found["sdk"] == ("sdk_17",)
    assert found["bootloader"] == ("secure",)
    assert "flags" not in found


def test_a_unit_without_a_bootloader() -> None:
    autopsy = opened(made(gallery_unit("no-bootloader")))
    assert [each.slug for each in autopsy.faults] == ["bootloader-missing", "uicr-no-bootloader"]
    assert first(autopsy) == "jump-bootloader-missing"


def test_an_address_in_uicr_without_a_bootloader_there() -> None:
    unit = made()
    unit.board.flash.load(BOOTLOADER, b"\xff" * 0x6000)
    autopsy = opened(unit)
    assert "at 0x78000, is erased" in finding(autopsy, "bootloader-missing").text
    assert first(autopsy) == "jump-bootloader-missing"


def test_the_mbrs_page_may_hold_the_addresses_instead_of_uicr() -> None:
    unit = made()
    write_uicr(unit, BOOTLOADER_ADDRESS, 0xFFFF_FFFF)
    unit.board.flash.load(0xFF8, BOOTLOADER.to_bytes(4, "little") + BACKUP.to_bytes(4, "little"))
    autopsy = opened(unit)
    assert autopsy.faults == ()
    assert "bootloader at 0x78000 and parameters at 0x7E000" in finding(autopsy, "mbr").text
    assert autopsy.body.layout.bootloader_told_by == "MBR"


def test_without_uicr_the_bootloader_is_found_by_its_vector_table() -> None:
    autopsy = examine(without(dump_unit(made()), FICR, FICR + 0x2000))
    assert autopsy.body.layout.bootloader == BOOTLOADER
    assert autopsy.body.layout.bootloader_told_by == "vector table"
    assert finding(autopsy, "uicr-not-in-dump") in autopsy.missing
    assert autopsy.outcome is not None
    assert [row.name for row in autopsy.body.chips] == ["nrf52832-512k", "nrf52833"]


def test_an_application_that_the_settings_do_not_describe() -> None:
    unit = made()
    unit.board.flash.load(BANK_0 + 0x200, b"another build")
    autopsy = opened(unit)
    assert "instead of 0x" in finding(autopsy, "application-differs").text
    assert autopsy.outcome is not None
    assert autopsy.outcome.into.value == "bootloader"
    assert autopsy.incident.by_field()["end_state"] == ("stuck_in_dfu",)
    assert first(autopsy) == "app-invalid-settings"


def test_an_application_without_a_record_of_it() -> None:
    unit = made()
    write_page(unit, replace(page_of(unit), bank_0=Bank()))
    autopsy = opened(unit)
    assert finding(autopsy, "application-unknown").causes == ("app-invalid-settings",)
    assert first(autopsy) == "app-invalid-settings"


def test_settings_that_a_bootloader_has_written_anew() -> None:
    unit = made()
    for address in (SETTINGS, BACKUP):
        unit.board.flash.load(address, b"\xff" * 0x1000)
    unit.power_on(now_s=0)  # it finds neither page valid
    autopsy = opened(unit)
    assert "finds neither page valid" in finding(autopsy, "settings-lost").text
    assert first(autopsy) == "settings-page-damaged"


def test_a_boot_check_that_fails_where_the_crc_agrees() -> None:
    unit = made()
    page = page_of(unit)
    assert page.validations is not None
    entry = PageValidation(type=BootValidationType.VALIDATE_GENERATED_SHA256)
    write_page(unit, replace(page, validations=replace(page.validations, application=entry)))
    assert (
        "the check that the bootloader makes" in finding(opened(unit), "application-differs").text
    )


def test_an_application_that_was_given_up_for_an_update() -> None:
    unit = made()
    page = replace(
        page_of(unit),
        bank_0=Bank(),
        init_command=STORED.ljust(512, b"\xff"),
        progress=Progress(command_size=len(STORED), command_offset=len(STORED)),
    )
    write_page(unit, page)
    autopsy = opened(unit)
    assert finding(autopsy, "application-given-up").weight is Weight.FAULT
    assert "application version" in finding(autopsy, "update-unfinished").text
    assert flags(autopsy) == {"app_given_up"}
    assert autopsy.incident.by_field()["phase"] == ("data_transfer",)
    assert first(autopsy) == "app-erased-for-space"


def test_an_application_that_was_copied_wrongly() -> None:
    unit = made()
    page = page_of(unit)
    write_page(unit, replace(page, bank_0=replace(page.bank_0, code=0)))
    autopsy = opened(unit)
    assert "not the same" in finding(autopsy, "application-copy").text
    assert first(autopsy) in ("flash-page-worn", "flash-op-lost-silently")


def test_a_program_for_another_place() -> None:
    unit = made()
    flash = unit.board.flash
    flash.load(BANK_0, flash.read(0, 64))  # the MBR's table
    autopsy = opened(unit)
    assert "is not inside its place" in finding(autopsy, "application-vectors").text
    assert "app_linked_elsewhere" in flags(autopsy)


def test_a_page_that_does_not_erase_is_seen() -> None:
    unit = made()
    worn = bytearray(b"\xff" * 0x1000)
    for place in range(0, 400, 4):
        worn[place] = 0xFE
    unit.board.flash.load(0x60000, bytes(worn))
    autopsy = opened(unit)
    assert "0x60000" in finding(autopsy, "page-worn").text
    assert first(autopsy) == "flash-page-worn"


def test_single_words_are_no_worn_page() -> None:
    unit = made()
    unit.board.flash.load(0x60000, b"\xfe\xff\xff\xff\xfe")
    assert opened(unit).faults == ()


def test_no_softdevice() -> None:
    unit = made()
    unit.board.flash.load(0x1000, b"\xff" * 0x25000)
    autopsy = opened(unit)
    gone = finding(autopsy, "softdevice-erased")
    assert gone.causes == ("serial-softdevice-missing",)
    assert "was erased: its place, 0x1000 to 0x26000" in gone.text
    assert [each.slug for each in autopsy.faults] == ["softdevice-erased"]
    assert finding(autopsy, "application-valid").weight is Weight.RIGHT
    assert autopsy.outcome is None
    assert "no_softdevice_in_flash" in flags(autopsy)
    assert first(autopsy) == "serial-softdevice-missing"


def test_a_softdevice_that_was_written_over() -> None:
    unit = made()
    unit.board.flash.load(0x3000, b"\x00" * 0x1000)
    assert "was written over" in finding(opened(unit), "softdevice-erased").text


def test_no_softdevice_and_no_application() -> None:
    unit = made()
    unit.board.flash.load(0x1000, b"\xff" * 0x60000)
    autopsy = opened(unit)
    assert finding(autopsy, "softdevice-missing").causes == ("serial-softdevice-missing",)
    assert "no_softdevice_in_flash" in flags(autopsy)


def test_a_softdevice_that_its_boot_check_refuses() -> None:
    unit = made()
    page = page_of(unit)
    assert page.validations is not None
    entry = PageValidation(type=BootValidationType.VALIDATE_GENERATED_CRC)
    changed = replace(page.validations, softdevice=entry)
    write_page(unit, replace(page, sd_size=0x1000, validations=changed))
    assert finding(opened(unit), "softdevice-differs").weight is Weight.FAULT


@pytest.mark.parametrize(
    ("page", "slug", "cause"),
    [
        (b"\xff" * 0x1000, "mbr-erased", "serial-softdevice-missing"),
        (b"\x12" * 0x1000, "mbr-damaged", "jump-bootloader-missing"),
    ],
)
def test_an_mbr_that_is_none(page: bytes, slug: str, cause: str) -> None:
    unit = made()
    unit.board.flash.load(0, page)
    autopsy = opened(unit)
    assert finding(autopsy, slug).causes == (cause,)
    assert autopsy.outcome is None


def test_a_chip_without_mbr_has_a_cause() -> None:
    unit = made()
    unit.board.flash.load(0, b"\xff" * 0x1000)
    autopsy = opened(unit)
    assert autopsy.incident.by_field()["end_state"] == ("gone_silent",)
    assert first(autopsy) == "serial-softdevice-missing"


@pytest.mark.parametrize("address", [SETTINGS, BACKUP])
def test_one_settings_page_with_a_wrong_checksum_is_a_fault(address: int) -> None:
    unit = made()
    unit.board.flash.load(address, b"\x00")
    damaged = finding(opened(unit), "settings-one-page")
    assert damaged.weight is Weight.FAULT
    assert "wrong checksum" in damaged.text


def test_a_unit_of_mcuboot_is_told_as_one() -> None:
    unit = made()
    flash = unit.board.flash
    flash.load(0, flash.read(BANK_0, 64))
    flash.load(0xC000, bytes.fromhex("3db8f396"))
    autopsy = opened(unit)
    assert "another bootloader" in finding(autopsy, "mcuboot").text
    assert finding(autopsy, "mbr-replaced").weight is Weight.FAULT


def test_a_copy_of_the_mbr_that_was_interrupted() -> None:
    unit = made()
    words = (0, 0x44000, 0x1800)
    unit.board.flash.load(BACKUP, b"\xff" * 0x1000)
    unit.board.flash.load(BACKUP, b"".join(word.to_bytes(4, "little") for word in words))
    autopsy = opened(unit)
    assert "24,576 bytes from 0x44000" in finding(autopsy, "mbr-copies").text
    assert "image_waits_in_flash" in flags(autopsy)


def test_a_dump_of_the_application_alone_says_what_it_cannot_tell() -> None:
    whole = dump_unit(made())
    autopsy = examine(without(without(whole, 0, BANK_0), 0x50000, 1 << 32))
    assert {each.slug for each in autopsy.missing} == {
        *("mbr-not-in-dump", "softdevice-not-in-dump", "bootloader-not-in-dump"),
        *("settings-not-in-dump", "uicr-not-in-dump"),
        "application-not-in-dump",
    } - {"application-not-in-dump"} | (
        {"application-not-in-dump"} if autopsy.body.layout.application != BANK_0 else set()
    )
    assert autopsy.faults == ()
    assert autopsy.outcome is None
    assert len(autopsy.incident.unused) == len(autopsy.missing)
    assert autopsy.incident.evidence == ()


def test_settings_alone_are_read() -> None:
    autopsy = examine(without(dump_unit(made()), 0, SETTINGS))
    assert autopsy.body.primary is not None
    assert autopsy.body.primary.app_version == 1
    assert finding(autopsy, "settings-one-page").weight is Weight.REMARK
