"""Making a unit: what the factory puts into its flash before it leaves (``UnitDescription``).

What is wrong with its flash from the beginning comes from :mod:`firmline.device.faults.factory`.

The images are synthetic bytes, seeded by what they are: the same description gives the same flash.
No instruction of them is ever run; a boot check is the bootloader's own (CRC, hash, signature).
"""

from __future__ import annotations

import zlib
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import PEER_DATA, SIZE, Bank, SettingsRam
from firmline.device.bootloader.settings_store import CURRENT_VERSION
from firmline.device.description import SoftDeviceDescription, UnitDescription
from firmline.device.dump import load_dump
from firmline.device.faults.factory import bootloader_image, recorded_application, wear_out
from firmline.device.faults.plan import BootloaderMissing
from firmline.device.flash import NorFlash
from firmline.device.information import uicr_image
from firmline.device.physics.physics import Physics
from firmline.device.physics.supply import Supply
from firmline.device.synthetic import RAM_START, synthetic_bytes, synthetic_program
from firmline.device.unit import VirtualUnit
from firmline.formats.init_command import BootValidationType
from firmline.formats.softdevice import (
    INFO_FLASH_ADDRESS,
    SOFTDEVICE_START,
    build_softdevice_info,
)

MBR_WORDS: Final = 8
"""At the end of the MBR's page: where the bootloader and the MBR's parameters lie. They read as
erased here, as behind a bootloader that has them in UICR (spec section 15)."""


def fabricate(
    description: UnitDescription, *, physics: Physics | None = None, greets: bool = False
) -> VirtualUnit:
    """A new unit, switched off.

    Args:
        description: What it is made of.
        physics: What things cost it (:func:`physics_of`); ``None``: lock step.
        greets: Whether its application prints what it is on a serial port.
    """
    flash = NorFlash(size=description.chip.flash_size, page_size=description.chip.page_size)
    board = Board.of(
        description.chip,
        description.profile,
        flash,
        description.public_key,
        physics=physics,
    )
    board.application_dfu = description.application_dfu
    memory = board.memory
    stack = RAM_START + description.chip.ram_size
    flash.load(0, synthetic_program("mbr", SOFTDEVICE_START - MBR_WORDS, base=0, stack=stack))
    if description.softdevice is not None:
        flash.load(SOFTDEVICE_START, softdevice_image(description.softdevice))
    application = synthetic_program(
        f"application {description.application_version}",
        description.application_size,
        base=board.bank_0_start,
        stack=stack,
    )
    flash.load(board.bank_0_start, application)
    faults = description.faults
    region = range(memory.bootloader_start, memory.bootloader_start + memory.bootloader_size)
    bootloader = bootloader_image(faults, region, key=description.public_key, stack=stack)
    flash.load(region.start, bootloader)
    has_bootloader = faults.one(BootloaderMissing) is None
    board.uicr = uicr_image(description.chip, memory, has_bootloader=has_bootloader)
    page = _settings_page(description, recorded_application(faults, application))
    flash.load(memory.settings_page, page)
    flash.load(memory.backup_page, page)
    wear_out(flash, faults)
    unit = VirtualUnit(
        name=description.name,
        address=description.address,
        serial_number=description.serial_number,
        board=board,
        gpregret=description.gpregret,
        lost_buffers=description.lost_buffers,
        faults=faults,
        greets=greets,
    )
    if description.dump is not None:
        load_dump(unit, description.dump)
    return unit


def physics_of(description: UnitDescription) -> Physics:
    """The physics of a unit, at the beginning of its time."""
    return Physics(description.timing, Supply(description.source))


def softdevice_image(softdevice: SoftDeviceDescription) -> bytes:
    """The bytes from 0x1000 to the size word, with the information structure in place."""
    image = bytearray(
        synthetic_bytes(f"softdevice {softdevice.fwid}", softdevice.size_word - SOFTDEVICE_START)
    )
    info = build_softdevice_info(
        size_word=softdevice.size_word,
        fwid=softdevice.fwid,
        family=softdevice.family,
        version=softdevice.version,
    )
    offset = INFO_FLASH_ADDRESS - SOFTDEVICE_START
    image[offset : offset + len(info)] = info
    return bytes(image)


def _settings_page(description: UnitDescription, application: bytes) -> bytes:
    """A version 2 page that says: this application is valid, check its CRC at every boot.

    Without an application the bank is empty, and the bootloader waits.
    """
    settings = SettingsRam()
    settings.reset_progress()
    settings.version = CURRENT_VERSION
    settings.app_version = description.application_version
    settings.bootloader_version = description.bootloader_version
    if application:
        crc = zlib.crc32(application)
        settings.bank_0.set(size=len(application), crc=crc, code=Bank.APPLICATION)
        settings.application_validation.set(
            BootValidationType.VALIDATE_GENERATED_CRC, crc.to_bytes(4, "little")
        )
    settings.data[PEER_DATA - 1 :] = b"\xff" * (SIZE - PEER_DATA + 1)
    settings.update_crcs()
    return bytes(settings.data)
