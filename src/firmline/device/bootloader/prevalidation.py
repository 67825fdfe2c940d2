"""The checks of an init packet, in the bootloader's order; the first failure wins (section 5)."""

from __future__ import annotations

from typing import Final

from firmline.device.board import Board
from firmline.device.bootloader.init_decoder import UnitInitCommand, UnitInitPacket
from firmline.device.bootloader.settings_ram import SettingsRam
from firmline.formats.init_command import FwType, HashType, SignatureType
from firmline.protocol.codes import ExtError, ResultCode

SIGNATURE_SIZE: Final = 64
_KNOWN_TYPES: Final = (
    FwType.APPLICATION,
    FwType.SOFTDEVICE,
    FwType.BOOTLOADER,
    FwType.SOFTDEVICE_BOOTLOADER,
)
BOOTLOADER_TYPES: Final = (FwType.BOOTLOADER, FwType.SOFTDEVICE_BOOTLOADER)


class RefusalError(Exception):
    """The bootloader says no.

    Args:
        result: The result code.
        ext_error: The extended error, where the result is EXTENDED_ERROR.
    """

    def __init__(self, result: ResultCode, ext_error: ExtError | None = None) -> None:
        super().__init__(result, ext_error)
        self.result = result
        self.ext_error = ext_error


def _refuse(ext_error: ExtError) -> RefusalError:
    return RefusalError(ResultCode.EXTENDED_ERROR, ext_error)


def prevalidate(packet: UnitInitPacket, board: Board, settings: SettingsRam) -> None:
    """Signature, type, hash type, hardware, SoftDevice, version (spec section 5.1).

    Raises:
        RefusalError: A check fails.
    """
    command = packet.command
    _check_signature(packet, board)
    if command.type not in _KNOWN_TYPES:
        raise _refuse(ExtError.INIT_COMMAND_INVALID)
    if command.hash_type != HashType.SHA256:
        raise _refuse(ExtError.WRONG_HASH_TYPE)
    if command.hw_version is None:
        raise _refuse(ExtError.INIT_COMMAND_INVALID)
    if command.hw_version != board.profile.hw_version:
        raise _refuse(ExtError.HW_VERSION_FAILURE)
    if not _softdevice_fits(command, board):
        raise _refuse(ExtError.SD_VERSION_FAILURE)
    _check_fw_version(command, settings)


def image_size(command: UnitInitCommand, board: Board) -> int:
    """The size of the image that may now come, bytes (spec section 5.3; S14: modulo 2**32).

    Raises:
        RefusalError: No usable size, or a bootloader larger than its region.
    """
    has_bootloader = command.type in BOOTLOADER_TYPES
    if has_bootloader and command.bl_size > board.profile.bootloader_size:
        raise RefusalError(ResultCode.INSUFFICIENT_RESOURCES)
    match command.type:
        case FwType.SOFTDEVICE:
            size = command.sd_size
        case FwType.BOOTLOADER:
            size = command.bl_size
        case FwType.SOFTDEVICE_BOOTLOADER:
            size = (command.sd_size + command.bl_size) & 0xFFFF_FFFF
        case _:
            size = command.app_size
    if size == 0:
        raise _refuse(ExtError.INIT_COMMAND_INVALID)
    return size


def _check_signature(packet: UnitInitPacket, board: Board) -> None:
    if packet.signature_type is None:
        raise _refuse(ExtError.SIGNATURE_MISSING)
    if packet.signature_type != SignatureType.ECDSA_P256_SHA256:
        raise _refuse(ExtError.WRONG_SIGNATURE_TYPE)
    if len(packet.signature) != SIGNATURE_SIZE:
        raise RefusalError(ResultCode.OPERATION_FAILED)
    if not board.verify(packet.signed_range, packet.signature):
        raise RefusalError(ResultCode.INVALID_OBJECT)


def _softdevice_fits(command: UnitInitCommand, board: Board) -> bool:
    """The sd_req rule (spec section 5.2)."""
    sd_req = command.sd_req
    softdevice = board.softdevice
    if softdevice is None:
        return not (sd_req and sd_req[0] != 0) and command.fw_version is not None
    if not sd_req:
        return False
    if sd_req[0] != 0:
        return softdevice.fwid in sd_req
    if command.type in BOOTLOADER_TYPES:
        return True
    if command.type == FwType.APPLICATION and len(sd_req) == 1:
        return True
    is_application = command.type == FwType.APPLICATION
    return is_application and not board.profile.is_ble and softdevice.fwid in sd_req


def _check_fw_version(command: UnitInitCommand, settings: SettingsRam) -> None:
    version = command.fw_version
    if version is None:
        if command.type != FwType.SOFTDEVICE:
            raise _refuse(ExtError.INIT_COMMAND_INVALID)
        return
    if command.type in BOOTLOADER_TYPES:
        accepted = version > settings.bootloader_version
    else:
        accepted = version >= settings.app_version
    if not accepted:
        raise _refuse(ExtError.FW_VERSION_FAILURE)
