"""The decision of every boot: activate, start the application, or stay in DFU mode (section 10)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.activation import (
    Activation,
    MbrReset,
    activate,
    mbr_copy_is_pending,
    run_mbr_copy,
)
from firmline.device.bootloader.settings_ram import Bank, BootValidationEntry, SettingsRam
from firmline.device.bootloader.settings_store import SettingsStore
from firmline.formats.boot_check import passes_boot_check
from firmline.formats.init_command import BootValidationType
from firmline.formats.softdevice import SOFTDEVICE_START

DFU_MAGIC_MASK: Final = 0xB1
"""GPREGRET: SDK 15.3 and 16 enter DFU mode when any of these bits is set (spec section 10)."""


class BootedInto(StrEnum):
    """What runs after a boot."""

    APPLICATION = "app"
    BOOTLOADER = "dfu"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class BootDecision:
    """What a boot came to.

    Attributes:
        into: What runs; RESET: activation ended with a reset, boot again.
        timeout_s: In DFU mode, seconds until the inactivity timer fires.
    """

    into: BootedInto
    timeout_s: float = 0.0


def boot(board: Board, store: SettingsStore) -> BootDecision:
    """One boot, from the MBR to the jump or to DFU mode."""
    board.flash.unprotect()
    if mbr_copy_is_pending(board):
        run_mbr_copy(board)
        return BootDecision(into=BootedInto.RESET)
    board.protect_bootloader()
    store.load()
    try:
        activation = activate(board, store)
    except MbrReset:
        return BootDecision(into=BootedInto.RESET)
    profile = board.profile
    if activation is Activation.RESET:
        store.copy_primary_to_backup()
        return BootDecision(into=BootedInto.RESET)
    if activation is Activation.AWAIT_APPLICATION:
        _leave_dfu_request(board)
        return BootDecision(into=BootedInto.BOOTLOADER, timeout_s=profile.continuation_timeout_s)
    skip_crc = _crc_is_to_be_skipped(board)
    if _application_is_valid(board, store.ram, skip_crc=skip_crc) and not _dfu_is_requested(board):
        store.clean_for_application()
        return BootDecision(into=BootedInto.APPLICATION)
    _leave_dfu_request(board)
    return BootDecision(into=BootedInto.BOOTLOADER, timeout_s=profile.inactivity_timeout_s)


def _application_is_valid(board: Board, settings: SettingsRam, *, skip_crc: bool) -> bool:
    bank = settings.bank_0
    if bank.code != Bank.APPLICATION:
        return False
    checks = [(settings.application_validation, board.bank_0_start, bank.size)]
    if board.softdevice is not None:
        checks.insert(0, (settings.softdevice_validation, SOFTDEVICE_START, settings.sd_size))
    return all(
        (skip_crc and entry.type == BootValidationType.VALIDATE_GENERATED_CRC)
        or _passes(entry, board, address, size)
        for entry, address, size in checks
    )


def _crc_is_to_be_skipped(board: Board) -> bool:
    """GPREGRET2 A9, AB, ...: this boot skips CRC checks, the next one does not (section 10, W3)."""
    value = board.registers.gpregret2
    skip = value & 0xF8 == 0xA8 and bool(value & 0x01)
    if skip:
        board.registers.gpregret2 = 0
    return skip


def _passes(entry: BootValidationEntry, board: Board, address: int, size: int) -> bool:
    """Whether an image in flash passes its boot validation (spec sections 7 and 16.2 S4)."""
    if address + size > board.flash.size:
        return False
    image = board.flash.read(address, size)
    return passes_boot_check(entry.type, entry.data, image, verify=board.verify) is True


def _dfu_is_requested(board: Board) -> bool:
    """Whether GPREGRET asks for DFU mode (section 10, W1).

    SDK 15.3 and 16 take any value that shares a bit with the magic, but clear only the magic
    itself: a unit with such a value comes back to DFU mode over every soft reset, until its power
    is removed. A known defect.
    """
    value = board.registers.gpregret
    return _is_dfu_magic(value) if board.profile.exact_gpregret else value & DFU_MAGIC_MASK != 0


def _is_dfu_magic(value: int) -> bool:
    return value & 0xF8 == 0xB0 and bool(value & 0x01)


def _leave_dfu_request(board: Board) -> None:
    """Clear GPREGRET on every entry to DFU mode, where it holds the magic (W2)."""
    value = board.registers.gpregret
    if _is_dfu_magic(value):
        board.registers.gpregret = value & ~DFU_MAGIC_MASK & 0xFF
