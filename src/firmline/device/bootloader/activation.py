"""Activation: a staged image becomes the running one, at the boot after it came (section 9).

Copies run upwards in chunks; after each the progress is saved, so that power may fail at any
operation and the next boot goes on where this one stopped.
"""

from __future__ import annotations

import zlib
from enum import Enum, auto
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import Bank
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.device.flash import FlashRuleError
from firmline.formats.softdevice import INFO_IMAGE_OFFSET, MAGIC, SOFTDEVICE_START

MBR_COPY_BOOTLOADER: Final = 0x4D42_5243
"""First word of the MBR's parameters while it copies a bootloader (FORMAT.md, section 5)."""


class Activation(Enum):
    """How activation ended."""

    NOTHING = auto()
    RESET = auto()
    AWAIT_APPLICATION = auto()
    """A SoftDevice came under a valid application, whose successor may follow: wait for it."""


class MbrReset(Exception):  # noqa: N818 - not an error: the MBR has copied a bootloader and resets
    """The MBR has finished a copy and reset the chip."""


def activate(board: Board, store: SettingsStore) -> Activation:
    """Do what ``bank_1`` asks for.

    Raises:
        MbrReset: A bootloader was copied; the chip has been reset and boots anew.
    """
    settings = store.ram
    source = settings.update_start_address
    code = settings.bank_1.code
    softdevice_came = code in (Bank.SOFTDEVICE, Bank.SOFTDEVICE_BOOTLOADER)
    match code:
        case Bank.APPLICATION:
            _activate_application(board, store, source)
        case Bank.SOFTDEVICE:
            _activate_softdevice(board, store, source)
        case Bank.BOOTLOADER:
            _activate_bootloader(board, source, settings.bank_1.size)
        case Bank.SOFTDEVICE_BOOTLOADER:
            _activate_softdevice(board, store, source)
            size = settings.bank_1.size - settings.sd_size
            _activate_bootloader(board, source + settings.sd_size, size)
        case _:
            return Activation.NOTHING
    settings.bank_1.clear()
    settings.write_offset = 0
    store.save()
    board.log("activated", bank_code=code)
    application_stays = settings.bank_0.code == Bank.APPLICATION
    return (
        Activation.AWAIT_APPLICATION if softdevice_came and application_stays else Activation.RESET
    )


def _activate_application(board: Board, store: SettingsStore, source: int) -> None:
    """Copy to bank 0; a wrong CRC afterwards leaves bank 0 as it is, not valid (W6)."""
    settings = store.ram
    bank_1 = settings.bank_1
    target = board.bank_0_start
    _copy(board, store, source=source, target=target, size=bank_1.size)
    if zlib.crc32(board.flash.read(target, bank_1.size)) == bank_1.crc:
        settings.bank_0.set(size=bank_1.size, crc=bank_1.crc, code=Bank.APPLICATION)


def _activate_softdevice(board: Board, store: SettingsStore, source: int) -> None:
    """Copy whole pages to 0x1000; without a magic word nothing is copied (S8)."""
    if board.flash.read_word(source + INFO_IMAGE_OFFSET + 4) != MAGIC:
        return
    size = board.memory.page_align(store.ram.sd_size)
    _copy(board, store, source=source, target=SOFTDEVICE_START, size=size)


def _copy(board: Board, store: SettingsStore, *, source: int, target: int, size: int) -> None:
    """Copy upwards in chunks that never overwrite what is still to be read.

    Raises:
        FlashRuleError: The source is less than a page above the target, as only forged settings
            can have it: the C code then copies nothing, for ever.
    """
    if source == target:
        return
    settings = store.ram
    page = board.memory.page_size
    step = min(board.profile.copy_step_pages, (source - target) // page) * page
    if step <= 0 and settings.write_offset < size:
        raise FlashRuleError(f"An image at 0x{source:X} cannot be copied to 0x{target:X}.")
    while settings.write_offset < size:
        offset = settings.write_offset
        chunk = min(step, size - offset)
        board.storage.erase(target + offset, -(-chunk // page))
        data = board.flash.read(source + offset, -(-chunk // 4) * 4)
        board.storage.write(target + offset, data)
        settings.write_offset = offset + chunk
        store.save()


def _activate_bootloader(board: Board, source: int, size: int) -> None:
    """Equal content is done; otherwise the MBR copies and resets (its page is our backup page)."""
    target = board.memory.bootloader_start
    if board.flash.read(source, size) == board.flash.read(target, size):
        return
    words = size // 4
    board.storage.erase(board.memory.backup_page)
    for index, value in enumerate((MBR_COPY_BOOTLOADER, source, words)):
        board.storage.write(board.memory.backup_page + 4 * index, value.to_bytes(4, "little"))
    run_mbr_copy(board)
    raise MbrReset


def run_mbr_copy(board: Board) -> None:
    """The MBR's own copy, from its parameters; it starts again from here after a power cut."""
    flash = board.flash
    flash.unprotect()  # the MBR runs after a reset, before the bootloader protects itself
    page = board.memory.backup_page
    source, words = flash.read_word(page + 4), flash.read_word(page + 8)
    target = board.memory.bootloader_start
    board.storage.erase(target, board.memory.page_align(4 * words) // board.memory.page_size)
    board.storage.write(target, flash.read(source, 4 * words))
    board.storage.erase(page)


def mbr_copy_is_pending(board: Board) -> bool:
    """Whether a power cut has left a bootloader copy unfinished."""
    return board.flash.read_word(board.memory.backup_page) == MBR_COPY_BOOTLOADER
