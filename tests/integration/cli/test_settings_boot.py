"""What ``firmline settings generate`` makes, before the virtual bootloader: it boots."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmline.device.chips import chip
from firmline.device.dump import load_dump
from firmline.device.fabrication import fabricate
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode
from firmline.formats.flash.reading import read_dump
from firmline.formats.init_command import BootValidationType
from firmline.formats.records import format_intel_hex, parse_intel_hex
from firmline.formats.spans import join_spans
from unit.cli.program import Program
from unit.device.makers import BANK_0, KEY, OTHER_KEY, describe, softdevice_image
from unit.formats.makers import hex_file

APPLICATION = bytes(range(250)) * 80
FAMILIES = {
    "nrf52832-512k": "NRF52",
    "nrf52832-256k": "NRF52QFAB",
    "nrf52840": "NRF52840",
    "nrf52833": "NRF52833",
    "nrf52820": "NRF52820",
}
"""Chips with room for this SoftDevice and this application."""
INPUTS = ("app.hex", "s132.hex")


@pytest.fixture(autouse=True)
def _inputs(folder: Path) -> None:
    (folder / "app.hex").write_bytes(hex_file((BANK_0, APPLICATION)))
    (folder / "s132.hex").write_bytes(hex_file((0x1000, softdevice_image())))
    (folder / "private.key").write_bytes(KEY.format_pem())
    (folder / "other.key").write_bytes(OTHER_KEY.format_pem())


def programmed(folder: Path, *names: str, chip_name: str = "nrf52832-512k") -> VirtualUnit:
    """A unit whose flash is the merged content of these files, switched on."""
    pieces = [
        (span.address, span.data)
        for name in names
        for span in parse_intel_hex((folder / name).read_bytes(), name=name)
    ]
    merged = format_intel_hex(join_spans(pieces, name="unit.hex")).encode()
    unit = fabricate(describe(chip=chip(chip_name)))
    load_dump(unit, read_dump(merged, name="unit.hex"))
    unit.power_on(now_s=0)
    return unit


def generate(firmline: Program, *words: str, family: str = "NRF52", version: str = "2") -> None:
    ran = firmline(
        *("settings", "generate", "--family", family, "--bl-settings-version", version),
        *("--application", "app.hex", "--application-version", "7"),
        *("--bootloader-version", "1", *words, "settings.hex"),
    )
    assert ran.code == 0, ran.err


@pytest.mark.slow
@pytest.mark.parametrize("chip_name", FAMILIES)
def test_a_programmed_unit_starts_its_application(
    chip_name: str, firmline: Program, folder: Path
) -> None:
    generate(firmline, family=FAMILIES[chip_name])
    unit = programmed(folder, *INPUTS, "settings.hex", chip_name=chip_name)
    assert (unit.firmware_revision or "").startswith("7+")


def test_without_a_settings_page_it_stays_in_its_bootloader(folder: Path) -> None:
    assert programmed(folder, *INPUTS).mode is UnitMode.BOOTLOADER


def test_a_page_of_the_first_version_is_upgraded(firmline: Program, folder: Path) -> None:
    generate(firmline, version="1")
    unit = programmed(folder, *INPUTS, "settings.hex")
    assert (unit.firmware_revision or "").startswith("7+")


@pytest.mark.slow
@pytest.mark.parametrize("kind", [kind.name for kind in BootValidationType])
def test_every_boot_check_agrees_with_the_bootloaders(
    kind: str, firmline: Program, folder: Path
) -> None:
    words = ("--app-boot-validation", kind, "--sd-boot-validation", kind)
    generate(firmline, *words, "--softdevice", "s132.hex", "--key-file", "private.key")
    unit = programmed(folder, *INPUTS, "settings.hex")
    assert (unit.firmware_revision or "").startswith("7+")


def test_another_key_and_another_image_are_seen(firmline: Program, folder: Path) -> None:
    ecdsa = ("--app-boot-validation", "VALIDATE_ECDSA_P256_SHA256", "--key-file", "other.key")
    generate(firmline, *ecdsa)
    assert programmed(folder, *INPUTS, "settings.hex").mode is UnitMode.BOOTLOADER
    generate(firmline)
    (folder / "app.hex").write_bytes(hex_file((BANK_0, APPLICATION[:-1] + b"\xee")))
    assert programmed(folder, *INPUTS, "settings.hex").mode is UnitMode.BOOTLOADER


def test_an_application_that_is_warned_about_is_not_started(
    firmline: Program, folder: Path
) -> None:
    (folder / "app.hex").write_bytes(hex_file((BANK_0 + 0x1000, APPLICATION)))
    generate(firmline, "--softdevice", "s132.hex")
    assert programmed(folder, *INPUTS, "settings.hex").mode is UnitMode.BOOTLOADER


def test_what_the_bootloader_left_is_displayed(firmline: Program, folder: Path) -> None:
    generate(firmline)
    unit = programmed(folder, *INPUTS, "settings.hex")
    flash = unit.board.flash
    (folder / "dump.hex").write_bytes(hex_file((0, flash.read(0, flash.size))))
    shown = firmline("settings", "display", "dump.hex", "--json").result["pages"]
    assert [(page["role"], page["app_version"]) for page in shown] == [
        ("settings", 7),
        ("backup", 7),
    ]
