"""Loading, repairing and saving the settings pages (spec sections 8.1 to 8.3, 16.1, 16.2)."""

from __future__ import annotations

from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.settings_ram import ERASED_WORD, PEER_DATA, SIZE, SettingsRam
from firmline.formats.init_command import BootValidationType

CURRENT_VERSION: Final = 2
_V1_PEER_DATA: Final = slice(0x15C, 0x1B8)
_V1_PEER_DATA_LANDS_AT: Final = 0x323
_BUTTONLESS_FLAG: Final = slice(0x58, 0x5C)
_PAD_AFTER_VALIDATION: Final = 0x323


class SettingsStore:
    """The two settings pages of a board, and the copy in RAM that everyone works on.

    Args:
        board: Whose pages.

    Attributes:
        ram: The settings in RAM.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self.ram = SettingsRam()

    def load(self) -> None:
        """Read both pages, keep what is valid, upgrade and repair (spec section 8.1)."""
        self.ram = self._select()
        if self.ram.version == 1:
            self._upgrade()
        self.save()

    def reload(self) -> None:
        """Read both pages again, writing nothing (S13)."""
        self.ram.data[:] = self._select().data

    def save(self) -> None:
        """Write the primary page, then the backup; equal pages are left alone (section 8.2).

        The commit point is the erasure of the backup.
        """
        self.ram.update_crcs()
        self._write_page(self._board.memory.settings_page, bytes(self.ram.data))
        self._write_page(self._board.memory.backup_page, bytes(self.ram.data))

    def copy_primary_to_backup(self) -> None:
        """What precedes every reset the bootloader makes itself, unchecked (S10)."""
        primary = self._read(self._board.memory.settings_page)
        self._write_page(self._board.memory.backup_page, primary)

    def clean_for_application(self) -> None:
        """On entering the application a BLE build drops peer data and name (W10)."""
        if not self._board.profile.is_ble:
            return
        if self.ram.peer_data_crc != ERASED_WORD or self.ram.adv_name_crc != ERASED_WORD:
            page = self._board.memory.settings_page
            self.ram.update_crcs()
            self._board.storage.erase(page)
            self._board.storage.write(page, bytes(self.ram.data[:PEER_DATA]))
            self.copy_primary_to_backup()

    def _read(self, page: int) -> bytes:
        return self._board.flash.read(page, SIZE)

    def _write_page(self, page: int, data: bytes) -> None:
        if self._read(page) != data:
            self._board.storage.erase(page)
            self._board.storage.write(page, data)

    def _select(self) -> SettingsRam:
        primary = SettingsRam(self._read(self._board.memory.settings_page))
        backup = SettingsRam(self._read(self._board.memory.backup_page))
        backup_ok = backup.own_crc_ok and (backup.version == 1 or backup.boot_validation_crc_ok)
        if primary.own_crc_ok:
            return self._overlay(primary, backup) if backup_ok else primary
        if backup_ok:
            return backup
        nothing = SettingsRam()
        nothing.version = CURRENT_VERSION
        return nothing

    def _overlay(self, primary: SettingsRam, backup: SettingsRam) -> SettingsRam:
        """Both valid: the backup wins but for the buttonless flag and the peer data (S11)."""
        merged = SettingsRam(bytes(backup.data))
        end = PEER_DATA if self._board.profile.is_ble else _PAD_AFTER_VALIDATION
        merged.data[_BUTTONLESS_FLAG] = primary.data[_BUTTONLESS_FLAG]
        merged.data[end:] = primary.data[end:]
        return merged

    def _upgrade(self) -> None:
        """A version 1 page becomes version 2 in place; peer data land one byte low (W5)."""
        ram = self.ram
        moved = bytes(ram.data[_V1_PEER_DATA])
        ram.data[_V1_PEER_DATA_LANDS_AT : _V1_PEER_DATA_LANDS_AT + len(moved)] = moved
        ram.version = CURRENT_VERSION
        ram.data[0x260] = BootValidationType.NO_VALIDATION
        ram.data[0x2A1] = BootValidationType.VALIDATE_GENERATED_CRC
        ram.data[0x2E2] = BootValidationType.NO_VALIDATION
        ram.data[0x2A2:0x2A6] = ram.bank_0.crc.to_bytes(4, "little")
