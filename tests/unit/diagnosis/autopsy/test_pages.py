"""The settings pages: which counts, what waits, what was under way."""

from __future__ import annotations

import zlib
from dataclasses import replace

import pytest

from firmline.diagnosis.autopsy.finding import Weight
from firmline.diagnosis.ranking import rank
from firmline.formats.package import read_package
from firmline.formats.settings_page import Bank, BankCode, Progress, SettingsPage
from unit.cli.makers import package
from unit.diagnosis.autopsy.bodies import (
    BACKUP,
    BANK_0,
    SETTINGS,
    finding,
    flags,
    made,
    opened,
    page_of,
    write_page,
)

STORED = read_package(package(), name="p").images[0].init_packet.encoded
ERASED = b"\xff" * 0x1000


def stored(page: SettingsPage, **progress: int) -> SettingsPage:
    """A page with an init packet that is left over."""
    size = {"command_size": len(STORED), "command_offset": len(STORED)}
    command = STORED.ljust(512, b"\xff")
    return replace(page, init_command=command, progress=Progress(**size | progress))


@pytest.mark.parametrize("content", [ERASED, b"\x55" * 0x1000, b"\0" * 0x1000])
def test_two_damaged_pages_are_why_it_stays(content: bytes) -> None:
    unit = made()
    for address in (SETTINGS, BACKUP):
        unit.board.flash.load(address, content)
    autopsy = opened(unit)
    assert finding(autopsy, "settings-damaged").causes == ("settings-page-damaged",)
    assert autopsy.outcome is not None
    assert autopsy.outcome.into.value == "bootloader"
    assert rank(autopsy.incident).causes[0].slug == "settings-page-damaged"


@pytest.mark.parametrize(("address", "name"), [(SETTINGS, "settings page"), (BACKUP, "backup")])
@pytest.mark.parametrize("content", [ERASED, b"\x55" * 0x1000])
def test_one_damaged_page_is_mended(address: int, name: str, content: bytes) -> None:
    unit = made()
    unit.board.flash.load(address, content)
    autopsy = opened(unit)
    wrong = [] if content == ERASED else ["settings-one-page"]  # an erased one was never written
    assert [each.slug for each in autopsy.faults] == wrong
    assert f"The {name} (0x{address:X}) is" in finding(autopsy, "settings-one-page").text
    assert autopsy.outcome is not None
    assert autopsy.outcome.into.value == "application"
    assert flags(autopsy) == set()


def test_two_right_pages_that_differ() -> None:
    unit = made()
    write_page(unit, replace(page_of(unit), app_version=9), SETTINGS)
    autopsy = opened(unit)
    assert "differ in app_version" in finding(autopsy, "settings-differ").text
    assert autopsy.body.settings is not None
    assert autopsy.body.settings.app_version == 1  # the backup is what counts
    assert "power-loss-mid-update" in finding(autopsy, "settings-differ").causes


def test_peer_and_request_are_no_difference() -> None:
    unit = made()
    page = replace(page_of(unit), enter_buttonless_dfu=1, adv_name=bytes(28))
    write_page(unit, page, SETTINGS)
    assert finding(opened(unit), "settings").weight is Weight.RIGHT


def test_an_update_that_was_begun_names_its_package() -> None:
    unit = made()
    write_page(unit, stored(page_of(unit)))
    autopsy = opened(unit)
    text = finding(autopsy, "update-unfinished").text
    assert "application version 5 was accepted" in text
    assert "none is recorded" in text
    assert autopsy.incident.by_field()["phase"] == ("data_transfer",)
    assert "progress" not in autopsy.incident.by_field()


@pytest.mark.parametrize(
    ("offset", "progress"), [(4, "first_packets"), (400, "first_object"), (1_000_000, "end")]
)
def test_recorded_progress_is_told(offset: int, progress: str) -> None:
    unit = made()
    write_page(unit, stored(page_of(unit), firmware_image_offset=offset))
    autopsy = opened(unit)
    assert f"{offset:,} of" in finding(autopsy, "update-unfinished").text
    assert autopsy.incident.by_field()["progress"] == (progress,)


def test_half_an_init_packet() -> None:
    unit = made()
    write_page(unit, stored(page_of(unit), command_offset=20))
    autopsy = opened(unit)
    assert f"20 of {len(STORED)} bytes" in finding(autopsy, "update-init").text
    assert autopsy.incident.by_field()["phase"] == ("init_transfer",)


def test_an_init_packet_that_is_none() -> None:
    unit = made()
    page = stored(page_of(unit))
    write_page(unit, replace(page, init_command=b"\x55" * 512))
    assert finding(opened(unit), "update-init-damaged").weight is Weight.REMARK


def test_an_image_that_waits_is_put_in_place_at_the_next_start() -> None:
    unit = made()
    source, image = 0x48000, b"\1\2\3\4" * 1000
    unit.board.flash.load(source, image)
    bank = Bank(size=len(image), crc=zlib.crc32(image), code=BankCode.APPLICATION)
    page = page_of(unit)
    waiting = replace(
        page,
        bank_0=replace(page.bank_0, code=0),
        bank_1=bank,
        progress=Progress(firmware_image_crc=source),
    )
    write_page(unit, waiting)
    autopsy = opened(unit)
    assert (
        "4,000 bytes was received whole and waits at 0x48000"
        in finding(autopsy, "image-waits").text
    )
    assert "image_waits_in_flash" in flags(autopsy)
    assert autopsy.outcome is not None
    assert autopsy.outcome.activates
    assert rank(autopsy.incident).causes[0].slug == "power-loss-mid-update"


def test_an_image_that_waits_and_is_not_the_one_that_was_received() -> None:
    unit = made()
    bank = Bank(size=4000, crc=1, code=BankCode.APPLICATION)
    page = replace(page_of(unit), bank_1=bank, progress=Progress(firmware_image_crc=BANK_0))
    write_page(unit, page)
    assert finding(opened(unit), "image-damaged").weight is Weight.FAULT


def test_a_code_that_nobody_knows() -> None:
    unit = made()
    write_page(unit, replace(page_of(unit), bank_1=Bank(size=4, code=0x77)))
    assert "0x77" in finding(opened(unit), "bank-1-unknown").text
