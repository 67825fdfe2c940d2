"""What a unit shows of itself, in the words of the transcripts (FORMAT.md, section 4.4)."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Final

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import SIZE, Bank, BootValidationEntry, SettingsRam
from firmline.device.unit import VirtualUnit
from firmline.events import UnitMode

MODES: Final = {UnitMode.APPLICATION: "app", UnitMode.BOOTLOADER: "dfu", None: "off"}
_SETTINGS_CRC_RANGE: Final = slice(0x04, 0x5C)


class Disagreement(Exception):  # noqa: N818 - a finding, not a failure of ours
    """The virtual unit did something else than was recorded.

    Attributes:
        what: The field.
        expected: What was recorded.
        got: What the unit did.
        step: Number of the step; ``None``: the final state.
    """

    def __init__(self, what: str, expected: object, got: object) -> None:
        super().__init__(what)
        self.what = what
        self.expected = expected
        self.got = got
        self.step: int | None = None


def agree(what: str, expected: object, got: object) -> None:
    """Compare one field.

    Raises:
        Disagreement: They differ.
    """
    if expected != got:
        raise Disagreement(what, expected, got)


def present_state(unit: VirtualUnit) -> dict[str, Any]:
    """Everything an ``expect`` step may ask for."""
    board = unit.board
    memory, flash = board.memory, board.flash
    page_size = memory.page_size
    settings = SettingsRam(flash.read(memory.settings_page, SIZE))
    return {
        "mode": MODES[unit.mode],
        "gpregret": f"{board.registers.gpregret:02x}",
        "settings_page_sha256": _sha256(flash.read(memory.settings_page, page_size)),
        "backup_page_sha256": _sha256(flash.read(memory.backup_page, page_size)),
        "settings": _settings(settings),
        **_bank_0(board, settings),
    }


def compare_final(unit: VirtualUnit, final: Any) -> None:  # noqa: ANN401 - as it was recorded
    """Compare the state after the last step.

    Raises:
        Disagreement: At the first field that differs.
    """
    flash, memory = unit.board.flash, unit.board.memory
    content = bytearray(flash.read(0, flash.size))
    for address, size in final.get("exclude", []):
        end = min(address + size, flash.size)
        content[address:end] = bytes(max(0, end - address))
    agree("mode", final.get("mode"), MODES[unit.mode])
    page = flash.read(memory.settings_page, SIZE).hex()
    agree("settings_page_hex", final.get("settings_page_hex"), page)
    agree("flash_sha256", final.get("flash_sha256"), _sha256(content))


def _settings(ram: SettingsRam) -> dict[str, Any]:
    validations = (ram.softdevice_validation, ram.application_validation, ram.bootloader_validation)
    return {
        "crc_ok": _crc_ok(ram),
        "version": ram.version,
        "app_version": ram.app_version,
        "bootloader_version": ram.bootloader_version,
        "bank_0": [ram.bank_0.size, ram.bank_0.crc, ram.bank_0.code],
        "bank_1": [ram.bank_1.size, ram.bank_1.crc, ram.bank_1.code],
        "write_offset": ram.write_offset,
        "sd_size": ram.sd_size,
        "command": [ram.command_size, ram.command_offset, ram.command_crc],
        "data_object_size": ram.data_object_size,
        "image": [ram.image_crc, ram.image_crc_last, ram.image_offset, ram.image_offset_last],
        "enter_buttonless_dfu": ram.enter_buttonless_dfu,
        "init_command_sha256": _sha256(ram.init_command),
        "bv_crc_ok": ram.boot_validation_crc_ok,
        "bv": [_validation(entry) for entry in validations],
    }


def _bank_0(board: Board, ram: SettingsRam) -> dict[str, Any]:
    """Where bank 0 lies and what is in it, if the page in flash can be believed."""
    start, bank = board.bank_0_start, ram.bank_0
    if not _crc_ok(ram) or start + bank.size > board.memory.bootloader_start:
        return {}
    content = board.flash.read(start, bank.size)
    return {
        "bank0_at": start,
        "bank0_sha256": _sha256(content),
        "app_valid": bank.code == Bank.APPLICATION and zlib.crc32(content) == bank.crc,
    }


def _crc_ok(ram: SettingsRam) -> bool:
    """The plain comparison of the format, which an erased page can pass (section 4.4)."""
    return ram.crc == zlib.crc32(ram.data[_SETTINGS_CRC_RANGE])


def _validation(entry: BootValidationEntry) -> list[Any]:
    return [entry.type, entry.data.rstrip(b"\0").hex()]


def _sha256(content: bytes | bytearray) -> str:
    return hashlib.sha256(content).hexdigest()
